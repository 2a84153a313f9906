"""Work for the pool's tests: each job is an order to misbehave in its own way."""

import ctypes
import os
import stat
import time
from pathlib import Path

import msgspec

from gateway.core.tasks.base import answer, refuse
from gateway.core.tasks.tokens import CountTokens
from gateway.errors import UnsupportedContent
from gateway.workers.fork_server import DONE, FRAME


def run(job: bytes) -> bytes:
    asked = msgspec.msgpack.decode(job, type=CountTokens)
    word, _, argument = (asked.text or "").partition(" ")
    match word:
        case "echo":
            return answer(int(argument))
        case "sleep":
            time.sleep(float(argument))
        case "spin":
            while True:
                pass
        case "eat":
            hoard = bytearray(int(argument))
            return answer(len(hoard))
        case "crash":
            ctypes.string_at(0)
        case "raise":
            raise RuntimeError("with a page's secret in it")
        case "refuse":
            return refuse(UnsupportedContent("no"))
        case "garble":
            return b"\xff" * 100
        case "flood":
            return b"\x00" * (65 * 1024**2)
        case "half":
            frame = FRAME.pack(DONE, 100, 0.0) + bytes(100)
            link = next(fd for fd in range(3, 100) if _is_socket(fd))
            os.write(link, frame[: int(argument)])
            os._exit(0)
        case "exit":
            os._exit(3)
        case "environment":
            return answer(sum("SECRET" in name for name in os.environ))
        case "descriptors":
            return answer(sum(1 for _ in Path("/proc/self/fd").iterdir()))
        case "pid":
            return answer(os.getpid())
    return answer(0)


def _is_socket(descriptor: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:
        return False

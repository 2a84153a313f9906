"""Work for the pool's tests: each job is an order to misbehave in its own way."""

import ctypes
import os
import time
from pathlib import Path

import msgspec

from gateway.core.tasks.base import answer, refuse
from gateway.core.tasks.tokens import CountTokens
from gateway.errors import UnsupportedContent


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
        case "exit":
            os._exit(3)
        case "environment":
            return answer(sum("SECRET" in name for name in os.environ))
        case "descriptors":
            return answer(sum(1 for _ in Path("/proc/self/fd").iterdir()))
        case "pid":
            return answer(os.getpid())
    return answer(0)

"""Work for the pool's tests: each job is an order to misbehave in its own way."""

import ctypes
import os
import time
from pathlib import Path

import msgspec

from gateway.core.jobs import Counted, CountJob, Failure

_encode = msgspec.msgpack.encode


def run(job: bytes) -> bytes:
    asked = msgspec.msgpack.decode(job, type=CountJob)
    word, _, argument = (asked.text or "").partition(" ")
    match word:
        case "echo":
            return _encode(Counted(tokens=int(argument)))
        case "sleep":
            time.sleep(float(argument))
        case "spin":
            while True:
                pass
        case "eat":
            hoard = bytearray(int(argument))
            return _encode(Counted(tokens=len(hoard)))
        case "crash":
            ctypes.string_at(0)
        case "raise":
            raise RuntimeError("with a page's secret in it")
        case "refuse":
            return _encode(Failure(code="unsupported_content", detail="no"))
        case "garble":
            return b"\xff" * 100
        case "flood":
            return b"\x00" * (65 * 1024**2)
        case "exit":
            os._exit(3)
        case "environment":
            return _encode(Counted(tokens=sum("SECRET" in name for name in os.environ)))
        case "descriptors":
            return _encode(Counted(tokens=sum(1 for _ in Path("/proc/self/fd").iterdir())))
        case "pid":
            return _encode(Counted(tokens=os.getpid()))
    return _encode(Counted(tokens=0))

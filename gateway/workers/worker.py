"""The gateway's end of a worker process: a question, and its answer as bytes of bounded length."""

import asyncio
import math
import os
from pathlib import Path
from typing import cast

from gateway.workers.fork_server import DONE, FRAME, JOB

MAX_ANSWER_BYTES = 64 * 1024**2


class WorkerDied(Exception):
    """The worker's end of the socket closed."""


class Worker(asyncio.Protocol):
    """A connection to a worker: one question at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._inbox = bytearray()
        self._answer: asyncio.Future[tuple[bytes, bytes] | None] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self.pid = 0
        self.jobs = 0
        # up to its last answer
        self.cpu_s = 0.0
        self.alive = True
        # to be asked again
        self.is_reusable = True
        self.is_slow = False
        # at what its job has used
        self.next_look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop has a class of its own
        transport = cast(asyncio.Transport, transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._inbox += data
        if len(self._inbox) < FRAME.size:
            return
        kind, length, cpu_s = FRAME.unpack_from(self._inbox)
        if length > MAX_ANSWER_BYTES:
            self.close()
        elif len(self._inbox) >= FRAME.size + length and not self._answer.done():
            content = bytes(memoryview(self._inbox)[FRAME.size : FRAME.size + length])
            self._inbox.clear()
            self.cpu_s = cpu_s
            self._answer.set_result((kind, content))

    def connection_lost(self, exc: Exception | None) -> None:
        self.alive = False
        if not self._answer.done():
            # an exception in it would hold the frames it passes, and the page in them
            self._answer.set_result(None)

    async def hear(self) -> tuple[bytes, bytes]:
        """Wait for the next frame; raises WorkerDied when there is none."""
        try:
            frame = await self._answer
        finally:
            if self.alive:
                self._answer = self._loop.create_future()
        if frame is None:
            raise WorkerDied
        return frame

    async def ask(self, job: bytes) -> tuple[bytes, bytes]:
        assert self._transport is not None
        self.jobs += 1
        self.is_reusable = False
        self._transport.writelines([FRAME.pack(JOB, len(job), 0.0), job])
        kind, content = await self.hear()
        self.is_reusable = kind == DONE
        return kind, content

    def spent_s(self) -> float:
        """CPU that its job has used so far; without /proc, as if all of the time had been its."""
        return _cpu_s(self.pid) - self.cpu_s

    def close(self) -> None:
        self.alive = False
        if self._transport is not None:
            self._transport.abort()


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return math.inf
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

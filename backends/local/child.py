"""One run of the model's process, from the gateway's side: start it, exchange messages, end it."""

import asyncio
import importlib.util
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence

from backends.local.messages import (
    LENGTH_BYTES,
    FromModel,
    ToModel,
    decode_from_model,
    encode_frame,
    frame_length,
)
from gateway.environment import child_environment

# the child imports exactly what the gateway would, wherever that was started from
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from backends.local.worker import main; main()"
)
_LIBRARIES = {"llama_cpp": "llama-cpp-python", "llguidance": "llguidance", "jinja2": "jinja2"}
EXIT_GRACE_S = 5.0
_READ_BYTES = 2**18


def missing_library() -> str | None:
    """What to install, when a library of the model's process is not there."""
    missing = [package for name, package in _LIBRARIES.items() if importlib.util.find_spec(name) is None]
    if not missing:
        return None
    return (
        f'{" and ".join(missing)} not installed: pip install "winnow-gateway[local]" '
        "(docs/local-models.md: GPU builds)"
    )


def worker_command() -> list[str]:
    return [sys.executable, "-c", _BOOT, json.dumps(sys.path)]


class Child:
    """A running process. `end` must be awaited once it is no longer wanted."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._received = bytearray()

    @classmethod
    async def start(cls, command: Sequence[str]) -> "Child":
        return cls(
            await asyncio.create_subprocess_exec(
                *command,
                stdin=PIPE,
                stdout=PIPE,
                limit=2**20,
                env=child_environment(
                    os.environ,
                    computes=True,
                    # waiting threads that spin take the processor from the gateway: 2 tokens a second instead of
                    # 19, measured; and numpy needs no threads of its own for what the child does with it
                    OMP_WAIT_POLICY="passive",
                    OPENBLAS_NUM_THREADS="1",
                ),
            )
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, message: ToModel) -> None:
        """Queue a message; a child that is gone is noticed by `receive`, not here."""
        assert self._process.stdin
        if not self._process.stdin.is_closing():
            self._process.stdin.write(encode_frame(message))

    async def receive(self) -> FromModel | None:
        """The next message; None at the end of the process. Cancelling it loses nothing.

        Raises:
            ValueError: what came is no message of ours.
        """
        assert self._process.stdout
        while (message := self._take_frame()) is None:
            try:
                data = await self._process.stdout.read(_READ_BYTES)
            except ConnectionError:
                return None
            if not data:
                return None
            self._received += data
        return message

    def _take_frame(self) -> FromModel | None:
        """The first message received, once all of it is there."""
        if len(self._received) < LENGTH_BYTES:
            return None
        end = LENGTH_BYTES + frame_length(bytes(self._received[:LENGTH_BYTES]))
        if len(self._received) < end:
            return None
        message = decode_from_model(bytes(self._received[LENGTH_BYTES:end]))
        del self._received[:end]
        return message

    async def end(self) -> int:
        """Close its input, wait, and kill it if it does not exit; returns its exit status."""
        assert self._process.stdin
        self._process.stdin.close()
        try:
            return await asyncio.wait_for(self._process.wait(), EXIT_GRACE_S)
        except TimeoutError:
            self.kill()
            return await self._process.wait()

    def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()


def exit_in_words(status: int) -> str:
    """`signal 11 (SIGSEGV)`, `exit status 1`."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"signal {-status} ({signal.Signals(-status).name})"
    except ValueError:
        return f"signal {-status}"

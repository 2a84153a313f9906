"""The gateway's end of a browser that its keeper runs."""

import asyncio
import contextlib
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from gateway.environment import child_environment
from gateway.fetch.browser.cdp import BrowserGone, Cdp, PipeProtocol, Version

START_TIMEOUT_S = 20.0
_END_TIMEOUT_S = 5.0
_NO_SANDBOX = ("No usable sandbox", "without --no-sandbox", "Operation not permitted")
_log = logging.getLogger("winnow.browser")


class _Word(Struct, frozen=True):
    event: str
    bytes: int = 0
    code: int | None = None
    said: str = ""


class BrowserProcess:
    """One browser, started when made, gone when closed.

    Args:
        killed: is called for every process that the keeper ended over the memory limit.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        memory_bytes: int,
        killed: Callable[[], None] = lambda: None,
    ) -> None:
        self._killed = killed
        self._said = ""
        self.memory_bytes = 0
        self._pipe, theirs = socket.socketpair()
        self._line, keepers = socket.socketpair()
        self._protocol: PipeProtocol | None = None
        self._listener: asyncio.Task[None] | None = None
        try:
            with theirs, keepers:
                self._keeper = subprocess.Popen(
                    [
                        sys.executable,
                        "-P",
                        "-m",
                        "gateway.fetch.browser.keeper",
                        str(theirs.fileno()),
                        str(memory_bytes),
                        *command,
                    ],
                    stdin=keepers.fileno(),
                    stdout=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    env=child_environment(
                        os.environ,
                        PYTHONPATH=os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path),
                    ),
                    # a terminal's Ctrl-C is for the gateway to act on. The session stays the gateway's: where sessions
                    # share the CPU evenly (sched(7), autogroup), niceness counts within one only
                    process_group=0,
                )
        except BaseException:
            self._pipe.close()
            self._line.close()
            raise

    @property
    def pid(self) -> int:
        """Of the keeper, whose children the browser's processes are."""
        return self._keeper.pid

    async def start(self) -> tuple[Cdp, Version]:
        """Wait until the browser answers.

        Raises:
            BrowserGone: it does not; the message says why.
        """
        loop = asyncio.get_running_loop()
        _, self._protocol = await loop.create_connection(PipeProtocol, sock=self._pipe)
        reader, writer = await asyncio.open_connection(sock=self._line)
        self._listener = asyncio.create_task(self._listen(reader, writer))
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                version = await self._protocol.cdp.ask("Browser.getVersion", kind=Version)
        except TimeoutError:
            raise BrowserGone(f"it did not answer within {START_TIMEOUT_S:g} s") from None
        except BrowserGone:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._listener), _END_TIMEOUT_S)
            raise BrowserGone(_reason(self._said)) from None
        return self._protocol.cdp, version

    async def aclose(self) -> None:
        """End it, and see the end of it."""
        if self._protocol is not None:
            self._protocol.close()
        else:
            self._pipe.close()
        if self._listener is None:
            self._line.close()
        else:
            self._listener.cancel()
            await asyncio.wait([self._listener])
        try:
            await asyncio.to_thread(self._keeper.wait, _END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            _log.error("the keeper of a browser (pid %d) did not end within %g s", self.pid, _END_TIMEOUT_S)
            # its browser goes with it; its profile's folder is removed when another keeper starts
            self._keeper.kill()
            await asyncio.to_thread(self._keeper.wait)

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take the keeper's words until it ends; whatever happened to it, the browser's pipe is closed then."""
        try:
            while line := await reader.readline():
                word = msgspec.json.decode(line, type=_Word)
                if word.event == "memory":
                    self.memory_bytes = word.bytes
                elif word.event == "killed":
                    _log.warning(
                        "a process of the browser was killed: together they held %d bytes", word.bytes
                    )
                    self._killed()
                else:
                    self._said = word.said
        except (OSError, ValueError, msgspec.DecodeError):
            # the keeper was killed
            pass
        finally:
            writer.transport.abort()
            if self._protocol is not None:
                self._protocol.close()


def _reason(said: str) -> str:
    if any(words in said for words in _NO_SANDBOX):
        return (
            "its sandbox does not start: allow user namespaces (in a container, deploy/seccomp.json), or, if you "
            "accept that pages run outside a sandbox, set WINNOW_BROWSER_SANDBOX=false"
        )
    last = [line for line in said.splitlines() if line.strip()]
    return last[-1].strip()[:300] if last else "it ended without a word"

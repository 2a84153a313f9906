"""Keeps the model's process alive: starts it, restarts it with growing pauses, and ends each request in flight.

States: starting → ready → (dies) → pausing → restarting → ready … A request in flight when the process
dies fails at once; a new one is refused until the model is back, with the time to wait.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from backends.base import UpstreamInterrupted, UpstreamUnavailable
from backends.local.child import Child, exit_in_words, missing_library, worker_command
from backends.local.messages import (
    Broken,
    Cancel,
    Counters,
    FromModel,
    ModelFacts,
    Open,
    Ping,
    Pong,
    Ready,
    Step,
    ToModel,
)
from backends.local.source import NoSuchModel, locate
from gateway.primitives.panics import contained

_log = logging.getLogger("winnow.local")
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0
# alive this long, a crash counts as the first again
STEADY_S = 60.0
SILENCE_S = 60.0
LOAD_LIMIT_S = 900.0
# gauges; every other counter only grows
_PRESENT = {"queued", "running", "kv_cells_used", "kv_cells"}


class Inbox:
    """What one request receives: messages with its number, or the failure that ended the process."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.messages: asyncio.Queue[FromModel | Exception] = asyncio.Queue()
        # text is on its way to the caller
        self.started = False


class Supervisor:
    """Owns the process. Bound to the event loop that first uses it.

    Args:
        opening: what to load and how; its path may be any name that `source` knows.
        models_dir: where models of a hub are; None: the default.
        command: starts the process; another one only in tests of its faults.
        silence_s: a process with requests in flight that sends nothing for twice this long is killed.
    """

    def __init__(
        self,
        opening: Open,
        *,
        models_dir: Path | None = None,
        command: Sequence[str] | None = None,
        silence_s: float = SILENCE_S,
    ) -> None:
        self._models_dir = models_dir
        self._opening, self._command, self._silence_s = opening, command or worker_command(), silence_s
        self._child: Child | None = None
        self._task: asyncio.Task[None] | None = None
        # replaced at every change of state
        self._changed = asyncio.Event()
        self._facts: ModelFacts | None = None
        self._fault: str | None = "the local model was not started yet"
        # after a fault, until the model answers again
        self._resumes_at: float | None = None
        # of loading the model, the last time
        self._load_s = 1.0
        self._inboxes: dict[int, Inbox] = {}
        self._last_number = 0
        self._past, self._now = Counters(), Counters()
        self._closed = False
        self.restarts = 0

    # -- state

    @property
    def fault(self) -> str | None:
        """None when the model answers, else the fault in a sentence."""
        return self._fault

    @property
    def facts(self) -> ModelFacts | None:
        return self._facts if self._fault is None else None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def in_flight(self) -> int:
        return len(self._inboxes)

    def counters(self) -> Counters:
        """Over all lives of the process."""
        return _sum(self._past, self._now)

    def start(self) -> None:
        """Start the process if it is not started; returns at once."""
        if self._task is None and not self._closed:
            self._fault = "the local model is starting"
            self._task = asyncio.get_running_loop().create_task(self._keep_alive())

    async def ready(self, timeout_s: float) -> ModelFacts:
        """Wait for the first start.

        Raises:
            UpstreamUnavailable: the model is to be restarted after a fault, or does not come up in time.
        """
        self.start()
        deadline = time.monotonic() + timeout_s
        while self._fault is not None or self._facts is None:
            if self._closed or self._resumes_at is not None:
                raise UpstreamUnavailable(str(self._fault), retry_after_s=self._pause_s())
            try:
                await asyncio.wait_for(self._changed.wait(), max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                raise UpstreamUnavailable(f"{self._fault}; still not ready", retry_after_s=5) from None
        return self._facts

    # -- requests

    def open_inbox(self) -> Inbox:
        self._last_number += 1
        inbox = self._inboxes[self._last_number] = Inbox(self._last_number)
        return inbox

    def send(self, message: ToModel) -> None:
        """Raises ValueError for a message too large to send."""
        if self._child:
            self._child.send(message)

    def close_inbox(self, inbox: Inbox, *, cancel: bool) -> None:
        """No more messages are wanted; `cancel` when the request is not at its end."""
        if self._inboxes.pop(inbox.number, None) and cancel:
            self.send(Cancel(inbox.number))

    async def aclose(self) -> None:
        """End the process. Requests in flight get an error."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._closed = True
        self._fail("the local model was shut down")

    # -- the life of the process

    async def _keep_alive(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            born = time.monotonic()
            try:
                with contained():
                    fault, again = await self._live()
            except Exception as exc:
                # a fault of ours: whoever waits gets an error all the same
                _log.exception("what watches over the local model failed")
                fault, again = f"the gateway failed at the local model: {type(exc).__name__}", False
            if again:
                continue
            if time.monotonic() - born > STEADY_S:
                pause_s = FIRST_PAUSE_S
            self._resumes_at = time.monotonic() + pause_s
            self._fail(fault)
            _log.warning("the local model is down, next try in %.1f s: %s", pause_s, fault)
            await asyncio.sleep(pause_s)
            self.restarts += 1
            pause_s = min(LONGEST_PAUSE_S, pause_s * 2)
            self._fault = f"the local model is restarting after: {fault}"

    async def _live(self) -> tuple[str, bool]:
        """One process from start to end; returns what ended it, and whether to start another at once."""
        broken: str | None = None
        was_ready, born = False, time.monotonic()
        if fault := missing_library():
            return fault, False
        try:
            path = await asyncio.to_thread(locate, self._opening.path, self._models_dir)
            self._child = await Child.start(self._command)
        except NoSuchModel as exc:
            return str(exc), False
        except OSError as exc:
            return f"the model's process could not be started: {exc}", False
        try:
            self._child.send(structs.replace(self._opening, path=path))
            while (message := await self._next_message(was_ready)) is not None:
                if isinstance(message, Ready):
                    was_ready, self._facts, self._fault = True, message.facts, None
                    self._resumes_at, self._load_s = None, time.monotonic() - born
                    self._now = Counters(kv_cells=message.facts.context_tokens * message.facts.parallel)
                    self._announce()
                elif isinstance(message, Broken):
                    broken = message.message
                else:
                    self._deliver(message)
        except (ValueError, msgspec.MsgspecError) as exc:
            broken = f"the model's process sent what is no message: {exc}"
            self._child.kill()
        except TimeoutError:
            broken = "the model's process did not answer and was killed"
            self._child.kill()
        finally:
            status = await asyncio.shield(self._child.end())
            self._child = None
            self._past, self._now = self.counters(), Counters()
        if broken:
            return broken, False
        when = "while running" if was_ready else "while loading"
        if not was_ready and status < 0 and self._opening.extra_buffers:
            # the probe crashed: with repacked weights some builds do on some processors, without them none
            self._opening = structs.replace(self._opening, extra_buffers=False)
            return "", True
        hint = "; the kernel may have run out of memory" if status == -9 else ""
        return f"the model's process ended {when} with {exit_in_words(status)}{hint}", False

    async def _next_message(self, was_ready: bool) -> FromModel | None:
        """Raises TimeoutError when the process sends nothing although requests are in flight."""
        assert self._child
        if not was_ready:
            async with asyncio.timeout(LOAD_LIMIT_S):
                return await self._child.receive()
        pinged = False
        while True:
            try:
                async with asyncio.timeout(self._silence_s):
                    return await self._child.receive()
            except TimeoutError:
                if pinged and self._inboxes:
                    raise
            if self._inboxes:
                self._child.send(Ping())
            pinged = bool(self._inboxes)

    def _deliver(self, message: FromModel) -> None:
        if isinstance(message, Step):
            if message.counters:
                self._now = message.counters
            for piece in message.pieces:
                if inbox := self._inboxes.get(piece.id):
                    inbox.started = True
                    inbox.messages.put_nowait(Step([piece]))
        elif isinstance(message, Pong):
            self._now = message.counters
        elif not isinstance(message, Ready | Broken) and (inbox := self._inboxes.get(message.id)):
            inbox.messages.put_nowait(message)

    def _fail(self, fault: str) -> None:
        self._fault, self._facts = fault, None
        for inbox in self._inboxes.values():
            failure: Exception = UpstreamUnavailable(fault, retry_after_s=self._pause_s())
            if inbox.started:
                failure = UpstreamInterrupted(fault)
            inbox.messages.put_nowait(failure)
        self._inboxes.clear()
        self._announce()

    def _pause_s(self) -> float:
        """How long clients should wait: until the process is started again, and then as long as it took to load."""
        return round(max(1.0, (self._resumes_at or 0.0) + self._load_s - time.monotonic()), 1)

    def _announce(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _sum(past: Counters, now: Counters) -> Counters:
    values: dict[str, Any] = {}
    for name in Counters.__struct_fields__:
        before = 0 if name in _PRESENT else getattr(past, name)
        values[name] = before + getattr(now, name)
    return Counters(**values)

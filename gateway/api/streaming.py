"""The response class of every stream, for clients that are slow or disconnect."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from gateway.completions.broadcast import SubscriberClosed
from gateway.net import sse

HEARTBEAT_S = 15.0
# how long a request goes unwatched
PATIENCE_S = 0.05
# proxies must not collect it first
STREAM_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class DisconnectWatcher:
    """Watches a connection for the client's disconnect.

    Every request that can be long has one from its first wait to its last byte: a server reports a
    disconnect only to a task that waits for it. A task has its cost, so it begins after PATIENCE_S: many answers are
    there before.
    """

    def __init__(self, receive: Receive) -> None:
        self.happened = False
        self._acts: list[Callable[[], object]] = []
        self._task: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(PATIENCE_S, self._watch, receive)

    def then(self, act: Callable[[], object]) -> None:
        """Call `act` when the client leaves, at once if it already has."""
        if self.happened:
            act()
        else:
            self._acts.append(act)

    def stop(self) -> None:
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _watch(self, receive: Receive) -> None:
        self._task = asyncio.ensure_future(self._listen(receive))

    async def _listen(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.happened = True
        for act in self._acts:
            act()


class ClientDisconnected(Exception):
    """The client disconnected before the answer; 499 is what proxies log for it."""

    status_code = 499


@contextlib.asynccontextmanager
async def cancelled_on_disconnect(receive: Receive) -> AsyncIterator[None]:
    """Cancel the block when its client disconnects.

    Raises:
        ClientDisconnected: the block was cancelled for that reason.
    """
    task = asyncio.current_task()
    assert task is not None
    disconnect = DisconnectWatcher(receive)
    disconnect.then(task.cancel)
    try:
        yield
    except asyncio.CancelledError:
        if disconnect.happened and not task.uncancel():
            raise ClientDisconnected from None
        raise
    finally:
        disconnect.stop()


class Source(Protocol):
    """Where a stream's bytes come from."""

    @property
    def ended(self) -> bool: ...

    async def read(self) -> bytes:
        """The next events as bytes, all that are there; empty when woken. Its own errors become events."""
        ...

    def wake(self) -> None: ...

    def close(self) -> None:
        """Stop whatever makes the events; a waiting `read` raises SubscriberClosed."""
        ...


class EventStream(ASGIResponse):
    """Sends a source's events as they come, `: ping` when it is silent, and closes it whatever happens."""

    _should_set_content_length = False

    def __init__(
        self,
        source: Source,
        disconnect: DisconnectWatcher,
        *,
        headers: dict[str, Any],
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        super().__init__(media_type=sse.CONTENT_TYPE, headers=STREAM_HEADERS | headers)
        self.source = source
        self.disconnect = disconnect
        self.heartbeat_s = heartbeat_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        heart = _Heart(self.source, every_s=self.heartbeat_s)
        self.disconnect.then(self.source.close)
        try:
            await self.start_response(send)
            while not self.source.ended:
                body = await self.source.read() or heart.pulse()
                if body:
                    heart.busy = True
                    await send({"type": "http.response.body", "body": body, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except SubscriberClosed:
            # the client has disconnected
            pass
        finally:
            heart.stop()
            self.disconnect.stop()
            self.source.close()


class _Heart:
    """Wakes the source when nothing was sent for a while."""

    def __init__(self, source: Source, *, every_s: float) -> None:
        self.busy = False
        self._due = False
        self._source = source
        self._every_s = every_s
        self._timer = asyncio.get_running_loop().call_later(every_s, self._beat)

    def pulse(self) -> bytes:
        due, self._due = self._due, False
        return sse.PING if due else b""

    def stop(self) -> None:
        self._timer.cancel()

    def _beat(self) -> None:
        if not self.busy:
            self._due = True
            self._source.wake()
        self.busy = False
        self._timer = asyncio.get_running_loop().call_later(self._every_s, self._beat)

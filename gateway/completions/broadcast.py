"""Identical requests share one source: each subscriber gets the items so far, then each new one as it comes.

A broadcast is a task that reads the source to its end, so it does not depend on any one subscriber: when one
disconnects the others go on, and when the last of them is gone the task is cancelled,
which closes the source. For work with one result at its end, and across replicas, there is
`gateway.cache.single_flight`. (A response generator's `finally` runs only when the server gets round to it, so
nothing here depends on one.)
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from gateway.primitives.panics import contained

Item = TypeVar("Item")
End = TypeVar("End")


class SubscriberClosed(Exception):
    """`close` was called while the reader waited: its client is gone."""


class Broadcast(Generic[Item, End]):
    """Items appended by one task and read by any number of subscribers; a recording when it has no task."""

    def __init__(self, items: list[Item] | None = None, end: End | None = None) -> None:
        self.items: list[Item] = items or []
        # the source has shown signs of life, though there may be no item yet
        self.is_active = False
        self.end = end
        self.error: BaseException | None = None
        self._subscribers: set[Subscriber[Item, End]] = set()
        self._task: asyncio.Task[None] | None = None

    def launch(self, produce: Callable[[], Awaitable[End]], *, forget: Callable[[], None]) -> None:
        """Start the task.

        Args:
            produce: reads the source: it calls `publish` for each item and returns the end, or raises.
            forget: called when nobody should join any more; more than once is possible.
        """
        self._forget = forget
        self._task = asyncio.get_running_loop().create_task(self._run(produce))

    def follow(self) -> "Subscriber[Item, End]":
        subscriber = Subscriber(self)
        self._subscribers.add(subscriber)
        return subscriber

    def publish(self, item: Item) -> None:
        self.items.append(item)
        self._wake()

    def mark_active(self) -> None:
        if not self.is_active:
            self.is_active = True
            self._wake()

    def leave(self, subscriber: "Subscriber[Item, End]") -> None:
        self._subscribers.discard(subscriber)
        if self._subscribers:
            return
        if self._task and not self._task.done():
            self._forget()
            self._task.cancel()
        else:
            self._drop_error()

    async def stop(self, error: Exception) -> None:
        """End it now and wait until the source is closed; subscribers get what came, then `error`."""
        if self._task and not self._task.done():
            self.error = error
            self._task.cancel()
            await asyncio.wait([self._task])

    @property
    def is_over(self) -> bool:
        return self.end is not None or self.error is not None

    async def _run(self, produce: Callable[[], Awaitable[End]]) -> None:
        try:
            with contained():
                self.end = await produce()
        except Exception as exc:
            _clear_frames(exc)
            # raised in each subscriber
            self.error = exc
        except BaseException as exc:
            # cancelled, or the process is to end: more than this task's affair
            self.error = self.error or exc
            raise
        finally:
            self._forget()
            self._wake()
            if not self._subscribers:
                self._drop_error()

    def _drop_error(self) -> None:
        """Drop an error that no reader is left for: its traceback refers to this object, and this object to it."""
        self.error = None

    def _wake(self) -> None:
        for subscriber in self._subscribers:
            subscriber.wake()


def _clear_frames(error: BaseException) -> None:
    """Clear the variables of the frames that an error, or its causes, passed through.

    One of them is often the error itself. In such a ring the request, its schema and its pages would stay in memory
    until the garbage collector comes: 30 MiB after a dozen hostile requests.
    """
    link: BaseException | None = error
    seen: set[int] = set()
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        traceback.clear_frames(link.__traceback__)
        link = link.__cause__ or link.__context__


class Subscriber(Generic[Item, End]):
    """One reader of a broadcast."""

    def __init__(self, broadcast: Broadcast[Item, End]) -> None:
        self._broadcast = broadcast
        # items so far
        self._read = 0
        self._waiter: asyncio.Future[None] | None = None
        self._closed = False

    async def batch(self) -> list[Item]:
        """What came since the last call, waiting for it; empty at the end, or when woken by `wake`.

        Raises:
            Exception: the broadcast's own, after everything that came before it was returned.
        """
        broadcast = self._broadcast
        self._check_open()
        if self._read == len(broadcast.items) and not broadcast.is_over:
            await self._wait()
        items = broadcast.items[self._read :]
        self._read += len(items)
        if not items and broadcast.error is not None:
            raise broadcast.error
        return items

    async def first(self, *, patience_s: float) -> bool:
        """Wait until there is something to read, or the source was active for `patience_s`; raise a failure.

        Items stay unread.

        Returns:
            Whether there is something to read.
        """
        broadcast = self._broadcast
        self._check_open()
        while not broadcast.items and not broadcast.is_over:
            if not broadcast.is_active:
                await self._wait()
                continue
            try:
                async with asyncio.timeout(patience_s):
                    await self._wait()
            except TimeoutError:
                return False
        if not broadcast.items and broadcast.error is not None:
            raise broadcast.error
        return True

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
        self._check_open()

    def _check_open(self) -> None:
        if self._closed:
            raise SubscriberClosed

    def wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    @property
    def end(self) -> End | None:
        """The broadcast's end, once everything before it was read."""
        return self._broadcast.end if self._read == len(self._broadcast.items) else None

    def close(self) -> None:
        """Read no more; when the last subscriber closes, the broadcast stops. May be called twice."""
        if not self._closed:
            self._closed = True
            self._broadcast.leave(self)
            self.wake()

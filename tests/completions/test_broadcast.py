"""One source, many readers: nobody's leaving disturbs the others, and the last one ends it."""

import asyncio
import gc
import weakref
from collections.abc import Callable

import pytest

from gateway.completions.broadcast import Broadcast, SubscriberClosed

pytestmark = pytest.mark.anyio


class Source:
    """Says what the test tells it to, until it is told to end or is cancelled."""

    def __init__(self) -> None:
        self.broadcast: Broadcast[str, str] = Broadcast()
        self.cancelled = False
        self.forgotten = 0
        self._words: asyncio.Queue[str | Exception] = asyncio.Queue()
        self.broadcast.launch(self._run, forget=self._forget)

    async def say(self, *words: str | Exception) -> None:
        for word in words:
            self._words.put_nowait(word)
        for _ in range(3):
            await asyncio.sleep(0)

    async def _run(self) -> str:
        try:
            while (word := await self._words.get()) != "end":
                if isinstance(word, Exception):
                    raise word
                self.broadcast.publish(word) if word else self.broadcast.mark_active()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return "done"

    def _forget(self) -> None:
        self.forgotten += 1


async def test_late_reader_gets_what_was_said_and_then_what_comes() -> None:
    source = Source()
    early = source.broadcast.follow()
    await source.say("a", "b")
    late = source.broadcast.follow()
    assert await late.batch() == ["a", "b"]
    await source.say("c", "end")
    assert await late.batch() == ["c"]
    assert await early.batch() == ["a", "b", "c"]
    assert (late.end, early.end) == ("done", "done")


async def test_end_is_told_only_after_everything_before_it_was_read() -> None:
    source = Source()
    reader = source.broadcast.follow()
    await source.say("a", "end")
    assert reader.end is None
    await reader.batch()
    assert reader.end == "done"


async def test_failure_is_raised_in_every_reader_after_what_came_before_it() -> None:
    source = Source()
    readers = [source.broadcast.follow() for _ in range(2)]
    await source.say("a", ValueError("broken"))
    for reader in readers:
        assert await reader.batch() == ["a"]
        with pytest.raises(ValueError, match="broken"):
            await reader.batch()


async def test_last_reader_to_leave_cancels_the_source() -> None:
    source = Source()
    first, second = source.broadcast.follow(), source.broadcast.follow()
    await source.say("a")
    first.close()
    first.close()
    await source.say("b")
    assert not source.cancelled
    second.close()
    await source.say()
    assert source.cancelled
    assert source.forgotten >= 1


async def test_closing_wakes_a_waiting_reader() -> None:
    source = Source()
    reader = source.broadcast.follow()
    waiting = asyncio.create_task(reader.batch())
    await source.say()
    reader.close()
    with pytest.raises(SubscriberClosed):
        await waiting
    with pytest.raises(SubscriberClosed):
        await reader.batch()


async def test_waking_gives_an_empty_batch() -> None:
    source = Source()
    reader = source.broadcast.follow()
    waiting = asyncio.create_task(reader.batch())
    await source.say()
    reader.wake()
    assert await waiting == []
    reader.close()


@pytest.mark.parametrize(
    ("words", "patience_s"),
    [
        pytest.param(["a"], 60, id="an-item"),
        pytest.param([""], 0.01, id="signs-of-life-and-patience-gone"),
        pytest.param(["end"], 60, id="the-end"),
    ],
)
async def test_first_returns_on(words: list[str], patience_s: float) -> None:
    source = Source()
    reader = source.broadcast.follow()
    waiting = asyncio.create_task(reader.first(patience_s=patience_s))
    await source.say()
    assert not waiting.done()
    await source.say(*words)
    await asyncio.wait_for(waiting, 10)
    reader.close()


async def test_first_raises_a_failure_that_comes_first() -> None:
    source = Source()
    reader = source.broadcast.follow()
    await source.say("", ValueError("broken"))
    with pytest.raises(ValueError, match="broken"):
        await reader.first(patience_s=60)


@pytest.mark.parametrize("act", [Broadcast.publish, None])
async def test_stopping_ends_the_source_before_it_returns(act: Callable[..., None] | None) -> None:
    source = Source()
    reader = source.broadcast.follow()
    await source.say(*(["a"] if act else []))
    await source.broadcast.stop(RuntimeError("closing"))
    assert source.cancelled
    if act:
        assert await reader.batch() == ["a"]
    with pytest.raises(RuntimeError, match="closing"):
        await reader.batch()


async def test_recording_is_read_like_a_flight() -> None:
    reader = Broadcast(["a", "b"], "done").follow()
    await reader.first(patience_s=60)
    assert await reader.batch() == ["a", "b"]
    assert reader.end == "done"
    reader.close()


class Request:
    """What a failed piece of work has in its hands."""


async def test_failure_that_was_read_holds_nothing_of_its_work() -> None:
    held: list[weakref.ref[Request]] = []

    async def fail() -> str:
        request = Request()
        held.append(weakref.ref(request))
        error = RuntimeError("a ring: the frame holds the error, which holds the frame")
        raise error

    gc.collect()
    gc.disable()
    try:
        broadcast: Broadcast[str, str] = Broadcast()
        broadcast.launch(fail, forget=lambda: None)
        reader = broadcast.follow()
        with pytest.raises(RuntimeError):
            await reader.batch()
        reader.close()
        del broadcast, reader
        await asyncio.sleep(0)
        assert held[0]() is None
    finally:
        gc.enable()

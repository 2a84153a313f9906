"""Names on threads of their own: deadlines, bounds, failures."""

import asyncio
import socket
import threading
import time

import pytest

from gateway.errors import DnsFailed
from gateway.fetch.http.dns import ThreadResolver

pytestmark = pytest.mark.anyio


async def test_answers_come_through() -> None:
    resolver = ThreadResolver(lookup=lambda host, port: [host + "!", str(port)])
    assert await asyncio.gather(*(resolver.resolve(f"h{n}", n) for n in range(40))) == [
        [f"h{n}!", str(n)] for n in range(40)
    ]


async def test_system_resolver_knows_localhost() -> None:
    resolver = ThreadResolver()
    assert "127.0.0.1" in await resolver.resolve("localhost", 80)


@pytest.mark.parametrize(
    "error",
    [socket.gaierror(-2, "Name or service not known"), UnicodeError("label too long"), OSError(5, "io")],
)
async def test_failure_is_typed_and_names_the_host(error: Exception) -> None:
    def fail(host: str, port: int) -> list[str]:
        raise error

    resolver = ThreadResolver(lookup=fail)
    with pytest.raises(DnsFailed, match=r"h\.test"):
        await resolver.resolve("h.test", 80)


async def test_hanging_lookups_end_at_the_deadline_and_never_use_more_threads_than_allowed() -> None:
    release = threading.Event()

    def hang(host: str, port: int) -> list[str]:
        release.wait(300)
        return ["1.1.1.1"]

    before = threading.active_count()
    resolver = ThreadResolver(lookup=hang, timeout_s=0.2, max_threads=3)
    started = time.monotonic()
    ends = await asyncio.gather(*(resolver.resolve(f"h{n}", 80) for n in range(20)), return_exceptions=True)
    assert {type(end) for end in ends} == {DnsFailed}
    assert time.monotonic() - started < 60  # they hang for 300
    assert threading.active_count() - before <= 3
    release.set()
    assert await resolver.resolve("after", 80) == ["1.1.1.1"]


async def test_names_that_hang_hold_up_nobody_elses_work() -> None:
    release = threading.Event()

    def lookup(host: str, port: int) -> list[str]:
        if host.startswith("hangs"):
            release.wait(30)
        return ["1.1.1.1"]

    resolver = ThreadResolver(lookup=lookup)
    hanging = [asyncio.create_task(resolver.resolve(f"hangs{n}", 80)) for n in range(50)]
    await asyncio.sleep(0.05)
    try:
        assert await resolver.resolve("answers", 80) == ["1.1.1.1"]
        for task in hanging:
            task.cancel()
        assert await resolver.resolve("answers", 80) == ["1.1.1.1"]
    finally:
        release.set()

"""Names on threads of their own: deadlines, bounds, failures."""

import asyncio
import socket
import threading
import time

import pytest

from gateway.errors import DnsFailed
from gateway.fetch.dns import ThreadResolver

pytestmark = pytest.mark.anyio


async def test_answers_come_through() -> None:
    resolver = ThreadResolver(lookup=lambda host, port: [host + "!", str(port)])
    assert await asyncio.gather(*(resolver.resolve(f"h{n}", n) for n in range(40))) == [
        [f"h{n}!", str(n)] for n in range(40)
    ]
    resolver.close()


async def test_system_resolver_knows_localhost() -> None:
    resolver = ThreadResolver()
    assert "127.0.0.1" in await resolver.resolve("localhost", 80)
    resolver.close()


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
    resolver.close()


async def test_hanging_lookups_end_at_the_deadline_and_never_use_more_threads_than_allowed() -> None:
    release = threading.Event()

    def hang(host: str, port: int) -> list[str]:
        release.wait(30)
        return ["1.1.1.1"]

    before = threading.active_count()
    resolver = ThreadResolver(lookup=hang, timeout_s=0.2, max_threads=3)
    started = time.monotonic()
    ends = await asyncio.gather(*(resolver.resolve(f"h{n}", 80) for n in range(20)), return_exceptions=True)
    assert {type(end) for end in ends} == {DnsFailed}
    assert time.monotonic() - started < 5
    assert threading.active_count() - before <= 3
    release.set()
    assert await resolver.resolve("after", 80) == ["1.1.1.1"]
    resolver.close()

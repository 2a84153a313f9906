"""Rates refill with time, in one process or for all gateways on a store, and hold on while that store is away."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest

from fixtures.redis import RedisServer
from gateway.auth.keys import Key
from gateway.auth.rates import Rates
from gateway.cache.limits_store import LimitsStore
from gateway.errors import RateLimited
from tests.auth.stores import open_store

pytestmark = pytest.mark.anyio

FAST = 10**9  # requests a minute: as many as a key may have


def key(limit: int | None, name: str = "k") -> Key:
    return Key(name=name, sha256="", requests_per_minute=limit)


async def taken(rates: Rates, limit: int, requests: int) -> int:
    """How many of so many requests at once are let through."""
    answers = await asyncio.gather(*(rates.take(key(limit)) for _ in range(requests)), return_exceptions=True)
    assert all(isinstance(answer, RateLimited) for answer in answers if isinstance(answer, BaseException))
    return sum(not isinstance(answer, BaseException) for answer in answers)


async def test_rates_refill_with_time() -> None:
    now = 0.0
    rates = Rates(clock=lambda: now)
    first = await rates.take(key(2))
    assert first is not None and (first.limit, first.remaining) == (2, 1)
    await rates.take(key(2))
    with pytest.raises(RateLimited) as caught:
        await rates.take(key(2))
    assert caught.value.retry_after_s == pytest.approx(30)
    now = 30.0
    assert await rates.take(key(2)) is not None
    assert await rates.take(key(None, "free")) is None


async def test_shared_rate_says_what_a_rate_of_one_process_says(redis: RedisServer) -> None:
    async with open_store(redis.url) as store:
        shared, own = Rates(store=store), Rates()
        for _ in range(3):
            one, other = await shared.take(key(3)), await own.take(key(3))
            assert one is not None and other is not None and one.remaining == other.remaining
            assert one.reset_s == pytest.approx(other.reset_s, abs=2)
        refusals = []
        for rates in (shared, own):
            with pytest.raises(RateLimited) as caught:
                await rates.take(key(3))
            refusals.append(caught.value)
        assert str(refusals[0]) == str(refusals[1])
        assert refusals[0].retry_after_s == pytest.approx(refusals[1].retry_after_s, abs=2)
        assert refusals[0].headers.keys() == refusals[1].headers.keys()


async def test_shared_rate_refills_by_the_time_of_the_store(redis: RedisServer) -> None:
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(open_store(redis.url)) for _ in range(2)]
        # clocks hours apart, one of them at a standstill
        ahead, behind = (
            Rates(store=store, clock=lambda at=at: at) for store, at in zip(stores, (1e4, 0.0), strict=True)
        )
        limit = 300  # one each 200 ms
        assert await taken(ahead, limit, limit) >= limit
        with pytest.raises(RateLimited):
            for _ in range(limit):
                await behind.take(key(limit))
        await asyncio.sleep(0.25)
        assert await behind.take(key(limit)) is not None


async def test_shared_rate_lets_through_exactly_its_limit(redis: RedisServer) -> None:
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(open_store(redis.url)) for _ in range(2)]
        counts = await asyncio.gather(*(taken(Rates(store=store), 3, 50) for store in stores))
        assert sum(counts) == 3, "20 s until the next"
        with pytest.raises(RateLimited):
            await Rates(store=stores[0]).take(key(3))  # a process that has just started
        assert await Rates(store=stores[0]).take(key(3, "another")) is not None


async def test_limit_of_any_size_counts(redis: RedisServer) -> None:
    async with open_store(redis.url) as store:
        for rates in (Rates(), Rates(store=store)):
            first = await rates.take(key(FAST))
            assert first is not None and first.remaining == FAST - 1
            assert await taken(rates, FAST, 20) == 20
            with pytest.raises(RateLimited):
                for _ in range(2):
                    await rates.take(key(1, "one"))


async def test_lowered_limit_counts_at_once(redis: RedisServer) -> None:
    async with open_store(redis.url) as store:
        rates = Rates(store=store)
        await rates.take(key(1000))
        assert await taken(rates, 2, 10) == 2


async def test_full_bucket_is_forgotten_and_what_is_stored_has_no_secret(redis: RedisServer) -> None:
    async with open_store(redis.url) as store:
        await Rates(store=store).take(key(6000))  # full again after 10 ms
        await asyncio.sleep(0.1)
        assert redis.command("EXISTS", "winnow:rate:{k}") == b":0\r\n"
        await Rates(store=store).take(key(2))
        assert redis.command("TYPE", "winnow:rate:{k}") == b"+hash\r\n"
        await store.server.client.set("winnow:rate:{k}", "somebody else's")
        assert await Rates(store=store).take(key(2)) is not None
        assert "WRONGTYPE" in str(await store.health())


class Counting:
    """A store that counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def run(self, script: str, keys: Sequence[str], args: Sequence[Any]) -> Any:
        self.asked += 1
        return [1, b"1"]


async def test_request_costs_one_command_and_a_key_without_a_rate_none(redis: RedisServer) -> None:
    store = Counting()
    rates = Rates(store=store)
    await rates.take(key(None))
    assert store.asked == 0
    await rates.take(key(2))
    assert store.asked == 1
    async with open_store(redis.url) as real:
        rates = Rates(store=real)
        await rates.take(key(100))  # brings the script to the server
        before = calls_of(redis)
        for _ in range(10):
            await rates.take(key(100))
        assert calls_of(redis) - before == 10


def calls_of(redis: RedisServer) -> int:
    stats = redis.command("INFO", "commandstats").decode().splitlines()
    found = [line for line in stats if line.startswith("cmdstat_evalsha:")]
    return int(found[0].partition("calls=")[2].partition(",")[0]) if found else 0


async def test_rate_holds_for_the_process_while_the_store_is_away(
    start_redis: Callable[..., RedisServer], caplog: pytest.LogCaptureFixture
) -> None:
    server = start_redis()
    failures: list[None] = []
    async with open_store(server.url, timeout_s=0.25) as opened:
        store = LimitsStore(opened.server, on_failure=lambda: failures.append(None), remember_s=0.2)
        rates = Rates(store=store)
        assert await taken(rates, 5, 3) == 3
        assert await store.health() is None
        server.stop()
        with caplog.at_level(logging.WARNING, logger="winnow.limits"):
            assert await taken(rates, 5, 50) == 2, "what was taken before counts"
            assert len(failures) == 50
            assert f"127.0.0.1:{server.port}" in str(await store.health())
            for _ in range(20):
                await store.run("return 1", [], [])
            assert len(caplog.records) == 1 and "by itself" in caplog.text
            server.start()

            fault = await store.health()
            async with asyncio.timeout(60):
                while fault:
                    await asyncio.sleep(0.05)
                    fault = await store.health()
            assert len(caplog.records) == 2 and "works again" in caplog.text
        assert await taken(rates, 5, 50) == 5, "a store that has lost everything begins anew"
    server.stop()


async def test_frozen_store_holds_requests_up_a_moment_only(
    start_redis: Callable[..., RedisServer],
) -> None:
    server = start_redis()
    async with open_store(server.url, timeout_s=0.25) as store:
        rates = Rates(store=store)
        await rates.take(key(FAST))
        server.freeze()
        loop = asyncio.get_running_loop()
        began = loop.time()
        for _ in range(200):
            await rates.take(key(FAST))
        assert loop.time() - began < 30, "200 waits of 250 ms would take 50 s"
        server.thaw()
    server.stop()

"""Budgets are shared by machine or fleet, end with the month, and count every token once, whatever fails."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fixtures.redis import RedisServer
from gateway.auth.budgets import MAX_AGE_S, Ledger
from gateway.auth.keys import Key
from gateway.auth.spending import Account, Booking, SharedSpending, Spending, SpendingFile
from gateway.errors import RateLimited
from tests.auth.stores import open_store

pytestmark = pytest.mark.anyio

KEY = Key(name="k", sha256="", tokens_per_month=100)


class Time:
    """What the ledgers of a test take for the time."""

    def __init__(self) -> None:
        self.now = datetime(2026, 12, 31, 23, tzinfo=UTC)
        self.s = 0.0

    def ledger(self, spending: Spending) -> Ledger:
        return Ledger(spending, now=lambda: self.now, clock=lambda: self.s)

    def let_pass(self) -> None:
        """So long that what others have spent is read again."""
        self.s += MAX_AGE_S


@pytest.fixture(params=["file", "shared"])
async def open_spending(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Callable[[], Spending]]:
    """Another process's view of what is spent, at each call."""
    if request.param == "file":
        yield lambda: SpendingFile(tmp_path / "cache" / "spent.sqlite")
    else:
        async with open_store(request.getfixturevalue("redis").url) as store:
            yield lambda: SharedSpending(store)


async def test_ledger_is_shared_and_ends_with_the_month(open_spending: Callable[[], Spending]) -> None:
    time = Time()
    one, two = (time.ledger(open_spending()) for _ in range(2))
    await one.check(KEY)
    one.spend("k", 60)
    two.spend("k", 60)
    assert await one.spent("k") == 60, "what others spend is seen when they have booked"
    await two.flush()
    await one.flush()
    time.let_pass()
    assert await one.spent("k") == await two.spent("k") == 120
    with pytest.raises(RateLimited, match="2026-12") as caught:
        await two.check(KEY)
    assert caught.value.retry_after_s == 3600
    assert await time.ledger(open_spending()).spent("k") == 120, "after a restart"
    time.now = datetime(2027, 1, 1, tzinfo=UTC)
    await two.check(KEY)
    for ledger in (one, two):
        await ledger.flush()
        ledger.close()


async def test_ledgers_together_stop_at_the_budget(open_spending: Callable[[], Spending]) -> None:
    time = Time()
    ledgers = [time.ledger(open_spending()) for _ in range(2)]
    served = 0
    for _ in range(20):
        for ledger in ledgers:
            try:
                await ledger.check(KEY)
            except RateLimited:
                continue
            ledger.spend("k", 10)
            served += 1
            await ledger.flush()
        time.let_pass()
    assert served == 10


async def test_ledger_books_by_itself_and_at_its_end(tmp_path: Path) -> None:
    ledger = Ledger(SpendingFile(tmp_path / "spent.sqlite"))
    other = SpendingFile(tmp_path / "spent.sqlite")
    account = "k", datetime.now(UTC).strftime("%Y-%m")

    async def booked() -> int:
        return (await other.add([Booking(account=account, tokens=0, number=1, known=0)]))[account]

    async with ledger.flushing():
        ledger.spend("k", 5)
        found = 0
        async with asyncio.timeout(60):
            while found != 5:
                await asyncio.sleep(0.1)
                found = await booked()
        ledger.spend("k", 2)
    assert await booked() == 7
    other.close()


async def test_ledger_without_its_file_counts_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    ledger = Ledger(SpendingFile(tmp_path / "file" / "spent.sqlite"))
    ledger.spend("k", 5)
    assert await ledger.spent("k") == 5
    await ledger.flush()
    with pytest.raises(RateLimited):
        await ledger.check(Key(name="k", sha256="", tokens_per_month=5))


class Fickle:
    """Spending whose next answers are lost, or which is not reached at all."""

    def __init__(self, spending: Spending) -> None:
        self.spending = spending
        self.lost = self.unreached = 0
        self.asked = 0

    async def add(self, bookings: Sequence[Booking]) -> dict[Account, int]:
        self.asked += 1
        if self.unreached:
            self.unreached -= 1
            return {}
        totals = await self.spending.add(bookings)
        if self.lost:
            self.lost -= 1
            return {}
        return totals

    def close(self) -> None:
        self.spending.close()


async def test_tokens_are_booked_once_though_answers_are_lost(redis: RedisServer) -> None:
    time = Time()
    async with open_store(redis.url) as store:
        fickle = Fickle(SharedSpending(store))
        ledger = time.ledger(fickle)
        for lost, unreached in ((1, 0), (0, 2), (2, 1)):
            fickle.lost, fickle.unreached = lost, unreached
            ledger.spend("k", 7)
            for _ in range(4):
                await ledger.flush()
                ledger.spend("k", 1)
        await ledger.flush()
        await ledger.flush()
        assert await ledger.spent("k") == 3 * (7 + 4)
        assert await time.ledger(SharedSpending(store)).spent("k") == 3 * (7 + 4)


async def test_store_that_lost_everything_learns_it_from_the_ledgers(redis: RedisServer) -> None:
    time = Time()
    async with open_store(redis.url) as store:
        ledgers = [time.ledger(SharedSpending(store)) for _ in range(2)]
        ledgers[0].spend("k", 70)
        await ledgers[0].flush()
        assert await ledgers[1].spent("k") == 70
        redis.command("FLUSHALL")
        time.let_pass()
        ledgers[1].spend("k", 5)
        assert await ledgers[1].spent("k") == 75
        assert await ledgers[0].spent("k") == 75
        assert await time.ledger(SharedSpending(store)).spent("k") == 75


async def test_budget_is_asked_for_once_a_second_however_many_ask(redis: RedisServer) -> None:
    time = Time()
    async with open_store(redis.url) as store:
        fickle = Fickle(SharedSpending(store))
        ledger = time.ledger(fickle)
        await asyncio.gather(*(ledger.check(KEY) for _ in range(50)))
        assert fickle.asked == 1
        time.let_pass()
        fickle.unreached = 1
        await asyncio.gather(*(ledger.check(KEY) for _ in range(50)))
        assert fickle.asked == 2, "a store that fails is not asked for each request"


async def test_amounts_are_exact(open_spending: Callable[[], Spending]) -> None:
    time = Time()
    one = time.ledger(open_spending())
    one.spend("k", 10**15 - 1)
    await one.flush()
    one.spend("k", 2)
    await one.flush()
    assert await time.ledger(open_spending()).spent("k") == 10**15 + 1


async def test_what_is_left_in_the_store_ends_by_itself(redis: RedisServer) -> None:
    time = Time()
    async with open_store(redis.url) as store:
        ledger = time.ledger(SharedSpending(store))
        ledger.spend("k", 5)
        await ledger.flush()
        names = [name async for name in store.server.client.scan_iter()]
        assert len(names) == 2
        for name in names:
            assert 0 < await store.server.client.ttl(name) <= 62 * 86400

"""Admission is bounded and fair, rates refill, budgets are shared and end with the month."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.auth.budgets import Ledger
from gateway.auth.keys import Key
from gateway.auth.limits import Admission, Rates
from gateway.errors import Overloaded, RateLimited

pytestmark = pytest.mark.anyio


async def test_admission_runs_up_to_the_limit_then_queues_then_refuses() -> None:
    admission = Admission(limit=2, queue=1)
    await admission.acquire("a")
    await admission.acquire("a")
    waiting = asyncio.create_task(admission.acquire("a"))
    await asyncio.sleep(0)
    assert (admission.running, admission.queued) == (2, 1)
    with pytest.raises(Overloaded) as caught:
        await admission.acquire("b")
    assert caught.value.retry_after_s
    admission.release()
    await waiting
    assert (admission.running, admission.queued) == (2, 0)
    admission.release()
    admission.release()
    assert admission.running == 0


async def test_admission_takes_keys_in_turn() -> None:
    admission = Admission(limit=1, queue=100)
    await admission.acquire("first")
    served: list[str] = []

    async def work(who: str) -> None:
        async with admission.enter(who):
            served.append(who)

    tasks = [asyncio.create_task(work("greedy")) for _ in range(6)]
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(work("modest")) for _ in range(2)]
    await asyncio.sleep(0)
    admission.release()
    await asyncio.gather(*tasks)
    assert served[:4] == ["greedy", "modest", "greedy", "modest"]
    assert (admission.running, admission.queued) == (0, 0)


async def test_admission_loses_no_place_to_the_impatient() -> None:
    admission = Admission(limit=1, queue=10)
    await admission.acquire("a")
    tasks = [asyncio.create_task(admission.acquire(str(n % 3))) for n in range(6)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks[::2], return_exceptions=True)
    assert admission.queued == 3
    admission.release()
    tasks[1].cancel()  # its turn has come and it leaves at the same moment
    await asyncio.gather(tasks[1], return_exceptions=True)
    for task in (tasks[3], tasks[5]):
        await asyncio.wait([task], timeout=60)
        admission.release()
    assert (admission.running, admission.queued) == (0, 0)


async def test_admission_refuses_while_draining() -> None:
    admission = Admission(limit=1, queue=1)
    admission.draining = True
    with pytest.raises(Overloaded, match="shutting down"):
        await admission.acquire("a")


async def test_rates_refill_with_time() -> None:
    now = 0.0
    rates = Rates(clock=lambda: now)
    key = Key(name="k", sha256="", requests_per_minute=2)
    first = rates.take(key)
    assert first is not None and (first.limit, first.remaining) == (2, 1)
    rates.take(key)
    with pytest.raises(RateLimited) as caught:
        rates.take(key)
    assert caught.value.retry_after_s == pytest.approx(30)
    now = 30.0
    assert rates.take(key) is not None
    assert rates.take(Key(name="free", sha256="")) is None


async def test_rates_bound_concurrency() -> None:
    rates = Rates()
    key = Key(name="k", sha256="", concurrency=1)
    with rates.counting(key), pytest.raises(RateLimited, match="under way"), rates.counting(key):
        pass
    with rates.counting(key):
        pass


async def test_ledger_is_shared_and_ends_with_the_month(tmp_path: Path) -> None:
    now = datetime(2026, 12, 31, 23, tzinfo=UTC)
    one, two = (Ledger(tmp_path / "cache" / "spent.sqlite", now=lambda: now) for _ in range(2))
    key = Key(name="k", sha256="", tokens_per_month=100)
    one.check(key)
    one.spend("k", 60)
    two.spend("k", 60)
    assert one.spent("k") == 60, "what others spend is seen when both have booked"
    two.book()
    one.book()
    two.book()
    assert one.spent("k") == two.spent("k") == 120
    with pytest.raises(RateLimited, match="2026-12") as caught:
        two.check(key)
    assert caught.value.retry_after_s == 3600
    now = datetime(2027, 1, 1, tzinfo=UTC)
    two.check(key)
    one.close()
    two.close()


async def test_ledger_books_by_itself_and_at_its_end(tmp_path: Path) -> None:
    ledger, other = (Ledger(tmp_path / "spent.sqlite") for _ in range(2))
    async with ledger.booking():
        ledger.spend("k", 5)
        async with asyncio.timeout(60):
            while other.spent("k") != 5:
                other.book()
                await asyncio.sleep(0.1)
        ledger.spend("k", 2)
    other.book()
    assert other.spent("k") == 7
    other.close()


async def test_ledger_without_its_file_counts_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    ledger = Ledger(tmp_path / "file" / "spent.sqlite")
    ledger.spend("k", 5)
    assert ledger.spent("k") == 5
    ledger.book()
    with pytest.raises(RateLimited):
        ledger.check(Key(name="k", sha256="", tokens_per_month=5))

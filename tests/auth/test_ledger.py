"""Budgets are shared and end with the month."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.auth.budgets import Ledger
from gateway.auth.keys import Key
from gateway.errors import RateLimited

pytestmark = pytest.mark.anyio


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

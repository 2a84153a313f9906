"""Tokens by key and calendar month (UTC): counted in memory, booked every second where other processes see them.

Booking each request would cost it more than all the other limits together. So what other processes spend is seen
up to two seconds late, and a process that is killed loses what it spent in its last second.
"""

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

from msgspec import Struct

from gateway.auth.keys import Key, Keyring
from gateway.auth.spending import Account, Booking, Spending
from gateway.errors import RateLimited, Unauthorized
from gateway.primitives.ending import end
from gateway.primitives.panics import contained

FLUSH_EVERY_S = 1.0
# of a total by which a request is let in
MAX_AGE_S = 1.0
_log = logging.getLogger("winnow.ledger")


class _Balance(Struct):
    # of all processes, as last read
    total: int = 0
    read_at: float = float("-inf")
    # tokens spent here that are not booked
    pending: int = 0
    # tried, and not known to be booked
    sent: Booking | None = None

    @property
    def unbooked(self) -> int:
        return self.pending + (self.sent.tokens if self.sent else 0)


class Ledger:
    """What keys have spent this month. Where it cannot be booked, budgets hold within the process meanwhile.

    Args:
        spending: adds up what all processes spend.
        now: the time of day, by which months end.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        spending: Spending,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spending = spending
        self._now, self._clock = now, clock
        self._balances: dict[Account, _Balance] = {}
        self._numbers = itertools.count(1)
        self._flushing = asyncio.Lock()

    def spend(self, name: str, tokens: int) -> None:
        """Add tokens to this month's."""
        if tokens:
            self._balances.setdefault((name, self._month()), _Balance()).pending += tokens

    async def spent(self, name: str) -> int:
        """Tokens of this month; those of other processes as they were at most MAX_AGE_S ago."""
        account = name, self._month()
        balance = self._balances.setdefault(account, _Balance())
        if self._is_old(balance):
            async with self._flushing:
                # unless another request has had it read meanwhile
                if self._is_old(balance):
                    await self._flush({account: balance})
        return balance.total + balance.unbooked

    async def check(self, key: Key) -> None:
        """Raises RateLimited when the key's monthly tokens are used up."""
        if key.tokens_per_month is None or await self.spent(key.name) < key.tokens_per_month:
            return
        now = self._now()
        first = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
        message = f"the key {key.name} has used its {key.tokens_per_month} tokens of {self._month()}"
        raise RateLimited(message, retry_after_s=(first - now).total_seconds(), limit=key.tokens_per_month)

    async def flush(self) -> None:
        """Book what was spent since the last time."""
        async with self._flushing:
            await self._flush({account: each for account, each in self._balances.items() if each.unbooked})
            for account in [account for account in self._balances if account[1] != self._month()]:
                if not self._balances[account].unbooked:
                    del self._balances[account]

    @contextlib.asynccontextmanager
    async def flushing(self) -> AsyncIterator[None]:
        """Flush every second while the block lasts, and once more at its end."""
        task = asyncio.create_task(self._keep_flushing())
        try:
            yield
        finally:
            await end(task)
            await self.flush()
            if lost := sum(balance.unbooked for balance in self._balances.values()):
                _log.warning("%d tokens could not be booked on the budgets of their keys", lost)
            self.close()

    def close(self) -> None:
        self._spending.close()

    async def _flush(self, balances: dict[Account, _Balance]) -> None:
        bookings = []
        for account, balance in balances.items():
            if balance.sent is None or not balance.sent.tokens:
                tokens, balance.pending = balance.pending, 0
                number, known = next(self._numbers), balance.total
                balance.sent = Booking(account=account, tokens=tokens, number=number, known=known)
            bookings.append(balance.sent)
        totals = await self._spending.add(bookings) if bookings else {}
        for account, balance in balances.items():
            # one that fails is not asked for each request
            balance.read_at = self._clock()
            if account in totals:
                balance.total, balance.sent = totals[account], None

    async def _keep_flushing(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            try:
                with contained():
                    await self.flush()
            except Exception:
                # the next second's try may do better; without this there would be none
                _log.exception("monthly budgets could not be booked")

    def _is_old(self, balance: _Balance) -> bool:
        return self._clock() - balance.read_at >= MAX_AGE_S

    def _month(self) -> str:
        return self._now().strftime("%Y-%m")


class KeyBudget:
    """A key's budget for work that goes on after the request that asked for it.

    Args:
        name: the key's; "" where no keys are configured.
    """

    def __init__(self, name: str, *, keyring: Keyring, ledger: Ledger) -> None:
        self._name = name
        self._keyring = keyring
        self._ledger = ledger

    async def check(self) -> None:
        """Raises Unauthorized when the key no longer exists, RateLimited when its monthly tokens are used up."""
        if not self._name:
            return
        if (key := self._keyring.named(self._name)) is None:
            raise Unauthorized(
                f"the key {self._name} was revoked: what it has asked for is not done any more"
            )
        await self._ledger.check(key)

    def spend(self, tokens: int) -> None:
        """Add tokens to this month's, if the key has a budget."""
        key = self._keyring.named(self._name)
        if key is not None and key.tokens_per_month is not None:
            self._ledger.spend(self._name, tokens)

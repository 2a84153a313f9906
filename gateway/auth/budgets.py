"""Tokens by key and calendar month (UTC): counted in memory, booked every second in a file that processes share.

Booking each request would cost it more than all the other limits together. So what other processes spend is seen
a second late, and a process that is killed loses what it spent in its last second.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

from gateway.auth.keys import Key
from gateway.errors import RateLimited
from gateway.primitives.panics import contained

BOOK_EVERY_S = 1.0
_WAIT_S = 0.05  # for another process that is booking; else a second later
_CREATE = (
    "CREATE TABLE IF NOT EXISTS spent (name TEXT, month TEXT, tokens INTEGER, PRIMARY KEY (name, month))"
)
_BOOK = "INSERT INTO spent VALUES (?, ?, ?) ON CONFLICT (name, month) DO UPDATE SET tokens = tokens + excluded.tokens"
_READ = "SELECT tokens FROM spent WHERE name = ? AND month = ?"
_log = logging.getLogger("winnow.ledger")

RequestContext = tuple[str, str]  # a key's name, a month


class Ledger:
    """What keys have spent, in a small SQLite file.

    A file that cannot be read or written costs no request: budgets then hold within the process.

    Args:
        path: the file; its folder is made when it is first needed.
    """

    def __init__(self, path: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._path = path
        self._now = now
        self._database: sqlite3.Connection | None = None
        self._booked: dict[RequestContext, int] = {}  # as last read; of the accounts asked for
        self._pending: Counter[RequestContext] = Counter()

    def spend(self, name: str, tokens: int) -> None:
        """Add tokens to this month's."""
        if tokens:
            self._pending[name, self._month()] += tokens

    def spent(self, name: str) -> int:
        """Tokens of this month."""
        account = name, self._month()
        if account not in self._booked:
            self._booked[account] = 0
            self.book()
        return self._booked[account] + self._pending[account]

    def check(self, key: Key) -> None:
        """Raises RateLimited when the key's monthly tokens are used up."""
        if key.tokens_per_month is None or self.spent(key.name) < key.tokens_per_month:
            return
        now = self._now()
        first = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
        message = f"the key {key.name} has used its {key.tokens_per_month} tokens of {self._month()}"
        raise RateLimited(message, retry_after_s=(first - now).total_seconds(), limit=key.tokens_per_month)

    def book(self) -> None:
        """Write what was spent since the last time, and read what others have."""
        try:
            database = self._open()
            with database:
                database.executemany(_BOOK, [(*account, tokens) for account, tokens in self._pending.items()])
            self._pending.clear()
            for account in self._booked:
                row = database.execute(_READ, account).fetchone()
                self._booked[account] = int(row[0]) if row else 0
        except (sqlite3.Error, OSError) as exc:
            _log.warning("%s: %s; monthly budgets are kept in memory meanwhile", self._path, exc)

    @contextlib.asynccontextmanager
    async def booking(self) -> AsyncIterator[None]:
        """Book every second while the block lasts, and once more at its end."""
        task = asyncio.create_task(self._keep_booking())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            if self._pending:
                self.book()
            self.close()

    def close(self) -> None:
        if self._database:
            self._database.close()
            self._database = None

    async def _keep_booking(self) -> None:
        while True:
            await asyncio.sleep(BOOK_EVERY_S)
            if self._booked or self._pending:  # some key has a budget
                try:
                    with contained():
                        self.book()
                except Exception:  # the next second's try may do better; without this there would be none
                    _log.exception("%s: booking failed", self._path)

    def _month(self) -> str:
        return self._now().strftime("%Y-%m")

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            database = sqlite3.connect(self._path, timeout=_WAIT_S, check_same_thread=False)
            # no sync on each booking: a power failure may lose some, a killed process none that was booked
            database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
            database.execute(_CREATE)
            self._database = database
        return self._database

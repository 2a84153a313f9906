"""Where the tokens that keys have spent are added up: in a file of one machine, or on a server of many."""

import logging
import sqlite3
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from gateway.auth.shared_store import SharedStore

# for another process that writes; else a second later
_WAIT_S = 0.05
_CREATE = (
    "CREATE TABLE IF NOT EXISTS spent (name TEXT, month TEXT, tokens INTEGER, PRIMARY KEY (name, month))"
)
_ADD = "INSERT INTO spent VALUES (?, ?, ?) ON CONFLICT (name, month) DO UPDATE SET tokens = tokens + excluded.tokens"
_READ = "SELECT tokens FROM spent WHERE name = ? AND month = ?"
# A server that has lost what it knew takes the total from whoever asks. One that ran this and whose answer did not
# arrive is sent the same again: the second name has what came last from a gateway.
_ADD_SHARED = """
local stored = tonumber(redis.call('GET', KEYS[1])) or 0
if redis.call('GET', KEYS[2]) == ARGV[1] then return stored end
local total = math.max(stored, tonumber(ARGV[3])) + tonumber(ARGV[2])
if total ~= stored then
  redis.call('SET', KEYS[1], string.format('%.0f', total), 'EX', 62 * 86400)
  redis.call('SET', KEYS[2], ARGV[1], 'EX', 3600)
end
return total
"""
_log = logging.getLogger("winnow.ledger")

# a key's name, a month
Account = tuple[str, str]


class Booking(Struct, kw_only=True, frozen=True):
    """Tokens for an account."""

    account: Account
    tokens: int
    # another one for each booking of a process; the same when it is tried again
    number: int
    # the account's total, as last read
    known: int


class Spending(Protocol):
    """Adds up what several processes spend."""

    async def add(self, bookings: Sequence[Booking]) -> dict[Account, int]:
        """The new total of each account; those that could not be booked are left out."""

    def close(self) -> None:
        """Let go of what is open."""


class SpendingFile:
    """A small SQLite file, which the processes of a machine share.

    Args:
        path: the file; its folder is made when it is first needed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database: sqlite3.Connection | None = None

    async def add(self, bookings: Sequence[Booking]) -> dict[Account, int]:
        try:
            database = self._open()
            totals = {}
            with database:
                # all of it or nothing: what fails is tried again
                rows = [(*booking.account, booking.tokens) for booking in bookings if booking.tokens]
                database.executemany(_ADD, rows)
                for booking in bookings:
                    row = database.execute(_READ, booking.account).fetchone()
                    totals[booking.account] = int(row[0]) if row else 0
            return totals
        except (sqlite3.Error, OSError) as exc:
            _log.warning("%s: %s; monthly budgets are kept in memory meanwhile", self._path, exc)
            return {}

    def close(self) -> None:
        if self._database:
            self._database.close()
            self._database = None

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            database = sqlite3.connect(self._path, timeout=_WAIT_S, check_same_thread=False)
            # no sync on each write: a power failure may lose some, a killed process none that was booked
            database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
            database.execute(_CREATE)
            self._database = database
        return self._database


class SharedSpending:
    """On the server that replicas share."""

    def __init__(self, store: SharedStore) -> None:
        self._store = store
        self._process = uuid.uuid4().hex

    async def add(self, bookings: Sequence[Booking]) -> dict[Account, int]:
        totals = {}
        for booking in bookings:
            name, month = booking.account
            account = f"winnow:spent:{{{name}}}:{month}"
            total = await self._store.run(
                _ADD_SHARED,
                [account, f"{account}:{self._process}"],
                [booking.number, booking.tokens, booking.known],
            )
            if total is None:
                # the next would wait for it too
                break
            totals[booking.account] = int(total)
        return totals

    def close(self) -> None:
        # the store is somebody else's
        pass

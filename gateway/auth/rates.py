"""How often each key may call: a token bucket a key, in this process or for all gateways that share a store."""

import time
from collections.abc import Callable

from msgspec import Struct

from gateway.auth.keys import Key
from gateway.auth.shared_store import SharedStore
from gateway.errors import RateLimited

_WINDOW_S = 60
# As `Rates._take_here`, by the store's clock: those of gateways may differ. A bucket that has filled up again is
# forgotten; a refusal writes nothing. Numbers pass as text, because a reply would cut them to integers.
_TAKE = f"""
local limit = tonumber(ARGV[1])
local per_us = limit / {_WINDOW_S * 10**6}
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local bucket = redis.call('HMGET', KEYS[1], 'level', 'at_us')
local level = limit
if bucket[1] then
  level = math.min(limit, tonumber(bucket[1]) + math.max(0, now - tonumber(bucket[2])) * per_us)
end
if level < 1 then return {{0, string.format('%.17g', level)}} end
level = level - 1
redis.call('HSET', KEYS[1], 'level', string.format('%.17g', level), 'at_us', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((limit - level) / per_us / 1000))
return {{1, string.format('%.17g', level)}}
"""


class RateLimitStatus(Struct, kw_only=True, frozen=True):
    """What a key has left of its rate, for the `x-ratelimit-*` headers."""

    limit: int
    remaining: int
    # until the whole limit is there again
    reset_s: float

    @property
    def headers(self) -> dict[str, str]:
        """As a response says it."""
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-reset": str(round(self.reset_s)),
        }


class Rates:
    """A token bucket a key: `requests_per_minute` on average, as many at once.

    Args:
        store: has the buckets of all gateways. Where it fails, and without one, those of this process hold.
        clock: seconds, monotonic; of this process's buckets.
    """

    def __init__(
        self, *, store: SharedStore | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._clock = clock
        # name -> (level, when)
        self._buckets: dict[str, tuple[float, float]] = {}

    async def take(self, key: Key) -> RateLimitStatus | None:
        """Count a request; None for a key without a rate.

        Raises:
            RateLimited: nothing is left of the rate.
        """
        if (limit := key.requests_per_minute) is None:
            return None
        # counted here too while the store decides: it may fail next
        is_taken, level = self._take_here(key.name, limit)
        if self._store is not None:
            answer = await self._store.run(_TAKE, [f"winnow:rate:{{{key.name}}}"], [limit])
            if answer is not None:
                is_taken, level = bool(answer[0]), float(answer[1])
        per_s = limit / _WINDOW_S
        status = RateLimitStatus(limit=limit, remaining=int(level), reset_s=(limit - level) / per_s)
        if is_taken:
            return status
        message = f"the key {key.name} has used its {limit} requests a minute"
        raise RateLimited(message, retry_after_s=(1 - level) / per_s, headers=status.headers, limit=limit)

    def _take_here(self, name: str, limit: int) -> tuple[bool, float]:
        """Whether a request was taken out of this process's bucket, and what is left there."""
        now = self._clock()
        level, when = self._buckets.get(name, (float(limit), now))
        level = min(float(limit), level + (now - when) * limit / _WINDOW_S)
        is_taken = level >= 1
        if is_taken:
            level -= 1
        self._buckets[name] = (level, now)
        return is_taken, level

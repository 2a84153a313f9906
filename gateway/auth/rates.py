"""How often each key may call."""

import time
from collections.abc import Callable

from msgspec import Struct

from gateway.auth.keys import Key
from gateway.errors import RateLimited


class RateLimitStatus(Struct, kw_only=True, frozen=True):
    """What a key has left of its rate, for the `x-ratelimit-*` headers."""

    limit: int
    remaining: int
    reset_s: float  # until the whole limit is there again

    @property
    def headers(self) -> dict[str, str]:
        """As a response says it."""
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-reset": str(round(self.reset_s)),
        }


class Rates:
    """A token bucket a key: `requests_per_minute` on average, as many at once."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}  # name -> (level, when)

    def take(self, key: Key) -> RateLimitStatus | None:
        """Count a request; None for a key without a rate.

        Raises:
            RateLimited: nothing is left of the rate.
        """
        if (limit := key.requests_per_minute) is None:
            return None
        now, per_s = self._clock(), limit / 60
        level, when = self._buckets.get(key.name, (float(limit), now))
        level = min(float(limit), level + (now - when) * per_s)
        if level < 1:
            self._buckets[key.name] = (level, now)
            message = f"the key {key.name} has used its {limit} requests a minute"
            nothing = RateLimitStatus(limit=limit, remaining=0, reset_s=(limit - level) / per_s)
            raise RateLimited(
                message, retry_after_s=(1 - level) / per_s, headers=nothing.headers, limit=limit
            )
        self._buckets[key.name] = (level - 1, now)
        return RateLimitStatus(limit=limit, remaining=int(level - 1), reset_s=(limit - level + 1) / per_s)

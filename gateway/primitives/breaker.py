"""A circuit breaker: a store or a host that fails is left alone for a while, and its fault stays visible."""

import random
import time
from collections.abc import Callable


class Breaker:
    """Open after `threshold` failures in a row; every `cooldown_s` one caller may try again.

    Args:
        cooldown_s: how long what is broken is left alone.
        threshold: failures in a row that open it.
        jitter: share of `cooldown_s` by which it varies, so that many breakers do not try at one moment.
        remember_s: how long `fault` names a failure after which something succeeded: a full disk still takes
            small writes, and should not look well in between.
    """

    def __init__(
        self,
        *,
        cooldown_s: float = 1,
        threshold: int = 1,
        jitter: float = 0,
        remember_s: float = 5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cooldown_s, self._threshold, self._remember_s = cooldown_s, threshold, remember_s
        self._jitter = jitter
        self._clock = clock
        # in a row
        self.failures = 0
        self._retry_at = 0.0
        self._reason = ""
        self._failed_at = float("-inf")

    def allows(self) -> bool:
        """Whether the caller may try now; in an open breaker the first to ask gets the trial."""
        if self.failures < self._threshold:
            return True
        now = self._clock()
        if now < self._retry_at:
            return False
        self._retry_at = now + self._cooldown_s
        return True

    def failed(self, reason: str) -> None:
        now = self._clock()
        self.failures += 1
        self._reason, self._failed_at = reason, now
        self._retry_at = now + self._cooldown_s * random.uniform(1 - self._jitter, 1 + self._jitter)

    def worked(self) -> None:
        self.failures = 0

    @property
    def retry_in_s(self) -> float:
        """How long until an open breaker lets the next caller try."""
        return max(0.0, self._retry_at - self._clock())

    @property
    def fault(self) -> str | None:
        """The last failure, while it lasts and for `remember_s` longer."""
        broken = self.failures >= self._threshold
        recent = self._clock() - self._failed_at < self._remember_s
        return self._reason if broken or recent else None

"""A circuit breaker: a store that fails is left alone for a while, and its fault stays visible."""

import time
from collections.abc import Callable


class Breaker:
    """Open after `threshold` failures in a row; every `cooldown_s` one caller may try again.

    Args:
        cooldown_s: how long a broken store is left alone.
        threshold: failures in a row that open it.
        remember_s: how long `fault` names a failure after which something succeeded: a full disk still takes
            small writes, and should not look well in between.
    """

    def __init__(
        self,
        *,
        cooldown_s: float = 1,
        threshold: int = 1,
        remember_s: float = 5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cooldown_s, self._threshold, self._remember_s = cooldown_s, threshold, remember_s
        self._clock = clock
        self._failures = 0
        self._retry_at = 0.0
        self._reason = ""
        self._failed_at = float("-inf")

    def allows(self) -> bool:
        """Whether the caller may use the store now; in an open breaker the first to ask gets the trial."""
        if self._failures < self._threshold:
            return True
        now = self._clock()
        if now < self._retry_at:
            return False
        self._retry_at = now + self._cooldown_s
        return True

    def failed(self, reason: str) -> None:
        now = self._clock()
        self._failures += 1
        self._reason, self._failed_at = reason, now
        self._retry_at = now + self._cooldown_s

    def worked(self) -> None:
        self._failures = 0

    @property
    def fault(self) -> str | None:
        """The last failure, while it lasts and for `remember_s` longer."""
        broken = self._failures >= self._threshold
        recent = self._clock() - self._failed_at < self._remember_s
        return self._reason if broken or recent else None

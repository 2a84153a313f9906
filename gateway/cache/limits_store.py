"""Where the limits of keys are kept when replicas share a server: `gateway.auth.shared_store.SharedStore`."""

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from gateway.primitives.breaker import Breaker

if TYPE_CHECKING:
    from gateway.cache.valkey_server import ValkeyServer

# in a row, after which the server is left alone for a second
_FAILURES = 3
_MEANWHILE = "each process keeps rates and budgets by itself"
_PROBE = "return redis.call('SET', KEYS[1], '', 'PX', 60000)"
_log = logging.getLogger("winnow.limits")


class LimitsStore:
    """Runs the scripts of rates and budgets; says in the log when that begins and ceases to fail.

    Args:
        server: the one that replicas share.
        on_failure: called for each script that the server did not run.
        remember_s: how long `health` names a fault after it has gone.
    """

    def __init__(
        self, server: "ValkeyServer", *, on_failure: Callable[[], None] = lambda: None, remember_s: float = 5
    ) -> None:
        self.server = server
        self._on_failure = on_failure
        self._breaker = Breaker(threshold=_FAILURES, remember_s=remember_s)
        self._is_failing = False

    async def run(self, script: str, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """What a Lua script answers, in one command; None where the server fails."""
        answer = await self._run(script, keys, args)
        if answer is None:
            self._on_failure()
        return answer

    async def health(self) -> str | None:
        """The last fault, also of the script that this runs: without traffic an old one would be named for ever."""
        await self._run(_PROBE, ["winnow:probe:{limits}"], [])
        fault = self._breaker.fault
        return f"limits at {self.server.place}: {fault}; {_MEANWHILE}" if fault else None

    async def _run(self, script: str, keys: Sequence[str], args: Sequence[Any]) -> Any:
        answer = await self.server.run_script(self._breaker, script, keys, args)
        if (is_failing := self._breaker.failures >= _FAILURES) != self._is_failing:
            self._is_failing = is_failing
            news = f"{self._breaker.fault}; {_MEANWHILE}" if is_failing else "works again"
            _log.warning("limits at %s: %s", self.server.place, news)
        return answer

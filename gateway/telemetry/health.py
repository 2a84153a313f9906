"""Readiness: what the service depends on, asked by name."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Check = Callable[[], Awaitable[str | None]]


class Health:
    """Asks each dependency how it is.

    Args:
        needed: without these no request can be served; a fault makes the service unready.
        helpful: without these it serves with less; a fault makes it degraded.
        backends: the models' backends in use, by name; helpful too.
    A check answers None when well, else one line that names the fault.
    """

    def __init__(
        self,
        *,
        needed: Mapping[str, Check],
        helpful: Mapping[str, Check],
        backends: Callable[[], Awaitable[dict[str, str | None]]] | None = None,
    ) -> None:
        self._needed = needed
        self._helpful = helpful
        self._backends = backends
        self.draining = False

    async def report(self) -> dict[str, Any]:
        """`status` (ready, degraded or unready) and the state of each dependency by name."""
        needed = {name: await check() for name, check in self._needed.items()}
        helpful = {name: await check() for name, check in self._helpful.items()}
        if self._backends is not None:
            helpful |= {f"backend {name}": fault for name, fault in (await self._backends()).items()}
        unready = self.draining or any(needed.values())
        status = "unready" if unready else "degraded" if any(helpful.values()) else "ready"
        checks = {name: fault or "ok" for name, fault in (needed | helpful).items()}
        return {"status": status, "draining": self.draining, "checks": checks}

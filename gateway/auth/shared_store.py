"""What rates and budgets ask of a server that all gateways share; where it fails they hold for each process."""

from collections.abc import Sequence
from typing import Any, Protocol


class SharedStore(Protocol):
    """Runs Lua scripts on Valkey or Redis; `gateway.cache.limits_store.LimitsStore` is one."""

    async def run(self, script: str, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """What a script answers; None where the server fails."""

"""Gateways' limits on one redis-server, without gateways."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.cache.limits_store import LimitsStore
from gateway.cache.valkey_server import ValkeyServer


@asynccontextmanager
async def open_store(
    url: str, *, timeout_s: float = 5, remember_s: float = 0.5
) -> AsyncIterator[LimitsStore]:
    """A process's way to the server. Loaded machines take longer than the default's 250 ms now and then."""
    server = ValkeyServer(url, timeout_s=timeout_s)
    try:
        yield LimitsStore(server, remember_s=remember_s)
    finally:
        await server.aclose()

"""Ending a listener while clients connect."""

import asyncio
import contextlib
import gc
import socket
from typing import Any

import pytest

from gateway.net.listening import stop_listening

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("steps", range(4))
async def test_connection_that_comes_while_a_listener_ends_is_made_or_refused(steps: int) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await reader.read()
        writer.transport.abort()

    failed: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: failed.append(context))
    loop.set_debug(True)
    try:
        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        with socket.create_connection(server.sockets[0].getsockname()):
            for _ in range(steps):
                await asyncio.sleep(0)
            await stop_listening(server)
        await asyncio.sleep(0.05)
        gc.collect()
    finally:
        loop.set_debug(False)
        loop.set_exception_handler(None)
    assert failed == []

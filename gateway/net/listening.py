"""Ending a listener of asyncio."""

import asyncio


async def stop_listening(server: asyncio.Server) -> None:
    """Close a server's sockets; those of its connections stay.

    A connection accepted in the step before it closes has no transport yet, and asyncio would fail to make one and
    leave its socket open. What a timer wakes comes after those and before any that are accepted next.
    """
    try:
        await asyncio.sleep(1e-6)
    finally:
        server.close()

"""The end of background tasks."""

import asyncio
from typing import Any

# a cancellation that was lost is sent again after this long
AGAIN_S = 1.0


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks until they have ended; what they raise is dropped.

    Once is not enough for a loop: a library may take a cancellation that comes together with its answer for its own,
    as valkey's client does, and the loop goes on.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)

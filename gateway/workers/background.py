"""A part of the pool for work that nobody waits for."""

import asyncio

from gateway.core.tasks.base import R, Task, Workers


class BackgroundWorkers:
    """Runs tasks in another's processes, so few at a time that callers who wait always find some free.

    Args:
        workers: whose processes they are.
        at_once: tasks at a time.
    """

    def __init__(self, workers: Workers, *, at_once: int) -> None:
        self._workers = workers
        self._turns = asyncio.Semaphore(at_once)

    async def run(self, task: Task[R]) -> R:
        """As `Workers.run`."""
        async with self._turns:
            return await self._workers.run(task)

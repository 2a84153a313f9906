"""The part of the pool for work that nobody waits for."""

from gateway.core.tasks.base import R, Task
from gateway.workers.counting import CountingWorkers
from gateway.workers.pool import WorkerPool


class BackgroundWorkers:
    """Runs tasks in a pool's background, for parts that are handed `Workers`."""

    def __init__(self, pool: WorkerPool | CountingWorkers) -> None:
        self._pool = pool

    async def run(self, task: Task[R]) -> R:
        """As `Workers.run`."""
        return await self._pool.run_in_background(task)

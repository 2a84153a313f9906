"""Tasks done on the spot, for tests of what has nothing to do with processes."""

from gateway.core.tasks.base import R, Task


class InlineWorkers:
    """The protocol `Workers` without a process."""

    async def run(self, task: Task[R]) -> R:
        return task.run()

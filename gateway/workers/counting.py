"""Tasks that count by a model's own vocabulary go to processes that hold it, all others to the pool.

Such processes start with the first such task, one fork server for each model's file, and stay. They are apart from the
pool's since libraries of models may be large (those for GPUs pass the pool's limit of memory), and since what ends them
ends no other work.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Sequence

from gateway.core.tasks.base import R, Task
from gateway.core.tokens.tokenizer import ModelVocabulary
from gateway.wire import encode_json
from gateway.workers.pool import EXTRA_BYTES, WorkerPool

OpenPool = Callable[[ModelVocabulary], WorkerPool]


def open_counting_pool(
    vocabulary: ModelVocabulary,
    *,
    without: Sequence[str] = (),
    workers: int,
    timeout_s: float,
    memory_bytes: int,
    killed: Callable[[str], None] = lambda reason: None,
) -> WorkerPool:
    """A pool, not started, whose processes hold a vocabulary.

    Args:
        without: as of `gateway.core.tasks.work.warm`; the others as of `WorkerPool`.
    """
    return WorkerPool(
        workers=workers,
        timeout_s=timeout_s,
        # beyond what its library and its vocabulary take, however much that is
        memory_bytes=sys.maxsize,
        extra_bytes=min(EXTRA_BYTES, memory_bytes),
        work="backends.local.counting",
        given=[encode_json(vocabulary).decode(), *without],
        computes=True,
        killed=killed,
    )


class CountingWorkers:
    """Runs tasks where what they count by is at hand.

    Args:
        pool: for tasks that need no model's vocabulary.
        open_pool: makes the pool whose processes hold a vocabulary; it need not be started.
    """

    def __init__(self, pool: WorkerPool, *, open_pool: OpenPool) -> None:
        self._pool = pool
        self._open_pool = open_pool
        # by the file's path
        self._holders: dict[str, _Holder] = {}
        self._ends: set[asyncio.Task[None]] = set()

    async def run(self, task: Task[R]) -> R:
        """As `Workers.run`."""
        async with self._pool_for(task) as pool:
            return await pool.run(task)

    async def run_in_background(self, task: Task[R]) -> R:
        """As `WorkerPool.run_in_background`."""
        async with self._pool_for(task) as pool:
            return await pool.run_in_background(task)

    async def aclose(self) -> None:
        """End the processes that hold vocabularies; the pool is its maker's to close."""
        holders = list(self._holders.values())
        await asyncio.gather(*(holder.pool.aclose() for holder in holders), *self._ends)

    @contextlib.asynccontextmanager
    async def _pool_for(self, task: Task[R]) -> AsyncIterator[WorkerPool]:
        tokenizer = getattr(task, "tokenizer", None)
        if not isinstance(tokenizer, ModelVocabulary):
            yield self._pool
            return
        holder = self._holder_of(tokenizer)
        holder.running += 1
        try:
            yield holder.pool
        finally:
            holder.running -= 1
            self._end_if_unused(holder)

    def _holder_of(self, vocabulary: ModelVocabulary) -> "_Holder":
        holder = self._holders.get(vocabulary.path)
        if holder is None or holder.identity != vocabulary.identity:
            replaced, holder = holder, _Holder(vocabulary.identity, self._open_pool(vocabulary))
            self._holders[vocabulary.path] = holder
            if replaced is not None:
                self._end_if_unused(replaced)
        return holder

    def _end_if_unused(self, holder: "_Holder") -> None:
        """End the processes of a file that is there no more, once nothing runs in them."""
        if holder.running or holder in self._holders.values():
            return
        end = asyncio.create_task(holder.pool.aclose())
        self._ends.add(end)
        end.add_done_callback(self._ends.discard)


class _Holder:
    """Processes with one vocabulary, and how many tasks run in them."""

    def __init__(self, identity: str, pool: WorkerPool) -> None:
        self.identity, self.pool, self.running = identity, pool, 0

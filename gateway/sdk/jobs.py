"""Jobs as the client sees them: results as they come, their state, their end.

A lost connection is made again, and goes on after the last result that came.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, aclosing
from types import TracebackType
from typing import Any, Self

from gateway.errors import GatewayError
from gateway.sdk.calls import Call
from gateway.sdk.connection import AsyncConnection, Connection
from gateway.sdk.job_calls import (
    LOST,
    Reconnection,
    ResultReader,
    follow_call,
    report_call,
    results_call,
    with_instance,
)
from gateway.wire.jobs import JobCreated, JobReport, JobResult

# before asking again what ended without the job's end
_PAUSE_S = 0.5


class Job:
    """A batch or crawl at the gateway. Iterate for its results, in the order of their coming, until it ends.

    In a `with` block the job is cancelled when the block is left before its last result.

    Args:
        connect: gives the connection to use, which ends with the block.
        after: number of the last result that is not wanted again.
        kind: the type that each page's `data` is made an instance of.

    Attributes:
        id: the job's identifier.
        seq: number of the last result that came; `client.job(id, after=seq)` goes on there.
    """

    def __init__(
        self,
        connect: Callable[[], AbstractContextManager[Connection]],
        job_id: str,
        *,
        after: int = 0,
        kind: Any = None,
        connected: bool = False,
    ) -> None:
        self.id = job_id
        self.seq = after
        self._connect = connect
        self._kind = kind
        self._connected = connected
        self._is_over = False

    def __iter__(self) -> Iterator[JobResult]:
        """Results beyond the last that came."""
        reconnection = Reconnection(connected=self._connected)
        while True:
            before = self.seq
            try:
                with self._connect() as connection:
                    call = follow_call(self.id, after=self.seq)
                    for result in connection.stream(call, ResultReader(self._kind)):
                        reconnection.succeed()
                        self.seq = result.seq
                        yield result
                    # a gateway that shuts down ends its streams too
                    rest = connection.send(results_call(self.id, after=self.seq))
            except LOST as exc:
                time.sleep(reconnection.wait_s(exc))
                continue
            for result in rest.results:
                self.seq = result.seq
                yield with_instance(result, self._kind)
            if rest.next is None:
                self._is_over = True
                return
            if self.seq == before:
                time.sleep(_PAUSE_S)

    def report(self) -> JobReport:
        """How far the job is."""
        with self._connect() as connection:
            return connection.send(report_call(self.id))

    def cancel(self) -> JobReport:
        """End the job; what it has read stays until it expires."""
        with self._connect() as connection:
            return connection.send(report_call(self.id, cancel=True))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._is_over:
            return
        try:
            self.cancel()
        except GatewayError:
            if kind is None:
                raise


class AsyncJob:
    """`Job` for asyncio. One that is to be created is created with its first use.

    Args:
        job: its identifier, or the call that creates it.
        connect, after, kind: as of `Job`.

    Attributes:
        seq: number of the last result that came.
    """

    def __init__(
        self,
        connect: Callable[[], AbstractAsyncContextManager[AsyncConnection]],
        job: str | Call[JobCreated],
        *,
        after: int = 0,
        kind: Any = None,
    ) -> None:
        self.seq = after
        self._job = job
        self._connect = connect
        self._kind = kind
        self._connected = False
        self._is_over = False

    @property
    def id(self) -> str:
        """The job's identifier; raises RuntimeError before it is created."""
        if isinstance(self._job, Call):
            raise RuntimeError(
                "the job does not exist yet: iterate over it, or enter it with `async with`, or await `start`"
            )
        return self._job

    async def start(self) -> Self:
        """Create the job, unless that was done."""
        if isinstance(self._job, Call):
            async with self._connect() as connection:
                self._job = (await connection.send(self._job)).id
            self._connected = True
        return self

    async def __aiter__(self) -> AsyncIterator[JobResult]:
        """Results beyond the last that came."""
        await self.start()
        reconnection = Reconnection(connected=self._connected)
        while True:
            before = self.seq
            try:
                async with self._connect() as connection:
                    call = follow_call(self.id, after=self.seq)
                    async with aclosing(connection.stream(call, ResultReader(self._kind))) as results:
                        async for result in results:
                            reconnection.succeed()
                            self.seq = result.seq
                            yield result
                    # a gateway that shuts down ends its streams too
                    rest = await connection.send(results_call(self.id, after=self.seq))
            except LOST as exc:
                await asyncio.sleep(reconnection.wait_s(exc))
                continue
            for result in rest.results:
                self.seq = result.seq
                yield with_instance(result, self._kind)
            if rest.next is None:
                self._is_over = True
                return
            if self.seq == before:
                await asyncio.sleep(_PAUSE_S)

    async def report(self) -> JobReport:
        """How far the job is."""
        await self.start()
        async with self._connect() as connection:
            return await connection.send(report_call(self.id))

    async def cancel(self) -> JobReport:
        """End the job; what it has read stays until it expires."""
        await self.start()
        async with self._connect() as connection:
            return await connection.send(report_call(self.id, cancel=True))

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._is_over:
            return
        try:
            await self.cancel()
        except GatewayError:
            if kind is None:
                raise

"""Background tasks end, also those that lose a cancellation."""

import asyncio
import contextlib

import pytest

from gateway.primitives import ending

pytestmark = pytest.mark.anyio


async def test_task_that_loses_a_cancellation_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "AGAIN_S", 0.01)
    lost = 0

    async def loop() -> None:
        nonlocal lost
        while lost < 2:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)
            lost += 1
        await asyncio.sleep(3600)

    task = asyncio.create_task(loop())
    await asyncio.sleep(0)
    async with asyncio.timeout(60):
        await ending.end(task)
    assert task.cancelled() and lost == 2


async def test_what_tasks_raise_is_dropped() -> None:
    async def fail() -> None:
        raise ValueError

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    await ending.end(task)
    await ending.end()
    assert task.done()

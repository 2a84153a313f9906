"""What tests look at to see that nothing was left behind: descriptors, processes, memory."""

import asyncio
import contextlib
import gc
import sys
import time
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


class Stat(NamedTuple):
    state: str
    parent: int


def stat_of(pid: int) -> Stat:
    state, parent, *_ = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return Stat(state, int(parent))


def is_running(pid: int) -> bool:
    try:
        return stat_of(pid).state != "Z"
    except OSError:
        return False


def descendants(pid: int) -> list[int]:
    """The processes below one."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                children.setdefault(stat_of(int(entry.name)).parent, []).append(int(entry.name))
    found = children.get(pid, [])
    return found + [below for child in found for below in descendants(child)]


def wait_until(holds: Callable[[], object], *, within_s: float = 60) -> None:
    """Wait for what another thread or process does; fails when it does not."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


async def eventually(holds: Callable[[], bool], *, within_s: float = 60) -> None:
    for _ in range(int(within_s / 0.02)):
        if holds():
            return
        await asyncio.sleep(0.02)
    assert holds()


def memory_left_by(work: Callable[[], object], *, rounds: int = 5) -> tuple[int, int]:
    """Blocks of Python's allocator, and bytes, that every round leaves: others leave some in one or another."""

    def held() -> tuple[int, int]:
        work()
        gc.collect()
        return sys.getallocatedblocks(), tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        held()
        after = [held() for _ in range(rounds)]
    finally:
        tracemalloc.stop()
    blocks, sizes = zip(*after, strict=True)
    return min(map(_grown, pairwise(blocks))), min(map(_grown, pairwise(sizes)))


def _grown(counts: tuple[int, int]) -> int:
    earlier, later = counts
    return later - earlier

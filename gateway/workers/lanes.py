"""The places of a pool's workers: how many jobs of a kind run at a time, and who waits for the next."""

import asyncio

from gateway.workers.worker import Worker


class Lane:
    """Jobs of one kind: how many run at a time, and the workers that wait for their next one."""

    def __init__(self, places: int, *, yields: bool = False) -> None:
        self.places = places
        self.yields = yields
        self.free = asyncio.Semaphore(places)
        self.idle: list[Worker] = []


class Place:
    """A turn among the workers of a lane, left once: at the end, or early by a job that moves to the slow lane."""

    def __init__(self, free: asyncio.Semaphore) -> None:
        self._free = free
        self._taken = False

    async def __aenter__(self) -> "Place":
        await self._free.acquire()
        self._taken = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        if self._taken:
            self._taken = False
            self._free.release()

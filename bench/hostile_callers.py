"""What pages made to hurt cost everybody else. `python -m bench.hostile_callers`

20 callers who clean fixture pages without a pause, quiet and beside two callers who send hostile pages
without a pause: the p50 and p99 of the quiet run and of the other. Workers and limits are the defaults.
What each hostile page and request costs by itself is measured by bench.hostile.
"""

import asyncio
import itertools
import statistics
import time

from bench.figures import note
from bench.processes import ROOT
from fixtures.hostile import HOSTILE_PAGES, job_of
from fixtures.site import find_pages
from gateway.errors import CleanError
from gateway.settings import Settings
from gateway.workers.pool import WorkerPool

CALLERS, SECONDS = 20, 15
WORST = ["nested-div", "nested-list", "many-attributes", "nested-quote", "angle-brackets", "nested-table"]


async def measure_callers(pool: WorkerPool, *, hostile: int) -> list[float]:
    pages = [job_of(path.read_bytes()) for path in find_pages(ROOT / "fixtures" / "pages").values()]
    times: list[float] = []
    end = time.perf_counter() + SECONDS

    async def clean_pages(first: int) -> None:
        for job in itertools.islice(itertools.cycle(pages), first, None):
            began = time.perf_counter()
            if began > end:
                return
            await pool.run(job)
            times.append((time.perf_counter() - began) * 1e3)

    async def attack(first: int) -> None:
        bodies = [job_of(HOSTILE_PAGES[name]()) for name in WORST]
        for job in itertools.islice(itertools.cycle(bodies), first, None):
            if time.perf_counter() > end:
                return
            try:
                await pool.run(job)
            except CleanError:
                pass

    await asyncio.gather(*map(clean_pages, range(CALLERS)), *map(attack, range(hostile)))
    return times


async def main() -> None:
    settings = Settings()
    pool = WorkerPool(
        workers=settings.clean_workers,
        timeout_s=settings.clean_timeout_s,
        memory_bytes=settings.clean_memory_bytes,
    )
    await pool.start()
    await pool.run(job_of(b"<p>warm"))
    quiet = await measure_callers(pool, hostile=0)
    beside = await measure_callers(pool, hostile=2)
    await pool.aclose()
    print(f"{CALLERS} callers, ms{'n':>10}{'p50':>9}{'p99':>9}")
    for name, times in (("quiet", quiet), ("beside 2 attackers", beside)):
        cuts = statistics.quantiles(times, n=100)
        print(f"{name:<20}{len(times):>9}{cuts[49]:>9.0f}{cuts[98]:>9.0f}")
    ratio = statistics.quantiles(beside, n=100)[98] / statistics.quantiles(quiet, n=100)[98]
    note(p99_ratio=ratio)
    print(f"p99 ratio {ratio:.2f}")


if __name__ == "__main__":
    asyncio.run(main())

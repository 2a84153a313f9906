"""When a page is read: as soon as it has its text, never at `load`, which may not come."""

import asyncio
import time
from collections.abc import Callable

from gateway.fetch.browser.page import ContextLost, Page, Probe
from gateway.fetch.browser.scripts import MIN_WORDS

POLL_S = 0.1
# a look takes time of the page's: while requests are under way there are fewer
_BUSY_POLL_S = 0.3
_LEAST_S = 0.02
# without a request under way or a change of the text
QUIET_S = 0.3
# of the text alone: some pages never stop asking
STABLE_S = 1.5
# quiet for so long with few words: that is all there is
BARE_S = 2.0
BUDGET_S = 5.0
# from the moment of a refresh to its request
_LEAVING_S = 0.5

IsReady = Callable[[Probe, float, float], bool]


async def settle(page: Page, *, until: float) -> None:
    """Wait until the page has its text, at most until then (`time.monotonic`)."""
    await _wait(page, _has_its_text, until=until)


async def calm(page: Page, *, until: float) -> None:
    """Wait until what was just done has had its effects, however many words there are."""
    await _wait(page, _is_quiet, until=min(until, time.monotonic() + STABLE_S))


async def _wait(page: Page, is_ready: IsReady, *, until: float) -> None:
    length, changed_at = -1, time.monotonic()
    while True:
        await page.while_busy(min(_BUSY_POLL_S, until - time.monotonic()))
        try:
            probe = await page.probe()
        except ContextLost:
            # it has moved on to another document
            probe = Probe(length=-1)
        now = time.monotonic()
        if probe.length != length:
            length, changed_at = probe.length, now
        leaves_at = page.record.leaves_at
        # what a page says before it gives way to another is not what its address stands for
        gives_way = leaves_at is not None and now < leaves_at + _LEAVING_S < until
        if now >= until or (not gives_way and is_ready(probe, now - changed_at, page.record.quiet_s)):
            return
        if probe.words >= MIN_WORDS and not page.record.is_busy:
            # nothing can be ready before
            left_s = QUIET_S - min(now - changed_at, page.record.quiet_s)
            await asyncio.sleep(min(max(left_s, _LEAST_S), until - now))
        else:
            await asyncio.sleep(min(POLL_S, until - now))


def _is_quiet(probe: Probe, stable_s: float, quiet_s: float) -> bool:
    return min(stable_s, quiet_s) >= QUIET_S


def _has_its_text(probe: Probe, stable_s: float, quiet_s: float) -> bool:
    if probe.words >= MIN_WORDS:
        return _is_quiet(probe, stable_s, quiet_s) or (probe.parsed and stable_s >= STABLE_S)
    # few words: all there is of a page without scripts; of one with them, once nothing happens any more
    return probe.complete and quiet_s > 0 and (probe.scripts == 0 or min(stable_s, quiet_s) >= BARE_S)

"""The protocol without a browser."""

import pytest

from gateway.fetch.browser.cdp import BrowserGone, Cdp

pytestmark = pytest.mark.anyio


async def test_page_that_has_ended_answers_no_later_command() -> None:
    """Chromium keeps commands to a crashed page, for one that may come after it: they would wait for ever."""
    sent: list[bytes] = []
    cdp = Cdp(sent.append)
    cdp.fail("crashed", "it crashed")
    with pytest.raises(BrowserGone, match="it crashed"):
        await cdp.ask("Runtime.evaluate", session="crashed", kind=dict)
    assert sent == []
    cdp.post("Page.enable", session="other")
    assert len(sent) == 1

"""What a job keeps of its request: never what its runners could not read."""

import asyncio
import json
from typing import Any, cast

import pytest

from gateway.errors import InvalidRequest
from gateway.jobs.frontier import Address, Frontier, NewJob
from gateway.jobs.page_reader import PageReader, unpack_result
from gateway.jobs.runner import Runner
from gateway.jobs.specification import Specification, pack, unpack
from gateway.wire import ScrapeOptions
from gateway.wire.jobs import PageQuestion

# more than 64 bits
WIDE: dict[str, Any] = {"enum": [2**70]}


@pytest.mark.parametrize(
    "specification",
    [
        pytest.param(Specification(scrape=ScrapeOptions(select="a" * 1001)), id="select"),
        pytest.param(Specification(scrape=ScrapeOptions(max_tokens=10**8)), id="tokens"),
        pytest.param(Specification(scrape=ScrapeOptions(timeout_s=0)), id="time"),
        pytest.param(
            Specification(scrape=ScrapeOptions(), extract=PageQuestion(prompt="p" * 100_001)), id="prompt"
        ),
        pytest.param(Specification(scrape=ScrapeOptions(), extract=PageQuestion(schema=WIDE)), id="number"),
    ],
)
def test_what_cannot_be_read_again_is_refused(specification: Specification) -> None:
    with pytest.raises(InvalidRequest, match="the job cannot be kept"):
        pack(specification)


def test_specification_is_read_again() -> None:
    kept = Specification(scrape=ScrapeOptions(select="h1"), extract=PageQuestion(prompt="p"))
    assert unpack(pack(kept)) == kept


@pytest.mark.anyio
@pytest.mark.parametrize("content", [b"{}", b"", b"\x81\xa6scrape\x81\xa6select\xa0"])
async def test_job_that_cannot_be_read_fails(frontier: Frontier, content: bytes) -> None:
    address = Address(key="key", url="https://a.test/", host="a.test")
    job = NewJob(id="job-1", owner="ann", kind="batch", specification=content, page_limit=1)
    await frontier.create(job, [address])
    # which is never asked
    reader = cast(PageReader, None)
    ended = asyncio.Event()
    runner = Runner(
        frontier=frontier,
        reader=reader,
        concurrency=2,
        per_host=2,
        lease_s=30,
        on_page=lambda error, seconds: ended.set(),
    )
    async with asyncio.timeout(60), runner.work():
        await ended.wait()
    found = await frontier.find("job-1")
    assert found is not None and (found.status, found.per_error) == ("failed", {"internal_error": 1})
    (result,) = await frontier.results("job-1", after=0, limit=10)
    seen = json.loads(unpack_result(result.content, sequence=1))
    assert seen["status"] == "failed" and "create it anew" in seen["error"]["detail"]

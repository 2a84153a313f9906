"""Pages of a job as they are read, and results as they are kept."""

from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard

from fixtures.site import Answer, Site
from gateway.completions.completer import Spend
from gateway.container import open_services
from gateway.errors import InternalError
from gateway.fetch.http.guard import Policy
from gateway.jobs.discovery import SiteFiles
from gateway.jobs.frontier import Address, Claim
from gateway.jobs.page_reader import NoBudget, PageReader, Tools, has_failed
from gateway.jobs.specification import Specification
from gateway.scraping.scraped_page import ScrapedPage
from gateway.settings import Settings
from gateway.wire import ExtractRequest, ExtractResponse, ScrapeOptions
from gateway.wire.jobs import JobError, JobResult, PageQuestion
from tests.inline import InlineWorkers
from tests.parts import make_fetcher


@pytest.mark.parametrize(
    ("fields", "failed"),
    [
        pytest.param(
            {"url": "https://a.test/", "status": "done", "data": {"a": 1, "status": "failed"}},
            False,
            id="data",
        ),
        pytest.param({"url": 'https://a.test/","status":"failed"', "status": "done"}, False, id="address"),
        pytest.param(
            {"url": "x" * 8192, "status": "failed", "error": JobError(code="c", detail="d")}, True, id="long"
        ),
    ],
)
def test_failure_is_told_by_its_beginning(fields: dict[str, Any], failed: bool) -> None:
    result = JobResult(seq=0, depth=0, **fields)
    assert has_failed(zstandard.compress(msgspec.json.encode(result))) is failed


class Asked:
    """The protocol `JobExtractor`: keeps what it is asked, and fails."""

    def __init__(self) -> None:
        self.requests: list[ExtractRequest] = []

    async def extract(
        self,
        request: ExtractRequest,
        *,
        tenant: str = "",
        spend: Spend | None = None,
        page: ScrapedPage | None = None,
    ) -> ExtractResponse:
        assert page is not None
        self.requests.append(request)
        raise InternalError("no model is here")


@pytest.mark.anyio
async def test_extraction_counts_as_the_job_scrapes(tmp_path: Path) -> None:
    html = b"<article><h1>Kettle</h1><p>It boils a litre of water in two minutes.</p></article>"
    extractor = Asked()
    async with Site({}).serving() as site:
        site.extra["/kettle"] = Answer(200, {"content-type": "text/html"}, html)
        settings = Settings(cache_dir=str(tmp_path), clean_workers=1, allow_targets=[site.target])
        async with open_services(settings) as services, aclosing(make_fetcher(policy=Policy())) as fetcher:
            tools = Tools(
                polite=services.scraper,
                plain=services.scraper,
                extractor=extractor,
                site_files=SiteFiles(fetcher=fetcher, workers=InlineWorkers()),
                workers=InlineWorkers(),
                check_robots=fetcher.check_robots,
            )
            address = Address(key="kettle", url=f"{site.url}/kettle", host=site.target)
            claim = Claim(job_id="job", address=address, token=1, attempt=1)
            specification = Specification(
                scrape=ScrapeOptions(tokenizer="cl100k_base"),
                extract=PageQuestion(prompt="How long?"),
                robots=False,
            )
            await PageReader(tools).read(claim, specification, owner="ann", limit=1, budget=NoBudget())
    [request] = extractor.requests
    assert request.scrape.tokenizer == "cl100k_base" and request.prompt == "How long?"

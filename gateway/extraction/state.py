"""The state of an extraction and its report at the end: usage, cost, timings."""

import secrets
from typing import Any

import msgspec
from msgspec import Struct

from backends.base import Completion, Route, Usage
from gateway.completions.answer import Finished
from gateway.core.llm.prompt import PromptPage
from gateway.core.tasks.evidence import StatedPage
from gateway.errors import BackendUnavailable
from gateway.scraping.scraped_page import ScrapedPage
from gateway.wire import (
    CacheReport,
    Coverage,
    Estimate,
    Evidence,
    ExtractCost,
    ExtractDone,
    ExtractSource,
    ExtractTimings,
    ExtractUsage,
    Notice,
    encode_json,
)

# the backend named by answers that needed none
STRUCTURED = "structured"


class ReadPage(Struct, kw_only=True, frozen=True):
    """A page that was read: its content and the facts of its scrape."""

    content: str
    source: ExtractSource
    structured: list[dict[str, Any]] = []
    fetch_ms: float = 0
    clean_ms: float = 0
    # as of the scrape
    is_continued: bool = False

    @classmethod
    def from_scrape(cls, page: ScrapedPage) -> "ReadPage":
        """What of a scrape an extraction goes on with."""
        source = ExtractSource(
            url=page.final_url or page.request.url,
            title=page.title,
            tokens=page.tokens,
            cache=page.cache,
        )
        return cls(
            content=page.content,
            source=source,
            structured=page.structured,
            fetch_ms=page.timings.fetch_ms,
            clean_ms=page.timings.clean_ms,
            is_continued=page.is_continued,
        )

    def as_evidence(self, *, structured: bool) -> StatedPage:
        """The part of it that values are looked for in; the structured data if an answer was made of it."""
        return StatedPage(
            content=self.content,
            title=self.source.title,
            structured=encode_json(self.structured if structured else []),
        )

    def as_prompt(self) -> PromptPage:
        """The part of it that a model gets."""
        return PromptPage(content=self.content, url=self.source.url, title=self.source.title)


class ExtractionState:
    """The intermediate results of one request."""

    def __init__(self, *, route: Route | BackendUnavailable) -> None:
        # or why there is none, which matters only if a model has to be asked
        self.route = route
        self.model = route.name if isinstance(route, Route) else None
        self.backend = route.backend.name if isinstance(route, Route) else None
        self.pages: list[ReadPage] = []
        self.warnings: list[Notice] = []
        # one a call, as they ended
        self.finished: list[Finished] = []
        # JSON
        self.data: bytes | None = None
        self.text: str | None = None
        self.finish_reason: str | None = None
        self.evidence: list[Evidence] = []
        self.coverage = Coverage(read=0, chunks=0)
        self.estimate: Estimate | None = None
        # why one of the answers was forgotten again
        self.not_stored: str | None = None

    def add_call(self, finished: Finished) -> None:
        """Add a finished call and its backend's warnings."""
        self.finished.append(finished)
        self.finish_reason = finished.completion.finish_reason
        self.warnings += [notice for notice in _notices(finished.completion) if notice not in self.warnings]

    def needs_no_model(self) -> None:
        """Answer from the page's own structured data."""
        self.model, self.backend = None, STRUCTURED
        self.coverage = Coverage(read=1, chunks=1)


def summarise(state: ExtractionState, *, total_ms: float) -> ExtractDone:
    """The terminal event of an extraction."""
    last = state.finished[-1] if state.finished else None
    return ExtractDone(
        id=f"ext-{secrets.token_hex(12)}",
        model=last.model if last else state.model,
        backend=last.backend if last else state.backend,
        data=None if state.data is None else msgspec.json.decode(state.data),
        text=state.text,
        finish_reason=state.finish_reason,
        evidence=state.evidence,
        usage=_usage(state),
        cost=_cost(state),
        cache=_cache(state),
        timings=_timings(state, total_ms),
        warnings=state.warnings,
        coverage=state.coverage,
        estimate=state.estimate,
    )


def _notices(completion: Completion) -> list[Notice]:
    """The local backend's warnings, such as a schema that was only checked afterwards."""
    try:
        return msgspec.convert(completion.raw.get("warnings", []), list[Notice])
    except msgspec.ValidationError:
        # another server's field of that name
        return []


def _usage(state: ExtractionState) -> ExtractUsage:
    reported = [finished.completion.usage or Usage() for finished in state.finished]
    return ExtractUsage(
        input_tokens=sum(usage.input_tokens for usage in reported),
        output_tokens=sum(usage.output_tokens for usage in reported),
        cached_input_tokens=sum(usage.cached_input_tokens for usage in reported),
    )


def _cost(state: ExtractionState) -> ExtractCost:
    """Spent and saved. Saved are the tokens that cleaning, structured data or the cache made unnecessary."""
    price = state.route.price if isinstance(state.route, Route) else None
    if price is None:
        return ExtractCost()
    reports = [page.source.tokens for page in state.pages if not page.is_continued]
    unsent = sum(tokens.html if state.backend == STRUCTURED else tokens.saved for tokens in reports)
    saved = max(0, unsent) * price.input / 1e6 + sum(finished.cost.saved_usd for finished in state.finished)
    if state.estimate:
        counts = state.estimate
        spent = (counts.input_tokens * price.input + counts.output_tokens * price.output) / 1e6
    else:
        spent = sum(finished.cost.usd for finished in state.finished)
    return ExtractCost(usd=round(spent, 9), saved_usd=round(saved, 9))


def _cache(state: ExtractionState) -> CacheReport:
    """A hit only when every call was one, with the age of the oldest; bypass when no model was called.

    Not stored when one of the calls was not.
    """
    reports = [finished.cache for finished in state.finished]
    if not reports:
        return CacheReport(status="bypass", not_stored="no model was asked")
    missed = next((report for report in reports if report.status != "hit"), None)
    report = missed or max(reports, key=lambda report: report.age_s)
    reasons = [state.not_stored, *(report.not_stored for report in reports)]
    return msgspec.structs.replace(report, not_stored=next(filter(None, reasons), None))


def _timings(state: ExtractionState, total_ms: float) -> ExtractTimings:
    fetch_ms = max((page.fetch_ms for page in state.pages), default=0)
    clean_ms = max((page.clean_ms for page in state.pages), default=0)
    if not state.finished:
        return ExtractTimings(fetch_ms=fetch_ms, clean_ms=clean_ms, total_ms=round(total_ms, 3))
    first = state.finished[0].timings
    return ExtractTimings(
        fetch_ms=fetch_ms,
        clean_ms=clean_ms,
        queue_ms=first.queue_ms,
        ttft_ms=first.ttft_ms,
        tpot_ms=first.tpot_ms,
        itl_ms=first.itl_ms,
        total_ms=round(total_ms, 3),
    )

"""`POST /v1/extract`: a question about pages, and the answer, whole or as events."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from gateway.wire.common import Answer, CacheReport, Notice, TokenReport, Url
from gateway.wire.scrape import ScrapeOptions

EvidenceStatus = Literal["supported", "unsupported", "not_found"]


class AnswerCacheOptions(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Whether a model's earlier answer to the same request will do, and whether to keep this one."""

    max_age_s: Annotated[
        float,
        Meta(
            ge=0,
            le=31_536_000,
            description="Seconds; an earlier answer up to this old will do. 0 asks the model anew.",
        ),
    ] = 86_400
    store: Annotated[bool, Meta(description="Whether the answer may be kept in the cache.")] = True


class ExtractRequest(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/extract`: one source, and a prompt, a schema, or both.

    The source is `url`, `urls`, `html` (with `url`, if given, as its base address) or `content`, which is
    markdown or plain text taken as it is. `max_input_tokens` bounds what all calls together may send.
    """

    url: Annotated[Url | None, Meta(description="Address of the page; with `html`, its base address.")] = None
    urls: Annotated[
        Annotated[list[Url], Meta(min_length=1, max_length=20)] | None,
        Meta(description="Addresses of several pages, read at once."),
    ] = None
    html: Annotated[str | None, Meta(description="The page itself, instead of fetching it.")] = None
    content: Annotated[str | None, Meta(description="Markdown or plain text, taken as it is.")] = None
    prompt: Annotated[
        Annotated[str, Meta(min_length=1, max_length=100_000)] | None,
        Meta(description="What to ask of the pages."),
    ] = None
    schema: Annotated[
        dict[str, Any] | None, Meta(description="JSON Schema 2020-12 that `data` is to validate against.")
    ] = None
    model: Annotated[
        Annotated[str, Meta(min_length=1, max_length=200)] | None,
        Meta(description="A model's name or alias. null: the gateway's default model."),
    ] = None
    max_input_tokens: Annotated[
        Annotated[int, Meta(ge=1, le=1_000_000_000)] | None,
        Meta(description="Tokens that all calls together may send. null: what the model's context holds."),
    ] = None
    max_output_tokens: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Tokens the model may answer with in one call.")
    ] = 1024
    temperature: Annotated[
        float, Meta(ge=0, le=2, description="Sampling temperature; 0 is the most repeatable.")
    ] = 0
    seed: Annotated[int | None, Meta(description="Seed of the sampling, where the backend has one.")] = None
    stream: Annotated[bool, Meta(description="Answer with server-sent events.")] = False
    evidence: Annotated[
        bool, Meta(description="Whether to look up where in the pages each value stands.")
    ] = True
    dry_run: Annotated[bool, Meta(description="Fetch, clean, count and price, but call no model.")] = False
    scrape: Annotated[ScrapeOptions, Meta(description="How to read the pages, as in `POST /v1/scrape`.")] = (
        msgspec.field(default_factory=ScrapeOptions)
    )
    cache: Annotated[
        AnswerCacheOptions | None,
        Meta(
            description="Use of earlier answers. null: only answers without randomness are kept. Given: answers "
            "are kept even where the temperature makes them random."
        ),
    ] = None


class Evidence(Struct, kw_only=True, frozen=True):
    """Where a value stands: `quote` is `[start:end]` of the markdown of source number `source`.

    A quote without offsets is from the page's title, or from the structured data an answer was made of.
    """

    path: Annotated[str, Meta(description="JSON Pointer into `data`.")]
    status: Annotated[EvidenceStatus, Meta(description="Whether the page says so.")]
    quote: Annotated[str | None, Meta(description="The words of the page.")] = None
    start: Annotated[
        int | None,
        Meta(
            description="Where the quote begins, in characters of the source's markdown; null where they are not "
            "in it, but in the page's title or in the structured data that the answer was made of."
        ),
    ] = None
    end: Annotated[int | None, Meta(description="Where it ends.")] = None
    source: Annotated[int | None, Meta(description="Number of the source, from 0.")] = None


class ExtractSource(Struct, kw_only=True, frozen=True):
    """A page that was read, as it was sent."""

    url: Annotated[str | None, Meta(description="The page's address; null for inline content.")]
    title: Annotated[str | None, Meta(description="The page's title.")]
    tokens: Annotated[TokenReport, Meta(description="Exact counts before and after.")]
    cache: Annotated[CacheReport, Meta(description="Where the page came from.")]


class ExtractUsage(Struct, kw_only=True, frozen=True):
    """What the model reported, over all calls of the request; `input_tokens` includes the cached ones."""

    input_tokens: Annotated[int, Meta(description="Tokens sent, over all calls.")] = 0
    output_tokens: Annotated[int, Meta(description="Tokens answered.")] = 0
    cached_input_tokens: Annotated[
        int, Meta(description="Those of the tokens sent that the backend had cached.")
    ] = 0


class ExtractCost(Struct, kw_only=True, frozen=True):
    """US dollars at the configured prices, 0 without one; `saved_usd`: by cleaning and by the cache."""

    usd: Annotated[float, Meta(description="US dollars of this answer; 0 without a configured price.")] = 0
    saved_usd: Annotated[float, Meta(description="US dollars saved by cleaning and by the cache.")] = 0


class Gaps(Struct, kw_only=True, frozen=True):
    """Milliseconds between deltas; a delta may hold several tokens."""

    p50: Annotated[float, Meta(description="Median, milliseconds.")] = 0
    p95: Annotated[float, Meta(description="95th percentile, milliseconds.")] = 0
    max: Annotated[float, Meta(description="The longest, milliseconds.")] = 0


class ExtractTimings(Struct, kw_only=True, frozen=True):
    """Wall-clock milliseconds; 0 for a stage that did not run.

    Of several pages the slowest counts, they are read at once; of several calls the first.
    """

    fetch_ms: Annotated[float, Meta(description="Milliseconds of the slowest fetch.")] = 0
    clean_ms: Annotated[float, Meta(description="Milliseconds of the slowest cleaning.")] = 0
    queue_ms: Annotated[float, Meta(description="Milliseconds spent waiting for the backend.")] = 0
    ttft_ms: Annotated[float, Meta(description="Milliseconds from prompt sent to first delta.")] = 0
    tpot_ms: Annotated[
        float | None, Meta(description="Milliseconds per output token after the first; null when not known.")
    ] = None
    itl_ms: Annotated[Gaps, Meta(description="Milliseconds between deltas.")] = Gaps()
    total_ms: Annotated[float, Meta(description="Milliseconds of the whole request.")] = 0


class Coverage(Struct, kw_only=True, frozen=True):
    """How much of the pages was read: `read` of `chunks`, each sent in a call of its own."""

    read: Annotated[int, Meta(description="Chunks that were sent to the model.")]
    chunks: Annotated[int, Meta(description="Chunks the pages have.")]


class Estimate(Struct, kw_only=True, frozen=True):
    """What a dry run foresees, by our own count and with every answer at its limit."""

    calls: Annotated[int, Meta(description="Calls to the model.")]
    input_tokens: Annotated[int, Meta(description="Tokens they would send.")]
    output_tokens: Annotated[int, Meta(description="Tokens they would answer with at most.")]
    tokenizer: Annotated[str, Meta(description="The tokenizer of the estimate.")]


class ExtractDone(Answer, kw_only=True, frozen=True):
    """The event `done`: the answer without its sources, which were events of their own."""

    id: Annotated[str, Meta(description="Identifier of this answer.")]
    model: Annotated[str | None, Meta(description="The model that answered; null when none was asked.")]
    backend: Annotated[
        str | None,
        Meta(description="The backend that served it; `structured` when the page's own data was enough."),
    ]
    data: Annotated[Any, Meta(description="The values, valid against `schema`; null without one.")]
    text: Annotated[str | None, Meta(description="The answer in words, when no schema was given.")]
    finish_reason: Annotated[
        str | None, Meta(description="Why the model ended: `stop`, `length`, …; null when none was asked.")
    ]
    evidence: Annotated[list[Evidence], Meta(description="Where each value stands.")]
    usage: Annotated[ExtractUsage, Meta(description="Tokens as the model reported them.")]
    cost: Annotated[ExtractCost, Meta(description="US dollars at the configured prices.")]
    cache: Annotated[CacheReport, Meta(description="Whether an earlier answer was used.")]
    timings: Annotated[ExtractTimings, Meta(description="Milliseconds of each stage.")]
    warnings: Annotated[list[Notice], Meta(description="What the caller should know of this result.")]
    coverage: Annotated[Coverage, Meta(description="How much of the pages was read.")]
    estimate: Annotated[Estimate | None, Meta(description="What a dry run foresees; null otherwise.")] = None


class ExtractResponse(ExtractDone, kw_only=True, frozen=True):
    """The answer of `POST /v1/extract`: `data` with a schema, else `text`."""

    sources: Annotated[list[ExtractSource], Meta(description="The pages that were read.")]

    def _repr_markdown_(self) -> str:
        """What a notebook shows: the data with where the page says it, or the text."""
        if self.data is None:
            return self.text or ""
        written = msgspec.json.format(msgspec.json.encode(self.data), indent=2).decode()
        quotes = [f"- `{e.path or '/'}` {e.status}: {e.quote or ''}" for e in self.evidence]
        return "\n".join([f"```json\n{written}\n```", "", *quotes])


class SourceEvent(ExtractSource, kw_only=True, frozen=True):
    """The event `source`: a page is here; all come before the first `delta`."""

    index: Annotated[int, Meta(description="Number of the source, from 0.")]


class DeltaEvent(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The event `delta`: the answer grew by `text`; a higher `attempt` starts it anew."""

    text: Annotated[str, Meta(description="What the answer grew by.")]
    attempt: Annotated[
        int, Meta(description="Number of the attempt, from 1; a higher one starts the answer anew.")
    ] = 1


class EvidenceEvent(Struct, kw_only=True, frozen=True):
    """The event `evidence`: every value of `data` judged."""

    evidence: Annotated[list[Evidence], Meta(description="Where each value of `data` stands.")]


ExtractEvent = SourceEvent | DeltaEvent | EvidenceEvent | ExtractDone


def collect(events: Sequence[ExtractEvent]) -> ExtractResponse:
    """A whole stream of events as one answer; the last of them is `done`."""
    done = events[-1]
    assert isinstance(done, ExtractDone)
    sources = [
        ExtractSource(url=event.url, title=event.title, tokens=event.tokens, cache=event.cache)
        for event in events
        if isinstance(event, SourceEvent)
    ]
    fields = {name: getattr(done, name) for name in done.__struct_fields__}
    return ExtractResponse(**fields, sources=sources)

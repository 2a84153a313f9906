"""The work a cleaning worker does, as values: a job in, a result out, both plain msgpack.

`run` is what the worker process calls; nothing here knows of processes. A GatewayError raised by the
work crosses back as a `Failure` and is raised again by `unpack`.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from selectolax.lexbor import SelectolaxError

from gateway.core.budget import fit, parts_of
from gateway.core.clean import clean
from gateway.core.decode import decode
from gateway.core.documents import Document, Received, read_document
from gateway.core.outline import SectionAt, chunk, outline
from gateway.core.page import CleanOptions, Page
from gateway.core.tokens import TokenCounter, count_messages, get_counter
from gateway.errors import BY_CODE, GatewayError
from gateway.wire import DEFAULT_TOKENIZER, ChatMessage, Chunk, Format, Image, Include, Link, Metadata, Notice

CHUNK_TOKENS = 512  # the most a chunk holds unless the request's max_tokens is smaller


class CleanJob(Struct, kw_only=True, frozen=True, tag="clean"):
    """Turn a body into the piece of content that a request asks for."""

    body: bytes
    content_type: str
    url: str | None
    options: CleanOptions
    format: Format
    include: list[Include]
    tokenizer: str
    max_tokens: int | None = None
    start: int = 0  # index of the block the piece begins with
    count_html: bool = True  # count the page's tokens as received too; False when they are known
    page: Received | None = (
        None  # what was received, where the body is something else: the site's own markdown
    )


class CountJob(Struct, kw_only=True, frozen=True, tag="count"):
    """Count the tokens of a text, or of a conversation with what the chat format adds."""

    tokenizer: str
    text: str | None = None
    messages: list[ChatMessage] | None = None


class Cleaned(Struct, kw_only=True, frozen=True, tag="cleaned"):
    """A piece of content with its exact count, and what else the request asked for."""

    content: str
    tokens: int
    html_tokens: int | None
    next_start: int | None
    title: str | None
    metadata: Metadata
    confidence: float | None
    outline: list[SectionAt]
    warnings: list[Notice]
    links: list[Link]
    images: list[Image]
    structured: list[dict[str, Any]]
    chunks: list[Chunk]
    html: str
    clean_ms: float
    count_ms: float


class Counted(Struct, kw_only=True, frozen=True, tag="counted"):
    """How many tokens there are."""

    tokens: int


class Failure(Struct, kw_only=True, frozen=True, tag="failure"):
    """A GatewayError on its way out of the worker."""

    code: str
    detail: str
    extra: dict[str, Any] = {}


Job = CleanJob | CountJob
Result = Cleaned | Counted

_job_decoder: msgspec.msgpack.Decoder[Job] = msgspec.msgpack.Decoder(Job)
_result_decoder: msgspec.msgpack.Decoder[Result | Failure] = msgspec.msgpack.Decoder(Result | Failure)
_encode = msgspec.msgpack.Encoder().encode


def pack(job: Job) -> bytes:
    """A job as bytes."""
    return _encode(job)


def unpack(answer: bytes) -> Result:
    """A worker's answer as a result; raises the GatewayError the work ended in."""
    result = _result_decoder.decode(answer)
    if isinstance(result, Failure):
        raise BY_CODE.get(result.code, GatewayError)(result.detail, **result.extra)
    return result


def run(job: bytes) -> bytes:
    """Do one job. Never raises a GatewayError: it is the answer then.

    Raises:
        MemoryError: the page needs more than this process may have.
    """
    try:
        return _encode(_do(_job_decoder.decode(job)))
    except GatewayError as exc:
        return _encode(Failure(code=exc.code, detail=exc.detail, extra=exc.extra))
    except SelectolaxError as exc:  # Lexbor parses anything, unless an allocation fails
        raise MemoryError from exc


def warm() -> None:
    """Load what the first job would otherwise wait for: the parser, the classifier, the usual vocabulary."""
    clean("<p>")
    get_counter(DEFAULT_TOKENIZER)("")


def _do(job: Job) -> Result:
    if isinstance(job, CountJob):
        return Counted(tokens=_count(job))
    return _clean(job)


def _count(job: CountJob) -> int:
    count = get_counter(job.tokenizer)
    return count_messages(job.messages, count) if job.messages is not None else count(job.text or "")


def _clean(job: CleanJob) -> Cleaned:
    count = get_counter(job.tokenizer)
    document = read_document(job.body, content_type=job.content_type, url=job.url)
    # only HTML has a main content to choose; the rest is content from end to end
    options = job.options if document.kind == "html" else replace(job.options, scope="page")
    # The counter releases the GIL: it runs while the page is cleaned. It stays in this thread, since it keeps
    # 16 MB for every thread that it is called in.
    with ThreadPoolExecutor(1) as beside:
        cleaning = beside.submit(_clean_timed, document.html, job.url, options)
        html_tokens = count(_received_text(job, document)) if job.count_html else None
        page, clean_ms = cleaning.result()
    began = time.perf_counter()
    parts = parts_of(page, job.format)
    piece = fit(parts, start=job.start, max_tokens=job.max_tokens, count=count)
    sections = outline(page.blocks, parts, count=count) if "outline" in job.include else []
    count_ms = (time.perf_counter() - began) * 1e3
    return Cleaned(
        content=piece.content,
        tokens=piece.tokens,
        html_tokens=html_tokens,
        next_start=piece.next_start,
        title=page.title,
        metadata=page.metadata,
        confidence=page.confidence,
        outline=sections,
        warnings=[*page.warnings, piece.notice] if piece.notice else page.warnings,
        links=page.links,
        images=page.images,
        structured=page.structured,
        chunks=_chunk(page, job, count) if "chunks" in job.include else [],
        html="".join(parts_of(page, "html")[job.start : piece.next_start]) if "html" in job.include else "",
        clean_ms=clean_ms,
        count_ms=count_ms,
    )


def _received_text(job: CleanJob, document: Document) -> str:
    return decode(job.page.body, content_type=job.page.content_type) if job.page else document.text


def _clean_timed(html: str | bytes, url: str | None, options: CleanOptions) -> tuple[Page, float]:
    """The page, and the milliseconds it took."""
    began = time.perf_counter()
    page = clean(html, url=url, options=options)
    return page, (time.perf_counter() - began) * 1e3


def _chunk(page: Page, job: CleanJob, count: TokenCounter) -> list[Chunk]:
    limit = min(CHUNK_TOKENS, job.max_tokens or CHUNK_TOKENS)
    return chunk(page.blocks, parts_of(page), max_tokens=limit, count=count)

"""Cleaning a page: from a body to the piece of content that a request asks for."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from gateway.core.documents.document import Document, Received
from gateway.core.json_schema.pointer import count_values
from gateway.core.model.page import CleanOptions, Page
from gateway.core.tasks.base import Task
from gateway.core.tokens.budget import fit
from gateway.core.tokens.counters import TokenCounter, get_counter
from gateway.core.tokens.focus import focus
from gateway.core.tokens.formats import parts_of
from gateway.core.tokens.sections import SectionAt, chunk, outline
from gateway.core.tokens.tokenizer import Tokenizer
from gateway.wire import Chunk, Format, Image, Include, JudgedBlock, Link, Metadata, Notice

# the most a chunk holds unless the request's max_tokens is smaller
CHUNK_TOKENS = 512
# links or images of a page, as many as a sitemap may have
MAX_LISTED = 50_000
# of a page's structured data
MAX_VALUES = 200_000
_T = TypeVar("_T")


class Cleaned(Struct, kw_only=True, frozen=True):
    """A piece of content with its exact count, and what else the request asked for."""

    content: str
    tokens: int
    # of the whole, without select, focus and budget
    full_tokens: int
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
    removed: list[JudgedBlock]
    html: str
    raw_html: str
    clean_ms: float
    count_ms: float


class CleanPage(Task[Cleaned], kw_only=True, frozen=True):
    """Turn a body into the piece of content that a request asks for."""

    body: bytes
    content_type: str
    url: str | None
    options: CleanOptions
    format: Format
    include: list[Include]
    tokenizer: Tokenizer
    max_tokens: int | None = None
    # index of the block the piece begins with
    start: int = 0
    # the question that the parts to keep answer
    focus: str | None = None
    # count the page's tokens as received too; False when they are known
    count_html: bool = True
    # what was received, where the body is something else: the site's own markdown
    page: Received | None = None

    def run(self) -> Cleaned:
        from gateway.core.documents.charset import notice_of_guess
        from gateway.core.documents.reader import read_document

        count = get_counter(self.tokenizer)
        document = read_document(self.body, content_type=self.content_type, url=self.url)
        # only HTML has a main content to choose; the rest is content from end to end
        scope = self.options.scope if document.kind == "html" else "page"
        options = replace(self.options, scope=scope, unselected=True)
        # The counter releases the GIL: it runs while the page is cleaned. It stays in this thread, since it keeps
        # 16 MB for every thread that it is called in.
        with ThreadPoolExecutor(1) as beside:
            cleaning = beside.submit(_clean_timed, document.html, self.url, options)
            wants_received = self.count_html or "raw_html" in self.include
            received = _received_text(self, document) if wants_received else ""
            html_tokens = count(received) if self.count_html else None
            page, clean_ms = cleaning.result()
        began = time.perf_counter()
        parts = parts_of(page, self.format)
        if self.focus and self.max_tokens:
            found = focus(page.blocks, parts, self.focus, max_tokens=self.max_tokens, count=count)
            piece, kept, sections = found.piece, found.kept, found.left_out
            full_tokens = found.whole_tokens
        else:
            piece = fit(parts, start=self.start, max_tokens=self.max_tokens, count=count)
            kept = list(range(self.start, piece.next_start or len(parts)))
            sections = outline(page.blocks, parts, count=count) if "outline" in self.include else []
            full_tokens = piece.tokens if len(kept) == len(parts) else count("".join(parts))
        if page.unselected is not None:
            full_tokens = count("".join(parts_of(page.unselected, self.format)))
        count_ms = (time.perf_counter() - began) * 1e3
        warnings = [*document.warnings, *page.warnings]
        if document.guessed_charset:
            warnings.append(notice_of_guess(document.guessed_charset))
        if piece.notice:
            warnings.append(piece.notice)
        return Cleaned(
            content=piece.content,
            tokens=piece.tokens,
            full_tokens=full_tokens,
            html_tokens=html_tokens,
            next_start=piece.next_start,
            title=page.title,
            metadata=page.metadata,
            confidence=page.confidence,
            outline=sections,
            links=self._listed("links", page.links, warnings),
            images=self._listed("images", page.images, warnings),
            structured=self._structured(page, warnings),
            chunks=_chunk(page, self, count) if "chunks" in self.include else [],
            removed=page.judged,
            html=_html(page, kept) if "html" in self.include else "",
            raw_html=received if "raw_html" in self.include else "",
            warnings=warnings,
            clean_ms=clean_ms,
            count_ms=count_ms,
        )

    def stages_ms(self, result: Cleaned) -> dict[str, float]:
        return {"clean": result.clean_ms, "count": result.count_ms}

    def _listed(self, name: Literal["links", "images"], found: list[_T], warnings: list[Notice]) -> list[_T]:
        """Links or images, where they are asked for; the main process holds them as objects, so not without end."""
        if name not in self.include:
            return []
        if len(found) > MAX_LISTED:
            message = f"the first {MAX_LISTED} of {len(found)} {name} are listed"
            warnings.append(Notice(code=f"{name}_cut", message=message, count=len(found) - MAX_LISTED))
        return found[:MAX_LISTED]

    def _structured(self, page: Page, warnings: list[Notice]) -> list[dict[str, Any]]:
        if "structured" not in self.include:
            return []
        kept: list[dict[str, Any]] = []
        values = 0
        for item in page.structured:
            values += count_values(item, limit=MAX_VALUES)
            if values > MAX_VALUES:
                left_out = len(page.structured) - len(kept)
                message = (
                    f"{left_out} of {len(page.structured)} items were left out: they hold too many values"
                )
                warnings.append(Notice(code="structured_cut", message=message, count=left_out))
                break
            kept.append(item)
        return kept


def _html(page: Page, kept: list[int]) -> str:
    parts = parts_of(page, "html")
    return "".join([parts[index] for index in kept if index < len(parts)])


def _received_text(task: CleanPage, document: Document) -> str:
    from gateway.core.documents.charset import decode

    return decode(task.page.body, content_type=task.page.content_type).text if task.page else document.text


def _clean_timed(html: str | bytes, url: str | None, options: CleanOptions) -> tuple[Page, float]:
    """The page, and the milliseconds it took."""
    from gateway.core.cleaning import clean

    began = time.perf_counter()
    page = clean(html, url=url, options=options)
    return page, (time.perf_counter() - began) * 1e3


def _chunk(page: Page, task: CleanPage, count: TokenCounter) -> list[Chunk]:
    limit = min(CHUNK_TOKENS, task.max_tokens or CHUNK_TOKENS)
    return chunk(page.blocks, parts_of(page), max_tokens=limit, count=count)

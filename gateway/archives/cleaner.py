"""Cleans the pages of one WARC file, as many at a time as there are workers."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from gateway.archives.rows import Row, RowFormat, open_rows
from gateway.archives.warc import StoredPage, read_pages
from gateway.core.model.page import CleanOptions
from gateway.core.tasks.base import Workers
from gateway.core.tasks.page import CleanPage
from gateway.core.tokens.tokenizer import Tokenizer
from gateway.errors import GatewayError, UnsupportedContent
from gateway.wire import DEFAULT_TOKENIZER


class FileReport(Struct, kw_only=True):
    """What came of a file's pages; `skipped` are those of a type that has no text."""

    done: int = 0
    failed: int = 0
    skipped: int = 0
    tokens: int = 0


class ArchiveCleaner:
    """Turns WARC files into files of rows.

    Args:
        workers: clean the pages; `at_once` of them.
        max_body_bytes: longer pages fail.
        on_page: is called with every page (progress).
    """

    def __init__(
        self,
        workers: Workers,
        *,
        at_once: int,
        max_body_bytes: int,
        tokenizer: Tokenizer = DEFAULT_TOKENIZER,
        on_page: Callable[[], None] = lambda: None,
    ) -> None:
        self._workers = workers
        self._at_once = at_once
        self._max_body_bytes = max_body_bytes
        self._tokenizer = tokenizer
        self._on_page = on_page

    async def clean_file(self, source: Path, target: Path, *, format: RowFormat) -> FileReport:
        """Clean a file's pages; `target` is there when all of it is done, its rows in the order of the pages.

        Raises:
            OSError: a file cannot be read or written.
            UnsupportedContent: the extra `warc` is not installed.
        """
        report = FileReport()
        pages = read_pages(source, max_body_bytes=self._max_body_bytes)
        # in the order of the pages; bounds what is held
        under_way: deque[asyncio.Task[Row | None]] = deque()
        has_more = True
        with open_rows(target, format) as rows:
            try:
                while has_more or under_way:
                    while has_more and len(under_way) < 2 * self._at_once:
                        # a record is read from the disk beside the event loop
                        page = await asyncio.to_thread(next, pages, None)
                        if page is None:
                            has_more = False
                        else:
                            under_way.append(asyncio.create_task(self._clean(page)))
                    if under_way:
                        row = await under_way.popleft()
                        _add(report, row)
                        self._on_page()
                        if row is not None:
                            rows.write(row)
            finally:
                for task in under_way:
                    task.cancel()
                await asyncio.gather(*under_way, return_exceptions=True)
        return report

    async def _clean(self, page: StoredPage) -> Row | None:
        """The page's row; None where its type has no text."""
        if page.fault is not None:
            return Row(url=page.url, date=page.date, error=page.fault.code)
        try:
            cleaned = await self._workers.run(
                CleanPage(
                    body=page.body,
                    content_type=page.content_type,
                    url=page.url,
                    options=CleanOptions(),
                    format="markdown",
                    include=[],
                    tokenizer=self._tokenizer,
                )
            )
        except UnsupportedContent:
            return None
        except GatewayError as exc:
            return Row(url=page.url, date=page.date, error=exc.code)
        return Row(
            url=page.url,
            date=page.date,
            title=cleaned.title,
            markdown=cleaned.content,
            tokens=cleaned.tokens,
            html_tokens=cleaned.html_tokens,
            confidence=cleaned.confidence,
            metadata=cleaned.metadata,
        )


def _add(report: FileReport, row: Row | None) -> None:
    if row is None:
        report.skipped += 1
    elif row.error is not None:
        report.failed += 1
    else:
        report.done += 1
        report.tokens += row.tokens or 0


def targets_of(sources: list[Path], folder: Path, *, format: RowFormat) -> Iterator[tuple[Path, Path]]:
    """Each file, and where its rows go.

    Raises:
        ValueError: two of them would go to one place.
    """
    taken: dict[Path, Path] = {}
    for source in sources:
        stem = source.name.removesuffix(".gz").removesuffix(".zst").removesuffix(".lz4").removesuffix(".warc")
        target = folder / f"{stem}.{format}"
        if target in taken:
            raise ValueError(f"{taken[target]} and {source} would both be written to {target}; rename one")
        taken[target] = source
        yield source, target

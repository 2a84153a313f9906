"""`winnow clean-warc`: the pages of stored crawls as rows of counted markdown, by all cores of this machine."""

import argparse
import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

from gateway.cli.admin import DONE, FAILED
from gateway.cli.inputs import UsageError
from gateway.wire import DEFAULT_TOKENIZER


def add_archives(commands: Any) -> None:
    """Add the command to a parser's."""
    from gateway.archives.rows import RowFormat

    clean = commands.add_parser("clean-warc", help="the pages of WARC files as rows of markdown")
    clean.add_argument("files", nargs="+", type=Path, metavar="FILE")
    clean.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="DIR",
        help="a file of rows for each WARC file; those that are there are not made again",
    )
    clean.add_argument("--format", choices=get_args(RowFormat), default="parquet")
    clean.add_argument("--tokenizer", default=DEFAULT_TOKENIZER, help=f"of the counts ({DEFAULT_TOKENIZER})")
    clean.set_defaults(run=_clean_warc)


def _clean_warc(arguments: argparse.Namespace) -> int:
    from gateway.archives.cleaner import targets_of

    if missing := [str(path) for path in arguments.files if not path.is_file()]:
        raise UsageError(f"no file {', '.join(missing)} here")
    try:
        arguments.output.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise UsageError(f"{arguments.output} cannot be written: {exc.strerror}") from exc
    pairs = list(targets_of(arguments.files, arguments.output, format=arguments.format))
    return asyncio.run(_clean(arguments, pairs))


async def _clean(arguments: argparse.Namespace, pairs: list[tuple[Path, Path]]) -> int:
    from gateway.archives.cleaner import ArchiveCleaner
    from gateway.settings import load_settings
    from gateway.workers.pool import WorkerPool

    settings = load_settings(os.environ)
    pool = WorkerPool(
        workers=settings.clean_workers,
        timeout_s=settings.clean_timeout_s,
        memory_bytes=settings.clean_memory_bytes,
    )
    code = DONE
    try:
        await pool.start()
        with _progress() as on_page:
            cleaner = ArchiveCleaner(
                pool,
                at_once=settings.clean_workers,
                max_body_bytes=settings.max_body_bytes,
                tokenizer=arguments.tokenizer,
                on_page=on_page,
            )
            for source, target in pairs:
                if target.exists():
                    print(f"{target} is there already", file=sys.stderr)
                    continue
                began = time.monotonic()
                try:
                    report = await cleaner.clean_file(source, target, format=arguments.format)
                except OSError as exc:
                    print(f"{source} was left out: {exc}", file=sys.stderr)
                    code = FAILED
                    continue
                rate = (report.done + report.failed) / max(time.monotonic() - began, 0.001)
                print(
                    f"{target}: {report.done:,} pages, {report.tokens:,} tokens, {report.failed:,} failed, "
                    f"{report.skipped:,} without text · {rate:.1f} pages/s",
                    file=sys.stderr,
                )
    finally:
        await pool.aclose()
    return code


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[], None]]:
    """Yields what counts a page; a bar where stderr is a terminal."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from tqdm import tqdm

    with tqdm(unit="page", file=sys.stderr, dynamic_ncols=True) as bar:

        def count() -> None:
            bar.update()

        yield count

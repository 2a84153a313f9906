"""`winnow clean-warc`: the pages of stored crawls as rows of counted markdown, here or on a Ray cluster."""

import argparse
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from msgspec import Struct

from gateway.cli.admin import DONE, FAILED
from gateway.cli.inputs import UsageError
from gateway.wire import DEFAULT_TOKENIZER

if TYPE_CHECKING:
    from gateway.archives.cleaner import ArchiveCleaner, FileReport
    from gateway.archives.rows import RowFormat
    from gateway.core.tokens.tokenizer import Tokenizer
    from gateway.settings import Settings

Pair = tuple[Path, Path]


class Limits(Struct, kw_only=True, frozen=True):
    """The settings that bound the cleaning; the nodes of a cluster get these, and no secrets."""

    clean_workers: int
    clean_timeout_s: float
    clean_memory_bytes: int
    native_walk: bool
    max_body_bytes: int


def limits_of(settings: "Settings") -> Limits:
    """The settings' limits."""
    return Limits(**{name: getattr(settings, name) for name in Limits.__struct_fields__})


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
    clean.add_argument(
        "--tokenizer",
        default=DEFAULT_TOKENIZER,
        help=f"of the counts: an encoding, a model's name, or `local` ({DEFAULT_TOKENIZER})",
    )
    clean.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="share the files out over this Ray cluster, whose nodes have them under the same paths",
    )
    clean.set_defaults(run=_clean_warc)


def _clean_warc(arguments: argparse.Namespace) -> int:
    import asyncio

    from gateway.archives.cleaner import targets_of
    from gateway.settings import load_settings

    if missing := [str(path) for path in arguments.files if not path.is_file()]:
        raise UsageError(f"no file {', '.join(missing)} here")
    folder = arguments.output.absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise UsageError(f"{folder} cannot be written: {exc.strerror}") from exc
    pairs: list[Pair] = []
    for source, target in targets_of(arguments.files, folder, format=arguments.format):
        if target.exists():
            print(f"{target} is there already", file=sys.stderr)
        else:
            pairs.append((source.absolute(), target))
    settings = load_settings(os.environ)
    tokenizer = asyncio.run(_find_tokenizer(arguments.tokenizer, settings))
    options = {"limits": limits_of(settings), "format": arguments.format, "tokenizer": tokenizer}
    if arguments.ray is None:
        return asyncio.run(_clean_here(pairs, **options))
    if not isinstance(tokenizer, str):
        raise UsageError("--ray counts by encodings alone: the nodes do not have this model's file")
    return _clean_on_cluster(pairs, address=arguments.ray, **options)


async def _find_tokenizer(name: str, settings: "Settings") -> "Tokenizer":
    """As `Tokenizers.find`, of the models that the settings describe."""
    from backends.registry import Registry
    from gateway.scraping.tokenizers import Tokenizers
    from gateway.settings import backend_specs

    registry = Registry(backend_specs(settings, os.environ), default=settings.default_model)
    try:
        return await Tokenizers(registry).find(name)
    finally:
        await registry.aclose()


async def _clean_here(
    pairs: list[Pair], *, limits: Limits, format: "RowFormat", tokenizer: "Tokenizer"
) -> int:
    code = DONE
    with _progress() as on_page:
        async with _cleaner(limits, tokenizer, on_page) as cleaner:
            for source, target in pairs:
                began = time.monotonic()
                try:
                    _print_report(target, await cleaner.clean_file(source, target, format=format), began)
                except OSError as exc:
                    code = _print_fault(source, exc)
    return code


def _clean_on_cluster(
    pairs: list[Pair], *, address: str, limits: Limits, format: "RowFormat", tokenizer: "Tokenizer"
) -> int:
    from gateway.cli.ray_cluster import spread

    code, began = DONE, time.monotonic()
    work = partial(clean_alone, limits=limits, format=format, tokenizer=tokenizer)
    for (source, target), outcome in spread(pairs, work, address=address, cpus=limits.clean_workers):
        if isinstance(outcome, Exception):
            code = _print_fault(source, outcome)
        else:
            _print_report(target, outcome, began)
    return code


def clean_alone(
    source: Path, target: Path, *, limits: Limits, format: "RowFormat", tokenizer: "Tokenizer"
) -> "FileReport":
    """Clean one file with workers of its own. Raises as `ArchiveCleaner.clean_file`."""
    import asyncio

    async def clean() -> "FileReport":
        async with _cleaner(limits, tokenizer, lambda: None) as cleaner:
            return await cleaner.clean_file(source, target, format=format)

    return asyncio.run(clean())


@contextlib.asynccontextmanager
async def _cleaner(
    limits: Limits, tokenizer: "Tokenizer", on_page: Callable[[], None]
) -> AsyncIterator["ArchiveCleaner"]:
    from gateway.archives.cleaner import ArchiveCleaner
    from gateway.workers.counting import open_counting_pool
    from gateway.workers.pool import WorkerPool

    without = () if limits.native_walk else ("native",)
    bounds: dict[str, Any] = {
        "workers": limits.clean_workers,
        "timeout_s": limits.clean_timeout_s,
        "memory_bytes": limits.clean_memory_bytes,
    }
    if isinstance(tokenizer, str):
        pool = WorkerPool(given=without, **bounds)
    else:
        pool = open_counting_pool(tokenizer, without=without, **bounds)
    try:
        await pool.start()
        yield ArchiveCleaner(
            pool,
            at_once=limits.clean_workers,
            max_body_bytes=limits.max_body_bytes,
            tokenizer=tokenizer,
            on_page=on_page,
        )
    finally:
        await pool.aclose()


def _print_report(target: Path, report: "FileReport", began: float) -> None:
    rate = (report.done + report.failed) / max(time.monotonic() - began, 0.001)
    print(
        f"{target}: {report.done:,} pages, {report.tokens:,} tokens, {report.failed:,} failed, "
        f"{report.skipped:,} without text · {rate:.1f} pages/s",
        file=sys.stderr,
    )


def _print_fault(source: Path, exc: Exception) -> int:
    print(f"{source} was left out: {exc}", file=sys.stderr)
    return FAILED


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

"""The commands about many pages: `winnow map`, `winnow search`, `winnow crawl`, `winnow batch`, `winnow jobs`."""

import argparse
import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from gateway import wire
from gateway.cli.admin import DONE, FAILED
from gateway.cli.inputs import UsageError
from gateway.cli.options import (
    add_job_options,
    add_question_options,
    add_scrape_options,
    add_webhook_options,
    job_fields,
    question_fields,
    scrape_options,
    webhook_fields,
)
from gateway.cli.outputs import Folder, Lines, Output, Stdout
from gateway.cli.running import print_json, run
from gateway.errors import GatewayError, GatewayUnreachable, NotFound
from gateway.wire import Notice
from gateway.wire.jobs import (
    BatchRequest,
    CrawlRequest,
    JobReport,
    MapRequest,
    MapResponse,
    PageQuestion,
)
from gateway.wire.search import SearchRequest, SearchResponse, SearchResult

INTERRUPTED = 130
_REPORT_EVERY_S = 1.0


def add_many(commands: Any) -> None:
    """Add the commands to a parser's."""
    site_map = commands.add_parser("map", help="the addresses of a site, a line each")
    site_map.add_argument("url", metavar="URL")
    add_job_options(site_map, MapRequest)
    site_map.add_argument("--json", action="store_true", help="print the whole response")
    site_map.set_defaults(run=_map)

    search = commands.add_parser("search", help="search the web, and read what is found if asked")
    search.add_argument("query", nargs="+", metavar="WORD")
    add_job_options(search, SearchRequest)
    search.add_argument("--json", action="store_true", help="print the whole response")
    search.set_defaults(run=_search)

    crawl = commands.add_parser("crawl", help="a site's pages, along its links and sitemaps")
    crawl.add_argument("url", metavar="URL")
    add_job_options(crawl, CrawlRequest)
    _add_shared(crawl)
    crawl.set_defaults(run=_crawl)

    batch = commands.add_parser("batch", help="pages by their addresses")
    batch.add_argument("source", metavar="FILE|-", help="an address a line; # begins a comment")
    add_job_options(batch, BatchRequest)
    _add_shared(batch)
    batch.set_defaults(run=_batch)

    jobs = commands.add_parser("jobs", help="crawls and batches of the gateway that WINNOW_URL names")
    actions = jobs.add_subparsers(dest="action", required=True, metavar="list|show|cancel")
    actions.add_parser("list", help="the newest first")
    actions.add_parser("show", help="how far one is").add_argument("id")
    actions.add_parser("cancel", help="end one; what it has read stays").add_argument("id")
    jobs.set_defaults(run=_jobs)


def _add_shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE|DIR",
        help="lines of JSON to a file (.jsonl, .ndjson, .json), or a file a page to a folder; the same command goes on "
        "where it was interrupted. Without it: lines of JSON on stdout",
    )
    parser.add_argument(
        "--cancel", action="store_true", help="Ctrl-C ends the job, instead of leaving it to be continued"
    )
    add_webhook_options(parser)
    add_question_options(parser)
    add_scrape_options(parser, single=False)


def _map(arguments: argparse.Namespace) -> int:
    request = msgspec.convert({"url": _address(arguments.url)} | job_fields(arguments), MapRequest)
    answer: MapResponse = run(
        f"mapping {request.url}",
        here=lambda services: services.jobs.map(request),
        there=lambda client: client.map(request),
    )
    if arguments.json:
        print_json(answer)
    else:
        for link in answer.links:
            print(link.url)
    _report(f"{len(answer.links):,} addresses", answer.warnings)
    return DONE


def _search(arguments: argparse.Namespace) -> int:
    fields = {"query": " ".join(arguments.query)} | job_fields(arguments)
    request = msgspec.convert(fields, SearchRequest)
    answer: SearchResponse = run(
        f"searching for {request.query}",
        here=lambda services: services.searcher.search(request),
        there=lambda client: client.search(request),
    )
    if arguments.json:
        print_json(answer)
    else:
        print("\n\n".join(map(_found, answer.results)))
    _report(f"{len(answer.results):,} results of {answer.provider}", answer.warnings)
    return DONE


def _report(summary: str, warnings: list[Notice]) -> None:
    print(summary, file=sys.stderr)
    for notice in warnings:
        print(f"warning: {notice.code}: {notice.message}", file=sys.stderr)


def _found(result: SearchResult) -> str:
    # an engine's words, which could hold a terminal's commands
    lines = ["".join(filter(str.isprintable, text)) for text in (result.title, result.url, result.snippet)]
    if result.page is not UNSET and result.page.content:
        lines += ["", result.page.content]
    if result.error is not UNSET:
        lines.append(f"{result.error.code}: {result.error.detail}")
    return "\n".join(lines)


def _crawl(arguments: argparse.Namespace) -> int:
    fields = {"url": _address(arguments.url)} | job_fields(arguments)
    return _read(arguments, msgspec.convert(fields | _page_fields(arguments), CrawlRequest))


def _batch(arguments: argparse.Namespace) -> int:
    try:
        text = sys.stdin.read() if arguments.source == "-" else Path(arguments.source).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"{arguments.source} cannot be read: {exc}") from exc
    lines = (line.strip() for line in text.splitlines())
    urls = [_address(line) for line in lines if line and not line.startswith("#")]
    if not urls:
        raise UsageError(f"{arguments.source} has no address; write one a line")
    fields = {"urls": urls} | job_fields(arguments)
    return _read(arguments, msgspec.convert(fields | _page_fields(arguments), BatchRequest))


def _address(text: str) -> str:
    return text if "://" in text else f"https://{text}"


def _page_fields(arguments: argparse.Namespace) -> dict[str, Any]:
    question = question_fields(arguments)
    if question and not question.keys() & {"prompt", "schema"}:
        raise UsageError("say what is wanted of each page: --prompt, --schema FILE, or both")
    webhook = webhook_fields(arguments)
    if webhook and not os.environ.get("WINNOW_URL"):
        raise UsageError("events are sent by a gateway: name it with WINNOW_URL, or leave --webhook out")
    return {
        "scrape": scrape_options(arguments),
        **({"extract": msgspec.convert(question, PageQuestion)} if question else {}),
        **({"webhook": webhook} if webhook else {}),
    }


class State(Struct, kw_only=True):
    """What is kept beside an output until it is whole.

    `request` and `gateway` say what it belongs to; `key` makes a creation that was interrupted find its job.
    """

    request: str
    gateway: str
    key: str
    job: str | None = None


def _read(arguments: argparse.Namespace, request: CrawlRequest | BatchRequest) -> int:
    """Create the job, or find the one that was interrupted, and write its results as they come."""
    with contextlib.ExitStack() as stack:
        path: Path | None = arguments.output
        if path is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="winnow-")))
        else:
            whole = path.resolve()
            folder = whole.with_name(f"{whole.name}.winnow")
        state = _open_state(folder, path, request)
        output = _open_output(path, request)
        stack.callback(output.close)
        # what nobody can continue is not left running
        ends = arguments.cancel or path is None

        async def work(jobs: Any) -> JobReport:
            return await _follow(jobs, request, state, folder=folder, output=output, ends=ends)

        async def here(services: Any) -> JobReport:
            from gateway.cli.local_jobs import LocalJobs

            async with services.runner.work():
                return await work(LocalJobs(services))

        try:
            report: JobReport = run("", here=here, there=work, quiet=True, jobs_dir=folder)
        except GatewayError as exc:
            if state.job is None and not isinstance(exc, GatewayUnreachable):
                # it was refused: there is nothing to go on with
                shutil.rmtree(folder, ignore_errors=True)
            raise
        except KeyboardInterrupt:
            print(_how_to_go_on(state, output, ends=ends), file=sys.stderr)
            if ends and path is not None:
                shutil.rmtree(folder, ignore_errors=True)
            return INTERRUPTED
        if path is not None:
            shutil.rmtree(folder, ignore_errors=True)
    print(_summary(report), file=sys.stderr)
    return DONE if report.status == "completed" else FAILED


async def _follow(
    jobs: Any,
    request: CrawlRequest | BatchRequest,
    state: State,
    *,
    folder: Path,
    output: Output,
    ends: bool,
) -> JobReport:
    import asyncio

    if state.job is None:
        start = jobs.start_crawl if isinstance(request, CrawlRequest) else jobs.start_batch
        state.job = (await start(request, idempotency_key=state.key)).id
        _write_state(folder, state)
    job = jobs.job(state.job, after=output.seq)
    try:
        async with _progress(job) as count:
            async for result in job:
                output.write(result)
                count(result.status == "failed")
    except NotFound as exc:
        raise UsageError(f"{exc.detail}; remove {folder} and the output to begin anew") from exc
    except (asyncio.CancelledError, BrokenPipeError):
        if ends:
            await job.cancel()
        raise
    report: JobReport = await job.report()
    return report


@contextlib.asynccontextmanager
async def _progress(job: Any) -> AsyncIterator[Any]:
    """Yields what counts a page; draws a bar of pages, errors, rate and time left where stderr is a terminal."""
    if not sys.stderr.isatty():
        yield lambda failed: None
        return
    import asyncio

    from tqdm import tqdm

    failures = 0
    first: JobReport = await job.report()
    with tqdm(total=first.total or None, unit="page", file=sys.stderr, dynamic_ncols=True) as bar:

        def count(failed: bool) -> None:
            nonlocal failures
            failures += failed
            bar.set_postfix(errors=failures, refresh=False)
            bar.update()

        async def look() -> None:
            while True:
                with contextlib.suppress(Exception):
                    # a page that turns out to be another's copy leaves the total smaller
                    bar.total = (await job.report()).total
                await asyncio.sleep(_REPORT_EVERY_S)

        looking = asyncio.create_task(look())
        try:
            yield count
        finally:
            looking.cancel()


def _open_output(path: Path | None, request: CrawlRequest | BatchRequest) -> Output:
    if path is None:
        return Stdout(sys.stdout.buffer)
    if _is_file(path):
        return Lines(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise UsageError(f"{path} cannot be written: {exc.strerror}") from exc
    return Folder(path, format=request.scrape.format)


def _is_file(path: Path) -> bool:
    return path.suffix.lower() in {".jsonl", ".ndjson", ".json"}


def _open_state(folder: Path, path: Path | None, request: CrawlRequest | BatchRequest) -> State:
    """The state of an output that is to be continued, else a new one."""
    gateway = os.environ.get("WINNOW_URL", "")
    digest = hashlib.sha256(wire.encode_json(request)).hexdigest()
    try:
        state = msgspec.json.decode((folder / "state.json").read_bytes(), type=State)
    except FileNotFoundError:
        state = State(request=digest, gateway=gateway, key=uuid.uuid4().hex)
    except (OSError, msgspec.DecodeError) as exc:
        raise UsageError(
            f"{folder / 'state.json'} cannot be read: {exc}; remove {folder} and the output"
        ) from exc
    else:
        if (state.request, state.gateway) != (digest, gateway):
            raise UsageError(
                f"{path} belongs to another crawl or batch, which has not ended; name another output, or remove it and "
                f"{folder}"
            )
        return state
    if path is not None and (
        (path.is_dir() and any(path.iterdir())) or (path.is_file() and path.stat().st_size)
    ):
        raise UsageError(f"{path} is there already; name another output, or remove it to read the pages anew")
    _write_state(folder, state)
    return state


def _write_state(folder: Path, state: State) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        new = folder / "state.json.new"
        new.write_bytes(wire.encode_json(state))
        new.replace(folder / "state.json")
    except OSError as exc:
        raise UsageError(f"{folder} cannot be written: {exc.strerror}") from exc


def _how_to_go_on(state: State, output: Output, *, ends: bool) -> str:
    if ends:
        return f"winnow: cancelled after {output.seq:,} results"
    lines = [f"winnow: interrupted after {output.seq:,} results; the same command goes on from there"]
    if state.gateway and state.job:
        lines.append(f"the gateway goes on reading; `winnow jobs cancel {state.job}` ends it")
    return "\n".join(lines)


def _summary(report: JobReport) -> str:
    counts = [f"{report.done:,} pages", f"{report.failed:,} failed", f"{report.duplicates:,} duplicates"]
    lines = [f"{report.status}: {', '.join(counts)} · {report.pages_per_s:g} pages/s"]
    lines += [f"{count:,} × {code}" for code, count in sorted(report.per_error.items())]
    lines += [f"warning: {notice.code}: {notice.message}" for notice in report.warnings]
    return "\n".join(lines)


def _jobs(arguments: argparse.Namespace) -> int:
    if not os.environ.get("WINNOW_URL"):
        raise UsageError("name the gateway with WINNOW_URL; a crawl without one lives in its own command")

    async def there(client: Any) -> Any:
        if arguments.action == "list":
            return await client.jobs()
        job = client.job(arguments.id)
        return await (job.cancel() if arguments.action == "cancel" else job.report())

    async def here(services: Any) -> Any:
        raise NotImplementedError

    answer = run("asking the gateway", here=here, there=there)
    if arguments.action == "list":
        for report in answer:
            pages = f"{report.done + report.failed:,} of {report.total:,} pages"
            print(f"{report.id}\t{report.kind}\t{report.status}\t{pages}")
    else:
        print_json(answer)
    return DONE

"""`winnow`: the service and its work from a shell.

Content goes to stdout, everything else to stderr. Exit codes: 0 done, 1 the page or the model failed,
2 usage. Heavy imports happen inside the commands that need them, so `winnow --help` is quick.
"""

import argparse
import io
import os
import sys
from collections.abc import AsyncIterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from gateway import __version__, wire
from gateway.cli.admin import DONE, FAILED, add_operation
from gateway.cli.archives import add_archives
from gateway.cli.help import add_examples
from gateway.cli.inputs import AskForTokens, UsageError, read_source, read_sources
from gateway.cli.many import add_many
from gateway.cli.models import add_models
from gateway.cli.options import add_question_options, add_scrape_options, question_fields, scrape_options
from gateway.cli.running import print_json, run
from gateway.errors import GatewayError, InvalidRequest
from gateway.settings import Settings
from gateway.wire import (
    DeltaEvent,
    ExtractEvent,
    ExtractRequest,
    ExtractResponse,
    ScrapeRequest,
    ScrapeResponse,
    TokensRequest,
)

USAGE = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = make_parser()
    arguments = parser.parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # in markdown and HTML, &#8364; is what an ASCII terminal lacks
        sys.stdout.reconfigure(errors="xmlcharrefreplace")
    try:
        code: int = arguments.run(arguments)
    except GatewayError as exc:
        print(f"winnow: {exc.code}: {exc.detail}", file=sys.stderr)
        return USAGE if exc.code == InvalidRequest.code else FAILED
    except msgspec.ValidationError as exc:
        print(f"winnow: {_in_flags(str(exc))}", file=sys.stderr)
        return USAGE
    except (UsageError, ValueError) as exc:
        print(f"winnow: {exc}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        # the reader of our stdout has seen enough
        sys.stderr.close()
        return DONE
    except KeyboardInterrupt:
        return 130
    return code


def _in_flags(message: str) -> str:
    """msgspec's message about a field, naming the flag that sets it."""
    words, _, place = message.partition(" - at `$.")
    return f"--{place.rpartition('.')[2].rstrip('`').replace('_', '-')}: {words}" if place else message


def make_parser() -> argparse.ArgumentParser:
    """Every command with its options and examples."""
    parser = argparse.ArgumentParser(prog="winnow", description="Web pages in, exactly counted markdown out.")
    parser.add_argument("--version", action="version", version=f"winnow {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="start the service (settings: WINNOW_* in the environment)")
    default = Settings()
    serve.add_argument("--host", help=f"address to listen on (WINNOW_HOST, {default.host})")
    serve.add_argument("--port", type=int, help=f"port to listen on (WINNOW_PORT, {default.port})")
    serve.add_argument(
        "--workers", type=int, help=f"processes that share the port (WINNOW_WORKERS, {default.workers})"
    )
    serve.set_defaults(run=_serve)

    scrape = commands.add_parser("scrape", help="a page as markdown, from a URL, a file or - for stdin")
    scrape.add_argument("source", metavar="URL|FILE|-")
    add_scrape_options(scrape)
    scrape.add_argument("--screenshot", type=Path, metavar="FILE", help="write the page as a PNG image there")
    scrape.add_argument("--pdf", type=Path, metavar="FILE", help="write the page as a PDF there")
    scrape.add_argument("--json", action="store_true", help="print the whole response")
    scrape.add_argument("--fail", action="store_true", help="exit with 1 if the origin answered 4xx or 5xx")
    scrape.set_defaults(run=_scrape)

    extract = commands.add_parser("extract", help="ask a model about pages, in text or as data by a schema")
    extract.add_argument("source", nargs="+", metavar="URL|FILE|-", help="one or more URLs, a file, or stdin")
    add_question_options(extract)
    extract.add_argument("--dry-run", action="store_true", help="count and price, ask nothing")
    extract.add_argument("--stream", action="store_true", help="print the answer as it comes")
    extract.add_argument("--json", action="store_true", help="print the whole response")
    add_scrape_options(extract)
    extract.set_defaults(run=_extract)

    mcp = commands.add_parser(
        "mcp", help="tools for an agent, over stdin and stdout (Model Context Protocol)"
    )
    mcp.set_defaults(run=_mcp)

    add_models(commands)
    add_many(commands)
    add_archives(commands)
    add_operation(commands)
    completion = commands.add_parser("completion", help="print what makes a shell complete this command")
    completion.add_argument("shell", choices=["bash", "zsh", "tcsh"])
    completion.set_defaults(run=_complete)
    add_examples(parser, "")
    for name, command in commands.choices.items():
        add_examples(command, name)
    return parser


def _complete(arguments: argparse.Namespace) -> int:
    import shtab

    print(shtab.complete(make_parser(), arguments.shell))
    return DONE


def _serve(arguments: argparse.Namespace) -> int:
    from gateway.container import check_parts
    from gateway.server.serve import serve

    changed = {"host": arguments.host, "port": arguments.port, "workers": arguments.workers}
    environ = {f"WINNOW_{name.upper()}": str(value) for name, value in changed.items() if value is not None}
    # worker processes read the same environment
    os.environ |= environ
    return serve(check_parts=check_parts)


def _mcp(arguments: argparse.Namespace) -> int:
    """Serve the agent that started this command, in this process; standard output is the protocol's."""
    if find_spec("mcp") is None:
        raise UsageError("this needs the extra: pip install 'winnow-gateway[mcp]'")
    import asyncio

    async def serve() -> None:
        from gateway.api.mcp.tools import McpTools
        from gateway.container import open_services
        from gateway.settings import load_settings

        async with open_services(load_settings(os.environ)) as services, services.runner.work():
            await McpTools(services).serve_stdio()

    asyncio.run(serve())
    return DONE


def _scrape(arguments: argparse.Namespace) -> int:
    source = read_source(arguments.source)
    files = {name: path for name in ("screenshot", "pdf") if (path := getattr(arguments, name)) is not None}
    options = scrape_options(arguments) | source.options
    if files:
        options["include"] = [*options.get("include", []), *files]
    request = msgspec.convert(source.page | options, ScrapeRequest)

    async def recounted(page: ScrapeResponse, ask: AskForTokens) -> ScrapeResponse:
        return msgspec.structs.replace(page, tokens=await source.recount(page.tokens, ask))

    async def here(services: Any) -> ScrapeResponse:
        from gateway.scraping.response import to_response

        page = to_response(await services.scraper.scrape(request))
        return await recounted(page, _asking_here(services))

    async def there(client: Any) -> ScrapeResponse:
        return await recounted(await client.scrape(request), _asking_there(client))

    page = run(f"scraping {arguments.source}", here=here, there=there)
    for name, path in files.items():
        _write(path, getattr(page, name))
        page = msgspec.structs.replace(page, **{name: msgspec.UNSET})
    if arguments.json:
        print_json(page)
    else:
        print(page.content)
    print(_report(page), file=sys.stderr)
    return FAILED if arguments.fail and page.status is not None and page.status >= 400 else DONE


def _asking_here(services: Any) -> AskForTokens:
    return lambda text, tokenizer: services.scraper.count(TokensRequest(text=text, tokenizer=tokenizer))


def _asking_there(client: Any) -> AskForTokens:
    return lambda text, tokenizer: client.tokens(text, tokenizer=tokenizer)


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as exc:
        raise UsageError(f"{path} cannot be written: {exc.strerror}") from exc


def _extract(arguments: argparse.Namespace) -> int:
    if not (arguments.prompt or arguments.schema):
        raise UsageError("say what is wanted: --prompt, --schema FILE, or both")
    given = question_fields(arguments)
    if arguments.dry_run:
        given["dry_run"] = True
    source = read_sources(arguments.source)
    given["scrape"] = scrape_options(arguments) | source.options
    request = msgspec.convert(source.page | given, ExtractRequest)
    printed = arguments.stream and not arguments.json

    async def follow(events: AsyncIterator[ExtractEvent], ask: AskForTokens) -> ExtractResponse:
        answer = await _follow(events, printed=printed)
        sources = [
            msgspec.structs.replace(read, tokens=await source.recount(read.tokens, ask))
            for read in answer.sources
        ]
        return msgspec.structs.replace(answer, sources=sources)

    answer = run(
        f"reading {arguments.source[0]}",
        here=lambda services: follow(services.extractor.stream(request), _asking_here(services)),
        there=lambda client: follow(client.extract(request, stream=True), _asking_there(client)),
        quiet=printed,
    )
    if arguments.json or answer.estimate:
        print_json(answer)
    elif not printed and answer.text is not None:
        print(answer.text)
    elif not printed:
        print_json(answer.data)
    print(_extract_report(answer), file=sys.stderr)
    return DONE


async def _follow(events: AsyncIterator[ExtractEvent], *, printed: bool) -> ExtractResponse:
    """A stream to its end; its deltas go to stdout as they come if they are to be printed."""
    collected: list[ExtractEvent] = []
    attempt = 0
    try:
        async for event in events:
            collected.append(event)
            if printed and isinstance(event, DeltaEvent):
                if 0 < attempt < event.attempt:
                    print("\nthe answer did not validate; again:", file=sys.stderr)
                    sys.stdout.write("\n")
                attempt = event.attempt
                sys.stdout.write(event.text)
                sys.stdout.flush()
    finally:
        if attempt:
            # an answer that breaks off ends its line too
            print(flush=True)
    return wire.collect(collected)


def _extract_report(answer: ExtractResponse) -> str:
    lines = [f"{s.url or 'input'}: {s.tokens.in_words()}" for s in answer.sources]
    if answer.estimate:
        foreseen = answer.estimate
        asked = f"{foreseen.input_tokens:,} tokens in, at most {foreseen.output_tokens:,} out"
        lines.append(f"would make {foreseen.calls} call(s): {asked} · ${answer.cost.usd:.6f}")
    else:
        asked = f"{answer.usage.input_tokens:,} tokens in, {answer.usage.output_tokens:,} out"
        times = f"first token {answer.timings.ttft_ms:.0f} ms, total {answer.timings.total_ms:.0f} ms"
        who = " · ".join(filter(None, [answer.backend, answer.model]))
        lines.append(f"{who} · {asked} · ${answer.cost.usd:.6f} · cache {answer.cache.status} · {times}")
    if answer.evidence:
        supported = sum(found.status == "supported" for found in answer.evidence)
        lines.append(f"evidence: {supported} of {len(answer.evidence)} values stand in the pages")
        lines += [f"no evidence: {e.path}" for e in answer.evidence if e.status == "unsupported"]
    lines += [f"warning: {notice.code}: {notice.message}" for notice in answer.warnings]
    return "\n".join(lines)


def _report(page: ScrapeResponse) -> str:
    tokens = page.tokens
    lines = [
        f"{tokens.in_words()} · {tokens.tokenizer} · cache {page.cache.status} · {page.timings.total_ms:.0f} ms"
    ]
    lines += [f"warning: {notice.code}: {notice.message}" for notice in page.warnings]
    if page.next_cursor:
        lines.append(f"more: --cursor {page.next_cursor}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

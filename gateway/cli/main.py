"""`winnow`: the service and its work from a shell.

Content goes to stdout, everything else to stderr. Exit codes: 0 done, 1 the page or the model failed,
2 usage. Heavy imports happen inside the commands that need them, so `winnow --help` is quick.
"""

import argparse
import asyncio
import io
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, get_args

import msgspec

from gateway import __version__, wire
from gateway.cli.admin import DONE, FAILED, add_operation
from gateway.cli.inputs import UsageError, read_source, read_sources
from gateway.errors import GatewayError, InvalidRequest
from gateway.settings import Settings
from gateway.wire import (
    DeltaEvent,
    ExtractEvent,
    ExtractRequest,
    ExtractResponse,
    ScrapeRequest,
    ScrapeResponse,
)

USAGE = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = _parser()
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


def _parser() -> argparse.ArgumentParser:
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
    scrape.set_defaults(run=_scrape)

    extract = commands.add_parser("extract", help="ask a model about pages, in text or as data by a schema")
    extract.add_argument("source", nargs="+", metavar="URL|FILE|-", help="one or more URLs, a file, or stdin")
    extract.add_argument("--prompt", help="what to ask")
    extract.add_argument("--schema", type=Path, metavar="FILE", help="JSON Schema of the data wanted")
    extract.add_argument("--model", help="a model's name; `winnow models` lists them")
    extract.add_argument("--max-input-tokens", type=int, metavar="N", help="send no more than this")
    extract.add_argument(
        "--max-output-tokens",
        type=int,
        metavar="N",
        help=f"of each answer ({wire.ExtractRequest().max_output_tokens})",
    )
    extract.add_argument("--temperature", type=float)
    extract.add_argument("--seed", type=int)
    extract.add_argument("--dry-run", action="store_const", const=True, help="count and price, ask nothing")
    extract.add_argument("--stream", action="store_true", help="print the answer as it comes")
    extract.add_argument("--json", action="store_true", help="print the whole response")
    add_scrape_options(extract)
    extract.set_defaults(run=_extract)

    models = commands.add_parser("models", help="the models that can be asked")
    models.set_defaults(run=_models)

    add_operation(commands)
    return parser


def add_scrape_options(parser: argparse.ArgumentParser) -> None:
    """The options of `wire.ScrapeOptions`, one flag each."""
    parser.add_argument("--format", choices=get_args(wire.Format))
    parser.add_argument("--scope", choices=get_args(wire.Scope))
    parser.add_argument("--include", action="append", choices=get_args(wire.Include), help="may be repeated")
    parser.add_argument("--select", metavar="CSS", help="only what matches")
    parser.add_argument("--remove", action="append", metavar="CSS", help="drop what matches; may be repeated")
    parser.add_argument("--links", choices=get_args(wire.LinkStyle))
    parser.add_argument("--images", choices=get_args(wire.ImageStyle))
    parser.add_argument(
        "--no-headline", dest="headline", action="store_const", const=False, help="leave the headline out"
    )
    parser.add_argument("--tables", choices=get_args(wire.TableStyle))
    parser.add_argument("--renderer", choices=get_args(wire.Renderer))
    parser.add_argument("--tokenizer", help=f"an encoding or a model's name ({wire.DEFAULT_TOKENIZER})")
    parser.add_argument("--max-tokens", type=int, metavar="N", help="cut at a block boundary below N tokens")
    parser.add_argument("--cursor", help="continue where a cut piece ended")
    parser.add_argument(
        "--max-age-s",
        type=float,
        metavar="S",
        help=f"the oldest cached page to accept ({wire.ScrapeOptions().max_age_s:g})",
    )
    parser.add_argument("--no-store", dest="store", action="store_const", const=False, help="cache nothing")
    parser.add_argument(
        "--timeout-s", type=float, metavar="S", help="deadline of the fetch (FETCH_TIMEOUT_S)"
    )
    parser.add_argument(
        "--render", choices=get_args(wire.RenderMode), help="when a browser runs the page's scripts (auto)"
    )
    parser.add_argument(
        "--wait-for",
        type=_wait_for,
        metavar="CSS|MS",
        help="what the browser waits for: an element, or a time",
    )
    parser.add_argument(
        "--action",
        dest="actions",
        action="append",
        type=_action,
        metavar="JSON",
        help='done in the browser, such as {"type": "click", "selector": "#more"}; may be repeated',
    )
    parser.add_argument(
        "--header", action="append", metavar="NAME: VALUE", help="sent to the origin; may be repeated"
    )


def _wait_for(text: str) -> str | int:
    return int(text) if text.isdigit() else text


def _action(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as exc:
        raise argparse.ArgumentTypeError(f"{text!r} is not JSON: {exc}") from exc


def scrape_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """What was given on the command line, as fields of `wire.ScrapeOptions`."""
    given = {
        name: value
        for name in wire.ScrapeOptions.__struct_fields__
        if (value := getattr(arguments, name, None)) is not None
    }
    if arguments.header:
        pairs = [header.partition(":") for header in arguments.header]
        given["headers"] = {name.strip(): value.strip() for name, _, value in pairs}
    return given


def _serve(arguments: argparse.Namespace) -> int:
    from gateway.container import check_parts
    from gateway.server.serve import serve

    changed = {"host": arguments.host, "port": arguments.port, "workers": arguments.workers}
    environ = {f"WINNOW_{name.upper()}": str(value) for name, value in changed.items() if value is not None}
    # worker processes read the same environment
    os.environ |= environ
    return serve(check_parts=check_parts)


def _scrape(arguments: argparse.Namespace) -> int:
    source = read_source(arguments.source)
    files = {name: path for name in ("screenshot", "pdf") if (path := getattr(arguments, name)) is not None}
    options = scrape_options(arguments) | source.options
    if files:
        options["include"] = [*options.get("include", []), *files]
    request = msgspec.convert(source.page | options, ScrapeRequest)

    async def here(services: Any) -> ScrapeResponse:
        from gateway.scraping.response import to_response

        return to_response(await services.scraper.scrape(request))

    page = run(
        f"scraping {arguments.source}",
        here=here,
        there=lambda client: client.scrape(request),
    )
    page = msgspec.structs.replace(page, tokens=source.recount(page.tokens))
    for name, path in files.items():
        _write(path, getattr(page, name))
        page = msgspec.structs.replace(page, **{name: msgspec.UNSET})
    if arguments.json:
        _print_json(page)
    else:
        print(page.content)
    print(_report(page), file=sys.stderr)
    return DONE


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as exc:
        raise UsageError(f"{path} cannot be written: {exc.strerror}") from exc


def _print_json(value: Any) -> None:
    """With every character as it is where stdout can write it, else in ASCII."""
    plain = (sys.stdout.encoding or "").lower().startswith("utf")
    print(json.dumps(json.loads(wire.encode_json(value)), indent=2, ensure_ascii=not plain))


def _extract(arguments: argparse.Namespace) -> int:
    if not (arguments.prompt or arguments.schema):
        raise UsageError("say what is wanted: --prompt, --schema FILE, or both")
    names = ("prompt", "model", "max_input_tokens", "max_output_tokens", "temperature", "seed", "dry_run")
    given = {name: value for name in names if (value := getattr(arguments, name)) is not None}
    if arguments.schema:
        given["schema"] = _read_schema(arguments.schema)
    source = read_sources(arguments.source)
    given["scrape"] = scrape_options(arguments) | source.options
    request = msgspec.convert(source.page | given, ExtractRequest)
    printed = arguments.stream and not arguments.json
    answer = run(
        f"reading {arguments.source[0]}",
        here=lambda services: _follow(services.extractor.stream(request), printed=printed),
        there=lambda client: _follow(client.extract(request, stream=True), printed=printed),
        quiet=printed,
    )
    sources = [msgspec.structs.replace(read, tokens=source.recount(read.tokens)) for read in answer.sources]
    answer = msgspec.structs.replace(answer, sources=sources)
    if arguments.json or answer.estimate:
        _print_json(answer)
    elif not printed and answer.text is not None:
        print(answer.text)
    elif not printed:
        _print_json(answer.data)
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


def _read_schema(path: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror}") from exc
    except msgspec.DecodeError as exc:
        raise UsageError(f"{path} is no JSON object: {exc}") from exc


def _extract_report(answer: ExtractResponse) -> str:
    lines = [f"{s.url or 'input'}: {s.tokens.html:,} → {s.tokens.content:,} tokens" for s in answer.sources]
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


def _models(arguments: argparse.Namespace) -> int:
    async def here(services: Any) -> list[tuple[str, str, int | None]]:
        served = await services.completer.models()
        return [(name, route.backend.name, route.context_tokens) for name, route in served.items()]

    async def there(client: Any) -> list[tuple[str, str, int | None]]:
        return [(model.id, model.owned_by, model.context_length) for model in await client.models()]

    served = run("asking the backends", here=here, there=there)
    for name, backend, context in served:
        print(f"{name}\t{backend}" + (f"\t{context:,} tokens" if context else ""))
    if not served:
        ways = "WINNOW_REMOTE_URL or OPENAI_API_KEY, ANTHROPIC_API_KEY, or WINNOW_LOCAL_MODEL"
        print(f"no model is configured or reachable; set {ways}", file=sys.stderr)
    return DONE if served else FAILED


def run(
    label: str,
    *,
    here: Callable[[Any], Awaitable[Any]],
    there: Callable[[Any], Awaitable[Any]],
    quiet: bool = False,
) -> Any:
    """Work at the gateway that WINNOW_URL names, else in this process, with a spinner meanwhile.

    Args:
        here: given `services.Services`.
        there: given `sdk.AsyncClient`.
        quiet: no spinner: the work prints.
    """

    async def supervised() -> Any:
        spinner = asyncio.create_task(_spin(label)) if sys.stderr.isatty() and not quiet else None
        try:
            if os.environ.get("WINNOW_URL"):
                from gateway.sdk import AsyncClient

                async with AsyncClient() as client:
                    return await there(client)
            from gateway.container import open_services
            from gateway.settings import load_settings

            async with open_services(load_settings(os.environ)) as services:
                return await here(services)
        finally:
            if spinner:
                spinner.cancel()
                sys.stderr.write("\r\x1b[K")

    return asyncio.run(supervised())


async def _spin(label: str) -> None:
    while True:
        for frame in "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏":
            sys.stderr.write(f"\r{frame} {label}")
            sys.stderr.flush()
            await asyncio.sleep(0.1)


def _report(page: ScrapeResponse) -> str:
    tokens = page.tokens
    percent = min(round(tokens.reduction * 100), 99 if tokens.content else 100)
    lines = [
        f"{tokens.html:,} → {tokens.content:,} tokens (−{percent} %)"
        f" · {tokens.tokenizer} · cache {page.cache.status} · {page.timings.total_ms:.0f} ms"
    ]
    lines += [f"warning: {notice.code}: {notice.message}" for notice in page.warnings]
    if page.next_cursor:
        lines.append(f"more: --cursor {page.next_cursor}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

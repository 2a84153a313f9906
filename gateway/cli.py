"""`winnow`: the service and its work from a shell.

Content goes to stdout, everything else to stderr. Exit codes: 0 done, 1 the page or the model failed,
2 usage. Heavy imports happen inside the commands that need them, so `winnow --help` is quick.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from gateway import __version__, wire
from gateway.errors import GatewayError
from gateway.wire import ScrapeRequest, ScrapeResponse

DONE, FAILED, USAGE = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except GatewayError as exc:
        print(f"winnow: {exc.code}: {exc.detail}", file=sys.stderr)
        return FAILED
    except (UsageError, ValueError) as exc:
        print(f"winnow: {exc}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:  # the reader of our stdout has seen enough
        sys.stderr.close()
        return DONE
    except KeyboardInterrupt:
        return 130
    return code


class UsageError(Exception):
    """The command line asks for something that cannot be done; the message says what would do."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="winnow", description="Web pages in, exactly counted markdown out.")
    parser.add_argument("--version", action="version", version=f"winnow {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="start the service (settings: WINNOW_* in the environment)")
    serve.add_argument("--host", help="address to listen on (WINNOW_HOST, 127.0.0.1)")
    serve.add_argument("--port", type=int, help="port to listen on (WINNOW_PORT, 8000)")
    serve.add_argument("--workers", type=int, help="processes that share the port (WINNOW_WORKERS, 1)")
    serve.set_defaults(run=_serve)

    scrape = commands.add_parser("scrape", help="a page as markdown, from a URL, a file or - for stdin")
    scrape.add_argument("source", metavar="URL|FILE|-")
    add_scrape_options(scrape)
    scrape.add_argument("--json", action="store_true", help="print the whole response")
    scrape.set_defaults(run=_scrape)

    cache = commands.add_parser("cache", help="look at the cache, or empty it")
    cache.add_argument("action", choices=["stats", "clear"])
    cache.set_defaults(run=_cache)

    doctor = commands.add_parser(
        "doctor", help="check settings, cache, network and models, and say what to do"
    )
    doctor.set_defaults(run=_doctor)
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
    parser.add_argument("--renderer", choices=get_args(wire.Renderer))
    parser.add_argument("--tokenizer", help="an encoding or a model's name (o200k_base)")
    parser.add_argument("--max-tokens", type=int, metavar="N", help="cut at a block boundary below N tokens")
    parser.add_argument("--cursor", help="continue where a cut piece ended")
    parser.add_argument(
        "--max-age-s", type=float, metavar="S", help="the oldest cached page to accept (3600)"
    )
    parser.add_argument("--no-store", dest="store", action="store_const", const=False, help="cache nothing")
    parser.add_argument("--timeout-s", type=float, metavar="S", help="deadline of the fetch (30)")
    parser.add_argument(
        "--header", action="append", metavar="NAME: VALUE", help="sent to the origin; may be repeated"
    )


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
    from gateway.serve import serve

    changed = {"host": arguments.host, "port": arguments.port, "workers": arguments.workers}
    environ = {f"WINNOW_{name.upper()}": str(value) for name, value in changed.items() if value is not None}
    os.environ |= environ  # worker processes read the same environment
    return serve()


def _scrape(arguments: argparse.Namespace) -> int:
    import msgspec

    source = _source(arguments.source)
    request = msgspec.convert(source | scrape_options(arguments), ScrapeRequest)
    page = run(lambda scraper: scraper.scrape(request), f"scraping {arguments.source}")
    if arguments.json:
        print(msgspec.json.format(wire.encode_json(page), indent=2).decode())
    else:
        print(page.content)
    print(_report(page), file=sys.stderr)
    return DONE


def _source(source: str) -> dict[str, str]:
    if source == "-":
        return {"html": sys.stdin.buffer.read().decode("utf-8", "replace")}
    if "://" in source:
        return {"url": source}
    path = Path(source)
    if path.is_file():
        return {"html": path.read_bytes().decode("utf-8", "replace")}
    if "." in source and not path.exists() and "/" not in source.split(".")[0]:
        return {"url": f"https://{source}"}
    raise UsageError(f"{source} is neither a URL nor a file here; a URL begins with https://")


def run(work: Callable[[Any], Awaitable[Any]], label: str) -> Any:
    """Give `work` the gateway that WINNOW_URL names, else one in this process, with a spinner meanwhile."""

    async def supervised() -> Any:
        spinner = asyncio.create_task(_spin(label)) if sys.stderr.isatty() else None
        try:
            if os.environ.get("WINNOW_URL"):
                from gateway.sdk import AsyncClient

                async with AsyncClient() as client:
                    return await work(client)
            from gateway.app import open_services
            from gateway.settings import load_settings

            async with open_services(load_settings(os.environ)) as services:
                return await work(services.scraper)
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
    lines = [
        f"{tokens.html:,} → {tokens.content:,} tokens (−{tokens.reduction:.0%})".replace("%", " %")
        + f" · {tokens.tokenizer} · cache {page.cache.status} · {page.timings.total_ms:.0f} ms"
    ]
    lines += [f"warning: {notice.code}: {notice.message}" for notice in page.warnings]
    if page.next_cursor:
        lines.append(f"more: --cursor {page.next_cursor}")
    return "\n".join(lines)


def _cache(arguments: argparse.Namespace) -> int:
    from gateway.app import open_services
    from gateway.settings import load_settings

    async def act() -> Mapping[str, int | float | str]:
        async with open_services(load_settings(os.environ)) as services:
            cleared = {"cleared": await services.cache.clear()} if arguments.action == "clear" else {}
            return cleared or await services.cache.stats()

    for name, value in asyncio.run(act()).items():
        print(f"{name}: {value:,}" if isinstance(value, int) else f"{name}: {value}")
    return DONE


def _doctor(arguments: argparse.Namespace) -> int:
    from gateway.doctor import examine

    findings = asyncio.run(examine(os.environ))
    for finding in findings:
        print(f"{'ok  ' if finding.well else 'FAIL'} {finding.name}: {finding.message}")
    return DONE if all(finding.well for finding in findings) else FAILED


if __name__ == "__main__":
    sys.exit(main())

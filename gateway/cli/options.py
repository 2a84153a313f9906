"""Options of several commands, one flag for each field of the wire's types."""

import argparse
import re
from pathlib import Path
from typing import Any, get_args

import msgspec
from msgspec import Struct, inspect

from gateway import wire
from gateway.cli.inputs import UsageError
from gateway.wire.jobs import JobEvent

_QUESTION = ("prompt", "model", "max_input_tokens", "max_output_tokens", "temperature", "seed")
# fields of several requests that no flag can have: several fields together, or the command's own argument
_NO_FLAG = {"url", "urls", "query", "scrape", "extract", "webhook"}
# where a request's field has the name of a page's option
_RENAMED = {"include": "include-path", "exclude": "exclude-path"}
_JOB = "job_"
# RFC 9110, section 5.1
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def add_scrape_options(parser: argparse.ArgumentParser, *, single: bool = True) -> None:
    """The options of `wire.ScrapeOptions`, one flag each.

    Args:
        single: whether one page is read, which a cursor continues.
    """
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
    parser.add_argument(
        "--tokenizer", help=f"an encoding, a model's name, or `local` ({wire.DEFAULT_TOKENIZER})"
    )
    parser.add_argument("--max-tokens", type=int, metavar="N", help="cut at a block boundary below N tokens")
    parser.add_argument(
        "--focus", metavar="TEXT", help="of a page longer than --max-tokens, keep the parts that answer this"
    )
    if single:
        parser.add_argument("--cursor", help="continue where a cut piece ended")
    parser.add_argument(
        "--max-age-s",
        type=float,
        metavar="S",
        help=f"the oldest cached page to accept ({wire.ScrapeOptions().max_age_s:g})",
    )
    parser.add_argument(
        "--changes-age-s",
        type=float,
        metavar="S",
        help="with --include changes: compare with a copy at least so old",
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
        given["headers"] = dict(_read_header(header) for header in arguments.header)
    return given


def _read_header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not _HEADER_NAME.fullmatch(name.strip()):
        raise UsageError(f"--header {text!r}: write it as NAME: VALUE, such as 'Accept-Language: de'")
    return name.strip(), value.strip()


def add_question_options(parser: argparse.ArgumentParser) -> None:
    """What to ask of a page."""
    parser.add_argument("--prompt", help="what to ask")
    parser.add_argument("--schema", type=Path, metavar="FILE", help="JSON Schema of the data wanted")
    parser.add_argument("--model", help="a model's name; `winnow models` lists them")
    parser.add_argument("--max-input-tokens", type=int, metavar="N", help="send no more than this")
    parser.add_argument(
        "--max-output-tokens",
        type=int,
        metavar="N",
        help=f"of each answer ({wire.ExtractRequest().max_output_tokens})",
    )
    parser.add_argument("--temperature", type=float)
    parser.add_argument("--seed", type=int)


def question_fields(arguments: argparse.Namespace) -> dict[str, Any]:
    """What was given on the command line, as fields of a question."""
    given = {name: value for name in _QUESTION if (value := getattr(arguments, name)) is not None}
    if arguments.schema:
        given["schema"] = read_schema(arguments.schema)
    return given


def read_schema(path: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror}") from exc
    except msgspec.DecodeError as exc:
        raise UsageError(f"{path} is no JSON object: {exc}") from exc


def add_job_options(parser: argparse.ArgumentParser, kind: type[Struct]) -> None:
    """The simple fields of a request about many pages, one flag each, described as the type describes them."""
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)
    for field in described.fields:
        if field.name in _NO_FLAG:
            continue
        meta = field.type
        assert isinstance(meta, inspect.Metadata)
        inner = meta.type
        if isinstance(inner, inspect.UnionType):
            inner = inner.types[0]
        text = str((meta.extra_json_schema or {})["description"]).partition(". ")[0].rstrip(".")
        flag = _RENAMED.get(field.name, field.name.replace("_", "-"))
        options: dict[str, Any] = {"dest": _JOB + field.name}
        if isinstance(inner, inspect.BoolType):
            flag = f"no-{flag}" if field.default else flag
            options |= {"action": "store_const", "const": not field.default}
        elif isinstance(inner, inspect.ListType):
            options |= {"action": "append", "metavar": "PATTERN"}
            text += "; may be repeated"
        elif isinstance(inner, inspect.LiteralType):
            options["choices"] = inner.values
        elif isinstance(inner, inspect.IntType):
            options |= {"type": int, "metavar": "N"}
        elif isinstance(inner, inspect.FloatType):
            options |= {"type": float, "metavar": "S"}
        elif isinstance(inner, inspect.StrType):
            options["metavar"] = "TEXT"
        if isinstance(field.default, int | float | str) and not isinstance(field.default, bool):
            text += f" ({field.default})"
        if isinstance(inner, inspect.BoolType):
            text = text.removeprefix("Whether ")
            text = f"unless given, {text}" if field.default else text
        parser.add_argument(f"--{flag}", help=text.replace("%", "%%").replace("`", ""), **options)


def add_webhook_options(parser: argparse.ArgumentParser) -> None:
    """Where a job's events are sent."""
    parser.add_argument("--webhook", metavar="URL", help="send the job's events there")
    parser.add_argument(
        "--webhook-event",
        dest="webhook_events",
        action="append",
        choices=get_args(JobEvent),
        help="send this one; may be repeated (all)",
    )
    parser.add_argument(
        "--webhook-secret-file",
        metavar="FILE",
        type=Path,
        help="the secret in this file signs the events, instead of the gateway's own",
    )


def webhook_fields(arguments: argparse.Namespace) -> dict[str, Any]:
    """What was given on the command line, as fields of a webhook; none where there is none."""
    if arguments.webhook is None:
        if arguments.webhook_events or arguments.webhook_secret_file:
            raise UsageError("--webhook URL says where the events are sent")
        return {}
    fields: dict[str, Any] = {"url": arguments.webhook}
    if arguments.webhook_events:
        fields["events"] = list(dict.fromkeys(arguments.webhook_events))
    if arguments.webhook_secret_file:
        try:
            fields["secret"] = arguments.webhook_secret_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as exc:
            raise UsageError(f"{arguments.webhook_secret_file} cannot be read: {exc}") from exc
    return fields


def job_fields(arguments: argparse.Namespace) -> dict[str, Any]:
    """What was given on the command line, as simple fields of a request about many pages."""
    return {
        name.removeprefix(_JOB): value
        for name, value in vars(arguments).items()
        if name.startswith(_JOB) and value is not None
    }

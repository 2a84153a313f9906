"""`/docs`: the API reference as one page, and `/docs/openapi.json` it is written from.

It can be read without its script, which adds buttons to copy and to try the examples, and it loads nothing.
"""

import json
import re
import shlex
from functools import lru_cache
from html import escape
from typing import Any

from litestar import Litestar, Request, get
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp

from gateway.api.docs.openapi import describe
from gateway.api.playground.assembly import page_response, scripts, styles
from gateway.wire import encode_json

_CODE = re.compile(r"`([^`]+)`")


@get("/docs", include_in_schema=False)
async def reference(request: Request[Any, Any, Any]) -> ASGIApp:
    """The API reference."""
    return page_response(_page(request.app))


@get("/docs/openapi.json", include_in_schema=False)
async def openapi(request: Request[Any, Any, Any]) -> ASGIApp:
    """The OpenAPI document."""
    return ASGIResponse(body=encode_json(_document(request.app)), media_type="application/json")


@lru_cache(maxsize=1)
def _document(app: Litestar) -> dict[str, Any]:
    return describe(app)


@lru_cache(maxsize=1)
def _page(app: Litestar) -> str:
    return to_html(_document(app))


def to_html(document: dict[str, Any]) -> str:
    """An OpenAPI document as a page to read."""
    info, schemas = document["info"], document["components"]["schemas"]
    calls = [
        (f"{method.upper()} {path}", call)
        for path, calls in document["paths"].items()
        for method, call in calls.items()
    ]
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">',
            f"<title>{escape(info['title'])} API</title>{styles('dress.css', 'docs.css')}</head><body>",
            '<header class="top"><a class="name" href="./">Winnow</a>',
            '<nav aria-label="Elsewhere"><a href="./">Playground</a> <a href="status">Status</a></nav></header><main>',
            f"<h1>{escape(info['title'])} API {escape(info['version'])}</h1>",
            f"<p>{_words(info['description'])}</p>",
            '<p>The same for programs: <a href="docs/openapi.json">openapi.json</a>.</p>',
            "<p><label>API key, to try calls where this gateway asks for one "
            '<input id="key" type="password" autocomplete="off"></label></p>',
            f"<nav id='contents' aria-label='Contents'>{_contents(document)}<p><a href='#types'>Types</a></p></nav>",
            *(_call(name, call) for name, call in calls),
            '<h2 id="types">Types</h2>',
            *(_type(name, schema) for name, schema in sorted(schemas.items())),
            f"</main>{scripts(['docs.js'])}</body></html>",
        ]
    )


def _contents(document: dict[str, Any]) -> str:
    """Links to the calls, those for the clients of one service together."""
    links: dict[str, list[str]] = {tag["name"]: [] for tag in document["tags"]}
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            (tag,) = call["tags"]
            name = f"<code>{method.upper()} {escape(path)}</code>"
            links[tag].append(f'<a href="#{call["operationId"]}">{name}</a>')
    return "".join(
        f"<p>{_words(tag['description'])}</p>{''.join(links[tag['name']])}" for tag in document["tags"]
    )


def _call(name: str, call: dict[str, Any]) -> str:
    parts = [f'<h2 class="call" id="{call["operationId"]}"><code>{escape(name)}</code></h2>']
    parts.append(f"<p><strong>{escape(call['summary'])}.</strong> {_words(call['description'])}</p>")
    for media, content in call.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<p>Body: <code>{media}</code>, {_kind(content['schema'])}. For example:</p>")
        parts += [_example(name, example["value"]) for example in content["examples"].values()]
    if "requestBody" not in call:
        parts.append(_example(name, None))
    rows = [
        f"<tr><td>{status}</td><td>{_words(answer['description'])}{_headers(answer)}</td><td>"
        + "<br>".join(
            f"<code>{media}</code> {_kind(content['schema'])}" for media, content in answer["content"].items()
        )
        + "</td></tr>"
        for status, answer in call["responses"].items()
    ]
    parts.append(_table(("Status", "Meaning", "Body"), rows))
    return "\n".join(parts)


def _example(name: str, body: Any) -> str:
    """A request as JSON to read and as curl to paste."""
    method, _, path = name.partition(" ")
    asks = [] if method in ("GET", "POST") else ["-X", method]
    sends, shown = [], ""
    if body is not None:
        sends = ["-H", "Content-Type: application/json", "-d", json.dumps(body, ensure_ascii=False)]
        read = escape(json.dumps(body, ensure_ascii=False, indent=2))
        shown = f'<pre class="body" tabindex="0">{read}</pre>'
    curl = shlex.join(["curl", "-s", *asks, f"http://127.0.0.1:8000{path}", *sends])
    return (
        f'<div class="example" data-method="{method}" data-path="{escape(path)}">{shown}'
        f'<pre class="curl" tabindex="0">{escape(curl)}</pre><pre class="answer" tabindex="0" hidden></pre></div>'
    )


def _headers(answer: dict[str, Any]) -> str:
    return "".join(
        f"<br><code>{name}</code>: {_words(header['description'])}"
        for name, header in answer.get("headers", {}).items()
    )


def _type(name: str, schema: dict[str, Any]) -> str:
    rows = []
    for field, about in schema.get("properties", {}).items():
        default = "required" if field in schema.get("required", ()) else ""
        if "default" in about:
            default = f"<code>{escape(json.dumps(about['default']))}</code>"
        rows.append(
            f"<tr><td><code>{field}</code></td><td>{_kind(about)}</td><td>{default}</td>"
            f"<td>{_words(about['description'])}</td></tr>"
        )
    head = f'<h3 id="{name}">{name}</h3><p>{_words(schema.get("description", ""))}</p>'
    return head + _table(("Field", "Type", "Default", "Meaning"), rows)


def _kind(schema: dict[str, Any]) -> str:
    """A schema in a few words, types linked."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_kind(option) for option in schema["anyOf"])
    if "contentSchema" in schema.get("properties", {}).get("data", {}):
        event = schema["properties"]
        return f"{_kind(event['event'])} {_kind(event['data']['contentSchema'])}"
    if "enum" in schema:
        return ", ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}{_bounds(schema)}"
    return escape(str(schema.get("type", "anything"))) + _bounds(schema)


_BOUNDS = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "minLength": "at least {} long",
    "maxLength": "at most {} long",
    "minItems": "at least {}",
    "maxItems": "at most {}",
}


def _bounds(schema: dict[str, Any]) -> str:
    log_fields = [words.format(schema[name]) for name, words in _BOUNDS.items() if name in schema]
    return f" ({', '.join(log_fields)})" if log_fields else ""


def _table(heads: tuple[str, ...], rows: list[str]) -> str:
    head = "".join(f"<th scope=col>{name}</th>" for name in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>" if rows else ""


def _words(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text, quote=False))

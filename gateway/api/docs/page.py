"""`/docs`: the API reference as one page, and `/docs/openapi.json` it is written from.

The page has no script and loads nothing from other hosts.
"""

import json
import re
from functools import lru_cache
from html import escape
from typing import Any

from litestar import Litestar, Request, get
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp

from gateway.api.docs.openapi import describe
from gateway.api.playground.assembly import content_policy
from gateway.wire import encode_json

_CODE = re.compile(r"`([^`]+)`")
_STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 0 auto; padding: 1rem }
h2 { border-top: 1px solid #8886; padding-top: 1.5rem; overflow-wrap: anywhere }
code, pre { font-family: ui-monospace, monospace; font-size: .9em }
pre { overflow-x: auto; padding: .6rem .8rem; background: #8882; border-radius: .4rem }
table { border-collapse: collapse; width: 100%; display: block; overflow-x: auto }
th, td { text-align: left; vertical-align: top; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid #8883 }
nav { columns: 18rem; padding: 0 } nav a { display: block }
"""


@get("/docs", include_in_schema=False)
async def reference(request: Request[Any, Any, Any]) -> ASGIApp:
    """The API reference."""
    page = _page(request.app)
    headers = {"content-security-policy": content_policy(page), "x-content-type-options": "nosniff"}
    return ASGIResponse(body=page.encode(), media_type="text/html", headers=headers)


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
    contents = [f'<a href="#{call["operationId"]}"><code>{escape(name)}</code></a>' for name, call in calls]
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style></head><body>",
            f"<h1>{escape(info['title'])} API {escape(info['version'])}</h1>",
            f"<p>{_words(info['description'])}</p>",
            '<p>The same for programs: <a href="/docs/openapi.json">openapi.json</a>.</p>',
            f"<nav aria-label='Contents'>{''.join(contents)}<a href='#types'>Types</a></nav><main>",
            *(_call(name, call) for name, call in calls),
            '<h2 id="types">Types</h2>',
            *(_type(name, schema) for name, schema in sorted(schemas.items())),
            "</main></body></html>",
        ]
    )


def _call(name: str, call: dict[str, Any]) -> str:
    parts = [f'<h2 id="{call["operationId"]}"><code>{escape(name)}</code></h2>']
    parts.append(f"<p><strong>{escape(call['summary'])}.</strong> {_words(call['description'])}</p>")
    for media, content in call.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<p>Body: <code>{media}</code>, {_kind(content['schema'])}. For example:</p>")
        for example in content["examples"].values():
            log_fields = json.dumps(example["value"], ensure_ascii=False)
            parts.append(f"<pre>{escape(log_fields)}</pre>")
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

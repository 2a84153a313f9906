"""The OpenAPI document as markdown, for `docs/api.md`.

python -m gateway.api.docs.reference > docs/api.md        # make api-docs
"""

import inspect
import json
import re
import tempfile
from typing import Any

from gateway.api.docs.openapi import describe
from gateway.app import create_app
from gateway.errors import BY_CODE
from gateway.settings import Settings

_HEAD = """# API reference

Made from the OpenAPI document by `make api-docs`; a running gateway serves the same at `/docs`, with every field's
bounds, and at `/docs/openapi.json` for programs. Below, `?` marks an optional field and `=` its default.
"""
_ERRORS_FROM = 400
_CODE = re.compile(r"`(\w+)`:")


def to_markdown(document: dict[str, Any]) -> str:
    """Every call with its body, answers and error codes, then every type with its fields."""
    parts = [_HEAD, document["info"]["description"]]
    for path, calls in document["paths"].items():
        parts += [_call(f"{method.upper()} {path}", call) for method, call in calls.items()]
    parts += ["## Errors", _codes(), "## Types"]
    parts += [_type(name, schema) for name, schema in sorted(document["components"]["schemas"].items())]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _call(name: str, call: dict[str, Any]) -> str:
    lines = [f"## `{name}`", "", f"**{call['summary']}.** {_line(call['description'])}"]
    for media, content in call.get("requestBody", {}).get("content", {}).items():
        lines += ["", f"Body: {_kind(content['schema'])} as `{media}`, for example"]
        for example in content["examples"].values():
            lines += ["", "```json", json.dumps(example["value"], ensure_ascii=False), "```"]
    lines.append("")
    failures = []
    for status, answer in call["responses"].items():
        if int(status) >= _ERRORS_FROM and (codes := _CODE.findall(answer["description"])):
            failures.append(f"{status} " + " ".join(f"`{code}`" for code in codes))
            continue
        kinds = ", ".join(f"`{media}` {_kind(body['schema'])}" for media, body in answer["content"].items())
        lines.append(f"- {status}{f' ({kinds})' if kinds else ''}: {_line(answer['description'])}")
        lines += [
            f"  - `{header}`: {_line(about['description'])}"
            for header, about in answer.get("headers", {}).items()
        ]
    if failures:
        lines.append(f"- Errors: {', '.join(failures)}")
    return "\n".join(lines)


def _codes() -> str:
    """Every error once, by status."""
    log_fields = sorted(
        (kind.status, code, _line(inspect.getdoc(kind) or "")) for code, kind in BY_CODE.items()
    )
    return "\n".join(
        [
            "| code | status | |",
            "|---|---|---|",
            *(f"| `{code}` | {status} | {text} |" for status, code, text in log_fields),
        ]
    )


def _type(name: str, schema: dict[str, Any]) -> str:
    lines = [f"### {name}", "", _line(schema.get("description", "")), ""]
    required = schema.get("required", ())
    for field, about in schema.get("properties", {}).items():
        default = f" = `{json.dumps(about['default'])}`" if "default" in about else ""
        optional = "" if field in required or default else "?"
        lines.append(f"- `{field}`{optional} {_kind(about)}{default}: {_line(about['description'])}")
    return "\n".join(lines)


def _kind(schema: dict[str, Any]) -> str:
    """A schema in a few words, types linked."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_kind(option) for option in schema["anyOf"])
    if "contentSchema" in schema.get("properties", {}).get("data", {}):
        event = schema["properties"]
        return f"{_kind(event['event'])} {_kind(event['data']['contentSchema'])}"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("type", "anything"))


def _line(text: str) -> str:
    return " ".join(text.split())


def current_document() -> dict[str, Any]:
    """The document of a gateway with default settings."""
    with tempfile.TemporaryDirectory() as folder:
        return describe(create_app(Settings(cache_dir=folder)))


def main() -> None:
    print(to_markdown(current_document()), end="")


if __name__ == "__main__":
    main()

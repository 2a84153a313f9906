"""The types of the JavaScript client, written from the OpenAPI document.

python -m gateway.api.docs.typescript > clients/js/api.d.ts        # make api-docs
"""

import json
import re
from collections.abc import Iterable
from typing import Any

from gateway.api.docs.reference import current_document
from gateway.errors import BY_CODE

# what the client calls
CALLS = (
    *("POST /v1/scrape", "POST /v1/extract", "POST /v1/tokens", "POST /v1/batch", "POST /v1/crawl"),
    *("POST /v1/map", "POST /v1/search", "GET /v1/jobs", "GET /v1/jobs/{job_id}"),
    *("GET /v1/jobs/{job_id}/results", "GET /v1/models", "GET /health/ready"),
)
_HEAD = """// Written from the OpenAPI document by `make api-docs`; changes belong into gateway/wire.

/** Stable names of errors. */
export type ErrorCode =
{codes};"""
_REFERENCE = re.compile(r'"#/components/schemas/(\w+)"')
_KINDS = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}


def to_typescript(document: dict[str, Any]) -> str:
    """The types of the requests and answers of CALLS, and those that they are made of."""
    schemas = document["components"]["schemas"]
    names = sorted(_reached(schemas, (_call(document, name) for name in CALLS)))
    codes = "\n".join(f"  | {json.dumps(code)}" for code in sorted(BY_CODE))
    return (
        "\n\n".join([_HEAD.format(codes=codes), *(_interface(name, schemas[name]) for name in names)]) + "\n"
    )


def _call(document: dict[str, Any], name: str) -> Any:
    """Body and answers of a call; errors are the client's own class."""
    method, _, path = name.partition(" ")
    call = document["paths"][path][method.lower()]
    answers = [answer for status, answer in call["responses"].items() if status.startswith("2")]
    return [call.get("requestBody"), answers]


def _reached(schemas: dict[str, Any], roots: Iterable[Any]) -> set[str]:
    """Names of the schemas that `roots` refer to, directly or not."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        new = set(_REFERENCE.findall(json.dumps(waiting.pop()))) - found
        found |= new
        waiting += [schemas[name] for name in new]
    return found


def _interface(name: str, schema: dict[str, Any]) -> str:
    required = schema.get("required", ())
    lines = [_comment(schema["description"]), f"export interface {name} {{"]
    for field, about in schema.get("properties", {}).items():
        words, optional = about["description"], ""
        if field not in required:
            optional = "?"
            words += f" @default {json.dumps(about['default'])}" if "default" in about else ""
        lines += [f"  {_comment(words)}", f"  {field}{optional}: {_kind(about)};"]
    return "\n".join([*lines, "}"])


def _comment(words: str) -> str:
    return f"/** {words.replace('*/', '* /')} */"


def _kind(schema: dict[str, Any]) -> str:
    """A schema as a type; bounds are not part of it."""
    match schema:
        case {"$ref": str(reference)}:
            return reference.rpartition("/")[2]
        case {"anyOf": list(options)}:
            return " | ".join(dict.fromkeys(_kind(option) for option in options))
        case {"enum": list(values)}:
            return " | ".join(json.dumps(value) for value in values)
        case {"type": "array"}:
            return f"Array<{_kind(schema.get('items', {}))}>"
        case {"type": "object"}:
            values = schema.get("additionalProperties", {})
            return f"Record<string, {_kind(values if isinstance(values, dict) else {})}>"
        case {"type": str(name)}:
            return _KINDS[name]
    return "unknown"


def main() -> None:
    print(to_typescript(current_document()), end="")


if __name__ == "__main__":
    main()

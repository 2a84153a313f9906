"""The OpenAPI document: made of the types that the routes decode and encode, so that the two agree.

Paths, summaries and scopes come from the handlers, schemas and descriptions from the types; what neither has is
stated in `gateway.api.docs.operations`.
"""

from collections.abc import Iterable
from typing import Any, get_args, get_origin

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct, inspect

from gateway import __version__
from gateway.api.docs.operation import EVENTS, JSON, Operation
from gateway.api.docs.operations import OPERATIONS
from gateway.api.problems import TYPE_PREFIX
from gateway.errors import GatewayError
from gateway.wire import Problem

PROBLEM = "application/problem+json"


def describe(app: Litestar) -> dict[str, Any]:
    """The document of OPERATIONS as `app` serves them, OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Winnow", "version": __version__, "description": _INTRODUCTION},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "tags": [{"name": name, "description": words} for name, words in _TAGS.items()],
        "paths": _paths(app),
        "components": {"schemas": _schemas(), "securitySchemes": _SCHEMES},
    }


_INTRODUCTION = (
    "Web pages in, exactly counted markdown out, and a model at the end of the pipe. Units are in the names: "
    "`_s` seconds, `_ms` milliseconds, `_bytes`, `_tokens`. Unknown fields of a request are refused (not in "
    "the dialects of other services, whose clients send them), those of an answer are to be ignored. Agents find the "
    "same work at `/mcp` (Model Context Protocol)."
)
# of every route, in the order in which the reference lists them
_TAGS = {
    "pages": "One page",
    "jobs": "Many pages",
    "models": "Models, for clients of OpenAI and Anthropic too",
    "operation": "Operation",
    "firecrawl": "For clients of Firecrawl (v1: `/firecrawl/v1`)",
    "jina": "For clients of Jina Reader",
    "openwebui": "For Open WebUI",
}
_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key, where the gateway has any configured; `x-api-key` will do too.",
    }
}
_EVENT = {
    "type": "object",
    "description": "One event of the stream.",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
}


def routes_of(app: Litestar) -> Iterable[tuple[str, HTTPRouteHandler]]:
    """`METHOD /path` and handler of every route."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            for method in handler.http_methods if isinstance(handler, HTTPRouteHandler) else ():
                yield f"{method} {_plain(route.path_format)}", handler


def _plain(path: str) -> str:
    return path.replace(":path}", "}").replace(":str}", "}")


def _paths(app: Litestar) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    handlers = dict(routes_of(app))
    for name, operation in OPERATIONS.items():
        method, _, path = name.partition(" ")
        paths.setdefault(path, {})[method.lower()] = _operation(path, handlers[name], operation)
    return paths


def _operation(path: str, handler: HTTPRouteHandler, operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": handler.handler_name,
        "summary": handler.summary,
        "description": " ".join((handler.fn.__doc__ or "").split()),
        "tags": list(handler.tags or []),
        "responses": _responses(operation),
    }
    if handler.opt.get("open"):
        described["security"] = []
    elif access := handler.opt.get("access"):
        described["description"] += f" The key needs the scope `{access}`."
    if "{" in path:
        name = path.partition("{")[2].partition("}")[0]
        schema = {"type": "string", "minLength": 1}
        described["parameters"] = [{"name": name, "in": "path", "required": True, "schema": schema}]
    for name, schema in operation.query.items():
        words = schema["description"]
        parameter = {"name": name, "in": "query", "description": words, "schema": schema}
        described.setdefault("parameters", []).append(parameter)
    if operation.body is not None:
        examples = {name: {"value": value} for name, value in operation.examples.items()}
        content = {JSON: {"schema": _reference(operation.body), "examples": examples}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _responses(operation: Operation) -> dict[str, Any]:
    content = {
        media: {"schema": _events(operation.events) if media == EVENTS else _reference(kind)}
        for media, kind in operation.answers.items()
    }
    headers = {
        name: {"description": words, "schema": {"type": "string"}}
        for name, words in operation.headers.items()
    }
    responses: dict[str, Any] = {
        str(operation.status): {"description": "Done.", "content": content, "headers": headers}
    }
    for status, kind in operation.also.items():
        responses[str(status)] = {
            "description": "Not now.",
            "content": {JSON: {"schema": _reference(kind)}},
        }
    by_status: dict[int, list[type[GatewayError]]] = {}
    for error in operation.errors:
        status = operation.statuses.get(error.status, error.status)
        by_status.setdefault(status, []).append(error)
    for status in sorted(by_status):
        responses[str(status)] = _failure(by_status[status], failure=operation.failure)
    return responses


def _events(kinds: dict[str, type] | None) -> dict[str, Any]:
    """One event of a stream; its data are JSON in a text (JSON Schema 2020-12 Validation, 8.5)."""
    if kinds is None:
        return _EVENT
    described = []
    for name, kind in kinds.items():
        data = {"type": "string", "contentMediaType": JSON, "contentSchema": _reference(kind)}
        properties = {"event": {"enum": [name]}, "data": data}
        described.append({"type": "object", "properties": properties, "required": list(properties)})
    return {"anyOf": described}


def _failure(kinds: list[type[GatewayError]], *, failure: type | None) -> dict[str, Any]:
    words = "; ".join(f"`{kind.code}`: {(kind.__doc__ or '').splitlines()[0].rstrip('.')}" for kind in kinds)
    if failure:
        content = {JSON: {"schema": _reference(failure)}}
    else:
        examples = {kind.code: {"value": _example(kind)} for kind in kinds}
        content = {PROBLEM: {"schema": _reference(Problem), "examples": examples}}
    described: dict[str, Any] = {"description": words, "content": content}
    if kinds[0].status in (429, 503):
        schema = {"type": "string", "pattern": "^[0-9]+$"}
        described["headers"] = {
            "retry-after": {"description": "Seconds to wait, where known.", "schema": schema}
        }
    return described


def _example(kind: type[GatewayError]) -> dict[str, Any]:
    return {
        "type": TYPE_PREFIX + kind.code,
        "title": kind.title,
        "status": kind.status,
        "detail": (kind.__doc__ or "").splitlines()[0],
        "code": kind.code,
        "request_id": "3f1c9d0e5b7a4c12",
    }


def _reference(kind: Any) -> dict[str, Any]:
    """A type of an `Operation` as a schema: a struct, a list of one, or None for text."""
    if kind is None:
        return {"type": "string"}
    if get_origin(kind) is list:
        return {"type": "array", "items": _reference(get_args(kind)[0])}
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


def _kinds() -> list[type]:
    found: list[Any] = [Problem]
    for operation in OPERATIONS.values():
        kinds = (operation.body, *_answered(operation))
        found += [kind for kind in kinds if kind]
    return list(dict.fromkeys(found))


def _answered(operation: Operation) -> list[Any]:
    """The types of what an operation answers."""
    events = (operation.events or {}).values()
    kinds = (*operation.answers.values(), *operation.also.values(), operation.failure, *events)
    return [kind for kind in kinds if kind]


def _schemas() -> dict[str, Any]:
    kinds = _kinds()
    _, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    for schema in schemas.values():
        if "description" in schema:
            schema["description"] = " ".join(schema["description"].split())
        for about in schema.get("properties", {}).values():
            if list(about) == ["enum"]:
                # msgspec's own field, which tells the types of a union apart
                about["description"] = "Which of these it is."
    for name, optional in _always_sent().items():
        schema = schemas[name]
        sent = {*schema.get("required", ()), *optional}
        schema["required"] = [field for field in schema.get("properties", {}) if field in sent]
    return schemas


def _always_sent() -> dict[str, list[str]]:
    """Fields with a default that every answer has all the same, by type; a request may leave them out."""
    asked = _structs([operation.body for operation in OPERATIONS.values() if operation.body])
    answered = _structs([kind for operation in OPERATIONS.values() for kind in _answered(operation)])
    return {
        kind.__name__: [field.encode_name for field in fields if not field.required and _has_default(field)]
        for kind, fields in answered.items()
        if kind not in asked and not kind.__struct_config__.omit_defaults
    }


def _has_default(field: inspect.Field) -> bool:
    """Whether a field has a value where none is given; one that is unset has none."""
    return not field.default is field.default_factory is msgspec.NODEFAULT


def _structs(kinds: list[Any]) -> dict[type[Struct], tuple[inspect.Field, ...]]:
    """The structs that these types are made of, and their fields."""
    found: dict[type[Struct], tuple[inspect.Field, ...]] = {}
    waiting = list(inspect.multi_type_info(kinds))
    while waiting:
        match waiting.pop():
            case inspect.StructType(cls=kind, fields=fields) if kind not in found:
                found[kind] = fields
                waiting += [field.type for field in fields]
            case inspect.UnionType(types=types):
                waiting += types
            case inspect.Metadata(type=inner):
                waiting.append(inner)
            case inspect.ListType(item_type=item) | inspect.DictType(value_type=item):
                waiting.append(item)
    return found

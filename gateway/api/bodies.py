"""Request bodies, decoded strictly by their types: Litestar alone would take "5" for 5 and 0 for false."""

import asyncio
import re
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from litestar.types import Receive

from gateway.api.absent import FOR_FIRECRAWL_V1
from gateway.api.streaming import cancelled_on_disconnect
from gateway.core.http.json_body import decode_json
from gateway.core.tasks.base import Workers
from gateway.core.tasks.body import DecodeBody
from gateway.errors import InvalidRequest
from gateway.primitives.did_you_mean import did_you_mean

# takes about a millisecond
LONG_BYTES = 256 * 1024
# each is here some times over, as bytes on their way to the worker and back
_LONG_AT_ONCE = 2

T = TypeVar("T")
_FAULT = re.compile(r"(?P<message>.*?)(?: - at `\$\.?(?P<field>[^`]*)`)?", re.DOTALL)
_WRONG_CHOICE = re.compile(r"Invalid enum value '?(.*?)'?", re.DOTALL)
_UNKNOWN_KEY = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_STEP = re.compile(r"[^.\[\]]+|\[")
# of what the caller sent
_SHOWN_CHARACTERS = 60
# fields of Firecrawl's v1, whose clients meet the gateway's own routes where their base URL does not end in /firecrawl
_OF_FIRECRAWL = frozenset(
    "excludePaths excludeTags formats includePaths includeTags integration jsonOptions maxDepth onlyMainContent origin "
    "pageOptions scrapeOptions".split()
)


class Bodies:
    """Decodes bodies: long ones in a worker.

    Args:
        workers: run what may take long.
    """

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._places = asyncio.Semaphore(_LONG_AT_ONCE)

    async def decode(self, body: bytes, kind: type[T]) -> T:
        """A JSON body as `kind`.

        Raises:
            InvalidRequest: it is no JSON, of too many values, or not of this type; names the field at fault and what
                would do.
        """
        value = decode_json(body) if len(body) <= LONG_BYTES else await self._decode_long(body)
        return to_kind(value, kind)

    async def decode_fields(
        self, body: bytes, kind: type[T], *, receive: Receive
    ) -> tuple[dict[str, Any], T]:
        """A JSON body as it came, where what its type does not name can be looked up, and as `kind`.

        Raises:
            InvalidRequest: as `decode` does.
            ClientDisconnected: by what `receive` says, before a long body was decoded.
        """
        if len(body) <= LONG_BYTES:
            fields = decode_json(body)
        else:
            async with cancelled_on_disconnect(receive):
                fields = await self._decode_long(body)
        return fields, to_kind(fields, kind)

    async def _decode_long(self, body: bytes) -> Any:
        async with self._places:
            packed = await self._workers.run(DecodeBody(body=body))
        return msgspec.msgpack.decode(packed)


def to_kind(value: Any, kind: type[T]) -> T:
    """Decoded JSON as `kind`. Raises InvalidRequest as `Bodies.decode` does."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as exc:
        fault = _FAULT.fullmatch(str(exc))
        # it matches anything
        assert fault is not None
        field = fault["field"] or ""
        message = _explain(fault["message"], _type_at(kind, field))
        is_unknown = _UNKNOWN_KEY.fullmatch(fault["message"]) is not None
        if is_unknown and isinstance(value, dict) and not _OF_FIRECRAWL.isdisjoint(value):
            end = "" if message.endswith("?") else ";"
            message = f"{message}{end} {FOR_FIRECRAWL_V1}"
            raise InvalidRequest(message, service="firecrawl") from exc
        if field:
            raise InvalidRequest(f"{field}: {message}", field=field) from exc
        raise InvalidRequest(message) from exc


def checked(value: T) -> T:
    """A struct whose constructor was called, which checks no bounds. Raises InvalidRequest as `Bodies.decode` does."""
    return to_kind(msgspec.to_builtins(value), type(value))


def text_at(value: dict[str, Any], name: str, field: str) -> str:
    """The text that an object of a body has under a name. Raises InvalidRequest, by the object's place `field`."""
    if not isinstance(found := value.get(name), str):
        raise InvalidRequest(f"{field}.{name}: is no text", field=f"{field}.{name}")
    return found


def _explain(message: str, kind: Any) -> str:
    """msgspec's message, with the values or names to choose from where there are some."""
    if (wrong := _WRONG_CHOICE.fullmatch(message)) and get_origin(kind) is Literal:
        choices = [str(choice) for choice in get_args(kind)]
        return f"'{_cut(wrong[1])}' is not one of {', '.join(choices)}{did_you_mean(wrong[1], choices)}"
    if (unknown := _UNKNOWN_KEY.fullmatch(message)) and hasattr(kind, "__struct_encode_fields__"):
        known = kind.__struct_encode_fields__
        log_fields = f"unknown field `{_cut(unknown[1])}`"
        return f"{log_fields}{did_you_mean(unknown[1], known) or '; there are ' + ', '.join(known)}"
    return message


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _type_at(kind: Any, field: str) -> Any:
    """The type of a nested field, named as msgspec does: `scrape.include[0]`; None where a name leads nowhere."""
    for step in _STEP.findall(field):
        if step == "[":
            # into a list or a map; the index after it changes nothing
            kind = (get_args(kind) or [None])[-1]
        elif hasattr(kind, "__struct_encode_fields__"):
            names = dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))
            kind = _without_none(get_type_hints(kind).get(names.get(step, "")))
    return kind


def _without_none(kind: Any) -> Any:
    """`X | None` as X."""
    options = [option for option in get_args(kind) if option is not type(None)]
    return options[0] if type(None) in get_args(kind) and len(options) == 1 else kind

"""Request bodies, read as their types say: Litestar alone would take "5" for 5 and 0 for false."""

from functools import cache
from typing import Any, TypeVar

import msgspec

from gateway.errors import InvalidRequest

T = TypeVar("T", bound=msgspec.Struct)


def decode_body(body: bytes, kind: type[T]) -> T:
    """A JSON body as `kind`.

    Raises:
        InvalidRequest: it is no JSON, or not of this type; names the field at fault.
    """
    try:
        decoded: T = _decoder(kind).decode(body)
    except msgspec.ValidationError as exc:
        message, _, path = str(exc).partition(" - at `")
        field = path.rstrip("`").removeprefix("$").removeprefix(".")
        if field:
            raise InvalidRequest(f"{field}: {message}", field=field) from exc
        raise InvalidRequest(message) from exc
    except msgspec.DecodeError as exc:
        raise InvalidRequest(f"the body is not valid JSON: {exc}") from exc
    return decoded


@cache
def _decoder(kind: Any) -> Any:
    return msgspec.json.Decoder(kind)

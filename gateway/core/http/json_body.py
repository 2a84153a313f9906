"""A JSON body as plain values, of which there may be so many: counted before the first of them is built."""

import re
from itertools import islice
from typing import Any

import msgspec

from gateway.errors import InvalidRequest

# and names: of a small list each costs 60 bytes and more, for the 3 that it is sent in
MAX_VALUES = 100_000
# a text, the beginning of a list or an object, or any other; possessive, so that nothing is looked at twice
_VALUE = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]|[^\s\[\]{},:"]++', re.DOTALL)


def decode_json(body: bytes) -> Any:
    """What a body says, in dicts, lists, texts and numbers.

    Raises:
        InvalidRequest: it is no JSON, or of more than MAX_VALUES values and names.
    """
    if not body:
        raise InvalidRequest("the body is empty: send a JSON object")
    if has_more_values(body, than=MAX_VALUES):
        raise InvalidRequest(f"the body has more than {MAX_VALUES} values and names; send it in parts")
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as exc:
        raise InvalidRequest(f"the body is not valid JSON: {exc}") from exc
    except UnicodeDecodeError as exc:
        raise InvalidRequest("the JSON is not valid UTF-8") from exc
    except RecursionError as exc:
        raise InvalidRequest("the JSON is nested too deeply") from exc


def has_more_values(body: bytes, *, than: int) -> bool:
    """Whether a decoder of `body` would build more values and names than that."""
    if len(body) <= than:
        # each takes a byte at least
        return False
    # each but the first follows one of these, which texts may hold too: then it is counted exactly
    if sum(map(body.count, (b",", b":", b"[", b"{"))) < than:
        return False
    return next(islice(_VALUE.finditer(body), than, None), None) is not None

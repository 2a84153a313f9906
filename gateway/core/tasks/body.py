"""Decoding the body of a request: building what it says takes time and memory, and nothing can stop a decoder."""

from typing import ClassVar

import msgspec

from gateway.core.http.json_body import decode_json
from gateway.core.tasks.base import Task
from gateway.errors import InvalidRequest


class DecodeBody(Task[bytes], kw_only=True, frozen=True):
    """What a JSON body says, as msgpack: few values, as counted, and each whole."""

    doing: ClassVar[str] = "decoding the request's body"

    body: bytes

    def run(self) -> bytes:
        try:
            return msgspec.msgpack.encode(decode_json(self.body))
        except OverflowError as exc:
            raise InvalidRequest("a whole number in the body has more than 64 bits") from exc

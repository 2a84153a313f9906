"""OpenAI's `chat.completion.chunk`, for answers that carry more than text: log probabilities."""

import secrets
import time
from typing import Any

import msgspec

from backends.local.messages import Piece


class Chunks:
    """Writes the chunks of one answer, all with the same id."""

    def __init__(self, model: str) -> None:
        self._head = {
            "id": f"chatcmpl-{secrets.token_hex(12)}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": model,
        }

    def chunk(self, piece: Piece) -> bytes:
        return self._encode({"content": piece.text}, logprobs={"content": piece.logprobs}, finish_reason=None)

    def last(self, reason: str) -> bytes:
        return self._encode({}, logprobs=None, finish_reason=reason)

    def _encode(self, delta: dict[str, Any], **choice: Any) -> bytes:
        return msgspec.json.encode(self._head | {"choices": [{"index": 0, "delta": delta} | choice]})

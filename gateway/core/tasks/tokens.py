"""Counting tokens, and reading them: a hostile text can take seconds."""

from typing import Any, ClassVar

import msgspec

from gateway.core.tasks.base import Task
from gateway.core.tokens.counters import count_messages, decode_tokens, get_counter
from gateway.core.tokens.tokenizer import Tokenizer
from gateway.errors import InvalidRequest
from gateway.wire import ChatMessage


class CountTokens(Task[int], kw_only=True, frozen=True):
    """Count the tokens of a text, or of a conversation with what the chat format adds."""

    doing: ClassVar[str] = "counting the tokens"

    tokenizer: Tokenizer
    text: str | None = None
    messages: list[ChatMessage] | None = None

    def run(self) -> int:
        count = get_counter(self.tokenizer)
        return count_messages(self.messages, count) if self.messages is not None else count(self.text or "")


class DecodeTokens(Task[list[str]], kw_only=True, frozen=True):
    """The texts of what OpenAI takes as the input of embeddings: texts, lists of tokens, or the tokens of one text."""

    doing: ClassVar[str] = "reading the tokens"

    # an encoding of this gateway
    tokenizer: str
    input: list[Any]

    def run(self) -> list[str]:
        given = [self.input] if all(isinstance(each, int) for each in self.input) else self.input
        try:
            texts = msgspec.convert(given, list[str | list[int]])
            return [
                text if isinstance(text, str) else decode_tokens(text, tokenizer=self.tokenizer)
                for text in texts
            ]
        except (msgspec.ValidationError, InvalidRequest) as exc:
            raise InvalidRequest(f"input: is neither texts nor tokens: {exc}", field="input") from exc

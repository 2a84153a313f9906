"""Counting tokens: a hostile text can take seconds."""

from typing import ClassVar

from gateway.core.tasks.base import Task
from gateway.core.tokens.counters import count_messages, get_counter
from gateway.core.tokens.tokenizer import Tokenizer
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

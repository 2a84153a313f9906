"""One request on its way through the scheduler."""

import time
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from msgspec import Struct

from backends.local.messages import Finished, Piece
from backends.local.native import Tokens
from backends.local.sampling import Sampler
from backends.local.text import TextStream


class Ticket:
    """A request's number and whether it was cancelled; shared by its attempts and by every thread."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.cancelled = False


class Spent(Struct, kw_only=True):
    """Tokens of earlier attempts at the same request."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0


class Job:
    """A prompt, how to go on from it, and how far it got.

    `tokens[:length]` are known: the prompt and what was chosen since. `tokens[:computed]` are in the KV
    cache.
    """

    def __init__(
        self,
        ticket: Ticket,
        prompt: list[int],
        *,
        limit: int,
        sampler: Sampler,
        stop: list[str],
        tenant: str = "",
        warnings: list[dict[str, str]] | None = None,
        review: "Callable[[Job], None] | None" = None,
        spent: Spent | None = None,
    ) -> None:
        self.id, self.tenant, self.limit, self.sampler = ticket.number, tenant, limit, sampler
        self._ticket = ticket
        self.prompt: Tokens = np.asarray(prompt, np.int32)
        self.tokens: Tokens = np.empty(len(prompt) + limit, np.int32)
        self.tokens[: len(prompt)] = self.prompt
        self.length = len(prompt)
        self.computed = self.cached = 0
        self.sequence = -1
        self.output_tokens = 0
        self.reason: Literal["stop", "length"] | None = None
        self.review, self.spent = review, spent or Spent()
        self.warnings = warnings or []
        self.arrived_at = self.admitted_at = time.monotonic()
        self._text = TextStream(stop)
        self._said = ""
        self._has_begun = False
        self._logprobs: list[dict[str, Any]] = []

    @property
    def cancelled(self) -> bool:
        return self._ticket.cancelled

    @property
    def remaining(self) -> int:
        """Known tokens that are not computed yet; one means: the next step chooses a token."""
        return self.length - self.computed

    @property
    def prefilling(self) -> bool:
        return self.computed < len(self.prompt) or self.remaining > 1

    def upcoming(self, count: int) -> Tokens:
        return self.tokens[self.computed : self.computed + count]

    def say(self, token: int, data: bytes, logprob: dict[str, Any] | None) -> None:
        """Take a chosen token; sets `reason` when it is the last."""
        self._said += self._text.feed(data)
        self.output_tokens += 1
        if logprob:
            self._logprobs.append(logprob)
        if self._text.stopped:
            self.reason = "stop"
        elif self.output_tokens >= self.limit:
            self.reason = "length"
        else:
            self.tokens[self.length] = token
            self.length += 1

    def end_without_candidate(self) -> None:
        """No token is left: the grammar's end, or a bias or a limit of the grammar in the middle of the answer."""
        self.reason = "stop"
        if self.sampler.guide and not self.sampler.guide.may_end:
            why = self.sampler.guide.fault or "a bias banned what the schema needs"
            self.warnings.append({"code": "schema_violated", "message": f"the answer is not whole: {why}"})

    def take_piece(self) -> Piece | None:
        """Text that became final since the last time; none while an answer is held for review."""
        if self.reason:
            self._said += self._text.close()
        if self.review or not self._said:
            return None
        piece = Piece(self.id, self._said, self._logprobs)
        self._said, self._logprobs = "", []
        self._has_begun = True
        return piece

    @property
    def is_to_begin(self) -> bool:
        """Whether nothing was given to whoever waits for its words as they come."""
        return not (self._has_begun or self.review)

    def release_held(self) -> Piece | None:
        """The whole held answer, once its review is over."""
        self.review = None
        return self.take_piece()

    @property
    def held_text(self) -> str:
        return self._said

    def finished(self) -> Finished:
        return Finished(
            id=self.id,
            reason=self.reason or "stop",
            input_tokens=self.spent.input_tokens + len(self.prompt),
            cached_input_tokens=self.spent.cached_tokens + self.cached,
            output_tokens=self.spent.output_tokens + self.output_tokens,
            queue_ms=(self.admitted_at - self.arrived_at) * 1000,
            warnings=self.warnings,
        )

    def close(self) -> None:
        self.sampler.close()

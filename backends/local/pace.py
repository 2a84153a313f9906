"""How many prompt tokens a step computes: enough to be efficient, few enough that nobody waits long. Pure."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

STEP_TARGET_S = 0.15
MIN_CHUNK_TOKENS = 16
_STRIDE = 16
_SMOOTHING = 0.3


class Prefill(Protocol):
    """A prompt being computed."""

    admitted_at: float

    @property
    def remaining(self) -> int: ...


P = TypeVar("P", bound=Prefill)


class Pace:
    """Learns what a token costs here and shares a step's room among prompts."""

    def __init__(self, max_tokens: int) -> None:
        self._max_tokens = max_tokens
        self._token_s: float | None = None

    def learn(self, tokens: int, elapsed_s: float) -> None:
        if tokens < MIN_CHUNK_TOKENS:
            return  # reading the weights once dominates: says nothing about a larger batch
        cost = elapsed_s / tokens
        self._token_s = cost if self._token_s is None else self._token_s + _SMOOTHING * (cost - self._token_s)

    def chunk_tokens(self) -> int:
        """Prompt tokens a step may hold, so that it takes about STEP_TARGET_S."""
        if not self._token_s:
            return min(4 * MIN_CHUNK_TOKENS, self._max_tokens)
        fitting = int(STEP_TARGET_S / self._token_s) // _STRIDE * _STRIDE
        return max(MIN_CHUNK_TOKENS, min(self._max_tokens, fitting))

    def share(self, prompts: Sequence[P], *, beside: int) -> list[tuple[P, int]]:
        """Half of the room to the oldest prompt, so that none starves; the rest to the nearest to its end.

        Args:
            prompts: those not yet computed to their end.
            beside: tokens the batch already holds.
        """
        room = min(self.chunk_tokens(), self._max_tokens - beside)
        if not prompts or room <= 0:
            return []
        oldest = min(prompts, key=lambda p: p.admitted_at)
        shares = {id(oldest): min(oldest.remaining, room if len(prompts) == 1 else -(-room // 2))}
        room -= shares[id(oldest)]
        for prompt in sorted(prompts, key=lambda p: p.remaining):
            more = min(prompt.remaining - shares.get(id(prompt), 0), room)
            if more > 0:
                shares[id(prompt)] = shares.get(id(prompt), 0) + more
                room -= more
        return [(prompt, shares[id(prompt)]) for prompt in prompts if id(prompt) in shares]

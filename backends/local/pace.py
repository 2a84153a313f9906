"""How many prompt tokens a step computes: enough to be efficient, few enough for short gaps. Pure.

llama.cpp computes sequences of unequal length in passes of their own, each reading all weights once. So a
step takes one long slice of one prompt, not a little of each, and never leaves a small rest.
"""

from collections.abc import Sequence
from typing import Protocol, TypeVar

# What a prompt may add to the gap that others see while they decode, and how long a cancelled one may keep its place.
# Shorter steps make every prompt wait for more of the others': at 0.15 s the last of eight at once began 1.15 times as
# late as with all in one batch, against 1.08 times, and one beside seven that decode twice as late.
STEP_TARGET_S = 0.25
# fewer are computed at a worse price a token
SLICE_TOKENS = 32
# a prompt this much longer than a slice is computed whole
STRETCH = 1.5
_SMOOTHING = 0.3


class Prompt(Protocol):
    """A prompt being computed."""

    admitted_at: float

    @property
    def remaining(self) -> int: ...


P = TypeVar("P", bound=Prompt)


class Pace:
    """Measures what a prompt's token costs and shares a step's room among prompts.

    Args:
        max_tokens: of a batch.
        token_s: a first guess of a token's cost, from the probe at start.
    """

    def __init__(self, max_tokens: int, token_s: float) -> None:
        self._max_tokens = max_tokens
        self._token_s = token_s
        self._decode_s = 0.0
        self._oldest_next = True

    def learn(self, elapsed_s: float, *, prompt_tokens: int, decoding: int) -> None:
        """Take note of a step. `elapsed_s` is computing time: time spent waiting on a busy machine is not counted."""
        if not prompt_tokens:
            self._decode_s = elapsed_s
        elif prompt_tokens >= SLICE_TOKENS:
            own_s = max(0.0, elapsed_s - (self._decode_s if decoding else 0.0))
            self._token_s += _SMOOTHING * (own_s / prompt_tokens - self._token_s)

    def room_tokens(self, *, decoding: int) -> int:
        """Prompt tokens a step may hold beside so many decoding sequences."""
        affordable = int(STEP_TARGET_S / self._token_s) if self._token_s else self._max_tokens
        return min(max(SLICE_TOKENS, affordable), self._max_tokens - decoding)

    def share(self, prompts: Sequence[P], *, decoding: int) -> list[tuple[P, int]]:
        """Slices for this step: the oldest prompt and the one nearest its end take turns to be first."""
        room = self.room_tokens(decoding=decoding)
        order = sorted(prompts, key=lambda p: p.remaining)
        if self._oldest_next and order:
            oldest = min(order, key=lambda p: p.admitted_at)
            order.sort(key=lambda p: p is not oldest)
        self._oldest_next = not self._oldest_next
        slices: list[tuple[P, int]] = []
        for prompt in order:
            if slices and room < min(SLICE_TOKENS, prompt.remaining):
                break
            limit = room if slices else min(int(room * STRETCH), self._max_tokens - decoding)
            count = prompt.remaining if prompt.remaining <= limit else room
            slices.append((prompt, count))
            room -= count
        return slices

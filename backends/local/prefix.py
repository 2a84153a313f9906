"""Which sequence a new prompt goes to, and how much of it is already computed. Pure bookkeeping: no
llama.cpp here.

A sequence keeps its tokens when its request is done. The next prompt takes over the longest common prefix,
from an idle sequence or from a running one, and only the rest is computed. Least recently used is
overwritten first.
"""

from collections.abc import Iterable

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Tokens = NDArray[np.int32]

# less is computed faster than its sequence is copied
MIN_COPY_TOKENS = 16
# a prompt waits for another's prefill only to save this much
MIN_WAIT_TOKENS = 64


class Placement(Struct, frozen=True, kw_only=True):
    """Where a prompt goes: copy `copy_from` if given, then keep `keep` tokens; `evicted` are emptied."""

    sequence: int
    keep: int
    copy_from: int | None = None
    evicted: list[int] = []


class _Sequence:
    def __init__(self, number: int, capacity: int) -> None:
        self.number = number
        self.tokens: Tokens = np.empty(capacity, np.int32)
        # computed, so in the KV cache
        self.length = 0
        # the prompt's end while it is being computed
        self.planned = 0
        # cells this request may come to fill
        self.reserved = 0
        self.busy = False
        self.used_at = 0
        self.owner = ""

    def computed(self) -> Tokens:
        return self.tokens[: self.length]


class PrefixStore:
    """Bookkeeping of the KV cache's sequences.

    Args:
        sequences: how many there are.
        capacity: tokens one sequence can hold.
        cells: tokens all of them can hold together.
        rewinds: whether a sequence can be cut back to a prefix; a recurrent model's cannot.
    """

    def __init__(self, *, sequences: int, capacity: int, cells: int, rewinds: bool = True) -> None:
        self._sequences = [_Sequence(number, capacity) for number in range(sequences)]
        self._cells, self._rewinds = cells, rewinds
        self._clock = 0

    @property
    def cells_used(self) -> int:
        return sum(sequence.length for sequence in self._sequences)

    def worth_waiting(self, prompt: Tokens, *, owner: str = "") -> bool:
        """A running request is about to compute much more of this prompt than anything holds now."""
        own = [s for s in self._sequences if s.owner == owner and self._rewinds]
        now = max((common_prefix(prompt, s.computed()) for s in own), default=0)
        coming = max((common_prefix(prompt, s.tokens[: s.planned]) for s in own if s.busy), default=0)
        return coming - now >= MIN_WAIT_TOKENS

    def place(self, prompt: Tokens, *, reserve: int, owner: str = "") -> Placement | None:
        """Choose and take a sequence; None while no sequence or too few cells are free.

        Args:
            prompt: at least one token; the last is never reused, since its output is what is wanted.
            reserve: tokens the answer may take.
            owner: whose prompt it is; what others left is overwritten, never continued, since how much was
                reused tells what they sent.
        """
        idle = sorted((s for s in self._sequences if not s.busy), key=lambda s: (s.length > 0, s.used_at))
        need = len(prompt) + reserve
        if not idle or self._reserved() + need > self._cells:
            return None
        best, shared = self._best_match(prompt, owner)
        # the one to be overwritten next
        target = idle[0]
        own = self._shared(prompt, target, owner)
        # taking over a sequence loses what follows the shared prefix, so a barely similar one is copied from
        if not best.busy and (shared * 2 >= best.length or len(idle) == 1):
            target = best
        elif shared - own < MIN_COPY_TOKENS:
            best, shared = target, own
        evicted = self._evict(need, spare=(target, best))
        if self._resident(target) + need > self._cells and not best.busy:
            # no room for a copy and its source: the source itself
            target.length = 0
            target, evicted = best, [*evicted, target.number]
        placement = Placement(
            sequence=target.number,
            keep=shared,
            copy_from=best.number if target is not best and shared else None,
            evicted=evicted,
        )
        target.tokens[: len(prompt)] = prompt
        target.length, target.planned, target.reserved, target.busy = shared, len(prompt), need, True
        target.owner = owner
        self._touch(target)
        self._touch(best)
        return placement

    def reused_nothing(self, sequence: int) -> None:
        """The prefix turned out not to be there: the whole prompt is to be computed."""
        self._sequences[sequence].length = 0

    def append(self, sequence: int, tokens: Tokens) -> None:
        """These tokens are in the KV cache now, after those before."""
        entry = self._sequences[sequence]
        entry.tokens[entry.length : entry.length + len(tokens)] = tokens
        entry.length += len(tokens)

    def release(self, sequence: int) -> None:
        """The request is done; what it computed stays for the next."""
        entry = self._sequences[sequence]
        entry.busy, entry.planned, entry.reserved = False, 0, 0
        self._touch(entry)

    def forget(self, sequence: int) -> None:
        """Mark the sequence as empty."""
        self._sequences[sequence].length = 0

    def evict_idle(self) -> list[int]:
        """Give up every idle sequence: the KV cache had no slot for a batch."""
        idle = [s.number for s in self._sequences if not s.busy and s.length]
        for number in idle:
            self.forget(number)
        return idle

    def _best_match(self, prompt: Tokens, owner: str) -> tuple[_Sequence, int]:
        scored = [(self._shared(prompt, s, owner), s) for s in self._sequences]
        shared, best = max(scored, key=lambda pair: (pair[0], not pair[1].busy, -pair[1].used_at))
        return best, shared

    def _shared(self, prompt: Tokens, sequence: _Sequence, owner: str) -> int:
        """Tokens of the prompt that need not be computed, were it to take over this sequence."""
        if not self._rewinds or sequence.owner != owner:
            return 0
        return min(common_prefix(prompt, sequence.computed()), len(prompt) - 1)

    def _reserved(self) -> int:
        return sum(s.reserved for s in self._sequences if s.busy)

    def _resident(self, but: _Sequence) -> int:
        """Cells that other sequences hold or have reserved."""
        return sum(s.reserved if s.busy else s.length for s in self._sequences if s is not but)

    def _evict(self, need: int, *, spare: Iterable[_Sequence]) -> list[int]:
        spared = {s.number for s in spare}
        target = next(iter(spare))
        evicted = []
        for entry in sorted(self._sequences, key=lambda s: s.used_at):
            if self._resident(target) + need <= self._cells:
                break
            if not entry.busy and entry.length and entry.number not in spared:
                entry.length = 0
                evicted.append(entry.number)
        return evicted

    def _touch(self, entry: _Sequence) -> None:
        self._clock += 1
        entry.used_at = self._clock


def common_prefix(left: Tokens, right: Tokens) -> int:
    """How many leading tokens are equal."""
    length = min(len(left), len(right))
    if not length:
        return 0
    different = left[:length] != right[:length]
    first = int(different.argmax())
    return first if different[first] else length

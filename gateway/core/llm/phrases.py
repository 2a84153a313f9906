"""Where many phrases stand in long texts: all of them looked for in one pass over the texts' words.

Aho and Corasick, "Efficient string matching" (1975), over words instead of characters. Time is linear in the
phrases' words plus the texts' words, whatever repeats in them: neither how often a text says the same, nor how
far a phrase that stands nowhere agrees with it, costs more.
"""

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from gateway.core.text.words import Span

# of phrases that end in one another, listed for each of them
MOST_PLACES = 2_000_000
# of the phrases of one pass: memory for each of them is about 150 bytes
MOST_WORDS = 500_000
# between texts
_NO_WORD = 0
_NOWHERE = array("I")


class Piece(Struct, frozen=True):
    """Some words of a text in order, and the offsets of their characters."""

    words: Sequence[str]
    starts: Iterable[int]
    ends: Iterable[int]


class Phrases:
    """Texts, and where phrases stand in them.

    Args:
        texts: in pieces; offsets rise from text to text.
        phrases: words of each; known by its number in this order. One without words stands nowhere.
        most_places, most_words: see above; beyond the first only the first place of a phrase is known.
    """

    def __init__(
        self,
        texts: Iterable[Iterable[Piece]],
        phrases: Iterable[Iterable[str]],
        *,
        most_places: int = MOST_PLACES,
        most_words: int = MOST_WORDS,
    ) -> None:
        numbers: defaultdict[str, int] = defaultdict()
        numbers[""] = _NO_WORD
        numbers.default_factory = numbers.__len__
        self._row, self._starts, self._ends = array("I"), array("I"), array("I")
        for text in texts:
            for piece in text:
                self._row.extend(map(numbers.__getitem__, piece.words))
                self._starts.extend(piece.starts)
                self._ends.extend(piece.ends)
            self._row.append(_NO_WORD)
            self._starts.append(self._ends[-1] if self._ends else 0)
            self._ends.append(self._starts[-1])
        numbers.default_factory = None
        self._sizes = array("I")
        self._found: list[tuple[_Pass, int]] = []
        coded = (array("I", [numbers.get(word, _NO_WORD) for word in phrase]) for phrase in phrases)
        known = (phrase if _NO_WORD not in phrase else _NOWHERE for phrase in coded)
        for some in _batches(known, most_words):
            found = _Pass(some, self._row, len(numbers), most_places)
            self._sizes.extend(map(len, some))
            self._found += [(found, node) for node in found.nodes]

    def within(self, phrase: int, low: int, high: int) -> Iterator[Span]:
        """The places of a phrase that begin at or behind one offset and before another, in order."""
        found, node = self._found[phrase]
        places = found.places(node)
        if not places:
            return
        # its last word
        before = self._sizes[phrase] - 1
        first = bisect_left(places, bisect_left(self._starts, low) + before)
        for index in range(first, len(places)):
            start = self._starts[places[index] - before]
            if start >= high:
                return
            yield Span(start, self._ends[places[index]])


class _Pass:
    """One pass over a row of words: where each of some phrases ends."""

    def __init__(
        self, phrases: Sequence["array[int]"], row: "array[int]", vocabulary: int, most_places: int
    ) -> None:
        self._left = most_places
        # odd: the keys below spread over a table whose size is a power of two
        base = vocabulary | 1
        # node * base + word -> the node behind it, of the tree of all phrases
        steps: dict[int, int] = {}
        # the same for node 0, where all begin
        roots = [0] * vocabulary
        parents, last, depths = array("I", [0]), array("I", [0]), array("I", [0])
        # where each phrase ends; 0 where it has no words
        self.nodes = array("I")
        for phrase in phrases:
            node = 0
            for depth, word in enumerate(phrase, 1):
                following = steps.get(node * base + word, 0) if node else roots[word]
                if not following:
                    following = len(parents)
                    if node:
                        steps[node * base + word] = following
                    else:
                        roots[word] = following
                    parents.append(node)
                    last.append(word)
                    depths.append(depth)
                node = following
            self.nodes.append(node)
        is_end = bytearray(len(parents))
        for node in self.nodes:
            is_end[node] = node > 0
        # the longest end of a node's words that begins a phrase
        suffixes = array("I", parents)
        # the longest phrase that ends a node's words
        longest = array("I", parents)
        step_from = steps.get
        by_depth = sorted(range(len(parents)), key=depths.__getitem__)
        for node in by_depth:
            suffix = parents[node]
            if suffix:
                word = last[node]
                suffix = suffixes[suffix]
                while suffix and not step_from(suffix * base + word):
                    suffix = suffixes[suffix]
                suffix = steps[suffix * base + word] if suffix else roots[word]
            suffixes[node] = suffix
            longest[node] = node if is_end[node] else longest[suffix]
        # by longest phrase ending there
        self._found: dict[int, array[int]] = defaultdict(lambda: array("I"))
        node = 0
        for place, word in enumerate(row):
            while node:
                if step := step_from(node * base + word):
                    node = step
                    break
                node = suffixes[node]
            else:
                node = roots[word]
            if ending := longest[node]:
                self._found[ending].append(place)
        # of every phrase that stands anywhere: how often, where first, and which longer ones it ends
        self._counts: dict[int, int] = {}
        self._firsts: dict[int, int] = {}
        self._longer: dict[int, list[int]] = {}
        for node in reversed(by_depth):
            if is_end[node]:
                own = self._found.get(node, _NOWHERE)
                longer = self._longer.get(node, [])
                if own or longer:
                    self._counts[node] = len(own) + sum([self._counts[each] for each in longer])
                    self._firsts[node] = min([*own[:1], *(self._firsts[each] for each in longer)])
                    self._longer.setdefault(longest[suffixes[node]], []).append(node)
        self._places: dict[int, array[int]] = {}

    def places(self, node: int) -> "array[int]":
        """Where the last words of a phrase stand, ascending."""
        if node not in self._counts:
            return _NOWHERE
        if node not in self._places:
            self._places[node] = self._gather(node)
        return self._places[node]

    def _gather(self, node: int) -> "array[int]":
        if node not in self._longer:
            return self._found[node]
        if self._counts[node] > self._left:
            return array("I", [self._firsts[node]])
        self._left -= self._counts[node]
        gathered, pending = array("I"), [node]
        while pending:
            each = pending.pop()
            gathered += self._found.get(each, _NOWHERE)
            pending += self._longer.get(each, [])
        return array("I", sorted(gathered))


def _batches(phrases: Iterable["array[int]"], most_words: int) -> Iterator[list["array[int]"]]:
    """Phrases in order, in lists of at most so many words, or of one phrase."""
    batch: list[array[int]] = []
    size = 0
    for phrase in phrases:
        if batch and size + len(phrase) > most_words:
            yield batch
            batch, size = [], 0
        batch.append(phrase)
        size += len(phrase)
    if batch:
        yield batch

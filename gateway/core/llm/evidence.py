"""Where a page states the values a model gave: a quote and its offsets for every leaf of the data.

All leaves are looked for together, in one pass over the sources for texts as they stand, one for their words,
one for numbers and one for dates: the cost is linear in sources and data. Text matches whole words, whatever
the case, white space, punctuation and link targets between them; numbers match by value (1,299.00 = 1299),
money by value and currency ($1,299 = 1299 USD), dates by the day they name (3 May 2024 = 2024-05-03). What
merely means the same is not evidence.
"""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from itertools import accumulate, islice
from typing import Any, NamedTuple

from gateway.core.json_schema.pointer import escape
from gateway.core.llm.phrases import Phrases, Piece
from gateway.core.text.dates import Date, find_dates, read_moments
from gateway.core.text.numbers import CURRENCIES, QUANTITY_CHARS, find_numbers, read_quantity
from gateway.core.text.words import UNSPACED, Span, words_of
from gateway.wire import Evidence

# places of one value that are looked at more closely
_TRIES = 16
# characters from the end of a date to the end of the time of day that belongs to it
_CLOCK_DISTANCE = 40
# behind a match these make it part of a longer address
_ADDRESS_TAIL = frozenset("/?#&=%-_~+@:")
# of a text read at a time
_PIECE_CHARS = 1 << 16
_PIECE_WORDS = 1 << 14

_DIGIT = re.compile(r"\d")
# letters and digits that are one word
_RUN = re.compile(rf"[^\W_{UNSPACED}]*+")
_TOKEN = re.compile(rf"[^\W_{UNSPACED}]++|.", re.DOTALL)

# the first place from one offset on that begins before another
Find = Callable[[int, int], Span | None]


class Leaf(NamedTuple):
    """A value of the data that holds no other, and its JSON Pointer (RFC 6901).

    It stands in `depth` containers; the outermost `shared` of them hold the leaf before it too.
    """

    path: str
    value: Any
    depth: int
    shared: int


class _Places:
    """Where one thing stands, in order."""

    def __init__(self) -> None:
        self.starts = array("I")
        self.ends = array("I")

    def add(self, start: int, end: int) -> None:
        self.starts.append(start)
        self.ends.append(end)

    def first(self, low: int, high: int) -> Span | None:
        return next(self.within(low, high), None)

    def within(self, low: int, high: int) -> Iterator[Span]:
        for index in range(bisect_left(self.starts, low), len(self.starts)):
            if self.starts[index] >= high:
                return
            yield Span(self.starts[index], self.ends[index])


class _Index:
    """Where the sources state the values that are asked for.

    Offsets count on from source to source, so that one look-up serves all of them.

    Args:
        values: every leaf's; what is not asked for is not noted.
    """

    def __init__(self, sources: Sequence[str], values: Iterable[Any]) -> None:
        self.sources = sources
        self.begins: list[int] = []
        self.end = 0
        for text in sources:
            self.begins.append(self.end)
            self.end += len(text) + 1
        # by texts, since those of numbers can be chosen to have the same hash
        self._numbers: dict[str, _Places] = defaultdict(_Places)
        self._money: dict[str, _Places] = defaultdict(_Places)
        self._currencies: dict[str, _Places] = defaultdict(_Places)
        self._dates: dict[Date, _Places] = defaultdict(_Places)
        self._phrases: list[str] = []
        self._finds: dict[str, list[Find]] = {}
        for value in values:
            if isinstance(value, str) and (text := value.strip()) not in self._finds:
                self._finds[text] = self._plan(text)
            elif _is_number(value):
                self._numbers.setdefault(_number_key(value), _Places())
        self._read_numbers()
        self._read_dates()

    def _plan(self, text: str) -> list[Find]:
        """The ways in which a source may state a text, the best first."""
        if text in CURRENCIES:
            return [*self._plan_phrase(text), self._currencies[text].first]
        if len(text) <= QUANTITY_CHARS and _DIGIT.search(text):
            if readings := read_quantity(text):
                return [
                    self._money[f"{number.currency} {_number_key(number.value)}"].first
                    if number.currency
                    else self._numbers[_number_key(number.value)].first
                    for number in readings
                ]
            if moments := read_moments(text):
                dates = [partial(self._find_date, self._dates[date], clock) for date, clock in moments]
                return [*self._plan_phrase(text), *dates]
        return self._plan_phrase(text)

    def _plan_phrase(self, text: str) -> list[Find]:
        self._phrases.append(text)
        number = len(self._phrases) - 1
        exact: Find = partial(self._find_exact, number)
        return [exact] if "://" in text else [exact, partial(self._find_words, number)]

    def _texts(self) -> Iterator[tuple[int, str]]:
        return zip(self.begins, self.sources, strict=True)

    def _read_numbers(self) -> None:
        if not (self._numbers or self._money or self._currencies):
            return
        for begin, text in self._texts():
            for value, currency, (start, end) in find_numbers(text):
                key = _number_key(value)
                stated = [self._numbers.get(key)]
                if currency:
                    stated += [self._money.get(f"{currency} {key}"), self._currencies.get(currency)]
                for places in stated:
                    if places is not None:
                        places.add(begin + start, begin + end)

    def _read_dates(self) -> None:
        if not self._dates:
            return
        for begin, text in self._texts():
            for date, (start, end) in find_dates(text):
                for stated in (date, date.as_month()):
                    if (places := self._dates.get(stated)) is not None:
                        places.add(begin + start, begin + end)

    @cached_property
    def _exact(self) -> Phrases:
        """By characters: what stands alone begins and ends where one of these tokens does."""
        texts = (_tokens_of(text, begin) for begin, text in self._texts())
        return Phrases(texts, (_TOKEN.findall(text) for text in self._phrases))

    @cached_property
    def _words(self) -> Phrases:
        texts = (_words_of(text, begin) for begin, text in self._texts())
        return Phrases(texts, ([word for word, _, _ in words_of(text)] for text in self._phrases))

    def finds(self, value: Any) -> list[Find]:
        """The ways to find a value that was asked for."""
        if isinstance(value, str):
            return self._finds[value]
        return [self._numbers[_number_key(value)].first] if _is_number(value) else []

    def source_of(self, offset: int) -> int:
        return bisect_right(self.begins, offset) - 1

    def quote(self, span: Span) -> str:
        source = self.source_of(span.start)
        begin = self.begins[source]
        return self.sources[source][span.start - begin : span.end - begin]

    def _find_exact(self, phrase: int, low: int, high: int) -> Span | None:
        is_address = "://" in self._phrases[phrase]
        spans = islice(self._exact.within(phrase, low, high), _TRIES)
        return next((span for span in spans if self._stands_alone(span, is_address=is_address)), None)

    def _stands_alone(self, span: Span, *, is_address: bool) -> bool:
        """Whether whole words are whole numbers and addresses too."""
        source = self.source_of(span.start)
        text, begin = self.sources[source], self.begins[source]
        start, end = span.start - begin, span.end - begin
        before, after = text[max(start - 1, 0) : start], text[end : end + 1]
        if text[start].isdigit() and before in (".", ",", "-", "−"):
            return False
        if text[end - 1].isdigit() and after in (".", ",") and text[end + 1 : end + 2].isdigit():
            return False
        return not (is_address and after in _ADDRESS_TAIL)

    def _find_words(self, phrase: int, low: int, high: int) -> Span | None:
        return next(self._words.within(phrase, low, high), None)

    def _find_date(self, places: _Places, clock: str, low: int, high: int) -> Span | None:
        """A date and, where a clock time is claimed, that time close behind it."""
        for span in islice(places.within(low, high), _TRIES):
            if not clock:
                return span
            source = self.source_of(span.start)
            begin = self.begins[source]
            at = self.sources[source].find(clock, span.end - begin, span.end - begin + _CLOCK_DISTANCE)
            if at >= 0:
                return Span(span.start, begin + at + len(clock))
        return None


def find_evidence(
    data: Any, sources: Sequence[str], *, beside: Sequence[str] = (), most: int | None = None
) -> list[Evidence]:
    """Judge every leaf of `data` against the sources, in document order.

    `supported`: a source states the value; `quote` is `sources[source][start:end]`. Of several places the
    first behind the values of the same object is taken, else the first of all. A value that stands only
    beside the sources' markdown has a quote and no offsets.
    `unsupported`: a value was given that no source states (a boolean never is: it has no words of its own).
    `not_found`: null, an empty text or an empty container, which says the pages do not hold the value.

    Args:
        data: decoded JSON.
        sources: each page's markdown.
        beside: what each page states outside its markdown, such as its title.
        most: how many leaves to judge, all by default.
    """
    index = _Index([*sources, *beside], (leaf.value for leaf in islice(leaves_of(data), most)))
    # of the containers around the leaf, outermost first: the first value's place
    anchors: list[int] = []
    evidence: list[Evidence] = []
    for path, value, depth, shared in islice(leaves_of(data), most):
        del anchors[shared:]
        if isinstance(value, str):
            value = value.strip()
        if value is None or value in ("", [], {}):
            evidence.append(Evidence(path=path, status="not_found"))
            continue
        span = _place(index, value, anchors[-1] if anchors else 0)
        if span is None:
            evidence.append(Evidence(path=path, status="unsupported"))
            continue
        quote, source = index.quote(span), index.source_of(span.start)
        start: int | None = None
        end: int | None = None
        if source < len(sources):
            anchors += [span.start] * (depth - len(anchors))
            start, end = span.start - index.begins[source], span.end - index.begins[source]
        else:
            source -= len(sources)
        evidence.append(
            Evidence(path=path, status="supported", quote=quote, start=start, end=end, source=source)
        )
    return evidence


def leaves_of(data: Any) -> Iterator[Leaf]:
    """Every leaf of decoded JSON in document order; empty containers are leaves. Any depth."""
    stack: list[tuple[str, Any, int]] = [("", data, 0)]
    shared = 0
    while stack:
        path, value, depth = stack.pop()
        shared = min(shared, depth)
        if isinstance(value, dict) and value:
            stack += [(f"{path}/{escape(key)}", value[key], depth + 1) for key in reversed(value)]
        elif isinstance(value, list) and value:
            stack += [(f"{path}/{index}", value[index], depth + 1) for index in reversed(range(len(value)))]
        else:
            yield Leaf(path, value, depth, shared)
            shared = depth


def _place(index: _Index, value: Any, near: int) -> Span | None:
    """Behind `near` in the source that it lies in, else the first in that source, else in the first of all."""
    finds = index.finds(value)
    if not finds or not index.begins:
        return None
    source = index.source_of(near)
    begin = index.begins[source]
    end = index.begins[source + 1] if source + 1 < len(index.begins) else index.end
    for find in finds:
        if span := find(near, end) or (find(begin, end) if near > begin else None):
            return span
    if len(index.begins) == 1:
        return None
    spans = [span for find in finds if (span := find(0, index.end))]
    return min(spans, key=lambda span: index.source_of(span.start), default=None)


def _tokens_of(text: str, begin: int) -> Iterator[Piece]:
    """Runs of letters and digits, and every other character."""
    start = 0
    while start < len(text):
        run = _RUN.match(text, min(start + _PIECE_CHARS, len(text)))
        # it matches the empty text
        assert run
        tokens = _TOKEN.findall(text, start, run.end())
        bounds = list(accumulate(map(len, tokens), initial=begin + start))
        yield Piece(tokens, bounds[:-1], bounds[1:])
        start = run.end()


def _words_of(text: str, begin: int) -> Iterator[Piece]:
    words = words_of(text)
    while some := list(islice(words, _PIECE_WORDS)):
        yield Piece(
            [word for word, _, _ in some],
            [begin + start for _, start, _ in some],
            [begin + end for _, _, end in some],
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number_key(value: float) -> str:
    """The same for 1 and 1.0, different for numbers that differ."""
    if isinstance(value, float):
        if not value.is_integer():
            return value.hex()
        value = int(value)
    return hex(value)

"""Where a page states the values a model gave: a quote and its offsets for every leaf of the data.

A source is read once into an index of words, numbers, money and dates; each leaf is then one lookup. Text
matches whole words, whatever the case, white space, punctuation and link targets between them; numbers
match by value (1,299.00 = 1299), money by value and currency ($1,299 = 1299 USD), dates by the day they
name (3 May 2024 = 2024-05-03). What merely means the same is not evidence.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from gateway.core.dates import Date, Moment, find_dates, read_moments
from gateway.core.numbers import CURRENCIES, Number, find_numbers, read_quantity
from gateway.core.pointer import escape
from gateway.core.words import Span, joins, words_of
from gateway.wire import Evidence

T = TypeVar("T")
K = TypeVar("K")

_EXACT_TRIES = 16  # occurrences looked at before falling back to the word index, which is linear
_CLOCK_DISTANCE = 40  # characters between a date and the time of day that belongs to it
_QUANTITY_CHARS = 64  # a longer text is no number, amount or date
_ADDRESS_TAIL = frozenset("/?#&=%-_~+@:")  # behind a match these make it part of a longer address


class Leaf(NamedTuple):
    """A value of the data that holds no other, and its JSON Pointer (RFC 6901)."""

    path: str
    value: Any


class _Source:
    """One source's text and, made when first needed, what is looked up in it.

    Every `find_` returns the first place at or behind `near`, else the first of all, else None.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def _words(self) -> tuple[str, list[int], list[tuple[int, int]]]:
        """Folded words joined by single spaces, where each begins in that string, and in the text."""
        words, spans, begins, at = [], [], [], 1
        for word, start, end in words_of(self.text):
            words.append(word)
            spans.append((start, end))
            begins.append(at)
            at += len(word) + 1
        return f" {' '.join(words)} ", begins, spans

    @cached_property
    def _numbers(self) -> list[Number]:
        return list(find_numbers(self.text))

    @cached_property
    def _values(self) -> dict[float, list[Span]]:
        return _grouped((number.value, number.span) for number in self._numbers)

    @cached_property
    def _money(self) -> dict[tuple[float, str], list[Span]]:
        return _grouped(((n.value, n.currency), n.span) for n in self._numbers if n.currency)

    @cached_property
    def _currencies(self) -> dict[str, list[Span]]:
        return _grouped((number.currency, number.span) for number in self._numbers if number.currency)

    @cached_property
    def _dates(self) -> dict[Date, list[Span]]:
        found = find_dates(self.text)
        return _grouped(pair for date, span in found for pair in ((date, span), (date.as_month(), span)))

    def find_text(self, value: str, near: int) -> Span | None:
        return self._find_exact(value, near) or self._find_words(value, near)

    def _find_exact(self, value: str, near: int) -> Span | None:
        tail = _ADDRESS_TAIL if "://" in value else frozenset[str]()
        for start in {near: None, 0: None}:
            for _ in range(_EXACT_TRIES):
                at = self.text.find(value, start)
                if at < 0:
                    break
                start = at + 1
                if _stands_alone(self.text, at, at + len(value), tail):
                    return Span(at, at + len(value))
        return None

    def _find_words(self, value: str, near: int) -> Span | None:
        phrase = " ".join([word for word, _, _ in words_of(value)])
        if not phrase or "://" in value:
            return None
        joined, begins, spans = self._words
        nearest = bisect_left(spans, (near, near))
        at = joined.find(f" {phrase} ", begins[nearest] - 1) if nearest < len(begins) else -1
        if at < 0 and (at := joined.find(f" {phrase} ")) < 0:
            return None
        first = bisect_left(begins, at + 1)
        last = bisect_right(begins, at + len(phrase)) - 1
        return Span(spans[first][0], spans[last][1])

    def find_number(self, value: float, near: int) -> Span | None:
        return _nearest(self._values.get(value), near)

    def find_quantity(self, number: Number, near: int) -> Span | None:
        """The same amount of the same currency; without one, the number whatever stands with it."""
        if not number.currency:
            return self.find_number(number.value, near)
        return _nearest(self._money.get((number.value, number.currency)), near)

    def find_currency(self, code: str, near: int) -> Span | None:
        return _nearest(self._currencies.get(code), near)

    def find_moment(self, moment: Moment, near: int) -> Span | None:
        """The date and, where a clock time is claimed, that time close behind it."""
        span = _nearest(self._dates.get(moment.date), near)
        if span is None or not moment.clock:
            return span
        at = self.text.find(moment.clock, span.end, span.end + _CLOCK_DISTANCE)
        return Span(span.start, at + len(moment.clock)) if at >= 0 else None


class _Anchors:
    """Where the first value of each object was found: pages state the facts of one thing together."""

    def __init__(self) -> None:
        self._places: dict[str, tuple[int, int]] = {}

    def place_of(self, path: str) -> tuple[int, int]:
        """Source and offset to look at first for the leaf at `path`."""
        while path:
            path = path.rpartition("/")[0]
            if path in self._places:
                return self._places[path]
        return 0, 0

    def add(self, path: str, source: int, start: int) -> None:
        while path:
            path = path.rpartition("/")[0]
            if self._places.setdefault(path, (source, start)) != (source, start):
                return  # those above have an anchor too


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
    indexes = [_Source(text) for text in sources]
    others = [_Source(text) for text in beside]
    anchors = _Anchors()
    return [_judge(leaf, indexes, others, anchors) for leaf in islice(leaves_of(data), most)]


def leaves_of(data: Any) -> Iterator[Leaf]:
    """Every leaf of decoded JSON in document order; empty containers are leaves. Any depth."""
    stack = [Leaf("", data)]
    while stack:
        leaf = stack.pop()
        value = leaf.value
        if isinstance(value, dict) and value:
            stack += [Leaf(f"{leaf.path}/{escape(key)}", value[key]) for key in reversed(value)]
        elif isinstance(value, list) and value:
            stack += [Leaf(f"{leaf.path}/{index}", value[index]) for index in reversed(range(len(value)))]
        else:
            yield leaf


def _judge(leaf: Leaf, sources: Sequence[_Source], beside: Sequence[_Source], anchors: _Anchors) -> Evidence:
    path, value = leaf.path, leaf.value.strip() if isinstance(leaf.value, str) else leaf.value
    if value is None or value in ("", [], {}):
        return Evidence(path=path, status="not_found")
    anchor, near = anchors.place_of(path)
    for number in sorted(range(len(sources)), key=lambda number: number != anchor):
        source = sources[number]
        span = _find(value, source, near if number == anchor else 0)
        if span is not None:
            start, end = span
            anchors.add(path, number, start)
            quote = source.text[start:end]
            return Evidence(path=path, status="supported", quote=quote, start=start, end=end, source=number)
    for number, source in enumerate(beside):
        span = _find(value, source, 0)
        if span is not None:
            quote = source.text[span.start : span.end]
            return Evidence(path=path, status="supported", quote=quote, source=number)
    return Evidence(path=path, status="unsupported")


def _find(value: Any, source: _Source, near: int) -> Span | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return source.find_number(value, near)
    text = str(value)
    if len(text) > _QUANTITY_CHARS:
        return source.find_text(text, near)
    if readings := read_quantity(text):
        return _any(source.find_quantity, readings, near)
    if moments := read_moments(text):
        return source.find_text(text, near) or _any(source.find_moment, moments, near)
    if text in CURRENCIES:
        return source.find_text(text, near) or source.find_currency(text, near)
    return source.find_text(text, near)


def _any(find: Callable[[T, int], Span | None], readings: Iterable[T], near: int) -> Span | None:
    return next((span for reading in readings if (span := find(reading, near))), None)


def _grouped(pairs: Iterable[tuple[K, Span]]) -> dict[K, list[Span]]:
    found: dict[K, list[Span]] = defaultdict(list)
    for key, span in pairs:
        found[key].append(span)
    return found


def _nearest(spans: list[Span] | None, near: int) -> Span | None:
    if not spans:
        return None
    index = bisect_left(spans, (near, near))
    return spans[index if index < len(spans) else 0]


def _stands_alone(text: str, start: int, end: int, tail: frozenset[str]) -> bool:
    """Whether the match is whole words, not the inside of longer words, numbers or addresses."""
    before, after = text[start - 1 : start], text[end : end + 1]
    first, last = text[start], text[end - 1]
    if joins(before, first) or (first.isdigit() and before in (".", ",", "-", "−")):
        return False
    if last.isdigit() and after in (".", ",") and text[end + 1 : end + 2].isdigit():
        return False
    return after not in tail and not joins(last, after)

"""Several partial answers, each from a part of the pages, made into one.

Objects merge by key, arrays are joined without what an earlier part already gave, and of different scalars
the one its own part of the pages states wins, then the one given most often, then the first.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

from msgspec import Struct, json

from gateway.core.json_schema.pointer import escape

# below it the first part's value is taken whole
_MAX_DEPTH = 64
_MOST_TWINS = (
    # objects with a text in common that an object is compared with, those of its rarest text first
    64
)


class Part(Struct, kw_only=True, frozen=True):
    """What one call gave: decoded JSON, and the JSON Pointers of the leaves its pages state."""

    data: Any
    supported: frozenset[str] = frozenset()


# a key and its text
_Field = tuple[str, bytes]


class _Found(NamedTuple):
    """A value, and where it came from."""

    value: Any
    path: str
    part: int


def merge_parts(parts: Sequence[Part]) -> Any:
    """One value out of several, None when there are none."""
    return _merge([_Found(part.data, "", index) for index, part in enumerate(parts)], parts, 0)


def _merge(candidates: list[_Found], parts: Sequence[Part], depth: int) -> Any:
    given = [found for found in candidates if not _is_empty(found.value)]
    if len(given) <= 1 or depth == _MAX_DEPTH:
        return (given or candidates or [_Found(None, "", 0)])[0].value
    if all(isinstance(found.value, dict) for found in given):
        return _merge_objects(given, parts, depth)
    if any(isinstance(found.value, list) for found in given):
        return _join_arrays(given, parts, depth)
    return _choose(given, parts)


def _merge_objects(given: list[_Found], parts: Sequence[Part], depth: int) -> dict[str, Any]:
    by_key: dict[str, list[_Found]] = defaultdict(list)
    for value, path, part in given:
        for key, child in value.items():
            by_key[key].append(_Found(child, f"{path}/{escape(key)}", part))
    return {key: _merge(children, parts, depth + 1) for key, children in by_key.items()}


def _choose(given: list[_Found], parts: Sequence[Part]) -> Any:
    votes: dict[bytes, int] = defaultdict(int)
    for found in given:
        votes[_same(found.value)] += 1

    def rank(found: _Found) -> tuple[bool, int]:
        return found.path in parts[found.part].supported, votes[_same(found.value)]

    # the first of the best
    return max(given, key=rank).value


def _join_arrays(given: list[_Found], parts: Sequence[Part], depth: int) -> list[Any]:
    groups: list[_Group] = []
    # canonical item -> the part that gave it first
    first_seen: dict[bytes, int] = {}
    # the groups with that field, in order
    by_text: dict[_Field, dict[int, None]] = defaultdict(dict)
    for array in given:
        items = array.value if isinstance(array.value, list) else [array.value]
        for index, item in enumerate(items):
            found = _Found(item, f"{array.path}/{index}", array.part)
            # twice in one part is what the page says; again in a later part is the same thing read twice
            if first_seen.setdefault(_same(item), array.part) != array.part:
                continue
            scalars = _scalars(item)
            fields = _text_fields(item)
            rarest_first = sorted(fields, key=lambda field: len(by_text[field]))
            candidates = islice(chain.from_iterable(by_text[field] for field in rarest_first), _MOST_TWINS)
            twin = next((at for at in candidates if groups[at].may_hold(scalars, array.part)), None)
            if twin is None:
                twin = len(groups)
                groups.append(_Group(scalars))
            groups[twin].add(found)
            for field in fields:
                by_text[field][twin] = None
    return [_merge(group.members, parts, depth + 1) for group in groups]


class _Group:
    """What several parts say of one thing."""

    def __init__(self, scalars: dict[str, bytes]) -> None:
        self.members: list[_Found] = []
        self._parts: set[int] = set()
        self._scalars = scalars

    def may_hold(self, scalars: dict[str, bytes], part: int) -> bool:
        """Whether another part's object knows more, or less, of the same fields."""
        if part in self._parts:
            return False
        smaller, larger = sorted((scalars, self._scalars), key=len)
        return all(larger.get(key) == value for key, value in smaller.items())

    def add(self, found: _Found) -> None:
        self.members.append(found)
        self._parts.add(found.part)


def _text_fields(item: Any) -> list[_Field]:
    if not isinstance(item, dict):
        return []
    texts = ((key, value) for key, value in item.items() if isinstance(value, str) and value)
    return [(key, _same(value)) for key, value in islice(texts, 3)]


def _scalars(item: Any) -> dict[str, bytes]:
    """What an object says, beside what it holds."""
    if not isinstance(item, dict):
        return {}
    return {
        key: _same(value)
        for key, value in item.items()
        if not _is_empty(value) and not isinstance(value, dict | list)
    }


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _same(value: Any) -> bytes:
    """Equal for values that differ in case, white space or the order of keys only."""
    return json.encode(value, order="sorted").decode().casefold().replace(" ", "").encode()

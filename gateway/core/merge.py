"""Several partial answers, each from a part of the pages, made into one.

Objects merge by key, arrays are joined without what an earlier part already gave, and of different scalars
the one its own part of the pages states wins, then the one given most often, then the first.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec import Struct, json

from gateway.core.pointer import escape

_MAX_DEPTH = 64  # below it the first part's value is taken whole


class Part(Struct, kw_only=True, frozen=True):
    """What one call gave: decoded JSON, and the JSON Pointers of the leaves its pages state."""

    data: Any
    supported: frozenset[str] = frozenset()


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

    return max(given, key=rank).value  # the first of the best


def _join_arrays(given: list[_Found], parts: Sequence[Part], depth: int) -> list[Any]:
    groups: list[list[_Found]] = []
    first_seen: dict[bytes, int] = {}  # canonical item -> the part that gave it first
    by_name: dict[tuple[str, bytes], list[int]] = defaultdict(list)  # (key, text) -> groups with that field
    for array in given:
        items = array.value if isinstance(array.value, list) else [array.value]
        for index, item in enumerate(items):
            found = _Found(item, f"{array.path}/{index}", array.part)
            # twice in one part is what the page says; again in a later part is the same thing read twice
            if first_seen.setdefault(_same(item), array.part) != array.part:
                continue
            fields = _text_fields(item)
            candidates = dict.fromkeys(place for field in fields for place in by_name[field])
            twin = next((place for place in candidates if _is_twin(groups[place], found)), None)
            if twin is None:
                twin = len(groups)
                groups.append([])
            groups[twin].append(found)
            for field in fields:
                if twin not in by_name[field]:
                    by_name[field].append(twin)
    return [_merge(group, parts, depth + 1) for group in groups]


def _is_twin(group: list[_Found], found: _Found) -> bool:
    """Whether an object is one of another part that knows more, or less, of the same fields."""
    if found.part in {member.part for member in group}:
        return False
    ours, theirs = _scalars(found.value), _scalars(group[0].value)
    smaller, larger = sorted((ours, theirs), key=len)
    return all(larger.get(key) == value for key, value in smaller.items())


def _text_fields(item: Any) -> list[tuple[str, bytes]]:
    if not isinstance(item, dict):
        return []
    return [(key, _same(value)) for key, value in item.items() if isinstance(value, str) and value][:3]


def _scalars(item: dict[str, Any]) -> dict[str, bytes]:
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

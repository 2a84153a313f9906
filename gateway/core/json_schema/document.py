"""A caller's JSON Schema (2020-12) as a graph of schemas: read, checked and bounded in one pass each.

References lead to schemas of the same document only. Those applied in place, to the same value, must not form a
ring: no value would ever be done with it. Nothing here recurses, so no document can exhaust the stack.
"""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

import msgspec

from gateway.core.json_schema.escapes import for_re2
from gateway.core.json_schema.keywords import CHECKS, MANY, NAMED, ONE, Fault, quote, shorten
from gateway.core.json_schema.look_around import Split, split_look_around
from gateway.core.json_schema.pointer import find, pointer, unescape
from gateway.core.text.patterns import compile_pattern, forget_patterns
from gateway.errors import InvalidRequest

MAX_SCHEMA_BYTES = 128 * 1024
# nested objects and arrays of the schema's own JSON
MAX_SCHEMA_DEPTH = 100
# that one value follows, as far as the schema alone tells
MAX_REFERENCES = 10_000
# what `MAX_SCHEMA_BYTES` can hold, once each
_MAX_SCHEMAS = 50_000
_MAX_PATTERNS = 500
# of memory for one, as long as there are few
_PATTERN_BYTES = 4 * 1024**2
# for all of them
_PATTERNS_BYTES = 128 * 1024**2
# instructions of all of them, a quarter of a second to compile
_MAX_PROGRAM = 500_000
_DIALECTS = ("json-schema.org/draft/2020-12", "json-schema.org/draft/2019-09", "json-schema.org/draft-07")

# where a value that satisfies a schema may make a whole one invalid
_NEGATING = frozenset(["not", "if", "oneOf", "contains"])
_IN_PLACE = frozenset(["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"])
_IN_PLACE |= frozenset(["$ref", "$dynamicRef"])

Steps = tuple[str, ...]
# of most schemas, of which there may be tens of thousands
_NONE: Any = MappingProxyType({})


class Place:
    """A schema of the document, and the schemas within it by the steps that lead there.

    `resource` is the schema whose references and anchors count from it: the root, or one with an `$id`.
    `targets` are the schemas that its own references lead to, `lists` those of `allOf` and the like; by keyword.
    """

    __slots__ = ("children", "lists", "parent", "resource", "rules", "schema", "steps", "targets")

    def __init__(self, parent: "Place | None", steps: Steps, schema: dict[str, Any] | bool) -> None:
        self.parent, self.steps, self.schema = parent, steps, schema
        self.children: dict[Steps, Place] = _NONE
        self.lists: dict[str, list[Place]] = _NONE
        self.targets: dict[str, Place] = _NONE
        # how values are held against it; made when the first one is
        self.rules: Any = None
        self.resource = self
        if parent is not None and not (isinstance(schema, dict) and "$id" in schema):
            self.resource = parent.resource

    def pointer(self, *more: str) -> str:
        """Where it stands, or something within it."""
        steps, place = [more], self
        while place.parent is not None:
            steps.append(place.steps)
            place = place.parent
        return pointer(step for part in reversed(steps) for step in part)

    def hold(self, within: list["Place"]) -> None:
        """Take in the schemas that its keywords hold."""
        self.children = {child.steps: child for child in within}
        self.lists = {}
        for child in within:
            if child.steps[0] in MANY:
                self.lists.setdefault(child.steps[0], []).append(child)

    def refuse(self, reason: str, *within: str) -> InvalidRequest:
        return refuse(self.pointer(*within), reason)

    def in_place(self) -> Iterator[tuple[str, "Place"]]:
        """The schemas applied to the same value as this one."""
        yield from self.targets.items()
        yield from (
            (child.steps[0], child) for child in self.children.values() if child.steps[0] in _IN_PLACE
        )


class Document:
    """A schema that passed all checks.

    Args:
        document: decoded JSON.
    Raises:
        InvalidRequest: see `gateway.core.json_schema.schema.Schema`.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        if not isinstance(document, dict):
            raise refuse("", f"{quote(document)} is not an object")
        check_size(document)
        self.root = Place(None, (), document)
        self.places: list[Place] = []
        # what is to be found in a text (True) and what is not, for it to match
        self.patterns: dict[str, list[tuple[Any, bool]]] = {}
        # what other keywords evaluated matters
        self.collects = False
        self._anchors: dict[tuple[int, str], Place] = {}
        # by the `$id` as it is written, which references repeat
        self._resources: dict[str, Place] = {}
        # the resources that have it
        self._dynamic: dict[str, set[int]] = {}
        _check_dialect(document)
        self._add(self.root)
        referring = [place for place in self.places if _refers(place)]
        for place in referring:
            # a reference makes a schema of what stands under an unknown keyword
            before = len(self.places)
            self._lead(place)
            referring += [added for added in self.places[before:] if _refers(added)]
        _check_rings(self.places)
        self._compile()

    def _add(self, place: Place) -> None:
        stack = [place]
        while stack:
            place = stack.pop()
            self.places.append(place)
            if len(self.places) > _MAX_SCHEMAS:
                raise refuse("", f"it holds more than {_MAX_SCHEMAS} schemas")
            if isinstance(place.schema, dict):
                _check_keywords(place)
                self._name(place)
                within = list(_within(place))
                if within:
                    place.hold(within)
                    stack += reversed(within)

    def _name(self, place: Place) -> None:
        """Remember its anchors."""
        schema: Any = place.schema
        self.collects = self.collects or "unevaluatedItems" in schema or "unevaluatedProperties" in schema
        if "$id" in schema:
            self._resources.setdefault(schema["$id"].removesuffix("#"), place)
        for keyword in ("$anchor", "$dynamicAnchor"):
            if keyword in schema:
                name = schema[keyword]
                if self._anchors.setdefault((id(place.resource), name), place) is not place:
                    raise place.refuse(f"{quote(name)} names another schema already", keyword)
                if keyword == "$dynamicAnchor":
                    self._dynamic.setdefault(name, set()).add(id(place.resource))

    def _lead(self, place: Place) -> None:
        """Find what its references lead to."""
        for keyword in ("$ref", "$dynamicRef"):
            reference = place.schema.get(keyword) if isinstance(place.schema, dict) else None
            if reference is None:
                continue
            name, _, fragment = reference.partition("#")
            resource = self._resources.get(name) if name else place.resource
            if resource is None:
                raise place.refuse("only references within the schema (#/…) are followed", keyword)
            fragment = unquote(fragment)
            if fragment and not fragment.startswith("/"):
                target = self._anchors.get((id(resource), fragment))
                if keyword == "$dynamicRef" and len(self._dynamic.get(fragment, ())) > 1:
                    raise place.refuse("more than one schema it could lead to is not supported", keyword)
            else:
                target = self._find(resource, tuple(unescape(fragment)))
            if target is None:
                raise place.refuse(f"no schema stands at {quote(reference)}", keyword)
            place.targets = {**place.targets, keyword: target}

    def _find(self, place: Place, steps: Steps) -> Place | None:
        while steps:
            for count in (len(steps), 1, 2):
                if (child := place.children.get(steps[:count])) is not None:
                    place, steps = child, steps[count:]
                    break
            else:
                break
        if not steps:
            return place
        found = None if steps[0] in CHECKS else find(place.schema, steps)
        if not isinstance(found, dict | bool):
            return None
        child = Place(place, steps, found)
        if place.children is _NONE:
            place.children = {}
        place.children[steps] = child
        self._add(child)
        return child

    def _compile(self) -> None:
        found: dict[str, tuple[Place, Steps]] = {}
        # what accepts more than was written may not decide which schemas apply, nor be negated or counted
        exact: set[str] = set()
        conditions = _find_conditions(self.places)
        for place in self.places:
            if isinstance(place.schema, dict):
                for name in place.schema.get("patternProperties", ()):
                    found.setdefault(name, (place, ("patternProperties", name)))
                    exact.add(name)
                if "pattern" in place.schema:
                    if place in conditions:
                        exact.add(place.schema["pattern"])
                    found.setdefault(place.schema["pattern"], (place, ("pattern",)))
        splits = {pattern: split_look_around(pattern) for pattern in found}
        count = sum(1 + len(split.ahead) for split in splits.values())
        if count > _MAX_PATTERNS:
            raise refuse("", f"it has {count} different patterns, the most is {_MAX_PATTERNS}")
        program = 0
        for pattern, (place, steps) in found.items():
            split = splits[pattern]
            if pattern in exact and not split.is_exact:
                split = Split(pattern)
            parts: list[tuple[Any, bool]] = []
            self.patterns[pattern] = parts
            for part, wanted in [(split.rest, True), *split.ahead]:
                try:
                    compiled = compile_pattern(
                        for_re2(part), max_bytes=min(_PATTERN_BYTES, _PATTERNS_BYTES // count)
                    )
                except ValueError as exc:
                    if parts and pattern not in exact:
                        # a look-ahead that the engine does not take, such as one with a reference back
                        continue
                    reason = f"not an expression RE2 can run in linear time ({exc})"
                    raise place.refuse(reason, *steps) from exc
                parts.append((compiled, wanted))
                program += compiled.programsize
                if program > _MAX_PROGRAM:
                    reason = "the patterns up to here count too much; use smaller repetitions"
                    raise place.refuse(reason, *steps)
        forget_patterns()


def refuse(path: str, reason: str) -> InvalidRequest:
    where = f" at {shorten(path)}" if path else ""
    return InvalidRequest(f"`schema`{where}: {reason}", field="schema", path=path)


def check_size(document: dict[str, Any]) -> None:
    """Raises InvalidRequest for one that is too large or too deep."""
    level: list[Any] = [document]
    for _ in range(MAX_SCHEMA_DEPTH):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
        if not level:
            break
    else:
        raise refuse("", f"it is nested more than {MAX_SCHEMA_DEPTH} levels deep")
    try:
        size = len(msgspec.json.encode(document))
    except (ValueError, OverflowError, TypeError) as exc:
        raise refuse("", f"it cannot be written as JSON ({shorten(str(exc))})") from exc
    if size > MAX_SCHEMA_BYTES:
        raise refuse("", f"it has {size} bytes, the most is {MAX_SCHEMA_BYTES}")


def _check_dialect(document: dict[str, Any]) -> None:
    dialect = document.get("$schema")
    if isinstance(dialect, str) and not any(known in dialect for known in _DIALECTS):
        raise refuse("/$schema", f"{quote(dialect)} is not a dialect known here; use 2020-12")


def _check_keywords(place: Place) -> None:
    schema: Any = place.schema
    for keyword, value in schema.items():
        try:
            if keyword in CHECKS:
                CHECKS[keyword](value)
        except Fault as fault:
            raise place.refuse(fault.reason, keyword, *fault.steps) from None


def _within(place: Place) -> Iterator[Place]:
    schema: Any = place.schema
    for keyword, value in schema.items():
        if keyword in ONE:
            yield Place(place, (keyword,), value)
        elif keyword in MANY:
            yield from (Place(place, (keyword, str(i)), each) for i, each in enumerate(value))
        elif keyword in NAMED:
            yield from (Place(place, (keyword, name), each) for name, each in value.items())


def _refers(place: Place) -> bool:
    return isinstance(place.schema, dict) and ("$ref" in place.schema or "$dynamicRef" in place.schema)


def _find_conditions(places: list[Place]) -> set[Place]:
    """What stands within `not`, `if`, `oneOf` or `contains`, or is referred to from there."""
    found: set[Place] = set()
    waiting = [place for place in places if not _NEGATING.isdisjoint(place.steps[:1])]
    while waiting:
        place = waiting.pop()
        if place not in found:
            found.add(place)
            waiting += [*place.children.values(), *place.targets.values()]
    return found


def _check_rings(places: list[Place]) -> None:
    """No schema leads back to itself in place, and none follows very many references for one value."""
    # references followed from here; of schemas that are done with
    counts: dict[Place, int] = {}
    for start in places:
        if start in counts:
            continue
        # in order
        way: dict[Place, Iterator[tuple[str, Place]]] = {start: start.in_place()}
        while way:
            place, following = next(reversed(way.items()))
            for _, target in following:
                if target in way:
                    raise _ring(list(way), target)
                if target not in counts:
                    way[target] = target.in_place()
                    break
            else:
                del way[place]
                counts[place] = len(place.targets) + sum(counts[target] for _, target in place.in_place())
                if counts[place] > MAX_REFERENCES:
                    raise place.refuse(
                        f"one value would follow more than {MAX_REFERENCES} references from here"
                    )


def _ring(way: list[Place], target: Place) -> InvalidRequest:
    ring = way[way.index(target) :]
    referring, keyword = next(
        (place, keyword)
        for place, following in zip(ring, [*ring[1:], ring[0]], strict=True)
        for keyword, reached in place.targets.items()
        if reached is following
    )
    places = [shorten(place.pointer()) or "/" for place in [*ring[:5], target]]
    if len(ring) > 5:
        places.insert(5, f"… ({len(ring) - 5} more)")
    return referring.refuse(
        f"it comes back to itself without going into the value: {' → '.join(places)}", keyword
    )

"""Whether a value satisfies a schema: the keywords of JSON Schema 2020-12, evaluated in bounded time and stack.

A run costs steps: a schema applied to a value is one, and so is what a keyword does beyond that (a name looked
up, a hundred instructions of a pattern). Without references that is at most the size of the schema times the size
of the value; with them, or beyond `MAX_STEPS`, the run ends. Schemas within schemas are put on a stack of
generators instead of Python's own. Equal values get equal numbers (`Run.number`), once each, so that `enum`, `const`
and `uniqueItems` compare numbers. Messages are made for violations only, and quote a few words.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from fractions import Fraction
from math import inf
from typing import Any, NamedTuple

from msgspec import Struct

from gateway.core.json_schema.document import Document, Place
from gateway.core.json_schema.keywords import quote
from gateway.core.json_schema.pointer import pointer

MAX_STEPS = 500_000
MAX_VALUE_DEPTH = 500  # nested objects and arrays
MAX_VIOLATIONS = 10
_MAX_NESTED = 10_000  # schemas applied within one another
_PROGRAM_STEP = 100  # instructions of a pattern, each on one character, at worst
_QUOTED = 10


class Violation(Struct, kw_only=True, frozen=True):
    """Where a value breaks the schema (JSON Pointer into the value), and how."""

    path: str
    message: str


class Unbounded(Exception):
    """A validation that cannot be brought to its end."""


# where in the value: the way back to the root, None where nothing is reported, only judged
At = tuple[Any, ...] | None
Judged = set[str | int] | None  # names or indexes that a keyword spoke of, None where nobody asks
Wanted = tuple[Place, Any, At, Judged]
Evaluation = Generator[Wanted, bool, bool]
Faults = Callable[["Run", Place, Any], Iterable[str]]


class Run:
    """One value held against one schema."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.violations: list[Violation] = []
        self.options: dict[Place, set[int]] = {}  # the numbers of an `enum`
        self._left = MAX_STEPS
        self._numbers: dict[str, int] = {}
        self._known: dict[int, int] = {}  # numbers of arrays and objects by id; they outlive the run

    def validate(self, value: Any) -> list[Violation]:
        """
        Raises:
            Unbounded: it takes more than the bounds allow.
        """
        _check_depth(value)
        stack = [_apply(self, self.document.root, value, (), None)]
        answer: Any = None  # to what the schema on top asked of another
        while stack and len(self.violations) < MAX_VIOLATIONS:
            try:
                wanted = stack[-1].send(answer)
            except StopIteration as done:
                answer = done.value
                stack.pop()
            else:
                answer = None
                stack.append(_apply(self, *wanted))
                if len(stack) > _MAX_NESTED:
                    raise Unbounded("the value is nested too deep for this schema")
        return self.violations

    def spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise Unbounded(f"validating takes more than {MAX_STEPS} steps; make it simpler")

    def fault(self, at: At, message: str) -> bool:
        if at is not None:
            self.violations.append(Violation(path=_path(at), message=message))
        return False

    def matches(self, pattern: str, text: str) -> bool:
        compiled = self.document.patterns[pattern]
        self.spend(1 + compiled.programsize * len(text) // _PROGRAM_STEP)
        return compiled.search(text.encode("utf-8", "replace")) is not None

    def number(self, value: Any) -> int:
        """The same for equal values: 1 is 1.0 and not true, and the order of names does not count."""
        if not isinstance(value, list | dict):
            self.spend(len(value) // 1000 if isinstance(value, str) else 0)
            return self._number_of(_key(value))
        stack = [value]
        while stack:
            top = stack[-1]
            if id(top) not in self._known:
                inside = top.values() if isinstance(top, dict) else top
                later = [
                    each for each in inside if isinstance(each, list | dict) and id(each) not in self._known
                ]
                if later:
                    stack += later
                    continue
                numbers = [
                    self._known[id(each)] if isinstance(each, list | dict) else self.number(each)
                    for each in inside
                ]
                if isinstance(top, dict):
                    pairs = sorted(f"{self.number(name)}:{at}" for name, at in zip(top, numbers, strict=True))
                    key = f"{{{','.join(pairs)}"
                else:
                    key = f"[{','.join(map(str, numbers))}"
                self.spend(1 + len(numbers))
                self._known[id(top)] = self._number_of(key)
            stack.pop()
        return self._known[id(value)]

    def _number_of(self, key: str) -> int:
        return self._numbers.setdefault(key, len(self._numbers))


def _key(value: Any) -> str:
    """Of a scalar. All keys are text, whose hashes nobody can foresee; those of numbers can be made to collide."""
    if isinstance(value, str):
        return f'"{value}'
    if isinstance(value, bool) or value is None:
        return f"{value}"
    if isinstance(value, float):
        if not value.is_integer():
            return repr(value)
        value = int(value)
    return hex(value)


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_VALUE_DEPTH + 1):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return
    raise Unbounded(f"the value is nested too deep: the most is {MAX_VALUE_DEPTH} levels")


def _path(at: At) -> str:
    steps = []
    while at:
        at, step = at
        steps.append(step)
    return pointer(reversed(steps))


def _below(at: At, step: str | int) -> At:
    return None if at is None else (at, step)


def _apply(run: Run, place: Place, value: Any, at: At, judged: Judged) -> Evaluation:
    run.spend(1)
    if place.schema is True:
        return True
    if place.schema is False:
        return run.fault(at, "the schema allows nothing here")
    if place.rules is None:
        place.rules = [_RULES[keyword] for keyword in _RULES if keyword in place.schema]
    spoken: Judged = set() if run.document.collects else None
    valid = True
    for rule in place.rules:
        if not rule.concerns(value) or (rule.is_last and not valid):
            continue
        if rule.faults is not None:
            for message in rule.faults(run, place, value):
                valid = run.fault(at, message)
                if at is None or len(run.violations) >= MAX_VIOLATIONS:
                    return False
        elif rule.evaluate is not None:
            valid = (yield from rule.evaluate(run, place, value, at, spoken)) and valid
            if not valid and at is None:
                return False
    if valid and judged is not None and spoken:
        run.spend(len(spoken))
        judged |= spoken
    return valid


def _is_integer(value: Any) -> bool:
    return value.is_integer() if isinstance(value, float) else _is_number(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_KINDS: dict[str, Callable[[Any], bool]] = {
    "any": lambda value: True,
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": _is_integer,
    "null": lambda value: value is None,
    "number": _is_number,
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}


# --- keywords that look at the value alone: each gives its faults ---------------------------------------


def _type(run: Run, place: Place, value: Any) -> Iterator[str]:
    kinds = _of(place, "type")
    if not any(_KINDS[kind](value) for kind in (kinds if isinstance(kinds, list) else [kinds])):
        kinds = ", ".join(map(repr, kinds)) if isinstance(kinds, list) else repr(kinds)
        yield f"{quote(value)} is not of type {kinds}"


def _enum(run: Run, place: Place, value: Any) -> Iterator[str]:
    options = _of(place, "enum")
    if place not in run.options:
        run.options[place] = {run.number(each) for each in options}
    if run.number(value) not in run.options[place]:
        more = f" and {len(options) - _QUOTED} more" if len(options) > _QUOTED else ""
        yield f"{quote(value)} is not one of {', '.join(map(quote, options[:_QUOTED]))}{more}"


def _const(run: Run, place: Place, value: Any) -> Iterator[str]:
    wanted = _of(place, "const")
    if run.number(value) != run.number(wanted):
        yield f"{quote(value)} is not {quote(wanted)}"


def _multiple_of(run: Run, place: Place, value: Any) -> Iterator[str]:
    unit = _of(place, "multipleOf")
    if not abs(value) < inf or _exact(value) % _exact(unit):
        yield f"{quote(value)} is not a multiple of {quote(unit)}"


def _exact(number: int | float) -> int | Fraction:
    """The number as it was written: 0.3 is three tenths."""
    return number if isinstance(number, int) else Fraction(repr(number))


def _compared(keyword: str, fits: Callable[[Any, Any], bool], words: str, of: Callable[[Any], Any]) -> Any:
    def compare(run: Run, place: Place, value: Any) -> Iterator[str]:
        bound = _of(place, keyword)
        if not fits(of(value), bound):
            yield f"{quote(value)} {words} {quote(bound)}"

    return compare


def _pattern(run: Run, place: Place, value: str) -> Iterator[str]:
    pattern = _of(place, "pattern")
    if not run.matches(pattern, value):
        yield f"{quote(value)} does not match {quote(pattern)}"


def _unique_items(run: Run, place: Place, value: list[Any]) -> Iterator[str]:
    if not _of(place, "uniqueItems"):
        return
    run.spend(len(value))
    seen: dict[int, int] = {}
    for i, each in enumerate(value):
        first = seen.setdefault(run.number(each), i)
        if first != i:
            yield f"the items {first} and {i} are equal, they must be unique"
            return


def _required(run: Run, place: Place, value: dict[str, Any]) -> Iterator[str]:
    names = _of(place, "required")
    run.spend(len(names) // 10)
    return (f"{quote(name)} is a required property" for name in names if name not in value)


def _dependent_required(run: Run, place: Place, value: dict[str, Any]) -> Iterator[str]:
    for name, needed in _of(place, "dependentRequired").items():
        run.spend(1)
        if name in value:
            run.spend(len(needed) // 10)
            for each in needed:
                if each not in value:
                    yield f"{quote(each)} is a required property where there is {quote(name)}"


def _of(place: Place, keyword: str) -> Any:
    schema: Any = place.schema
    return schema[keyword]


# --- keywords that apply other schemas --------------------------------------------------------------------


def _reference(keyword: str) -> Any:
    def follow(run: Run, place: Place, value: Any, at: At, spoken: Judged) -> Evaluation:
        return (yield place.targets[keyword], value, at, spoken)

    return follow


def _all_of(run: Run, place: Place, value: Any, at: At, spoken: Judged) -> Evaluation:
    valid = True
    for child in place.lists["allOf"]:
        valid = (yield child, value, at, spoken) and valid
        if not valid and at is None:
            return False
    return valid


def _any_of(run: Run, place: Place, value: Any, at: At, spoken: Judged) -> Evaluation:
    valid = False
    for child in place.lists["anyOf"]:
        if (yield child, value, None, spoken):
            valid = True
            if spoken is None:
                break
    return valid or run.fault(at, f"{quote(value)} is not valid under any of the schemas of anyOf")


def _one_of(run: Run, place: Place, value: Any, at: At, spoken: Judged) -> Evaluation:
    valid = []
    for child in place.lists["oneOf"]:
        if (yield child, value, None, spoken):
            valid.append(child.steps[1])
            if len(valid) == 2:
                return run.fault(
                    at, f"{quote(value)} is valid under more than one schema of oneOf: {' and '.join(valid)}"
                )
    return bool(valid) or run.fault(at, f"{quote(value)} is not valid under any of the schemas of oneOf")


def _not(run: Run, place: Place, value: Any, at: At, spoken: Judged) -> Evaluation:
    valid = yield place.children["not",], value, None, None
    return not valid or run.fault(at, f"{quote(value)} is what the schema excludes by `not`")


def _if(run: Run, place: Place, value: Any, at: At, spoken: Judged) -> Evaluation:
    holds = yield place.children["if",], value, None, spoken
    following = place.children.get(("then" if holds else "else",))
    return True if following is None else (yield following, value, at, spoken)


def _dependent_schemas(run: Run, place: Place, value: Any, at: At, spoken: Judged) -> Evaluation:
    valid = True
    for name in _of(place, "dependentSchemas"):
        run.spend(1)
        if name in value:
            valid = (yield place.children["dependentSchemas", name], value, at, spoken) and valid
    return valid


def _properties(run: Run, place: Place, value: Any, at: At, spoken: Judged) -> Evaluation:
    names = _of(place, "properties")
    shorter, longer = sorted((names, value), key=len)
    run.spend(len(shorter) // 10)
    valid = True
    for name in [name for name in shorter if name in longer]:
        if spoken is not None:
            spoken.add(name)
        valid = (yield place.children["properties", name], value[name], _below(at, name), None) and valid
        if not valid and at is None:
            return False
    return valid


def _pattern_properties(run: Run, place: Place, value: Any, at: At, spoken: Judged) -> Evaluation:
    valid = True
    for pattern in _of(place, "patternProperties"):
        for name in value:
            if run.matches(pattern, name):
                if spoken is not None:
                    spoken.add(name)
                child = place.children["patternProperties", pattern]
                valid = (yield child, value[name], _below(at, name), None) and valid
                if not valid and at is None:
                    return False
    return valid


def _additional_properties(run: Run, place: Place, value: Any, at: At, spoken: Judged) -> Evaluation:
    schema: Any = place.schema
    known, patterns = schema.get("properties", ()), schema.get("patternProperties", ())
    run.spend(len(value) // 10)
    names = [
        name
        for name in value
        if name not in known and not any(run.matches(pattern, name) for pattern in patterns)
    ]
    return (yield from _each(run, place.children["additionalProperties",], names, value, at, spoken))


def _unevaluated_properties(run: Run, place: Place, value: Any, at: At, spoken: Judged) -> Evaluation:
    names = [name for name in value if name not in (spoken or ())]
    return (yield from _each(run, place.children["unevaluatedProperties",], names, value, at, spoken))


def _each(run: Run, child: Place, keys: Any, value: Any, at: At, spoken: Judged) -> Evaluation:
    """A schema for what no other keyword spoke of, in an object or an array."""
    valid = True
    for key in keys:
        if spoken is not None:
            spoken.add(key)
        if child.schema is False:
            what = "property" if isinstance(key, str) else "item"
            valid = run.fault(
                at, f"{quote(key)} is not {'a' if what == 'property' else 'an'} {what} the schema allows"
            )
        else:
            valid = (yield child, value[key], _below(at, key), None) and valid
        if not valid and (at is None or len(run.violations) >= MAX_VIOLATIONS):
            return False
    return valid


def _property_names(run: Run, place: Place, value: Any, at: At, spoken: Judged) -> Evaluation:
    valid = True
    for name in value:
        valid = (yield place.children["propertyNames",], name, at, None) and valid
        if not valid and at is None:
            return False
    return valid


def _prefix_items(run: Run, place: Place, value: Any, at: At, spoken: Judged) -> Evaluation:
    valid = True
    for i, child in enumerate(place.lists["prefixItems"][: len(value)]):
        if spoken is not None:
            spoken.add(i)
        valid = (yield child, value[i], _below(at, i), None) and valid
        if not valid and at is None:
            return False
    return valid


def _items(run: Run, place: Place, value: Any, at: At, spoken: Judged) -> Evaluation:
    schema: Any = place.schema
    rest = range(len(schema.get("prefixItems", ())), len(value))
    return (yield from _each(run, place.children["items",], rest, value, at, spoken))


def _unevaluated_items(run: Run, place: Place, value: Any, at: At, spoken: Judged) -> Evaluation:
    rest = [i for i in range(len(value)) if i not in (spoken or ())]
    return (yield from _each(run, place.children["unevaluatedItems",], rest, value, at, spoken))


def _contains(run: Run, place: Place, value: Any, at: At, spoken: Judged) -> Evaluation:
    schema: Any = place.schema
    least, most = schema.get("minContains", 1), schema.get("maxContains")
    found = 0
    for i, each in enumerate(value):
        if (yield place.children["contains",], each, None, None):
            found += 1
            if spoken is not None:
                spoken.add(i)
            if most is not None and found > most:
                return run.fault(at, f"more than {quote(most)} items are valid under the schema of contains")
            if most is None and spoken is None and found >= least:
                break
    if found < least:
        return run.fault(
            at, f"{found} items are valid under the schema of contains, the least is {quote(least)}"
        )
    return True


class _Rule(NamedTuple):
    """A keyword's meaning for values of one kind: the faults it finds, or how it applies other schemas.

    `is_last` of those that ask what the others spoke of.
    """

    concerns: Callable[[Any], bool]
    faults: Faults | None = None
    evaluate: Callable[[Run, Place, Any, At, Judged], Evaluation] | None = None
    is_last: bool = False


def _same(value: Any) -> Any:
    return value


_RULES: dict[str, _Rule] = {
    "$ref": _Rule(_KINDS["any"], evaluate=_reference("$ref")),
    "$dynamicRef": _Rule(_KINDS["any"], evaluate=_reference("$dynamicRef")),
    "type": _Rule(_KINDS["any"], _type),
    "enum": _Rule(_KINDS["any"], _enum),
    "const": _Rule(_KINDS["any"], _const),
    "multipleOf": _Rule(_KINDS["number"], _multiple_of),
    "maximum": _Rule(
        _KINDS["number"], _compared("maximum", lambda a, b: a <= b, "is more than the maximum of", _same)
    ),
    "minimum": _Rule(
        _KINDS["number"], _compared("minimum", lambda a, b: a >= b, "is less than the minimum of", _same)
    ),
    "exclusiveMaximum": _Rule(
        _KINDS["number"], _compared("exclusiveMaximum", lambda a, b: a < b, "is not less than", _same)
    ),
    "exclusiveMinimum": _Rule(
        _KINDS["number"], _compared("exclusiveMinimum", lambda a, b: a > b, "is not more than", _same)
    ),
    "maxLength": _Rule(_KINDS["string"], _compared("maxLength", lambda a, b: a <= b, "is longer than", len)),
    "minLength": _Rule(_KINDS["string"], _compared("minLength", lambda a, b: a >= b, "is shorter than", len)),
    "pattern": _Rule(_KINDS["string"], _pattern),
    "maxItems": _Rule(_KINDS["array"], _compared("maxItems", lambda a, b: a <= b, "is longer than", len)),
    "minItems": _Rule(_KINDS["array"], _compared("minItems", lambda a, b: a >= b, "is shorter than", len)),
    "uniqueItems": _Rule(_KINDS["array"], _unique_items),
    "maxProperties": _Rule(
        _KINDS["object"], _compared("maxProperties", lambda a, b: a <= b, "has more properties than", len)
    ),
    "minProperties": _Rule(
        _KINDS["object"], _compared("minProperties", lambda a, b: a >= b, "has fewer properties than", len)
    ),
    "required": _Rule(_KINDS["object"], _required),
    "dependentRequired": _Rule(_KINDS["object"], _dependent_required),
    "allOf": _Rule(_KINDS["any"], evaluate=_all_of),
    "anyOf": _Rule(_KINDS["any"], evaluate=_any_of),
    "oneOf": _Rule(_KINDS["any"], evaluate=_one_of),
    "not": _Rule(_KINDS["any"], evaluate=_not),
    "if": _Rule(_KINDS["any"], evaluate=_if),
    "dependentSchemas": _Rule(_KINDS["object"], evaluate=_dependent_schemas),
    "properties": _Rule(_KINDS["object"], evaluate=_properties),
    "patternProperties": _Rule(_KINDS["object"], evaluate=_pattern_properties),
    "additionalProperties": _Rule(_KINDS["object"], evaluate=_additional_properties),
    "propertyNames": _Rule(_KINDS["object"], evaluate=_property_names),
    "prefixItems": _Rule(_KINDS["array"], evaluate=_prefix_items),
    "items": _Rule(_KINDS["array"], evaluate=_items),
    "contains": _Rule(_KINDS["array"], evaluate=_contains),
    "unevaluatedItems": _Rule(_KINDS["array"], evaluate=_unevaluated_items, is_last=True),
    "unevaluatedProperties": _Rule(_KINDS["object"], evaluate=_unevaluated_properties, is_last=True),
}

"""Keywords of JSON Schema that look at the value alone: each gives what the value breaks.

Source: JSON Schema Validation 2020-12, 6.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import inf
from typing import Any

from gateway.core.json_schema.document import Place
from gateway.core.json_schema.formats import FORMATS
from gateway.core.json_schema.keywords import quote
from gateway.core.json_schema.run import Assertion, Run, keyword_value

_QUOTED_OPTIONS = 10


def _is_integer(value: Any) -> bool:
    return value.is_integer() if isinstance(value, float) else _is_number(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


KINDS: dict[str, Callable[[Any], bool]] = {
    "any": lambda value: True,
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": _is_integer,
    "null": lambda value: value is None,
    "number": _is_number,
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}


def check_type(run: Run, place: Place, value: Any) -> Iterator[str]:
    kinds = keyword_value(place, "type")
    if not any(KINDS[kind](value) for kind in (kinds if isinstance(kinds, list) else [kinds])):
        kinds = ", ".join(map(repr, kinds)) if isinstance(kinds, list) else repr(kinds)
        yield f"{quote(value)} is not of type {kinds}"


def check_enum(run: Run, place: Place, value: Any) -> Iterator[str]:
    options = keyword_value(place, "enum")
    if place not in run.options:
        run.options[place] = {run.number(each) for each in options}
    if run.number(value) not in run.options[place]:
        more = f" and {len(options) - _QUOTED_OPTIONS} more" if len(options) > _QUOTED_OPTIONS else ""
        yield f"{quote(value)} is not one of {', '.join(map(quote, options[:_QUOTED_OPTIONS]))}{more}"


def check_const(run: Run, place: Place, value: Any) -> Iterator[str]:
    wanted = keyword_value(place, "const")
    if run.number(value) != run.number(wanted):
        yield f"{quote(value)} is not {quote(wanted)}"


def check_multiple_of(run: Run, place: Place, value: Any) -> Iterator[str]:
    unit = keyword_value(place, "multipleOf")
    if not abs(value) < inf or _exact(value) % _exact(unit):
        yield f"{quote(value)} is not a multiple of {quote(unit)}"


def _exact(number: int | float) -> int | Fraction:
    """The number as it was written: 0.3 is three tenths."""
    return number if isinstance(number, int) else Fraction(repr(number))


def compare(
    keyword: str, holds: Callable[[Any, Any], bool], words: str, size: Callable[[Any], Any] | None = None
) -> Assertion:
    """A bound, of the value or of its size.

    Args:
        holds: of value and bound.
        words: what stands in the message between the two.
    """

    def assertion(run: Run, place: Place, value: Any) -> Iterator[str]:
        bound = keyword_value(place, keyword)
        if not holds(value if size is None else size(value), bound):
            yield f"{quote(value)} {words} {quote(bound)}"

    return assertion


def check_pattern(run: Run, place: Place, value: str) -> Iterator[str]:
    pattern = keyword_value(place, "pattern")
    if not run.matches(pattern, value):
        yield f"{quote(value)} does not match {quote(pattern)}"


def check_format(run: Run, place: Place, value: str) -> Iterator[str]:
    name = keyword_value(place, "format")
    run.spend(len(value) // 1000)
    if name in FORMATS and not FORMATS[name](value):
        yield f"{quote(value)} is not of the format {quote(name)}"


def check_unique_items(run: Run, place: Place, value: list[Any]) -> Iterator[str]:
    if not keyword_value(place, "uniqueItems"):
        return
    run.spend(len(value))
    seen: dict[int, int] = {}
    for i, each in enumerate(value):
        first = seen.setdefault(run.number(each), i)
        if first != i:
            yield f"the items {first} and {i} are equal, they must be unique"
            return


def check_required(run: Run, place: Place, value: dict[str, Any]) -> Iterator[str]:
    names = keyword_value(place, "required")
    run.spend(len(names) // 10)
    return (f"{quote(name)} is a required property" for name in names if name not in value)


def check_dependent_required(run: Run, place: Place, value: dict[str, Any]) -> Iterator[str]:
    for name, needed in keyword_value(place, "dependentRequired").items():
        run.spend(1)
        if name in value:
            run.spend(len(needed) // 10)
            for each in needed:
                if each not in value:
                    yield f"{quote(each)} is a required property where there is {quote(name)}"

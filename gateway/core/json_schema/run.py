"""One value held against one schema: what it has cost, what it broke, and which values are equal.

Equal values get equal numbers (`Run.number`), once each, so that `enum`, `const` and `uniqueItems` compare numbers.
Messages are made for violations only, and quote a few words.
"""

from collections.abc import Callable, Generator, Iterable
from typing import Any

from msgspec import Struct

from gateway.core.json_schema.document import Document, Place
from gateway.core.json_schema.pointer import pointer

MAX_STEPS = 500_000
MAX_VIOLATIONS = 10
# instructions of a pattern, each on one character, at worst
_PROGRAM_STEP = 100


class Violation(Struct, kw_only=True, frozen=True):
    """Where a value breaks the schema (JSON Pointer into the value), and how."""

    path: str
    message: str


class Unbounded(Exception):
    """A validation that cannot be brought to its end."""


# where in the value: the way back to the root; None where a violation is not reported
At = tuple[Any, ...] | None
# names or indexes that keywords have evaluated; None where no keyword reads them
Evaluated = set[str | int] | None
# a schema to apply to a value
Application = tuple[Place, Any, At, Evaluated]
Evaluation = Generator[Application, bool, bool]
# an assertion gives the messages of what the value breaks
Assertion = Callable[["Run", Place, Any], Iterable[str]]
# an applicator yields the schemas to apply, is sent whether each holds, and returns whether the keyword does
Applicator = Callable[["Run", Place, Any, At, Evaluated], Evaluation]


class Run:
    """One value held against one schema."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.violations: list[Violation] = []
        # the numbers of an `enum`
        self.options: dict[Place, set[int]] = {}
        self._left = MAX_STEPS
        self._numbers: dict[str, int] = {}
        # numbers of arrays and objects by id; they outlive the run
        self._known: dict[int, int] = {}

    def spend(self, steps: int) -> None:
        """
        Raises:
            Unbounded: that is more than the bound of a run.
        """
        self._left -= steps
        if self._left < 0:
            raise Unbounded(f"validating takes more than {MAX_STEPS} steps; make it simpler")

    def fault(self, at: At, message: str) -> bool:
        """Report a violation where violations are reported; False, for the keyword to return."""
        if at is not None:
            self.violations.append(Violation(path=_path(at), message=message))
        return False

    def matches(self, pattern: str, text: str) -> bool:
        """Whether a pattern of the schema is found in the text."""
        parts = self.document.patterns[pattern]
        size = sum(compiled.programsize for compiled, _ in parts)
        self.spend(len(parts) + size * len(text) // _PROGRAM_STEP)
        sought = text.encode("utf-8", "replace")
        return all((compiled.search(sought) is not None) is wanted for compiled, wanted in parts)

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


def _path(at: At) -> str:
    steps = []
    while at:
        at, step = at
        steps.append(step)
    return pointer(reversed(steps))


def keyword_value(place: Place, keyword: str) -> Any:
    schema: Any = place.schema
    return schema[keyword]

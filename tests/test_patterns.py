"""Every pattern of the package takes time linear in what it reads, whatever that is.

A pattern that is tried from each letter, or that can share the same text out in several ways, lets one page of
64 KB hold a thread for seconds. So each pattern is run on strings made from its own parts: they are repeated,
begun and never completed, and alternated, and the time may grow by no more than the text does.
"""

import ast
import importlib
import pkgutil
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
import re2

import backends
import gateway

parser: Any = importlib.import_module("re._parser")  # the standard library's own reading of a pattern

METHODS = frozenset({"match", "fullmatch", "search", "findall", "finditer", "split", "sub", "subn"})
MADE_AT_RUN_TIME = {"backends.local.template"}  # the names of a model's control tokens, joined by |

SHORT_CHARACTERS, SHORT_S = 600, 0.005  # no honest run takes so long for so little
MEASURABLE_S = 0.0008  # from here on the growth of a run's time is looked at
MOST_GROWTH = 2.5  # per doubling of the text; twice no more, and the pattern is linear on it
GIVEN_UP_S = 0.15  # for one run, growing faster still
# a pattern that is tried from each of its words, to the end of the text, takes longer than this
SCREENED_CHARACTERS, SCREENED_S = 32_768, 0.006
MOST_STRINGS = 50  # of each sort, for one pattern


class Used(msgspec.Struct, frozen=True):
    """A pattern, where it stands and how the code runs it."""

    name: str
    pattern: Any
    methods: tuple[str, ...]


MADE_BY_CALL = {"compile", *METHODS}


def modules() -> list[ModuleType]:
    return [
        importlib.import_module(found.name)
        for package in (gateway, backends)
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]


def is_pattern(value: object) -> bool:
    return isinstance(value, re.Pattern) or type(value) is type(re2.compile("x"))


def patterns_in(name: str, value: object, depth: int = 0) -> Iterator[tuple[str, Any]]:
    if is_pattern(value):
        yield name, value
    elif isinstance(value, dict | list | tuple | set | frozenset) and depth < 4:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from patterns_in(f"{name}[{key!r}]", item, depth + 1)
            yield from patterns_in(f"{name}.key", key, depth + 1)


def trees() -> dict[str, ast.Module]:
    return {
        module.__name__: ast.parse(Path(module.__file__ or "").read_text())
        for module in modules()
        if module.__file__
    }


def runs_by_name(tree: ast.Module) -> dict[str, set[str]]:
    """How patterns are run in a module, by the name they are run by."""
    runs: dict[str, set[str]] = defaultdict(set)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in METHODS:
            runs[getattr(node.value, "attr", getattr(node.value, "id", ""))].add(node.attr)
    return runs


def all_patterns() -> list[Used]:
    runs = {module: runs_by_name(tree) for module, tree in trees().items()}
    found = []
    for module in modules():
        for name, value in vars(module).items():
            for place, pattern in patterns_in(name, value):
                # one that is run elsewhere, or from a table by another name, is taken for searched
                methods = runs[module.__name__].get(name) or {"search"}
                found.append(Used(f"{module.__name__}.{place}", pattern, tuple(sorted(methods))))
    return found


# --- strings from a pattern's own parts -------------------------------------------------------------------


def members(node: tuple[Any, Any], alphabet: str) -> list[str]:
    """Some characters that a single-character node takes."""
    kind, value = node
    if kind is parser.LITERAL:
        return [chr(value)]
    candidates = list(alphabet)
    if kind is parser.IN:
        for op, one in value:
            if op is parser.LITERAL:
                candidates.insert(0, chr(one))
            elif op is parser.RANGE:
                candidates[:0] = [chr(one[0]), chr(one[1])]
    taken = [char for char in dict.fromkeys(candidates) if accepts(node, char)]
    return taken[:7]


def accepts(node: tuple[Any, Any], char: str) -> bool:
    kind, value = node
    if kind is parser.ANY:
        return True
    if kind is parser.LITERAL:
        return chr(value) == char
    if kind is parser.NOT_LITERAL:
        return chr(value) != char
    negated = value[0][0] is parser.NEGATE
    return negated != any(
        (op is parser.LITERAL and chr(one) == char)
        or (op is parser.RANGE and one[0] <= ord(char) <= one[1])
        or (op is parser.CATEGORY and re.match(CATEGORIES[str(one)], char) is not None)
        for op, one in value
    )


CATEGORIES = {
    f"CATEGORY_{negation}{name}": letter.upper() if negation else letter
    for name, letter in (("DIGIT", r"\d"), ("SPACE", r"\s"), ("WORD", r"\w"))
    for negation in ("", "NOT_")
}
SINGLE = {parser.LITERAL, parser.NOT_LITERAL, parser.ANY, parser.IN}
REPEATS = {parser.MAX_REPEAT, parser.MIN_REPEAT, parser.POSSESSIVE_REPEAT}


def bodies(node: tuple[Any, Any]) -> list[Any]:
    """The sequences below a node."""
    kind, value = node
    if kind in REPEATS:
        return [value[2]]
    if kind is parser.SUBPATTERN:
        return [value[3]]
    if kind is parser.BRANCH:
        return list(value[1])
    if kind in (parser.ASSERT, parser.ASSERT_NOT):
        return [value[1]]
    if kind is parser.ATOMIC_GROUP:
        return [value]
    if kind is parser.GROUPREF_EXISTS:
        return [body for body in value[1:] if body is not None]
    return []


def walk(sequence: Any) -> Iterator[tuple[Any, Any]]:
    for node in sequence:
        yield node
        for body in bodies(node):
            yield from walk(body)


def sequences(sequence: Any) -> Iterator[Any]:
    yield sequence
    for node in sequence:
        for body in bodies(node):
            yield from sequences(body)


def sample(sequence: Any, alphabet: str, choice: int = 0) -> str:
    """A string that the sequence matches, or nearly."""
    parts = []
    for node in sequence:
        kind, value = node
        if kind in SINGLE:
            some = members(node, alphabet) or [""]
            parts.append(some[choice % len(some)])
        elif kind in REPEATS:
            parts.append(sample(value[2], alphabet, choice) * min(max(value[0], 1), 50))
        elif kind is parser.BRANCH:
            parts.append(sample(value[1][choice % len(value[1])], alphabet, choice))
        elif kind in (parser.SUBPATTERN, parser.ATOMIC_GROUP):
            parts += [sample(body, alphabet, choice) for body in bodies(node)]
    return "".join(parts)


def hostile(pattern: Any) -> list[tuple[str, str]]:
    """A beginning, and what is repeated after it; none of these need match."""
    source = pattern.pattern
    tree = parser.parse(source, getattr(pattern, "flags", 0) & ~re.DEBUG)
    literals = "".join(chr(value) for kind, value in walk(tree) if kind is parser.LITERAL)
    alphabet = "".join(dict.fromkeys("a0 \n<-.'\"," + literals[:20] + "Aä="))
    if isinstance(source, bytes):
        alphabet = alphabet.replace("ä", "\xe4")
    atoms: dict[str, None] = {}
    fillers: dict[str, None] = {}
    pieces: dict[str, None] = {}
    for node in walk(tree):
        kind, value = node
        if kind in SINGLE:
            atoms.update(dict.fromkeys(members(node, alphabet)))
        if kind in REPEATS and value[1] > 8:
            for choice in range(5):
                fillers[sample(value[2], alphabet, choice)] = None
    beginnings: dict[str, None] = {"": None}
    for sequence in sequences(tree):
        for end in range(1, len(sequence) + 1):
            for choice in range(2):
                pieces[sample(sequence[:end], alphabet, choice)] = None
    flat = list(tree)
    while len(flat) == 1 and bodies(flat[0]) and flat[0][0] is not parser.BRANCH:
        flat = list(bodies(flat[0])[0])
    for branch in bodies(flat[0]) if len(flat) == 1 and flat[0][0] is parser.BRANCH else [flat]:
        for end in range(1, len(branch) + 1):
            beginnings[sample(branch[:end], alphabet)] = None
    some_atoms = spread([atom for atom in atoms if atom], 14)
    some_pieces = spread([piece for piece in pieces if piece], 30)
    some_fillers = spread([filler for filler in fillers if filler], 10)
    strings = [("", atom) for atom in spread(list(atoms), 20)] + [("", piece) for piece in some_pieces]
    strings += spread([(b, f) for b in spread(list(beginnings), 14) for f in some_fillers], MOST_STRINGS)
    pairs = [("", one + other) for one in some_pieces + some_fillers for other in some_atoms + some_fillers]
    strings += spread(pairs, MOST_STRINGS)
    return [(b, r) for b, r in dict.fromkeys(strings) if r]


def spread(values: list[Any], most: int) -> list[Any]:
    """At most so many of them, from all over the list."""
    step = max(1.0, len(values) / most)
    return [values[int(step * at)] for at in range(min(len(values), most))]


# --- measuring --------------------------------------------------------------------------------------------


def superlinear(run: Callable[[Any], object], begin: str, repeated: str, *, binary: bool) -> str:
    """Why the time of `run` grows faster than its text does; empty where it does not."""

    def seconds(size: int, tries: int = 1) -> float:
        text = begin + repeated * max(1, (size - len(begin)) // len(repeated)) + "\0"
        subject = text.encode("latin-1", "replace") if binary else text
        best = float("inf")
        for _ in range(tries):
            start = time.process_time()
            run(subject)
            best = min(best, time.process_time() - start)
        return best

    size, before, settled = len(begin) + 4 * len(repeated), 0.0, 0
    while True:
        taken = seconds(size)
        if size < SHORT_CHARACTERS:  # small steps: time that doubles with each piece would never end
            if taken > SHORT_S and (taken := min(taken, seconds(size, 5))) > SHORT_S:
                return f"{taken:.3f} s for {size} characters"
            size += max(len(repeated), size // 8)
            continue
        if before > MEASURABLE_S:
            if taken > MOST_GROWTH * before and taken > GIVEN_UP_S:  # or was the machine busy?
                before = min(before, seconds(size // 2, 3))
                taken = min(taken, seconds(size, 2))
            settled = settled + 1 if taken <= MOST_GROWTH * before else 0
            if settled >= 2 and size >= SCREENED_CHARACTERS // 2:
                return ""
            if taken > GIVEN_UP_S:
                return "" if settled else f"x{taken / before:.1f} to {size} characters and {taken:.2f} s"
        if size >= SCREENED_CHARACTERS and taken < SCREENED_S:
            return ""
        before = taken
        size *= 2


def fault(used: Used) -> str:
    """A string on which the pattern is not linear, and how so; empty where it is on all."""
    binary = isinstance(used.pattern.pattern, bytes)
    for begin, repeated in hostile(used.pattern):
        for method in used.methods:
            if why := superlinear(runner(used.pattern, method), begin, repeated, binary=binary):
                return f"{used.name}.{method}({begin!r} + {repeated!r} * n): {why}"
    return ""


def runner(pattern: Any, method: str) -> Callable[[Any], object]:
    if method in ("match", "fullmatch", "search"):
        return getattr(pattern, method)  # type: ignore[no-any-return]
    return lambda text: sum(1 for _ in pattern.finditer(text))  # sub, split, findall go through the text so


# --- the tests --------------------------------------------------------------------------------------------


def may_be_slow(used: Used) -> bool:
    """Whether something in it repeats without a small bound: else each place of the text takes it so many steps."""
    tree = parser.parse(used.pattern.pattern, getattr(used.pattern, "flags", 0) & ~re.DEBUG)
    return any(kind in REPEATS and value[1] > 8 for kind, value in walk(tree))


PATTERNS = all_patterns()
# many are imported
DIFFERENT = {(id(used.pattern), used.methods): used for used in PATTERNS if may_be_slow(used)}.values()


@pytest.mark.parametrize("used", [pytest.param(used, id=used.name) for used in DIFFERENT])
def test_pattern_is_linear_on_strings_of_its_own_parts(used: Used) -> None:
    assert fault(used) == ""


def test_patterns_are_constants_of_their_modules() -> None:
    """Those made inside functions would escape the test above; those of re2 are linear whatever they say."""
    found = [
        f"{module}:{call.lineno}"
        for module, tree in trees().items()
        if module not in MADE_AT_RUN_TIME
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in MADE_BY_CALL
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "re"
    ]
    assert found == []


def test_patterns_of_the_modules_are_all_collected() -> None:
    """As many as there are calls that make one: a place that hides its patterns from the test shows here."""
    collected = {used.name.rpartition("[")[0] or used.name for used in PATTERNS}
    missing = [
        f"{module}:{assigned.lineno}"
        for module, tree in trees().items()
        for assigned in tree.body
        if isinstance(assigned, ast.Assign)
        for call in ast.walk(assigned.value)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "re.compile"
        if f"{module}.{ast.unparse(assigned.targets[0])}" not in collected
    ]
    assert missing == []
    assert len(PATTERNS) > 150


BAD = [
    (r"([a-z-]+)\s*=", "search"),
    (r"(<!--.*?-->\s*)*x", "match"),
    (r"(a+)+$", "match"),
    (r"(a|a)*$", "match"),
    (r"\s+$", "search"),
    (r"<[^>]*>", "finditer"),
    (r"\s*,?\s*x", "match"),
    (rb"(?:a*b*)*c", "match"),
    (r"\d+(?=[a-z])|\w+,", "finditer"),
    (r"<a.*?</a>", "sub"),
]
GOOD = [
    (r"(?<![a-z-])[a-z-]++\s*+=", "search"),
    (r"(?:<!--(?>.*?-->)\s*+)*+x", "match"),
    (r"a++$", "match"),
    (r"<[^<>]*>", "finditer"),
    (r"<[^>]{0,200}>", "finditer"),
    (rb"<!--.*?(?:-->|\Z)", "sub"),
]


@pytest.mark.parametrize(("source", "method"), BAD)
def test_pattern_that_is_not_linear_is_found(source: str | bytes, method: str) -> None:
    assert fault(Used("bad", re.compile(source, re.S), (method,)))


@pytest.mark.parametrize(("source", "method"), GOOD)
def test_pattern_that_is_linear_passes(source: str | bytes, method: str) -> None:
    assert fault(Used("good", re.compile(source, re.S), (method,))) == ""


def test_pattern_of_re2_passes() -> None:
    assert fault(Used("re2", re2.compile(r"(a+)+$"), ("search",))) == ""

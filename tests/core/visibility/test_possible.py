"""Blocks of style sheets that C leaves out are for nothing on the page, and what hides is what Python finds."""

import os
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from gateway.core.dom.native import find_walk, prefer_native
from gateway.core.visibility.hidden import find_hidden
from gateway.wire import Notice

# pages with sheets made of pieces
SHEETS = max(1, int(os.environ.get("NATIVE_MUTATED", 5000)) // 30)
NAMES = [".a", ".B", "#c", "#D", r".md\:e", r".f\.5", r".\31 0", ".é", ".-g", ".--h", "._i", ".j" * 3, "#k.l"]
# which the page may have for them, and which it has not
HAD = ["a", "b", "md:e", "f.5", "10", "é", "-g", "--h", "_i", "j", "l"]
AFTER = [
    "",
    ":not(.a)",
    ":hover",
    "::before",
    "[x='a.b,c']",
    '[y="]"]',
    ":is(.a, .zz)",
    ".no-js",
    "\\",
    ":empty",
]
GAPS = [" ", " > ", "+", ", ", ",", "\n", "~"]
COMPOUND = st.builds(
    lambda tag, name, after: tag + name + after,
    st.sampled_from(["", "p", "*", "div"]),
    st.sampled_from([*NAMES, "", ".z1", "#z2", ".z3.a"]),
    st.sampled_from([*AFTER, "", "", ""]),
)
SELECTOR = st.lists(st.tuples(COMPOUND, st.sampled_from(GAPS)), min_size=1, max_size=4).map(
    lambda parts: "".join(each + gap for each, gap in parts).rstrip(" >+,~\n")
)
WAYS = ["display:none", "visibility:hidden", "font-size:0", "color:red", "left:-9999px;position:absolute"]
RULE = st.builds(lambda selector, way: f"{selector}{{{way}}}", SELECTOR, st.sampled_from(WAYS))
AROUND = st.sampled_from(
    ["@media screen", "@media print", "@layer x", ".a", ".zz", "&", "p, .b", "@supports (a:b)"]
)
BLOCK = RULE | st.builds(
    lambda around, rules: f"{around}{{{''.join(rules)}}}", AROUND, st.lists(RULE, max_size=3)
)
SHEET = st.lists(BLOCK | st.sampled_from(["}", "{", ";", "@import 'a';"]), max_size=12).map("".join)
# that make a sheet long enough for the page's names to be read
MANY = "".join(f".other{number}{{display:none}}" for number in range(30))


@pytest.fixture(scope="module", autouse=True)
def offered(compiled: ModuleType) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "winnow_native", compiled)
        find_walk.cache_clear()
        yield
    prefer_native(True)


def both_ways(html: str) -> list[tuple[dict[int, str], list[Notice]]]:
    tree = LexborHTMLParser(html, scripting=True)
    found = []
    for wanted in (True, False):
        prefer_native(wanted)
        assert (find_walk().extension is not None) == wanted
        warnings: list[Notice] = []
        found.append((find_hidden(tree, warnings=warnings), warnings))
    return found


@pytest.mark.timeout(0)
@settings(max_examples=SHEETS, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    doctype=st.sampled_from(["", "<!doctype html>"]),
    sheet=SHEET,
    had=st.lists(st.sampled_from([*HAD, *map(str.upper, HAD)]), max_size=5),
    ids=st.lists(st.sampled_from(["c", "C", "d", "k", "z2"]), max_size=3),
)
def test_sheets_of_rules_hide_alike(doctype: str, sheet: str, had: list[str], ids: list[str]) -> None:
    body = "".join(f"<p id={each}>text" for each in ids) + "".join(
        f"<div class='x {each}'><p class=a>{each}" for each in had
    )
    in_c, in_python = both_ways(f"{doctype}<style>{sheet}{MANY}</style>{body}")
    assert in_c == in_python


@pytest.mark.parametrize(
    "sheet",
    [
        # 20,000 selectors that hide are read, whatever the page has
        ",".join(f".a{number}" for number in range(300)) + "{display:none}",
        "{@media all{display:none}}",
        ".a1,.zz{.a2,.b{display:none}}",
    ],
)
@pytest.mark.parametrize("times", [1, 60, 200])
def test_as_many_selectors_are_read(sheet: str, times: int) -> None:
    prefix = ",".join(f".b{number}" for number in range(300)) if sheet.startswith("{") else ""
    css = prefix + (sheet * times if not prefix else "{" + sheet[1:-1] * times + "}") + ".x{display:none}"
    in_c, in_python = both_ways(f"<style>{css}{MANY}</style><p class=x>text<p class='b7 a7'>more")
    assert in_c == in_python


def places_of(css: bytes) -> list[int]:
    return [at for at, each in enumerate(css) if each == ord("{")]


@pytest.mark.parametrize(
    ("selector", "is_kept"),
    [
        (b".a", True),
        (b".A", True),
        (b"p.z .a", False),
        (b".z,.a", True),
        (b".z , #z", False),
        (b".a:hover,.z", False),
        (b".a::before", False),
        (b":not(.z)", True),
        (b".z:not(.a)", False),
        (b".z:is(.a,.b)", False),
        (b".a[x=',.z']", True),
        (b"[x=.z]", True),
        (b".z[x=',']", True),
        (b"p", True),
        (b"", True),
        (b"@media .z", True),
        (b".z" + b" .a" * 700, True),
        (b".md\\:e", True),
        (b".md\\:z", False),
        (b".\\31 0 .z", False),
        (b".\\31 0", True),
        (b"12.5%", True),
        (b".z" * 200, False),
        (b"." + b"z" * 300, True),
        (b".a.", True),
        (b".\\", True),
        (b"html.no-js .a", False),
    ],
)
def test_blocks_that_are_possible(compiled: ModuleType, selector: bytes, is_kept: bool) -> None:
    tree = LexborHTMLParser("<p class='a md:e' id=c>text")
    css = b"x{}" + selector + b"{}"
    names = compiled.read_page_names(tree.root)
    kept = compiled.keep_possible(
        css, places_of(css)[1:], [], [], names, (b":hover", b"::", b"no-js"), 2000, 999
    )
    assert bool(kept) == is_kept


def test_nothing_is_left_out_of_too_many(compiled: ModuleType) -> None:
    names = compiled.read_page_names(LexborHTMLParser("<p>").root)
    css = b".a,.b,.c{.d,.e{}}"
    places, braces = [9, 16], [8, -1]
    for most, kept in ((6, []), (5, [14])):
        assert compiled.keep_possible(css, [14], places, braces, names, (), 2000, most) == kept


def test_as_many_states_are_looked_for_as_fit(compiled: ModuleType) -> None:
    names = compiled.read_page_names(LexborHTMLParser("<p class=a>").root)
    states = tuple(f":s{number:02}".encode() for number in range(32))
    for state, kept in ((b":s31", []), (b":s32", [7]), (b":s00", [])):
        css = b".a" + state + b" {}"
        assert compiled.keep_possible(css, [7], [], [], names, states, 2000, 9) == kept


def test_extension_refuses_other_forms(compiled: ModuleType) -> None:
    tree = LexborHTMLParser("<p>")
    names = compiled.read_page_names(tree.root)
    for blocks, places, braces, given_names, states in (
        ([3], [], [], names, ()),
        ([-1], [], [], names, ()),
        ([0], [4], [0], names, ()),
        ([0], [0], [3], names, ()),
        ([0], [0], [-2], names, ()),
        ([0], [0], [], names, ()),
        ([0], [], [], b"names", ()),
        ([0], [], [], names, (b"a",) * 33),
    ):
        with pytest.raises(ValueError, match=r"another size|outside|PyCapsule"):
            compiled.keep_possible(b"a{}", blocks, places, braces, given_names, states, 9, 9)
    for wrong in (["a"], [None]):
        with pytest.raises(TypeError):
            compiled.keep_possible(b"a{}", wrong, [], [], names, (), 9, 9)
    with pytest.raises(TypeError):
        compiled.keep_possible(b"a{}", [0], [], [], names, ("a",), 9, 9)
    for function in (compiled.read_page_names, compiled.count_stripped, compiled.join_texts):
        with pytest.raises(TypeError):
            function(tree)

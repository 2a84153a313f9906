"""Selectors matched in one walk by C give each element what Lexbor's queries give it, and so does all that hides."""

import itertools
import os
import struct
import sys
import time
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from gateway.core.dom.native import find_walk, prefer_native
from gateway.core.dom.nesting import limit_nesting
from gateway.core.visibility.hidden import find_hidden
from gateway.core.visibility.matching import Matcher
from gateway.core.visibility.native_matching import read_parts, widen
from tests.requirements import SHARED, require_folder
from training.corpus import page_ids, read_samples

CORPUS = SHARED / "data" / "wcxb"
CORPUS_PAGES = int(os.environ.get("NATIVE_PAGES", 60))


@pytest.fixture(scope="module", autouse=True)
def offered(compiled: ModuleType) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "winnow_native", compiled)
        find_walk.cache_clear()
        assert find_walk().extension is compiled
        yield
    prefer_native(True)


def both_ways(read: Callable[[], object]) -> tuple[object, object]:
    """What is found by C and by Python."""
    found = []
    for wanted in (True, False):
        prefer_native(wanted)
        assert (find_walk().extension is not None) == wanted
        found.append(read())
    return found[0], found[1]


def match(tree: LexborHTMLParser, selectors: list[str], page: object | None = None) -> list[tuple[int, int]]:
    """Indexes of selectors and the elements that have them, by mem_id."""
    matcher = Matcher(selectors)
    found = []
    for node, attributes, index in matcher.match(tree, page):
        assert attributes == node.attributes and node.first_child is not None
        found.append((index, node.mem_id))
    assert not matcher.is_cut
    return found


def compare(html: str | bytes, selectors: list[str]) -> None:
    tree = LexborHTMLParser(html, scripting=True)
    # few, and so many that the names of the page are read first
    for others in (0, 60):
        asked = [*selectors, *(f".other{number} .a" for number in range(others))]
        in_c, in_python = both_ways(lambda asked=asked: match(tree, asked))
        assert set(in_c) == set(in_python)
        prefer_native(True)
        extension = find_walk().extension
        assert extension is not None and tree.root is not None
        # what is known of all elements leaves only those out that nothing is found for
        assert match(tree, asked, extension.read_page_names(tree.root)) == in_c


TAGS = [
    "p",
    "div",
    "a",
    "b",
    "li",
    "ul",
    "x-a",
    "X-B",
    "svg",
    "foreignObject",
    "title",
    "annotation-xml",
    "marquee",
]
NAMES = [
    " class=a",
    " class='b a'",
    " class=A",
    ' class="a\n\tb"',
    " id=a",
    " id=B",
    " id",
    " class",
    " data-k=v",
]
NAMES += [
    " data-k",
    " data-k=V",
    " hidden",
    " type=Radio",
    " DATA-K=w",
    ' class="é ſ"',
    " viewBox=0",
    " class='a\x1fb'",
]
NAMES += [" id=\u200b", " class='\u200b é a'"]
ELEMENTS = [f"<{tag}{name}>" for tag in TAGS for name in ("", *NAMES)]
MARKUP = st.lists(
    st.sampled_from([*ELEMENTS, *(f"</{tag}>" for tag in TAGS * 4), "text", " ", "<!-- -->"]), max_size=40
)
COMPOUNDS = [
    ".a",
    ".b",
    ".A",
    "#a",
    "#B",
    "#b",
    "p",
    "P",
    "div.a",
    "x-a",
    "x-b.a",
    "*",
    "*.a",
    "svg",
    "foreignobject",
]
COMPOUNDS += [
    "[data-k]",
    "[data-k=v]",
    '[data-k="v"]',
    "[DATA-K='w']",
    "[hidden]",
    "[type=radio]",
    ".a[data-k=v]#a",
    "marquee",
]
COMPOUNDS += [
    ".é",
    ".ſ",
    "[viewbox]",
    "li:first-child",
    ":not(.a)",
    "annotation-xml",
    "title",
    ".a\\b",
    "html",
    "[data-k^=v]",
]
# characters that are in no name, and one that is
COMPOUNDS += ["#\u200b .a", ".\u200b", ".é.a"]
# of which C looks whether the page has something wider
COMPOUNDS += [
    ":is(.a, #a)",
    "p:not(.b, [hidden])",
    "div:not(:not(.a))",
    "[data-k$=v]:first-child",
    "[type*='dio']",
    "b:nth-child(2n + 1)",
    ":has(> .b)",
    "a:last-child.a",
    "[class~=b]",
    ":empty",
]
SELECTOR = st.builds(
    lambda first, rest: first + "".join(gap + each for gap, each in rest),
    st.sampled_from(COMPOUNDS),
    st.lists(
        st.tuples(st.sampled_from([" ", ">", " > ", "+", "~", " ~ ", "\n", ""]), st.sampled_from(COMPOUNDS)),
        max_size=3,
    ),
)


@pytest.mark.timeout(0)
@settings(max_examples=4000, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    doctype=st.sampled_from(["", "<!doctype html>"]),
    pieces=MARKUP,
    selectors=st.lists(SELECTOR, min_size=1, max_size=8),
)
def test_selectors_match_alike(doctype: str, pieces: list[str], selectors: list[str]) -> None:
    compare(doctype + "".join(pieces), selectors)


@pytest.mark.timeout(0)
def test_labelled_pages_hide_alike() -> None:
    require_folder(CORPUS)
    for sample in read_samples(CORPUS, page_ids(CORPUS, sample=CORPUS_PAGES)):
        tree = LexborHTMLParser(limit_nesting(sample.html).markup, scripting=True)
        in_c, in_python = both_ways(lambda tree=tree: find_hidden(tree))
        assert in_c == in_python, sample.page_id


def test_elements_of_drawings_are_found_by_their_own_selector() -> None:
    """Their tags have capital letters: one was taken for what another selector had found."""
    compare("<svg><foreignObject class=a><p>b", ["x-b.a", "foreignobject"])


def test_many_parts_and_levels_are_kept_apart() -> None:
    """More parts than a word has bits, in a tree that is deeper than the first room for it."""
    html = "".join(f'<div class="d{number % 90}">' for number in range(300)) + "text"
    chain = " > ".join(f".d{number}" for number in range(80))
    compare(
        html,
        [
            chain,
            chain.replace(" > ", " "),
            f"{chain} > .d79",
            ".d1 .d0",
            ".d88 + .d89",
            ".d89 .d89 .d89 .d89",
        ],
    )


@pytest.mark.parametrize(
    ("selector", "parts"),
    [
        (".a", [(0, [".a"])]),
        ("*", [(0, [])]),
        ("x-a", [(0, ["<x-a"])]),
        (".a.b#c[d]", [(0, [".a", ".b", "#c", "[d"])]),
        ("[A=b][c=\"d e\"][f='g']", [(0, ["[a=b", "[c=d e", "[f=g"])]),
        (".a > .b+.c ~ .d .e", [(0, [".a"]), (2, [".b"]), (3, [".c"]), (4, [".d"]), (1, [".e"])]),
        ("a:hover", []),
        (":not(.a)", []),
        (".a >", []),
        ("> .a", []),
        (".a > > .b", []),
        (".a*", []),
        ("a\\:b", []),
        ("svg|a", []),
        ("[a=1]", []),
        ('[a=""]', []),
        ("[a^=b]", []),
        ("foreignObject", []),
        ("font-face", []),
        (".é", []),
        ("#\u200b .a", []),
        ("", []),
    ],
)
def test_parts_of_selectors(selector: str, parts: list[tuple[int, list[str]]]) -> None:
    assert [(part.combinator, part.names) for part in read_parts(selector)] == parts


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("p:not(.b)", [[]]),
        (":not(.b)", None),
        (":is(.a, .b):not(.c).d", [[".d"]]),
        (".a > :first-child:hover", [[".a"], []]),
        (".k:not(:has(*:not(style, b)))", [[".k"]]),
        ("[a^=b]:not([c])>*", [["[a"], []]),
        ("[a*='] b'][c$=d] .e::before", [["[a", "[c"], [".e"]]),
        (".a:not(.b", None),
        (".a: :b", None),
        (".a:not(:not(:not(:not(b))))", None),
        (".a\\:b:not(.c)", None),
        (".é:not(.a)", None),
        ("[a^=b i]", None),
        ("svg|a:not(b)", None),
        (":root", None),
        ("", None),
    ],
)
def test_wider_selectors(selector: str, names: list[list[str]] | None) -> None:
    assert [part.names for part in widen(selector)] == (names or [])


def test_of_wider_selectors_the_first_element_is_found(compiled: ModuleType) -> None:
    tree = LexborHTMLParser("<p class=a>1<p class='a b'>2<p class=a>3<p class=c>4")
    parts = struct.pack("=15q", 0, 0, -2, 1, 0, 0, 0, 5, 1, 0, 0, 0, -3, 1, 1)
    found, _, is_cut = compiled.match(tree.root, (b".a", b".b", b".c"), parts, 99)
    assert [(node.text(), index) for node, _, index in found] == [
        ("1", -2),
        ("1", 5),
        ("2", 5),
        ("2", -3),
        ("3", 5),
    ]
    assert not is_cut


def test_match_ends_where_enough_was_found(compiled: ModuleType) -> None:
    tree = LexborHTMLParser("<p class=a>1" * 9)
    part = struct.pack("=5q", 0, 0, 7, 1, 0)
    found, there, is_cut = compiled.match(tree.root, (b".a",), part, 4)
    assert [(node.text(), index) for node, _, index in found] == [("1", 7)] * 4
    assert there == b"\x01" and is_cut
    assert len(compiled.match(tree.root, (b".a",), part, 99)[0]) == 9


def test_match_refuses_what_has_another_form(compiled: ModuleType) -> None:
    tree = LexborHTMLParser("<p class=a>1")
    for names, numbers in (
        ((b".",), ()),
        ((b"=a",), ()),
        ((b".a", b"=a"), ()),
        ((b".a",), (0, 0, 0)),
        ((b".a",), (0, 0, 0, 2, 0)),
        ((b".a",), (0, 0, 0, 1, 1)),
        ((b".a",), (0, 0, 0, 1, -1)),
        ((b".a",), (0, 0, 0, -1)),
        ((b".a",), (1, 0, 0, 1, 0)),
        ((b".a",), (5, 0, 0, 1, 0)),
        ((b".a",), (0, 256, 0, 1, 0)),
        ((b".a",), (0, -1, 0, 1, 0)),
    ):
        with pytest.raises(ValueError, match="of another form"):
            compiled.match(tree.root, names, struct.pack(f"={len(numbers)}q", *numbers), 9)
    with pytest.raises(ValueError, match="of another form"):
        compiled.match(tree.root, (), b"1234", 9)
    with pytest.raises(TypeError):
        compiled.match(tree.root, ("text",), b"", 9)
    with pytest.raises(TypeError):
        compiled.match(tree, (), b"", 9)
    for page in (b"names", compiled.read_page_names(LexborHTMLParser("<p>").root)):
        with pytest.raises(ValueError, match=r"PyCapsule|another page"):
            compiled.match(tree.root, (), b"", 9, page)


def test_names_outlive_their_tree(compiled: ModuleType) -> None:
    tree: LexborHTMLParser | None = LexborHTMLParser("<p class=a>1<p class=b>2")
    assert tree is not None
    page, root = compiled.read_page_names(tree.root), tree.root
    del tree
    found, there, _ = compiled.match(root, (b".b",), struct.pack("=5q", 0, 0, 7, 1, 0), 9, page)
    assert [(node.text(), index) for node, _, index in found] == [("2", 7)] and there == b"\x01"
    assert compiled.keep_possible(b".b{}.c{}", [2, 6], [], [], page, (), 9, 9) == [2]


def spellings(count: int) -> str:
    """A page with a name in many spellings, in style sheets and on elements."""
    names = ["".join(pair) for pair in itertools.islice(itertools.product(*(("a", "A"),) * 14), count)]
    rules = "".join(f".{name}{{display:none}}" for name in names)
    return f"<style>{rules}</style><p class='{' '.join(names)}'>text"


def long_selectors(count: int) -> str:
    rules = "".join(f"{'b ' * 400}.x{number}{{display:none}}" for number in range(40))
    return f"<style>{rules}</style><p class=x1>text{'<b>c</b>' * count}"


@pytest.mark.parametrize(
    ("make", "size"),
    [pytest.param(spellings, 2000, id="spellings"), pytest.param(long_selectors, 5000, id="parts")],
)
def test_what_c_would_take_long_for_is_left_to_lexbor(make: Callable[[int], str], size: int) -> None:
    tree = LexborHTMLParser(make(size))

    def cpu_s(wanted: bool) -> float:
        prefer_native(wanted)
        find_walk()
        began = time.process_time()
        find_hidden(tree)
        return time.process_time() - began

    assert min(cpu_s(True) for _ in range(3)) < 3 * min(cpu_s(False) for _ in range(3)) + 0.05

"""The walk in C gives what Python's gives, column by column, and is used only where that is sure."""

import os
import random
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
import selectolax
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core import CleanOptions, clean
from gateway.core.documents.charset import to_utf8
from gateway.core.dom import blocks as python
from gateway.core.dom import named, native
from gateway.core.dom.blocks import keep
from gateway.core.dom.descent import INLINE, Bounds, Descent
from gateway.core.dom.extension import INTERFACE, LEAST_SHEET, Extension, sought, tables
from gateway.core.dom.extension_check import find_difference, find_fault, is_same
from gateway.core.dom.landmarks import (
    Landmarks,
    count_text,
    find_formulas,
    find_marks,
    is_for_screen_readers,
    select,
)
from gateway.core.dom.layout import Gaps
from gateway.core.dom.native import find_walk
from gateway.core.dom.nesting import limit_nesting
from gateway.core.dom.rewriting import SOUGHT
from gateway.core.dom.tags import ID
from gateway.core.dom.texts import count_stripped
from gateway.core.markdown.escape import SIGNS
from gateway.core.markdown.render import ACTIONS
from gateway.core.metadata.bylines import MARKED
from gateway.core.model.page import KeptNodes
from gateway.core.parsing import root_of
from gateway.core.visibility.css import may_hide
from gateway.core.visibility.hidden import find_hidden
from gateway.core.visibility.widgets import CONTROLS
from tests.core.dom.extension import compile_extension
from tests.core.test_fuzz import BAD, MARKUP
from tests.leaks import memory_left_by
from tests.requirements import SHARED, require_folder
from tests.test_fuzz import mutate, seeds
from training.corpus import page_ids, read_samples

PAGES = sorted((Path(__file__).parents[3] / "fixtures" / "pages").glob("*/source.html"))
CORPUS = SHARED / "data" / "wcxb"
# pages of the labelled corpus: a sample, all of them with 0
CORPUS_PAGES = int(os.environ.get("NATIVE_PAGES", 60))
# mutated pages that C alone reads, and those of them that both read
MUTATED = int(os.environ.get("NATIVE_MUTATED", 5000))
MUTATED_TWICE = 1500


# as they are looked for: in lower case
PARTS = ("note", "custom-block", "alert", "cm-content", "ace_text-layer", "x")


def compare_names(names: list[str]) -> None:
    assert native.find_named(names, PARTS) == named.find_named(names, PARTS)
    assert native.find_named(names, ()) == named.find_named(names, ())


def compare_marks(tree: LexborHTMLParser) -> None:
    for also in ((SOUGHT, MARKED, CONTROLS), (MARKED._replace(most=2), SOUGHT, MARKED._replace(most=1))):
        for query, found in native.find_marks(tree, also).also.items():
            right = list(select(tree, ",".join(query.selectors)))
            assert is_same(found, right[: query.most] if query.most else right)
            assert is_same(native.find_marked(tree, *query), found)
    seen, right = native.find_marks(tree), find_marks(tree)
    for node, _ in right.concealed[:5]:
        first, other = native.find_first(node, "a[href]", "h1"), node.css_first("a[href],h1")
        assert (first and first.mem_id) == (other and other.mem_id)
        below = native.find_below(node, ("[style]", "[class]"), 3)
        assert is_same(below, [*select(node, "[style],[class]")][:3])
    compare_page_names(tree, seen)
    assert seen.tags.keys() == right.tags.keys()
    for tag in seen.tags:
        assert is_same(seen.tags[tag], right.tags[tag])
    assert is_same(seen.properties, right.properties)
    kept = {node.mem_id for node, _ in seen.concealed}
    assert is_same(seen.concealed, [mark for mark in right.concealed if mark[0].mem_id in kept])
    for node, attributes in right.concealed:
        if node.mem_id not in kept:
            is_empty = not node.text_lexbor().strip()
            assert "style" in attributes or (is_empty and "aria-hidden" in attributes), "all else is kept"
            assert is_empty or not may_hide(attributes["style"] or "")
            assert is_empty or attributes.get("aria-hidden") != "true"
            assert not {"hidden", "popover", "bgcolor", "itemprop", "itemscope"} & attributes.keys()
            assert node.tag not in ("dialog", "script")
            assert is_empty or not is_for_screen_readers(attributes.get("class") or "")


def compare_page_names(tree: LexborHTMLParser, seen: Landmarks) -> None:
    extension, root = native.find_walk().extension, tree.root
    assert extension is not None and root is not None
    sheets = [(first.text() or "") for style in tree.css("style") if (first := style.first_child)]
    if seen.names is not None:
        # every element is found by its first class or its tag, whoever read the names
        classes = {each for node in tree.css("[class]") for each in (node.attrs["class"] or "").split()}
        asked = tuple(f".{each}".encode() for each in sorted(classes)[:200])
        parts = [part for number in range(len(asked)) for part in (0, 0, number, 1, number)]
        parts += [part for tag in (ID["p"], ID["a"], ID["div"]) for part in (0, tag, 1000 + tag, 0)]
        given = extension, root, asked, struct.pack(f"={len(parts)}q", *parts)
        walked = match_all(*given, None)
        assert match_all(*given, seen.names) == walked
        assert match_all(*given, extension.read_page_names(root)) == walked
    # what is no UTF-8 is shorter there
    if not any("\ufffd" in sheet for sheet in sheets):
        assert (seen.names is not None) == any(len(sheet.encode()) >= LEAST_SHEET for sheet in sheets)


def match_all(
    extension: Extension, root: LexborNode, names: tuple[bytes, ...], parts: bytes, page: object | None
) -> tuple[list[tuple[int, int]], bytes]:
    found, there, is_cut = extension.match(root, names, parts, 100_000, page)
    assert not is_cut
    return [(node.mem_id, index) for node, _, index in found], there


def compare_around(node: LexborNode) -> None:
    """The names of what an element is in, and the elements right beside it."""
    extension = native.find_walk().extension
    assert extension is not None
    names: list[str] = []
    outer = node.parent
    while (
        outer is not None and outer.is_element_node and outer.tag not in ("body", "main") and len(names) < 4
    ):
        names.append(" ".join(outer.attributes.get(name) or "" for name in ("class", "id", "role")))
        outer = outer.parent
    tops = bytes(number in (ID["body"], ID["main"]) for number in range(256))
    seen = extension.names_above(node, 4, tops)
    lines = "".join(f"{name}\n" for name in names)
    assert seen == lines or (seen is None and len(lines.encode()) > 450)
    for side in ("prev", "next"):
        other = getattr(node, side)
        while other is not None and other.is_text_node and not (other.text() or "").strip():
            other = getattr(other, side)
        right = other.mem_id if other is not None and other.is_element_node else None
        beside = extension.element_beside(node, side == "next")
        assert (beside and beside.mem_id) == right
    before = extension.element_beside(node, False)
    own = before.attributes if before is not None else {}
    assert extension.class_before(node) == own.get("class")
    openers = bytes(number == ID["button"] for number in range(256))
    control = extension.control_before(node, openers)
    may_open = before is not None and (before.tag == "button" or "role" in own or "aria-expanded" in own)
    assert (control and control.mem_id) == (before.mem_id if before is not None and may_open else None)


WORDS = ("the", " a ", "instruções", "ing ", "llm", "with", "[x]")


def compare_said(node: LexborNode) -> None:
    """The words in the beginning of a text; some from behind it may be among them."""
    extension = native.find_walk().extension
    assert extension is not None
    packed, text = extension.pack_words(tuple(word.encode() for word in WORDS)), node.text_lexbor()
    for most in (0, 2, 50, 2000):
        said = extension.find_said(node, packed, most)
        if said is None:
            assert not text[: 3 * most].isascii()
            continue
        there, around = text[:most].lower(), text[: 3 * most].lower()
        assert {word for word in WORDS if word in there} <= {WORDS[number] for number in said}
        assert all(WORDS[number] in around for number in said) and len(said) == len(set(said))


def compare_characters(tree: LexborHTMLParser) -> None:
    marks = native.find_marks(tree)
    right = count_text(tree, find_marks(tree))
    for enough in (right + 1, right, right // 2, 10):
        seen = native.count_text(tree, marks, enough)
        assert seen == right if right < enough else enough <= seen <= right
    for node in tree.css("*")[::17]:
        compare_around(node)
        assert count_stripped(node) == len(node.text_lexbor().strip())
        compare_said(node)


# to see what is left behind by each
WALKS = 150


def compare(html: str | bytes, **bounds: int) -> None:
    """Walk a page both ways: whole, and without what is hidden, as `clean` does."""
    tree = LexborHTMLParser(
        limit_nesting(to_utf8(html) if isinstance(html, str) else html).markup, scripting=True
    )
    root, marks = root_of(tree), find_marks(tree)
    compare_marks(tree)
    compare_characters(tree)
    formulas, drawn = find_formulas(marks)
    for left_out in ({}, find_hidden(tree, marks=marks) | dict.fromkeys(drawn, "")):
        seen = native.read_blocks(root, left_out=left_out, formulas=formulas, **bounds)
        right = python.read_blocks(root, left_out=left_out, formulas=formulas, **bounds)
        assert find_difference(seen, right) == ""
        compare_names(right.names)
        every_second = keep(right, range(0, len(right.texts), 2))
        compare_descents(root, every_second)
    compare_descents(root, None)
    compare_descents(root, None, max_depth=3)


def bounds_of(root: LexborNode, kept: KeptNodes | None, max_depth: int = 512) -> Bounds:
    """A fifth of the elements is hidden, and another is marked."""
    elements = [node.mem_id for node in root.traverse() if node.mem_id != root.mem_id]
    texts, around = kept or (None, None)
    return Bounds(texts, around, set(elements[3::5]), set(elements[1::5]), max_depth)


def compare_descents(root: LexborNode, kept: KeptNodes | None, *, max_depth: int = 512) -> None:
    """What comes, the nodes it comes from, and what comes where the third part of the elements is skipped."""
    bounds = bounds_of(root, kept, max_depth)
    seen, right = (
        make(root, bounds, ACTIONS.table, SIGNS, Gaps().is_before, None) for make in (native.descend, Descent)
    )
    for number, (event, other) in enumerate(zip(seen, right, strict=True)):
        assert event == other and type(event) is type(other)
        if type(event) is int:
            assert seen.node.mem_id == right.node.mem_id
            if number % 3 == 0:
                seen.skip(number % 2 == 0)
                right.skip(number % 2 == 0)
    assert seen.truncated == right.truncated


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("path", [pytest.param(path, id=path.parent.name) for path in PAGES])
def test_walks_agree_on_pages(path: Path) -> None:
    compare(path.read_bytes())


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("name", BAD)
def test_walks_agree_on_bad_pages(name: str) -> None:
    compare(BAD[name], max_blocks=2000)
    compare(BAD[name], max_depth=100_000, max_blocks=2000)


@pytest.mark.usefixtures("used")
@pytest.mark.timeout(0)
def test_walks_agree_on_mutated_pages() -> None:
    chance, pieces = random.Random(23), seeds()
    for number in range(MUTATED):
        page = mutate(chance.choice(pieces), chance)
        if number < MUTATED_TWICE:
            compare(page)
            continue
        # under AddressSanitizer this is about what is read, not what comes out
        tree = LexborHTMLParser(page, scripting=True)
        marks = native.find_marks(tree)
        left_out = dict.fromkeys((node.mem_id for node, _ in marks.concealed), "") | find_hidden(
            tree, marks=marks
        )
        blocks = native.read_blocks(root_of(tree), left_out=left_out, max_depth=chance.choice([3, 512]))
        kept = keep(blocks, range(0, len(blocks.texts), 2))
        list(
            native.descend(
                root_of(tree), bounds_of(root_of(tree), kept), ACTIONS.table, SIGNS, Gaps().is_before, None
            )
        )


@pytest.mark.usefixtures("used")
@pytest.mark.timeout(0)
def test_walks_agree_on_labelled_pages() -> None:
    require_folder(CORPUS)
    for sample in read_samples(CORPUS, page_ids(CORPUS, sample=CORPUS_PAGES)):
        compare(sample.html)


ELEMENTS = """
<x-a> </x-a> <x-b> </x-b> <span> <nav> <main> <details> <label/for=x> <strong> <th> <mjx-container> <mjx-math>
</mjx-container> <amp-img> <amp-youtube> <lite-youtube> <embed> <video> <object> <iframe> <picture> <marquee> <mi>
<script/type=math/tex> <p/class=a> <p/class> <div/id> <div/id=b/class=c/role=main> <div/role=menu> <div/hidden>
<div/aria-hidden=true> <div/aria-hidden=false/itemscope> <li/itemprop=d/data-testid=e> &nbsp; &#x2003; &#x85; &#x1c; \\v
<i/style=display:none> <p/style="display&#32;:&#32;none"> <p/style=display:n&#32;one> <p/class="&#xd800;é\U0001f600">
<svg/viewBox=0/class=f> <foreignObject> <p/CLASS=G/class=h> </template> <section/style="x:none;d&#32;isplay:none">
"""
PIECES = st.sampled_from([*MARKUP.split(), *ELEMENTS.split(), " ", "\n", "\x0c", "\u3000", "\x1f"])


@pytest.mark.usefixtures("used")
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(PIECES, max_size=80), st.integers(1, 12), st.integers(1, 12))
def test_walks_agree_on_trees(pieces: list[str], max_depth: int, max_blocks: int) -> None:
    compare("".join(pieces))
    compare("".join(pieces), max_depth=max_depth, max_blocks=max_blocks)


@pytest.mark.usefixtures("used")
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.binary(max_size=12), max_size=8),
    st.binary(max_size=12).filter(lambda value: b'"' not in value),
)
def test_walks_agree_on_broken_utf8(texts: list[bytes], value: bytes) -> None:
    """Also where a character begins in one text node and would end in the next."""
    markup = b'<div class="%s" id="%s" role="%s">' % (value, value, value)
    compare(markup + b"<b>".join(texts))
    compare(b"<!---->".join(texts))


@pytest.mark.usefixtures("used")
def test_walks_agree_on_every_character() -> None:
    characters = [
        chr(code)
        for code in range(1, sys.maxunicode + 1)
        if not 0xD800 <= code < 0xE000 and chr(code) not in "<&"
    ]
    compare("<p>x" + "x".join(characters) + "<p>" + "<p>".join(characters[:0x3100]))


@pytest.mark.usefixtures("used")
def test_walks_agree_on_trees_that_were_changed() -> None:
    tree = LexborHTMLParser("<p>a<i>b</i><section><div class=c>d</div></section>")
    root = root_of(tree)
    for node in tree.css("p,div"):
        node.attrs["id"] = "é"
        node.attrs["class"] = ""
        node.insert_before("text & <no markup>")
    inner = tree.create_node("article")
    inner.insert_child("\ud7ff\U0001f600")
    root.insert_child(inner)
    for node in tree.css("i"):
        node.replace_with("")
    assert find_difference(native.read_blocks(root), python.read_blocks(root)) == ""


@pytest.mark.usefixtures("used")
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.lists(
            st.sampled_from(
                [*PARTS, "Note", "ALERT", "no", "custom-bloc", "c", "m-content", " ", "é", "\u212a", ""]
            )
        ).map("".join)
    )
)
def test_names_agree(names: list[str]) -> None:
    compare_names(names)


def test_parts_that_are_none_are_refused(compiled: ModuleType) -> None:
    for parts in (("",), ("a",) * 32):
        with pytest.raises(ValueError, match="part"):
            compiled.find_named(["a"], parts)
    with pytest.raises(TypeError):
        compiled.find_named([b"a"], ("a",))


Make = Callable[[LexborNode, Bounds, bytes, str, Callable[[LexborNode], bool], None], Descent]
EVERYTHING = Bounds(None, None, set(), set(), 512)


def is_never(node: LexborNode) -> bool:
    return False


@pytest.mark.usefixtures("used")
def test_descents_need_no_stack_and_can_be_left() -> None:
    root = root_of(LexborHTMLParser("<div>" * 5000 + "deep"))
    bounds, table = EVERYTHING._replace(max_depth=10_000), bytes(256)
    events = list(native.descend(root, bounds, table, "", is_never, None))
    assert events[5000] == ["deep"]
    assert events[5001:] == [None] * 5000
    begun = native.descend(root, bounds, table, "", is_never, None)
    assert isinstance(next(iter(begun)), int)
    ended = native.descend(root, bounds, table, "", is_never, None)
    assert len(list(ended)) == 10_001
    assert list(ended) == []


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("make", [native.descend, Descent])
@pytest.mark.parametrize(
    ("html", "events"),
    [
        pytest.param(
            "<p>a <span>b</span>c<p>d", ["p", ["a", " ", "b", "c"], None, "p", ["d"], None], id="phrase"
        ),
        pytest.param(
            "<div> a <div> b </div>c</div>d", [["a"], False, ["b"], False, ["c"], False, ["d"]], id="box"
        ),
        pytest.param("<div> <div> </div> </div> a", [["a"]], id="boxes-without-text"),
        pytest.param("a <b> b</b> c", [["a"], True, "b", True, ["b"], None, True, ["c"]], id="white-space"),
        pytest.param("a<b>b </b>c", [["a"], "b", ["b"], True, None, ["c"]], id="white-space-inside"),
        pytest.param("a <br> b", [["a"], True, "br", None, True, ["b"]], id="break"),
        pytest.param("a<span> $1 </span>b\xad", [["a"], True, " $1 ", "b\xad"], id="as-it-stands"),
        pytest.param("a<!-- --> <script>b</script>c", [["a", " ", "c"]], id="nothing-shown"),
        pytest.param("<p><script type=math/tex>b</script>", ["p", "script", ["b"], None, None], id="formula"),
        pytest.param("<i hidden>a</i> b<span hidden></span>", [["b"], "span", None], id="hidden"),
        pytest.param(
            "a<span style=display:block>b</span>c<span>d</span>", [["a", " ", "b", " ", "c", "d"]], id="gap"
        ),
        pytest.param("\u2003a\xa0 b\t", [["a b"]], id="folded"),
    ],
)
def test_descents_give_what_a_line_is_written_by(make: Make, html: str, events: list[object]) -> None:
    root = root_of(tree := LexborHTMLParser(html))
    bounds = EVERYTHING._replace(hidden={node.mem_id for node in tree.css("[hidden]")})
    names = {number: name for name, number in ID.items()}
    found = make(root, bounds, ACTIONS.table, SIGNS, Gaps().is_before, None)
    assert [names[event] if type(event) is int else event for event in found] == events


@pytest.mark.usefixtures("used")
def test_descents_agree_on_texts_of_every_character() -> None:
    codes = [*range(1, 0xD800), *range(0xE000, 0x10000), *range(0xE0000, 0xE0200), 0x1F600, 0x10FFFF]
    root = root_of(
        tree := LexborHTMLParser("".join(f"<p>a{chr(code)}" for code in codes if chr(code) not in "<&"))
    )
    assert len(tree.css("p")) == len(codes) - 2
    seen, right = (
        make(root, EVERYTHING, ACTIONS.table, SIGNS, is_never, None) for make in (native.descend, Descent)
    )
    assert list(seen) == list(right)


def test_descents_of_something_else_are_refused(compiled: ModuleType, used: None) -> None:
    root = root_of(LexborHTMLParser("<p>a"))
    whole = EVERYTHING
    for bounds, table in (
        (whole._replace(texts=[]), bytes(256)),
        (whole._replace(elements={}), bytes(256)),
        (whole._replace(hidden=None), bytes(256)),
        (whole._replace(marked=()), bytes(256)),
        (whole, b""),
    ):
        with pytest.raises(ValueError, match="wanted"):
            compiled.descend(root, bounds, table, "", is_never, None)
    with pytest.raises(TypeError):
        compiled.descend(object(), whole, bytes(256), "", is_never, None)
    with pytest.raises(ValueError, match="no element"):
        compiled.descend(root, whole, bytes(256), "", is_never, None).node  # noqa: B018
    with pytest.raises(TypeError):
        type(compiled.descend(root, whole, bytes(256), "", is_never, None))()
    with pytest.raises(ZeroDivisionError):
        list(
            compiled.descend(
                root_of(LexborHTMLParser("a<i></i><b>")),
                whole,
                bytes([INLINE]) * 256,
                "",
                lambda node: 1 / 0,
                None,
            )
        )


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize(
    "html",
    [
        "<title>abc</title><script>de</script><p>fgh<script>ij</script>k",
        "<svg><style>a<g>b<script>c</script>d</g>e</style><text>f</text></svg>g",
        "<svg><style><![CDATA[x]]></style><title>y<!-- z --></title></svg>",
        "<body><noscript><p>a</noscript>b<template>c</template>",
        "<frameset><noframes>a",
        # in a body that the frameset takes the place of
        "<main>\x0c<frameset>",
        "",
    ],
)
def test_characters_of_pages_agree(html: str) -> None:
    compare_characters(LexborHTMLParser(html))
    compare_characters(LexborHTMLParser(html, scripting=True))


@pytest.mark.usefixtures("used")
def test_walk_of_deep_trees_needs_no_stack() -> None:
    root = root_of(LexborHTMLParser("<div>" * 5000 + "deep"))
    assert native.read_blocks(root, max_depth=10**6).texts == ["deep"]
    assert native.read_blocks(root).truncated


@pytest.mark.usefixtures("used")
def test_walks_leave_nothing_behind() -> None:
    tree = LexborHTMLParser(
        PAGES[0].read_bytes()
        + b"<x-a>b</x-a><p class=a id=b role=c>\xff<img><style>.a,#b>i,[c=d]{display:none}"
        b"e{display:var(--f)}g{--f:none;color:#fff;background:#fff}.abcdefg .h{display:block}"
        b"</style><p class=abcdefg>x",
        scripting=True,
    )
    root = root_of(tree)

    def walk() -> None:
        for _ in range(WALKS):
            native.read_blocks(root, left_out={1}, max_depth=20)
            marks = native.find_marks(tree)
            native.count_text(tree, marks, 10**9)
            find_hidden(tree, marks=marks)
            list(native.descend(root, Bounds({1}, {2}, {3}, {4}, 9), bytes(256), "", is_never, None))
            list(native.descend(root, EVERYTHING, ACTIONS.table, SIGNS, is_never))
            next(iter(native.descend(root, EVERYTHING, bytes(256), "", is_never, None)))

    blocks, size = memory_left_by(walk)
    assert blocks < WALKS and size < 5000, "some are left each time"


@pytest.mark.parametrize("path", [pytest.param(path, id=path.parent.name) for path in PAGES])
def test_pages_are_the_same_to_the_byte(
    path: Path, compiled: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = CleanOptions(links="reference", images="inline", html=True, review=True)
    pages = []
    for extension in (compiled, None):
        monkeypatch.setitem(sys.modules, "winnow_native", extension)
        find_walk.cache_clear()
        pages.append(clean(path.read_bytes(), url="https://site.example/a", options=options))
        assert find_walk().extension is extension
    find_walk.cache_clear()
    assert pages[0] == pages[1]


@pytest.fixture
def offered(compiled: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The extension is installed, and not yet looked at."""
    monkeypatch.setitem(sys.modules, "winnow_native", compiled)
    find_walk.cache_clear()
    yield monkeypatch
    find_walk.cache_clear()


def test_python_walks_with_another_selectolax(
    offered: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    offered.setattr(selectolax, "__version__", "1.0.3")
    assert find_walk() == (None, "winnow-native was not tried with selectolax 1.0.3")
    assert [record.getMessage() for record in caplog.records] == [
        "pages are walked by Python: winnow-native was not tried with selectolax 1.0.3"
    ]
    root = root_of(LexborHTMLParser("<p>a"))
    assert native.read_blocks(root).texts == ["a"]


def test_python_walks_where_nothing_is_installed(
    offered: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    offered.setitem(sys.modules, "winnow_native", None)
    assert find_walk() == (None, "winnow-native is not installed")
    assert not caplog.records, "that is nothing to speak of"


def test_python_walks_where_it_is_told_to(offered: pytest.MonkeyPatch) -> None:
    native.prefer_native(False)
    try:
        assert find_walk() == (None, "winnow-native is not wanted")
    finally:
        native.prefer_native(True)
    assert find_walk().extension is not None


@pytest.mark.parametrize("is_native", [True, False])
@pytest.mark.parametrize("source", ["", " ", "\n\t", "\x1c", "\u2003"])
def test_formulas_of_white_space_are_no_blocks_without_text(
    offered: pytest.MonkeyPatch, source: str, is_native: bool
) -> None:
    native.prefer_native(is_native)
    try:
        for html in (
            f"<mjx-container>{source}</mjx-container>",
            f"<div><script type=math/tex>{source}</script>",
        ):
            clean(html)
            tree = LexborHTMLParser(html, scripting=True)
            formulas, _ = find_formulas(find_marks(tree))
            blocks = native.read_blocks(root_of(tree), left_out=formulas, formulas=formulas)
            assert blocks.texts == ["x"]
    finally:
        native.prefer_native(True)


@pytest.mark.parametrize("size", [88, 104])
def test_python_walks_where_a_text_stands_elsewhere(size: int, tmp_path: Path) -> None:
    fault = find_fault(compile_extension(tmp_path, f"-DNODE_SIZE={size}"))
    assert fault == "OSError: a text node's text is not where it is looked for"


class Other:
    """An extension that gives one column another value."""

    def __init__(self, extension: ModuleType, column: int, value: object) -> None:
        self._extension, self._column, self._value = extension, column, value

    def __getattr__(self, name: str) -> object:
        return getattr(self._extension, name)

    def read_blocks(self, *args: object) -> tuple[object, ...]:
        columns = list(self._extension.read_blocks(*args))
        columns[self._column] = self._value
        return tuple(columns)


def test_python_walks_where_an_older_extension_is_installed(compiled: ModuleType) -> None:
    other = Other(compiled, 0, [])
    other.INTERFACE = compiled.INTERFACE - 1
    wrong = f"interface {INTERFACE - 1} instead of {INTERFACE}"
    assert find_fault(other) == f"it is of another version: {wrong}"


def test_nodes_of_no_tree_are_refused(compiled: ModuleType) -> None:
    assert find_fault(compiled) == ""
    with pytest.raises(TypeError, match="no tree"):
        compiled.count_stripped(LexborNode.__new__(LexborNode))


def test_python_walks_where_a_column_differs(compiled: ModuleType) -> None:
    tree = LexborHTMLParser("<p>a")
    for column in range(20):
        fault = find_fault(Other(compiled, column, [(0, root_of(tree))] if column < 5 else b"a number"))
        assert fault.startswith("it reads ") and fault.endswith(" otherwise than Python does")


def test_python_goes_down_where_events_differ(compiled: ModuleType) -> None:
    other = Other(compiled, 0, [])
    other.read_blocks = compiled.read_blocks
    other.descend = lambda *given: [*compiled.descend(*given)][:-1]
    assert find_fault(other) == "it goes down the tree otherwise than Python does"


def test_python_reads_where_landmarks_differ(compiled: ModuleType) -> None:
    other = Other(compiled, 0, [])
    other.read_blocks = compiled.read_blocks
    for wrong in (
        lambda *_: (([],), 0, 0, None),
        lambda *given: ((compiled.select(*given)[0][0][:-1],), 0, 0, None),
    ):
        other.select = wrong
        assert find_fault(other) == "it finds other landmarks than Python does"
    other.select = lambda *given: compiled.select(
        *given[:4], *((table, (), *others) for table, _, *others in given[4:])
    )
    assert find_fault(other) == "it sorts landmarks otherwise than Python does"


@pytest.mark.usefixtures("used")
def test_marks_agree_on_names_that_only_look_alike() -> None:
    html = """<p STYLE=a><p data-style=a><p styles=a><p hidden=until-found><p hiddenn><p aria-hidden=TRUE>
    <p aria-hidden><p aria-hidden="true "><p class="sr-onl"><p class="SR-ONLY"><p class="xsr-onlyx">
    <p class=screen-readerx><font><font COLOR><p color=a><svg hidden class=visually><font color=b></svg>
    <math><title style>x</title></math><title>y</title><x-a popover=b><template><p style=c></template>
    <frameset><p itemscope><p itemprop><dialogs><dialog><h1><head><meta><link><base>"""
    compare(html)
    compare(html.replace("<p", "<x-b").replace("font", "a"))
    compare("<p " + " ".join(f"{'n' * size}=1" for size in range(1, 200)) + " itemprop=x>")


@pytest.mark.parametrize(
    "selector",
    [
        "a b",
        "a>b",
        '[a="b"i]',
        '[class~="a"]:is([class~="b"])',
        ".a",
        '[class*="a"]:is([id*="b"])',
        '[class*="a"]:is(b)',
        "x:is(b)",
        ":not(a)",
        "",
    ],
)
def test_selectors_without_a_form_are_refused(selector: str) -> None:
    with pytest.raises(ValueError, match="no form"):
        sought((selector,))


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize(
    "selector",
    [
        "p",
        "[id]",
        "p[id]",
        '[id="a"]',
        '[id*="a"]',
        'p[id*="a"]',
        '[id^="a"]',
        'p[id^="x"]',
        '[id*="x"]:is([id*="a"],[id*="b"])',
        '[id*="x"]:is([id*="a"])',
        '[id~="a"]',
        'p[id~="a" i]',
        '[id~="ab" i]',
        '[id="A" i]',
        '[id*="AX" i]',
        '[id*="É" i]',
    ],
)
def test_selectors_find_what_lexbor_finds(selector: str, compiled: ModuleType) -> None:
    ids = ["", "a", "A", "b", "ab", "xa", "ax", "xb", "x", "xyz", "aa", "é", "É", "\ufffd", "a b", "b\tA\nx"]
    ids += ["ab-a", "a\x0bb", "\x0ca", "a\r", " AB ", "aB,b"]
    tree = LexborHTMLParser("".join(f'<p id="{each}">1<i id="{each}">2</i><p>3' for each in ids))
    assert tree.root is not None
    found = compiled.select(tree.root, ((*sought((selector,)), (), 0),), None, bytes(256))[0][0]
    assert found and is_same(found, select(tree, selector))


def test_extension_refuses_what_is_no_node(compiled: ModuleType) -> None:
    tree = LexborHTMLParser("<title>a")
    text = tree.css_first("title").first_child
    path = selectolax.lexbor.__file__
    for wrong in (tree, None, 12, "node", object()):
        with pytest.raises(TypeError):
            compiled.load(path, type(text), wrong, b"a")
        with pytest.raises(TypeError):
            compiled.read_blocks(wrong, tables(), "", "", 0, (), (), 9, 9)
        with pytest.raises(TypeError):
            compiled.select(wrong, (), None, bytes(256))
        with pytest.raises(TypeError):
            compiled.names_above(wrong, 2, bytes(256))
        with pytest.raises(TypeError):
            compiled.element_beside(wrong, True)
        with pytest.raises(TypeError):
            compiled.count_code([wrong], root_of(tree), bytes(256))
        with pytest.raises(TypeError):
            compiled.count_code([root_of(tree)], wrong, bytes(256))
        with pytest.raises(TypeError):
            compiled.count_code(wrong, root_of(tree), bytes(256))
    with pytest.raises(OSError, match="not loaded"):
        compiled.load("/nowhere/lexbor.so", type(text), text, b"a")
    with pytest.raises(OSError, match="text is not where"):
        compiled.load(path, type(text), text, b"another")
    with pytest.raises(TypeError, match="`load` was not called"):
        compiled.read_blocks(root_of(tree), tables(), "", "", 0, (), (), 9, 9)
    compiled.load(path, type(text), text, b"a")
    with pytest.raises(ValueError, match="tables"):
        compiled.read_blocks(root_of(tree), (b"", *tables()[1:]), "", "", 0, (), (), 9, 9)
    with pytest.raises(ValueError, match="tables"):
        compiled.select(root_of(tree), ((bytes(256), (), (b"a",) * 33, 0),), None, bytes(256))
    with pytest.raises(ValueError, match="tables"):
        compiled.count_code([root_of(tree)], root_of(tree), b"")
    with pytest.raises(ValueError, match="tables"):
        compiled.select(root_of(tree), (), None, b"")
    with pytest.raises(ValueError, match="a table"):
        compiled.names_above(root_of(tree), 2, b"")
    query = (bytes(256), ((b"a", b"", b"", 0, 0),) * 33, (), 0)
    for queries in (
        ((b"", (), (), 0),),
        (query, query),
        ((bytes(256), (), (b"a",), 0),) * 2,
        (query[:3],) * 9,
    ):
        with pytest.raises(ValueError, match="tables"):
            compiled.select(root_of(tree), queries, None, bytes(256))
    for queries in ((query[:3],), (bytes(256),), (None,)):
        with pytest.raises(TypeError):
            compiled.select(root_of(tree), queries, None, bytes(256))
    for sorting in (
        (b"", (), (), 3, 0, 0),
        (bytes(256), (), (), 1, 0, 0),
        (b"\x09" * 256, (), (), 9, 0, 0),
        (bytes(256), (b"a",) * 17, (), 2, 0, 0),
    ):
        with pytest.raises(ValueError, match="tables"):
            compiled.select(root_of(tree), ((bytes(256), (), (), 0),), None, bytes(256), sorting)
    for sorting in (9, (bytes(256),), (bytes(256), ("a",), (), 2, 0, 0), (bytes(256), (), (), 2)):
        with pytest.raises(TypeError):
            compiled.select(root_of(tree), ((bytes(256), (), (), 0),), None, bytes(256), sorting)
    sorting = (bytes(256), (), (), 2, 0, 0)
    assert compiled.select(root_of(tree), (), None, bytes(256), sorting) == ((), 0, 0, None)


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize(
    ("element", "is_kept"),
    [
        ('<p style="width:1px">', False),
        ('<p style="WIDTH:1px;COLOR:red">', True),
        ('<p style="margin: -1px">', True),
        ('<p style="margin:  -1px">', False),
        ('<p style="non">', False),
        ('<p style="nonone">', True),
        ('<p style="d\\69splay:x">', True),
        ('<p style="é">', True),
        ("<p style>", False),
        ('<p style="width:1px" class=SR-ONLY>', True),
        ('<p style="width:1px" class=a>', False),
        ('<p class=A style="width:1px" hidden>', True),
        ('<p style="width:1px" bgcolor=red>', True),
        ('<dialog style="width:1px">', True),
        ('<br style="display:none">', False),
        ("<i aria-hidden=true></i>", False),
        ('<svg aria-hidden=true style="display:none"><g><path/></g>\n</svg>', False),
        ("<svg aria-hidden=true><title>x</title></svg>", True),
        (f"<p aria-hidden=true>{'<i></i>' * 20}</p>", True),
        ("<br hidden>", True),
    ],
)
def test_styles_that_hide_nothing_are_left_out(element: str, is_kept: bool) -> None:
    tree = LexborHTMLParser(f"{element}text")
    assert bool(native.find_marks(tree).concealed) == is_kept
    compare_marks(tree)


def test_extension_hands_on_what_python_raises(compiled: ModuleType) -> None:
    tree = LexborHTMLParser("<title>a</title><p>x<x-a>b</x-a><p>c")
    *others, _, source = tables()
    assert find_fault(compiled) == ""
    for judge in (lambda node: 1 / 0, lambda node: "a word"):
        with pytest.raises((ZeroDivisionError, TypeError)):
            compiled.read_blocks(root_of(tree), (*others, judge, source), "", "", 0, (), (), 9, 9)

"""Whole lines that C writes come out as those that Python puts together."""

import random
from collections.abc import Sequence
from itertools import product
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom.blocks import keep
from gateway.core.dom.boxes import find_boxes
from gateway.core.dom.descent import Bounds, Lines
from gateway.core.dom.layout import Gaps
from gateway.core.dom.native import prefer_native, read_blocks
from gateway.core.dom.tags import ID
from gateway.core.markdown import Rendered, render
from gateway.core.markdown.drafts import Draft
from gateway.core.markdown.escape import SIGNS, escape_part
from gateway.core.markdown.links import Resolver
from gateway.core.markdown.render import ACTIONS
from gateway.core.model.page import CleanOptions
from gateway.core.parsing import root_of
from tests.core.dom.test_native import CORPUS, CORPUS_PAGES, MUTATED
from tests.leaks import memory_left_by
from tests.requirements import require_folder
from tests.test_fuzz import mutate, seeds
from training.corpus import page_ids, read_samples

URL = "https://site.example/folder/page?q=1"
OPTIONS = (
    CleanOptions(),
    CleanOptions(links="none", scope="page", images="inline"),
    CleanOptions(max_depth=4, max_blocks=7, images="alt"),
)
WALKS = 100


def write(html: str | bytes, options: Sequence[CleanOptions], url: str | None = URL) -> list[list[Rendered]]:
    """The page whole, and the half of it, with all options: by the extension, and by Python."""
    tree = LexborHTMLParser(html, scripting=True)
    root = root_of(tree)
    blocks = read_blocks(root)
    editors, callouts = find_boxes(blocks)
    hidden = {node.mem_id: "" for node in tree.css("[hidden]")}
    written = []
    try:
        for is_native in (True, False):
            if not is_native:
                prefer_native(False)
            written.append(
                [
                    render(
                        root,
                        kept=kept,
                        hidden=hidden,
                        base_url=url,
                        options=each,
                        codes=editors,
                        callouts=callouts,
                    )
                    for kept in (None, keep(blocks, range(0, len(blocks.texts), 2)))
                    for each in options
                ]
            )
    finally:
        prefer_native(True)
    return written


def compare(html: str | bytes, url: str | None = URL) -> None:
    one, other = write(html, OPTIONS, url)
    assert one == other


TAGS = "b strong em i s del code kbd sup a span div p li td h2 th q small summary x-y abbr".split()
WORDS = (
    *("one", "two three", " ", "  four ", "!", "x!", "(", ")", ".", ": ", "*", "a*b", "_", "`", "[", "]"),
    *(
        "“q”",
        "é",
        "1.",
        "漢",
        "$5",
        "$5 $6",
        "\\\\",
        "~",
        "&amp;copy;",
        "-",
        "#",
        "|",
        "a\u200bb",
        "\u00a0",
        "\n",
        "<br>",
    ),
    *(
        "https://site.example/a",
        "<img src=i>",
        "<hr>",
        "<pre>c</pre>",
        "<ul>",
        "<table><tr>",
        "<dl><dt>",
        "<input type=checkbox>",
    ),
)
HREFS = (
    *(
        "/a",
        "/a",
        "https://site.example/a",
        "http://[",
        "b/c?d=e",
        "#f",
        "#",
        "",
        "/g/../h",
        "//i.example",
        "mailto:j",
    ),
    *(
        "https://site.example/folder/page?q=1#k",
        "/w?action=edit&section=1",
        "/l(m)",
        "https://n.example:80/o?p#q",
        "/é",
    ),
)
STYLES = (
    "font-weight:normal",
    "FONT-STYLE : normal",
    "text-decoration:none",
    "color:red",
    "display:block",
    "font-weight:700",
)
OPENING = st.one_of(
    st.sampled_from(TAGS).map(lambda tag: f"<{tag}>"),
    st.sampled_from(HREFS).map(lambda href: f'<a href="{href}">'),
    st.builds(lambda tag, style: f'<{tag} style="{style}">', st.sampled_from(TAGS), st.sampled_from(STYLES)),
    st.sampled_from(["<a name=n>", "<i hidden>", "<span hidden>", "<li id=f>"]),
)
PIECES = st.lists(
    st.one_of(st.sampled_from(WORDS), OPENING, st.sampled_from(TAGS).map(lambda tag: f"</{tag}>")),
    max_size=40,
)


@pytest.mark.usefixtures("used")
@pytest.mark.timeout(0)
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(PIECES, st.sampled_from([URL, None, "https://site.example"]))
def test_lines_agree_on_trees(pieces: list[str], url: str | None) -> None:
    compare("".join(pieces), url)


@pytest.mark.usefixtures("used")
@pytest.mark.timeout(0)
def test_lines_agree_on_marks_side_by_side() -> None:
    """All ways in which three pieces stand in a line, with and without white space."""
    pieces = (
        *(
            "a",
            "!",
            ":",
            "é”",
            "[b]",
            "<b>c</b>",
            "<b>d:</b>",
            "<b>(e)</b>",
            "<em>f</em>",
            "<s>g!</s>",
            "<b></b>",
            "<br>",
        ),
        *(
            '<a href="/h">i</a>',
            '<a href="/j"><b>k.</b></a>',
            "<code>l</code>",
            "<b>m <i>n</i></b>",
            "<span>o</span>",
        ),
    )
    page = [
        f"<p>{before}{gap}{piece}{gap}{after}"
        for before, piece, after in product(pieces, repeat=3)
        for gap in ("", " ")
    ]
    compare("".join(page) + "<h2>" + "<h2>".join(line.removeprefix("<p>") for line in page[::7]))
    compare(
        "<ul><li>" + "<li>".join(page[::5]) + "</ul><table><tr><td>" + "<td>".join(page[::6]) + "<th>a<td>b"
    )


@pytest.mark.usefixtures("used")
@pytest.mark.timeout(0)
def test_lines_agree_on_every_character_beside_an_emphasis() -> None:
    # of what is sorted one by one all, of the rest every 61st
    codes = [
        *range(0x20, 0x3200),
        *range(0x3200, 0xD800, 61),
        0x4DFF,
        0x4E00,
        0x9FFC,
        0x9FFD,
        0xABFF,
        0xAC00,
        0xD7A3,
    ]
    codes = [code for code in codes if chr(code) not in "<&"]
    compare("".join(f"<p>a{chr(code)}<b>b</b>{chr(code)}c" for code in codes))
    compare("".join(f"<p><b>{chr(code)}b{chr(code)}</b>c <b>d:</b> e" for code in codes))


@pytest.mark.usefixtures("used")
@pytest.mark.timeout(0)
def test_lines_agree_on_mutated_pages() -> None:
    chance, pieces = random.Random(24), seeds()
    for number in range(MUTATED):
        page = mutate(chance.choice(pieces), chance)
        if number < 600:
            compare(page)
            continue
        # under AddressSanitizer this is about what is read, not what comes out
        tree = LexborHTMLParser(page, scripting=True)
        root = root_of(tree)
        blocks = read_blocks(root)
        kept = keep(blocks, range(0, len(blocks.texts), 2))
        render(root, kept=kept, hidden={}, base_url=URL, options=chance.choice(OPTIONS))


@pytest.mark.usefixtures("used")
@pytest.mark.timeout(0)
def test_lines_agree_on_labelled_pages() -> None:
    require_folder(CORPUS)
    for sample in read_samples(CORPUS, page_ids(CORPUS, sample=CORPUS_PAGES)):
        compare(sample.html, sample.url)


def rules(**changes: object) -> Lines:
    resolver = Resolver(URL)
    given = Lines(
        make=Draft,
        find=resolver.lead,
        is_text=lambda link: True,
        escape=escape_part,
        known=resolver.leads,
        found={},
        kind="paragraph",
        shows_links=True,
        marks=ACTIONS.marks,
        origin=resolver.origin,
    )
    return given._replace(**changes)


def events_of(extension: ModuleType, html: str, lines: Lines) -> list[object]:
    root = root_of(LexborHTMLParser(html))
    bounds = Bounds(None, None, set(), set(), 512)
    return list(extension.descend(root, bounds, ACTIONS.table, SIGNS, Gaps().is_before, lines))


@pytest.mark.usefixtures("used")
def test_lines_come_whole_and_are_taken_back_where_they_are_rejected(compiled: ModuleType) -> None:
    html = '<p>a <b>b</b> <a href="/c">d</a><div>e<br>f'
    lines = rules()
    first, second = events_of(compiled, html, lines)
    assert (first.markdown, first.text) == ("a **b** [d](https://site.example/c)", "a b d")
    assert (second.markdown, second.text) == ("e  \nf", "e\nf")
    assert list(lines.found) == [("https://site.example/c", "d")]

    rejected = rules()
    root = root_of(LexborHTMLParser(html))
    nodes = compiled.descend(
        root, Bounds(None, None, set(), set(), 512), ACTIONS.table, SIGNS, Gaps().is_before, rejected
    )
    events = []
    for event in nodes:
        events.append(event)
        if isinstance(event, Draft):
            nodes.reject()
            with pytest.raises(ValueError, match="no line"):
                nodes.reject()
    assert events[0] == first and events[1] == ["a"]
    assert second in events and ["e"] in events and ["f"] in events
    assert rejected.found == {}, "its events say which links it has"


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("name", ["make", "find", "is_text", "escape"])
def test_lines_raise_what_python_raises(compiled: ModuleType, name: str) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    html = '<p><a href="b">a</a> <a href="#c">d</a> <i>[e]*</i>'
    with pytest.raises(ZeroDivisionError):
        events_of(compiled, html, rules(**{name: fail}))


@pytest.mark.usefixtures("used")
def test_rules_of_another_kind_are_refused(compiled: ModuleType) -> None:
    for wrong in (
        rules(known=[]),
        rules(found=()),
        rules(kind=None),
        rules(marks="a"),
        rules(origin=None),
        rules()[:3],
    ):
        with pytest.raises((TypeError, ValueError)):
            events_of(compiled, "a", wrong)
    for other in (rules(marks=b"a"), [1]):
        with pytest.raises(ValueError, match="wanted"):
            events_of(compiled, "a", other)


@pytest.mark.usefixtures("used")
def test_lines_leave_nothing_behind(compiled: ModuleType) -> None:
    html = '<p>a <b>b <a href="/c">d</a></b> e<p><a href="f">g<img></a><p><b>h<div>i</div>' + "<p>j" * 9

    def walk() -> None:
        for _ in range(WALKS):
            events_of(compiled, html, rules())

    blocks, size = memory_left_by(walk)
    assert blocks < WALKS and size < 5000, "some are left each time"


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("unit", ["<b></b><br>", "<span></span><b></b><br>", '<a href="/c"></a> <br>'])
@pytest.mark.parametrize("end", ["", "<img>", "<b>text</b>"])
def test_lines_that_are_read_in_vain_are_not_read_again(compiled: ModuleType, unit: str, end: str) -> None:
    asked = 0

    def is_apart(node: LexborNode) -> bool:
        nonlocal asked
        asked += 1
        return False

    # in a heading each line with an emphasis is rejected, and an element of which nothing is left is skipped
    root = root_of(LexborHTMLParser("<h1>" + 500 * unit + end))
    nodes = compiled.descend(
        root, Bounds(None, None, set(), set(), 512), ACTIONS.table, SIGNS, is_apart, rules()
    )
    for event in nodes:
        if isinstance(event, Draft):
            nodes.reject()
        elif event == ID["br"]:
            nodes.skip(True)
    assert asked < 500 * 20, "once for each gap, and a few times more"


@pytest.mark.usefixtures("used")
def test_lines_in_deep_trees_need_no_stack_and_no_second_time() -> None:
    deep = "<p>" + "<span>" * 3000 + "a" + "<i>b" * 200
    assert write(deep, [CleanOptions(max_depth=10_000)])[0][0].blocks

"""Whatever the tree, what is written reads back as the words of the page: all of them, in order, once."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from gateway.core.markdown import render
from gateway.core.model.page import CleanOptions, KeptNodes
from tests.core.markdown.reading import joined, read_back, rendered, text_of

TEX_SIGNS = re.compile(r"[\\*_~]")
WORD = re.compile(r"q\d+q")
_GLYPHS = r"""* _ ** ` `` [ ] ( ) &lt; &amp;amp; &lt;b&gt; ! \ | ~ ~~ # $ : &lt;!-- http://x.y ]: ]( ![ = --- ***
“ ” （ ） 中 。 _a_ ' " { } ^ - 1. + > \( \) &nbsp; &shy;"""
_INLINES = "a b i strong em code span sub sup del q font mark kbd u s"
INLINES = _INLINES.split()
TARGETS = ["/x", "http://e.org/a(b)", "javascript:x", "#f", "http://a b", "https://e.org/?a=1&amp;b=|"]
TARGET = st.sampled_from(TARGETS)

# "Q" stands for a word; the words are numbered when the page is whole
TEXT = st.lists(
    st.sampled_from(["Q", "Q ", "Q\n", "Q.", " ", "- ", "1. ", *_GLYPHS.split()]), min_size=1, max_size=6
).map("".join)


def element(name: str, inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    if name == "a":
        return st.tuples(TARGET, inside).map(lambda pair: f'<a href="{pair[0]}">{pair[1]}</a>')
    return inside.map(lambda html: f"<{name}>{html}</{name}>")


def several(inside: st.SearchStrategy[str], most: int = 3) -> st.SearchStrategy[str]:
    return st.lists(inside, max_size=most).map("".join)


INLINE = st.recursive(
    TEXT,
    lambda inner: st.sampled_from(INLINES).flatmap(lambda name: element(name, several(inner))),
    max_leaves=6,
)


def containers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    item = element("li", several(inner, 2))
    cell = st.tuples(
        st.sampled_from(["td", "td", "th"]),
        st.sampled_from(["", " colspan=2", " rowspan=2"]),
        several(inner, 2),
    ).map(lambda parts: f"<{parts[0]}{parts[1]}>{parts[2]}</{parts[0]}>")
    return st.one_of(
        *(
            element(name, several(inner))
            for name in ("div", "blockquote", "figure", "section", "b", "a", "x-y")
        ),
        *(element(name, several(item)) for name in ("ul", "ol")),
        element("dl", several(st.sampled_from(["dt", "dd"]).flatmap(lambda name: element(name, inner)))),
        element("table", several(element("tr", several(cell)))),
        st.tuples(INLINE, inner).map(
            lambda pair: f"<details><summary>{pair[0]}</summary>{pair[1]}</details>"
        ),
    )


BLOCK = st.one_of(
    INLINE,
    *(element(name, several(INLINE)) for name in ("p", "h1", "h2", "h3", "li")),
    element("pre", several(TEXT)),
    st.sampled_from(["<br>", "<hr>"]),
)
PAGE = several(st.recursive(BLOCK, containers, max_leaves=12))
STYLES = st.fixed_dictionaries(
    {
        "links": st.sampled_from(["inline", "reference", "none"]),
        "images": st.sampled_from(["none", "alt", "inline"]),
    }
)


def numbered(html: str) -> str:
    count = 0

    def number(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return f"q{count}q"

    return re.sub("Q", number, html)


def once(text: str) -> list[str]:
    """The words in order; those of a value that spans rows stand in each of them."""
    return list(dict.fromkeys(WORD.findall(text)))


def words_of(html: str) -> list[str]:
    body = LexborHTMLParser(html).body
    return WORD.findall(body.text(separator=" ")) if body else []


@settings(max_examples=250, deadline=None)
@given(PAGE.map(numbered), STYLES)
def test_every_word_is_written_once_in_order(html: str, styles: dict[str, str]) -> None:
    page = rendered(html, **styles)
    assert once(text_of(page)) == words_of(html)
    assert once(read_back(joined(page))) == words_of(html)


@settings(max_examples=250, deadline=None)
@given(PAGE.map(numbered), STYLES)
def test_markdown_reads_back_as_the_text(html: str, styles: dict[str, str]) -> None:
    page = rendered(html, **styles)
    text = "".join(block.gap + block.text for block in page.blocks if block.kind != "rule")
    back = read_back(joined(page))
    if "$" in text:  # a formula is TeX, whose signs only a reader that knows formulas keeps
        text, back = TEX_SIGNS.sub("", text), TEX_SIGNS.sub("", back)
    assert _letters(back) == _letters(text)


def _letters(text: str) -> str:
    return re.sub(r"[\s:$]", "", text)  # ":" marks definitions, "$" formulas


@settings(max_examples=150, deadline=None)
@given(PAGE.map(numbered), st.lists(st.booleans(), min_size=1, max_size=7))
def test_kept_nodes_are_written_and_no_others(html: str, pattern: list[bool]) -> None:
    tree = LexborHTMLParser(html)
    assert tree.body is not None
    kept = KeptNodes(set(), set())
    want: list[str] = []
    for index, node in enumerate(tree.body.traverse(include_text=True)):
        if node.tag == "-text" and pattern[index % len(pattern)]:
            kept.texts.add(node.mem_id)
            want += WORD.findall(node.text_content or "")
            above = node.parent
            while above is not None:
                if above.tag not in INLINES:  # the extractor's walk registers block-level elements
                    kept.elements.add(above.mem_id)
                above = above.parent
    page = render(tree.body, kept=kept, hidden={}, base_url=None, options=CleanOptions())
    assert once(text_of(page)) == want
    assert once(read_back(joined(page))) == want


def test_hidden_elements_are_left_out_with_all_below() -> None:
    tree = LexborHTMLParser("<p>a <span>b <b>c</b></span> d</p><div><p>e</p></div><pre>f<i>g</i></pre>")
    assert tree.body is not None
    hidden = {node.mem_id: "display" for node in tree.css("span, div, i")}
    page = render(tree.body, kept=None, hidden=hidden, base_url=None, options=CleanOptions())
    assert joined(page) == "a d\n\n```\nf\n```"

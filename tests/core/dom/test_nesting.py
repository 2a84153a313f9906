"""Markup that would hold the parser is thinned out; ordinary markup is not touched."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from gateway.core.dom.nesting import MAX_ATTRIBUTES, MAX_DEPTH, Limited, limit_nesting

ROW = '<tr><td class="a">1</td><td>2<br>3</td></tr>\n'


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("no markup at all", id="text"),
        pytest.param("<p>one<p>two" * 20, id="unclosed-paragraphs"),
        pytest.param("<table>" + ROW * 20_000 + "</table>", id="large-table"),
        pytest.param("<div>" * 300 + "deep" + "</div>" * 300, id="deep-as-real-pages"),
        pytest.param("<script>" + "if (a < b) x();" * 20_000 + "</script>", id="script"),
        pytest.param('<img src="data:image/png;base64,' + "A" * 500_000 + '">', id="data-uri"),
        pytest.param(
            "<div data-state='" + '{"a": "b c d"}, ' * 20_000 + "'>x</div>", id="state-in-attribute"
        ),
    ],
)
def test_limit_nesting_leaves_ordinary_markup_alone(text: str) -> None:
    assert limit_nesting(text.encode()) == Limited(text.encode(), 0)


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param("<div>" * 100_000 + "{word}", id="divs"),
        pytest.param("<div>" * 50_000 + "{word}" + "</div>" * 50_000, id="closed-divs"),
        pytest.param(f'<div class="{"a" * 80}">' * 100_000 + "{word}", id="divs-far-apart"),
        pytest.param("<select>" + "<option>a</option>" * 50_000 + "</select>{word}", id="options"),
        pytest.param("<optgroup>" * 50_000 + "{word}", id="option-groups"),
        pytest.param("<ul><li>" * 20_000 + "{word}", id="lists"),
        pytest.param("".join(f"<b id={n}><p>" for n in range(5000)) + "{word}", id="formatting"),
        pytest.param("<FONT color=red><I><p>" * 3000 + "{word}", id="upper-case"),
        pytest.param("<p " + " ".join(f"a{n}=1" for n in range(40_000)) + ">{word}</p>", id="attributes"),
        pytest.param(
            '<p title="<" ' + " ".join(f"a{n}=1" for n in range(40_000)) + ">{word}</p>",
            id="angle-in-a-value",
        ),
        pytest.param(
            "<!-- <script> --><p " + " ".join(f"a{n}=1" for n in range(40_000)) + ">{word}</p>",
            id="script-in-a-comment",
        ),
        pytest.param("{word}" + '<a "' * 100_000, id="open-quotes"),
        pytest.param("{word}" + "<a b='" * 100_000, id="open-attribute"),
        pytest.param("{word}" + "<" * 500_000, id="angles"),
        pytest.param("{word}" + "<!--" * 200_000, id="comments"),
        pytest.param("{word}" + "<script>" * 50_000, id="scripts"),
    ],
)
def test_limit_nesting_makes_hostile_markup_parse_soon_and_keeps_its_words(markup: str) -> None:
    start = time.process_time()
    tree = LexborHTMLParser(limit_nesting(markup.replace("{word}", "needle").encode()).markup, scripting=True)
    assert "needle" in (tree.body.text() if tree.body else "")
    assert time.process_time() - start < 5  # unlimited: from 10 s to minutes


def test_limit_nesting_counts_what_it_drops() -> None:
    assert limit_nesting(b"<div>" * 10_000).dropped == 10_000 - MAX_DEPTH
    assert (
        limit_nesting(
            b"<p " + b" ".join(b"attribute%d" % n for n in range(20 * MAX_ATTRIBUTES)) + b">"
        ).dropped
        == 1
    )


@pytest.mark.parametrize(
    "unit",
    [
        "<tr><td>one<td>two",
        "<li>one<p>two",
        "<dt>one<dd>two<p>three",
        "one<br>",
        "<select><option>one<option>two</select>",
        "<ruby>a<rt>b</ruby>",
    ],
)
def test_limit_nesting_leaves_long_lists_without_end_tags_alone(unit: str) -> None:
    assert limit_nesting(f"<table><tr><td>{unit * 20_000}".encode()).dropped == 0


@given(st.text("<>/!-ab \"'=pdiv", max_size=80))
def test_limit_nesting_leaves_small_texts_alone(text: str) -> None:
    assert limit_nesting(text.encode()) == Limited(text.encode(), 0)

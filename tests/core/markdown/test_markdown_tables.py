"""Data tables become GFM tables; tables that only lay out a page are taken apart."""

import pytest

from tests.core.markdown.reading import html_of, markdown_of, rendered, text_of


@pytest.mark.parametrize(
    ("html", "rows"),
    [
        pytest.param("<tr><th>A<th>B<tr><td>1<td>2", ["| A | B |", "|---|---|", "| 1 | 2 |"], id="plain"),
        pytest.param(
            "<thead><tr><td>A<td>B</thead><tbody><tr><td>1<td>2",
            ["| A | B |", "|---|---|", "| 1 | 2 |"],
            id="thead",
        ),
        pytest.param("<tr><td>a<td>b<tr><td>c<td>d", ["| a | b |", "|---|---|", "| c | d |"], id="no-header"),
        pytest.param("<tr><th>K<td>v", ["| K | v |", "|---|---|"], id="one-row-with-a-header"),
        pytest.param(
            "<tr><th colspan=2>Title<tr><th>A<th>B<tr><td>1<td>2",
            ["Title", "", "| A | B |", "|---|---|", "| 1 | 2 |"],
            id="title-row",
        ),
        pytest.param(
            "<caption>Cap</caption><tr><th>A<th>B<tr><td>1<td>2",
            ["Cap", "", "| A | B |", "|---|---|", "| 1 | 2 |"],
            id="caption",
        ),
        pytest.param(
            "<tr><th>A<th>B<th>C<tr><td colspan=2>1<td>2",
            ["| A | B | C |", "|---|---|---|", "| 1 |  | 2 |"],
            id="colspan",
        ),
        pytest.param(
            "<tr><th>A<th>B<tr><td rowspan=2>1<td>2<tr><td>3",
            ["| A | B |", "|---|---|", "| 1 | 2 |", "|  | 3 |"],
            id="rowspan",
        ),
        pytest.param(
            "<tr><th rowspan=2>A<th colspan=2>B<tr><th>C<th>D<tr><td>1<td>2<td>3",
            ["| A | B |  |", "|---|---|---|", "|  | C | D |", "| 1 | 2 | 3 |"],
            id="both-spans",
        ),
        pytest.param(
            "<tr><th>A<th>B<tr><td colspan=1000>1<td>2",
            ["| A | B |  |", "|---|---|---|", "| 1 |  | 2 |"],
            id="empty-columns-go",
        ),
        pytest.param(
            "<tr><td><td>A<td>B<tr><td><td>1<td>2",
            ["| A | B |", "|---|---|", "| 1 | 2 |"],
            id="spacer-column",
        ),
        pytest.param(
            "<tr><th>A<th>B<tr><td>a|b<td><code>c|d</code>",
            ["| A | B |", "|---|---|", r"| a\|b | `c\|d` |"],
            id="pipes",
        ),
        pytest.param(
            "<tr><th>A<th>B<tr><td>a<br>b<td><p>c</p><p>d</p>",
            ["| A | B |", "|---|---|", "| a b | c d |"],
            id="lines-in-a-cell",
        ),
        pytest.param(
            "<tr><th>A<th>B<tr><td><ul><li>a<li>b</ul><td><pre>c\n\nd</pre>",
            ["| A | B |", "|---|---|", "| a b | `c d` |"],
            id="blocks-in-a-cell",
        ),
        pytest.param(
            "<tr><th>A<th>B<tr><td><table><tr><th>x<th>y<tr><td>1<td>2</table><td>z",
            ["| A | B |", "|---|---|", "| x y 1 2 | z |"],
            id="nested-table-as-text",
        ),
        pytest.param(
            "<tr><th><b>A</b><th>B<tr><td><b>1</b><td>2",
            ["| A | B |", "|---|---|", "| **1** | 2 |"],
            id="bold",
        ),
        pytest.param(
            "<tr><th>A<th>B<tr><td># 1<td>- 2",
            ["| A | B |", "|---|---|", "| # 1 | - 2 |"],
            id="no-line-starts",
        ),
        pytest.param(
            "<tr><th>A<th>B<tr><td><td><tr><td>1<td>", ["| A | B |", "|---|---|", "| 1 |  |"], id="empty-row"
        ),
    ],
)
def test_tables_are_written_as_gfm(html: str, rows: list[str]) -> None:
    assert markdown_of(f"<table>{html}</table>").split("\n") == rows


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        pytest.param("<table><tr><td>a</table>", "a", id="one-cell"),
        pytest.param("<table><tr><td>a<td>b</table>", "a\n\nb", id="one-row"),
        pytest.param("<table><tr><td>a<tr><td>b</table>", "a\n\nb", id="one-column"),
        pytest.param(
            "<table role=presentation><tr><td>a<td>b<tr><td>c<td>d</table>", "a\n\nb\n\nc\n\nd", id="role"
        ),
        pytest.param(
            "<table><tr><td><h2>A</h2><p>b</p><td>c<tr><td>d<td>e</table>",
            "## A\n\nb\n\nc\n\nd\n\ne",
            id="headings",
        ),
        pytest.param(
            "<table><tr><td><table><tr><td>a<td>b<tr><td>c<td>d</table><td>e<tr><td>f<td>g</table>",
            "| a | b |\n|---|---|\n| c | d |\n\ne\n\nf\n\ng",
            id="nested",
        ),
        pytest.param("<table><tr><td>" + "long " * 200 + "<td>b<tr><td>c<td>d</table>", None, id="long-text"),
        pytest.param("<table></table><table><tr><td></table>", "", id="empty"),
    ],
)
def test_layout_tables_are_taken_apart(html: str, markdown: str | None) -> None:
    written = markdown_of(html)
    assert written == markdown if markdown is not None else "|" not in written


def test_a_table_reads_back_as_one() -> None:
    html = html_of(markdown_of("<table><tr><th>A<th>B<tr><td><a href='/x|y'>1|2</a><td><b>3</b></table>"))
    assert "<th>A</th>" in html
    assert '<td><a href="https://example.org/x%7Cy">1|2</a></td>' in html
    assert "<td><strong>3</strong></td>" in html


def test_a_table_in_an_item_stays_in_it() -> None:
    assert markdown_of("<ul><li>a<table><tr><th>b<th>c<tr><td>d<td>e</table></ul>") == (
        "- a\n\n  | b | c |\n  |---|---|\n  | d | e |"
    )


def test_text_keeps_cells_and_rows_apart() -> None:
    page = rendered("<table><tr><th>A<th>B<tr><td>1<br>2<td>3</table>")
    assert text_of(page) == "A\tB\n1 2\t3"


def test_html_of_a_table_is_its_grid() -> None:
    page = rendered("<table><tr><th>A<th>B<tr><td colspan=2>1</table>", html=True)
    assert page.blocks[0].html == (
        "<table><thead><tr><th>A</th><th>B</th></tr></thead><tbody><tr><td>1</td><td></td></tr></tbody></table>"
    )


@pytest.mark.parametrize(
    "html",
    [
        pytest.param("<tr><td colspan=99999999999 rowspan=9999999>x<td>y</tr>" * 300, id="spans"),
        pytest.param("".join(f"<tr><td colspan={n + 1}><td>y</tr>" for n in range(400)), id="stairs"),
        pytest.param("<tr>" + "<td rowspan=1000>a" * 400 + "<tr><td>x" * 400, id="tall"),
    ],
)
def test_spans_cannot_blow_up_the_grid(html: str) -> None:
    page = rendered(f"<table><tr><th>A<th>B{html}</table>")
    assert len(text_of(page)) < 40 * len(html)

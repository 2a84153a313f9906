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
            ["| A | B |", "|---|---|", "| 1 | 2 |", "| 1 | 3 |"],
            id="rowspan",
        ),
        pytest.param(
            "<tr><th rowspan=2>A<th colspan=2>B<tr><th>C<th>D<tr><td>1<td>2<td>3",
            ["| A | B |  |", "|---|---|---|", "| A | C | D |", "| 1 | 2 | 3 |"],
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
            ["| A | B |", "|---|---|", "| a<br>b | c<br>d |"],
            id="lines-in-a-cell",
        ),
        pytest.param(
            "<tr><th>A<th>B<tr><td><ul><li>a<li>b</ul><td><pre>c\n\nd</pre>",
            ["| A | B |", "|---|---|", "| a<br>b | `c`<br>`d` |"],
            id="blocks-in-a-cell",
        ),
        pytest.param(
            "<tr><th>A<th>B<tr><td><table><tr><th>x<th>y<tr><td>1<td>2</table><td>z",
            ["| A | B |", "|---|---|", "| x y<br>1 2 | z |"],
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
            "<tr><th><th>A<tr><th>x<td>1", ["|  | A |", "|---|---|", "| x | 1 |"], id="empty-corner"
        ),
        pytest.param(
            "<tr><td></td><th>A<th>B<tr><th scope=row>x<td>1<td>2",
            ["|  | A | B |", "|---|---|---|", "| x | 1 | 2 |"],
            id="row-headers",
        ),
        pytest.param(
            "<tr><th>A<th>B<th>C<tr><th rowspan=3>x<td rowspan=2>y<td>1<tr><td>2<tr><td>z<td>3",
            ["| A | B | C |", "|---|---|---|", "| x | y | 1 |", "| x | y | 2 |", "| x | z | 3 |"],
            id="rowspans-beside-each-other",
        ),
        pytest.param(
            "<tr><th>A<th>B<tr><td rowspan=9>x<td>1<tr><tr><td>2</table><table>",
            ["| A | B |", "|---|---|", "| x | 1 |", "| x | 2 |"],
            id="rows-of-repeated-values-alone-go",
        ),
        pytest.param(
            "<tr><th><div>Name</div><div>(unit)</div><th><h4>Use</h4><tr><td><p>a</p><td><p>b</p>",
            ["| Name<br>(unit) | Use |", "|---|---|", "| a | b |"],
            id="blocks-in-the-header",
        ),
        pytest.param(
            "<tr><td>a<td><ul><li>1<li>2<li>3<li>4<li>5</ul><tr><td>b<td>c",
            ["| a | 1<br>2<br>3<br>4<br>5 |", "|---|---|", "| b | c |"],
            id="list-of-many-items",
        ),
        pytest.param(
            "<tr><th>A<th>B<tr><td><pre>if x:\n    y|z</pre><td>&lt;br&gt;",
            ["| A | B |", "|---|---|", r"| `if x:`<br>`    y\|z` | \<br> |"],
            id="code-in-a-cell",
        ),
        pytest.param(
            "<tr><th>A<th>B<tr><td><b>a<br>b</b><td><dl><dt>t<dd>d</dl>",
            ["| A | B |", "|---|---|", "| **a<br>b** | t<br>d |"],
            id="lines-in-a-mark",
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


def test_a_very_wide_table_is_one() -> None:
    row = "".join(f"<td>{number}" for number in range(300))
    lines = markdown_of(f"<table><tr>{row}<tr>{row}</table>").split("\n")
    assert [line.count("|") for line in lines] == [301] * 3


def test_a_long_value_is_not_repeated() -> None:
    value = "word " * 100
    markdown = markdown_of(f"<table><tr><th>A<th>B<tr><td rowspan=3>{value}<td>1<tr><td>2<tr><td>3</table>")
    assert markdown.count("word") == 100


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        pytest.param(
            "<tr><th>A<th>B<tr><td>1<td>2", "| A | B |\n|---|---|\n| 1 | 2 |", id="what-gfm-can-say-stays"
        ),
        pytest.param(
            "<caption>C</caption><tr><th colspan=2 onclick=x()>A<tr><td rowspan=9 id=x>1<td><a href=/x>2</a><tr><td>3",
            '<table>\n<caption>C</caption>\n<tr><th colspan="2">A</th></tr>\n<tr><td rowspan="2">1</td><td>'
            '<a href="https://example.org/x">2</a></td></tr>\n<tr><td>3</td></tr>\n</table>',
            id="spans",
        ),
        pytest.param(
            "<tr><th>A<th>B<tr><td><ul><li>1<li>&lt;script&gt;</ul><td><pre>a\n\nb</pre>",
            "<table>\n<tr><th>A</th><th>B</th></tr>\n<tr><td><ul><li>1</li><li>&lt;script&gt;</li></ul></td>"
            "<td><pre><code>a&#10;&#10;b</code></pre></td></tr>\n</table>",
            id="blocks",
        ),
    ],
)
def test_tables_that_gfm_cannot_say_are_html_where_asked_for(html: str, markdown: str) -> None:
    page = rendered(f"<table>{html}</table>", tables="html")
    assert page.blocks[0].markdown == markdown
    assert page.blocks[0].html == ""
    assert "<" not in text_of(page).replace("<script>", "")


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

"""Headings, lists, quotes, code, definitions, figures: blocks, and where they may be cut."""

import pytest

from tests.core.markdown.reading import html_of, markdown_of, rendered


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        pytest.param("<h1>A</h1>b<h3>C</h3>", "# A\n\nb\n\n### C", id="headings"),
        pytest.param("<h2>C #</h2><h2>C#</h2>", "## C \\#\n\n## C#", id="closing-hashes"),
        pytest.param("<h2><b>a</b> <i>b</i><br>c</h2>", "## a *b* c", id="heading-needs-no-bold"),
        pytest.param('<h2>a <a href="#a">¶</a></h2>', "## a", id="permalink"),
        pytest.param("<h2> </h2><h3><br></h3>", "", id="empty-headings"),
        pytest.param("<p>a</p><div>b<div>c</div>d</div>", "a\n\nb\n\nc\n\nd", id="blocks"),
        pytest.param(
            "<h2><div>Chapter 2</div><div>The wall</div></h2>a",
            "## Chapter 2 The wall\n\na",
            id="heading-of-blocks",
        ),
        pytest.param(f"<h2>A<p>{'b ' * 120}</p><p>c", f"## A\n\n{'b ' * 119}b\n\nc", id="unclosed-heading"),
        pytest.param("<p>a</p><hr><hr><p>b</p><hr>", "a\n\n---\n\nb", id="rule"),
        pytest.param("<p>a</p><x-card>b</x-card>", "a\n\nb", id="custom-element"),
        pytest.param(
            "<p>by <x-user>a</x-user> at <x-time>b</x-time></p>", "by a at b", id="custom-elements-in-a-line"
        ),
        pytest.param(
            "<div>by <x-user>a</x-user><x-time>b</x-time></div>", "by ab", id="custom-elements-that-touch"
        ),
        pytest.param(
            "<div>a <x-y style='display: block'>b</x-y> c</div>", "a\n\nb\n\nc", id="custom-block-by-style"
        ),
        pytest.param("<div>a <x-y><p>b</p></x-y> c</div>", "a\n\nb\n\nc", id="custom-block-by-children"),
        pytest.param("<x-card>a</x-card><x-card>b</x-card>", "a\n\nb", id="custom-cards"),
        pytest.param("<details><summary>a</summary>b</details>", "**a**\n\nb", id="details"),
        pytest.param("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b", id="quote"),
        pytest.param("<blockquote>a<blockquote>b</blockquote></blockquote>", "> a\n>\n> > b", id="quotes"),
        pytest.param(
            "<blockquote><ul><li>a<li>b</ul><pre>c</pre></blockquote>",
            "> - a\n> - b\n>\n> ```\n> c\n> ```",
            id="quote-of-blocks",
        ),
        pytest.param("<dl><dt>a<dd>b<dd>c<dt>d<dd>e</dl>", "a\n: b\n: c\n\nd\n: e", id="definitions"),
        pytest.param("<dl><dt>a<dt>b<dd><p>c</p><p>d</p></dl>", "a\nb\n: c\n\nd", id="two-terms"),
        pytest.param(
            "<dl><dt>a<dd><ul><li>b<li>c</ul>d<dt>e<dd><pre>f</pre></dl>",
            "a\n:\n\n- b\n- c\n\nd\n\ne\n:\n\n```\nf\n```",
            id="blocks-in-definitions",
        ),
        pytest.param(
            "<dl><dt>a<dd><dl><dt>b<dd>c</dl><dt>d<dd>e</dl>", "a\n:\n\nb\n: c\n\nd\n: e", id="nested"
        ),
        pytest.param("<dl><dt>a<dd></dd><dt>b<dd>c</dl>", "a\n\nb\n: c", id="empty-definition"),
        pytest.param("<dl><div><dt>a</dt><dd>b</dd></div></dl>", "a\n: b", id="definitions-in-divs"),
        pytest.param(
            "<figure><img src='/i.png' alt='x'><figcaption>Cap</figcaption></figure>",
            "![x](https://example.org/i.png)\n\nCap",
            id="figure",
        ),
        pytest.param("<button>a</button><select><option>b</select>c", "a\n\nc", id="controls"),
        pytest.param("a<script>b</script><style>c</style><template>d</template>", "a", id="no-text"),
    ],
)
def test_blocks_are_written_as_markdown(html: str, markdown: str) -> None:
    assert markdown_of(html, images="inline") == markdown


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        pytest.param("<ul><li>a<li>b</ul>", "- a\n- b", id="tight"),
        pytest.param("<ul><li><p>a</p><li><p>b</p></ul>", "- a\n\n- b", id="loose"),
        pytest.param("<ol><li>a<li>b</ol>", "1. a\n2. b", id="numbered"),
        pytest.param(
            "<ol start=9><li>a<li>b<li value=20>c<li>d</ol>", "9. a\n10. b\n20. c\n21. d", id="start"
        ),
        pytest.param("<ul><li>a<ul><li>b</ul><li>c</ul>", "- a\n  - b\n- c", id="nested"),
        pytest.param(
            "<ol start=10><li>a<ul><li>b</ul></ol>", "10. a\n    - b", id="indent-follows-the-marker"
        ),
        pytest.param("<ul><li>a</li><ul><li>b</ul></ul>", "- a\n  - b", id="list-directly-in-a-list"),
        pytest.param("<ul><li><ul><li>a</ul></ul>", "- a", id="no-empty-items"),
        pytest.param("<ul><li>a<li><ul><li>b</ul><li>c</ul>", "- a\n  - b\n- c", id="item-of-a-list-alone"),
        pytest.param(
            "<ol><li>a<li><ul><li>b</ul><li>c</ol>", "1. a\n   - b\n3. c", id="numbered-item-of-a-list-alone"
        ),
        pytest.param("<ul><li>a<ol start=3><li>b</ol></ul>", "- a\n\n  3. b", id="nested-from-three"),
        pytest.param("<ul><li>a<ul><li>b</ul>c</ul>", "- a\n  - b\n\n  c", id="item-goes-on"),
        pytest.param("<ul><li>a</ul><ul><li>b</ul>", "- a\n\n* b", id="two-lists-stay-two"),
        pytest.param("<ol><li>a</ol><ol><li>b</ol>", "1. a\n\n1) b", id="two-numberings-stay-two"),
        pytest.param(
            "<ul><li>a<pre>x\n\ny</pre></ul>", "- a\n\n  ```\n  x\n\n  y\n  ```", id="code-in-an-item"
        ),
        pytest.param("<ul><li>a<p>b</p><li>c</ul>", "- a\n\n  b\n\n- c", id="two-paragraphs"),
        pytest.param("<ul><li>a<br>b</ul>", "- a  \n  b", id="break"),
        pytest.param("<ul><li>- a<li>1. b</ul>", "- \\- a\n- 1\\. b", id="text-like-a-marker"),
        pytest.param(
            "<ul><li><input type=checkbox checked> a<li><input type=checkbox> b</ul>",
            "- [x] a\n- [ ] b",
            id="tasks",
        ),
        pytest.param(
            "<ul><li><h3>A</h3><p>b</p></li><li><h3>C</h3></ul>",
            "### A\n\nb\n\n### C",
            id="cards-are-no-items",
        ),
        pytest.param("<li>a</li>", "- a", id="item-without-a-list"),
        pytest.param("<ol><li value='-3'>a<li value='x'>b</ol>", "1. a\n2. b", id="odd-values"),
    ],
)
def test_lists_are_written_as_markdown(html: str, markdown: str) -> None:
    assert markdown_of(html) == markdown


def test_a_nested_list_reads_back_as_one() -> None:
    html = "<ul><li>a<ol><li>b<ul><li>c</ul><li>d</ol><li>e</ul>"
    assert html_of(markdown_of(html)).replace("\n", "") == (
        "<ul><li>a<ol><li>b<ul><li>c</li></ul></li><li>d</li></ol></li><li>e</li></ul>"
    )


def test_a_cut_may_fall_between_items_and_nowhere_inside() -> None:
    page = rendered("<ul><li>a<p>b</p><pre>c\n\nd</pre><ul><li>e</ul><li>f</ul>")
    assert [(block.kind, block.level) for block in page.blocks] == [("item", 1), ("item", 2), ("item", 1)]


def test_deep_lists_stop_indenting() -> None:
    markdown = markdown_of("<ul><li>x" * 50)
    assert max(len(line) - len(line.lstrip()) for line in markdown.split("\n")) < 40
    assert markdown.count("x") == 50


def test_a_long_quote_goes_on_in_a_second_one() -> None:
    page = rendered("<blockquote>" + "<p>some words of a quote</p>" * 400 + "</blockquote>")
    assert len(page.blocks) > 1
    assert all(block.kind == "quote" and len(block.markdown) < 6000 for block in page.blocks)


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        pytest.param("<pre>  a\n\n\tb  </pre>", "```\n  a\n\n\tb\n```", id="white-space"),
        pytest.param('<pre><code class="language-py">x</code></pre>', "```py\nx\n```", id="language"),
        pytest.param('<pre class="brush: js; toolbar: false">x</pre>', "```js\nx\n```", id="brush"),
        pytest.param(
            '<div class="highlight highlight-source-c"><pre>x</pre></div>',
            "```c\nx\n```",
            id="language-above",
        ),
        pytest.param('<pre class="sourceCode haskell">x</pre>', "```haskell\nx\n```", id="pandoc"),
        pytest.param('<pre data-lang="go`\n#">x</pre>', "```go#\nx\n```", id="language-is-one-word"),
        pytest.param("<pre>```\nx\n````</pre>", "`````\n```\nx\n````\n`````", id="fence-is-longer"),
        pytest.param("<pre>a<br>b<div>c</div>d</pre>", "```\na\nb\nc\nd\n```", id="lines-by-tags"),
        pytest.param(
            "<pre><span class='lineno'>1 </span>a\n<span class='lineno'>2 </span>b</pre>",
            "```\na\nb\n```",
            id="gutter",
        ),
        pytest.param(
            "<table><tr><td><pre>1\n2</pre></td><td><pre>a\nb</pre></td></tr></table>",
            "```\na\nb\n```",
            id="gutter-column",
        ),
        pytest.param("<pre>1\n2\n4</pre>", "```\n1\n2\n4\n```", id="numbers-that-do-not-count"),
        pytest.param("<pre>a <button>Copy</button></pre>", "```\na\n```", id="button"),
        pytest.param("<pre> \n </pre>", "", id="empty"),
        pytest.param("<pre> \u202e\u200b\n </pre><p>a</p>", "a", id="invisible"),
        pytest.param("<pre>*a* &lt;b&gt; \\</pre>", "```\n*a* <b> \\\n```", id="nothing-escaped"),
    ],
)
def test_code_blocks_keep_their_text(html: str, markdown: str) -> None:
    assert markdown_of(html) == markdown


def test_html_of_blocks_is_clean_and_whole() -> None:
    page = rendered(
        '<h1 onclick="x()">A</h1><p style="x">b <a href="javascript:x">c</a> <a href="/d">d</a></p>'
        "<ul><li>e<ul><li>f</ul></ul><script>g</script>",
        html=True,
    )
    assert "\n".join(block.html for block in page.blocks) == (
        '<h1>A</h1>\n<p>b c <a href="https://example.org/d">d</a></p>\n<ul><li>e\n<ul><li>f</li></ul></li></ul>'
    )


def test_html_is_not_made_unless_asked() -> None:
    assert {
        block.html
        for block in rendered(
            "<h1>A</h1><p>b</p><table><tr><th>c<th>d<tr><td>e</table><blockquote>f</blockquote>"
        ).blocks
    } == {""}

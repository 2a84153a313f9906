"""Small pages after kinds of faults that users of other converters and readers report, with what is right here.

The kinds come from public issues of html-to-markdown, turndown and its plugins, markdownify, trafilatura, docling,
defuddle and the Obsidian clipper, Crawl4AI, readability and Joplin; the pages are written here.
"""

import pytest

from gateway.core import clean
from gateway.core.model.page import CleanOptions
from tests.core.markdown.reading import BASE, html_of

TABLES = {
    "a-table-in-a-cell": (
        "<table><tr><th>Trip<th>Who<tr><td>Before<table><tr><th>Item<th>Cost<tr><td>Rope<td>10</table><td>Kai</table>",
        "| Trip | Who |\n|---|---|\n| Before<br>Item Cost<br>Rope 10 | Kai |",
    ),
    "header-of-two-rows": (
        "<table><caption>Tides</caption><thead><tr><th rowspan=2>Port<th colspan=2>High<tr><th>am<th>pm</thead>"
        "<tr><td>Quay<td>3:10<td>15:40</table>",
        "Tides\n\n| Port | High |  |\n|---|---|---|\n| Port | am | pm |\n| Quay | 3:10 | 15:40 |",
    ),
    "caption-below-and-column-groups": (
        "<table><colgroup><col><col></colgroup><tr><th>a<th>b<tr><td>1<td>2<caption>Two <b>rows</b></caption></table>",
        "Two **rows**\n\n| a | b |\n|---|---|\n| 1 | 2 |",
    ),
    "a-pipe-in-code": (
        "<table><tr><th>Sign<th>Use<tr><td><code>a | b</code><td>x || y<tr><td><code>`|`</code><td>|</table>",
        "| Sign | Use |\n|---|---|\n| `a \\| b` | x \\|\\| y |\n| `` `\\|` `` | \\| |",
    ),
    "numbered-steps-in-a-cell": (
        "<table><tr><th>Day<th>Steps<tr><td>Mon<td><ol start=3><li>wash<li>paint<ul><li>red</ul></ol></table>",
        "| Day | Steps |\n|---|---|\n| Mon | 3. wash<br>4. paint<br>red |",
    ),
    "a-value-down-to-the-last-row": (
        "<table><tr><th>a<th>b<tr><td rowspan=0>x<td>1<tr><td>2<tr><td>3</table>",
        "| a | b |\n|---|---|\n| x | 1 |\n| x | 2 |\n| x | 3 |",
    ),
    "a-table-in-an-item": (
        "<ol><li><p>Set up</p><table><tr><th>a<th>b<tr><td>1<td>2</table><li>Go</ol>",
        "1. Set up\n\n   | a | b |\n   |---|---|\n   | 1 | 2 |\n\n2. Go",
    ),
    "buttons-that-sort": (
        "<table><thead><tr><th><button>Name <svg></svg></button><th><button>Size</button></thead>"
        "<tr><td>a<td>b</table>",
        "| Name | Size |\n|---|---|\n| a | b |",
    ),
    "a-break-in-a-link-in-a-cell": (
        "<table><tr><th>a<th>b<tr><td><a href=/x>one<br>two</a><td>1</table>",
        "| a | b |\n|---|---|\n| [one<br>two](https://example.org/x) | 1 |",
    ),
    "a-row-in-a-cell": (
        "<table><tr><td><tr><td>Seen</td></tr></td></tr></table>",
        "Seen",
    ),
    "code-in-a-cell": (
        "<table><tr><th>Run<th>On<tr><td><pre>a\n  b</pre><td>all</table>",
        "| Run | On |\n|---|---|\n| `a`<br>`  b` | all |",
    ),
    "a-caption-and-nothing-else": ("<table><caption>Foo</caption></table><p>x", "Foo\n\nx"),
}
CODE = {
    "signs-of-a-diff-that-cannot-be-selected": (
        "<pre><code class=language-diff><span class=line><span style='user-select:none'>-</span>old</span>\n"
        "<span class=line><span style='user-select:none'>+</span>new</span></code></pre>",
        "```diff\n-old\n+new\n```",
    ),
    "a-prompt-that-cannot-be-selected": (
        "<pre><span class='prompt user-select-none'>$ </span>ls\n<span class=gp>&gt;&gt;&gt; </span>1 + 1</pre>",
        "```\n$ ls\n>>> 1 + 1\n```",
    ),
    "one-end-a-line": (
        "<pre data-language=js><code><span class=grvsc-line>let a;</span>\n<span class=grvsc-line></span>\n"
        "<span class=grvsc-line>let b;</span></code></pre>",
        "```js\nlet a;\n\nlet b;\n```",
    ),
    "code-that-a-style-makes-a-block": (
        "<div style='display: flex'><code style='white-space: pre'>\n/ip address\n  add one\n</code></div>",
        "```\n/ip address\n  add one\n```",
    ),
    "a-header-with-buttons-inside": (
        "<pre><div>python</div><div><button>Copy</button><button>Edit</button></div><div><code class=language-python>"
        "print(1)\nx = 2\n</code></div></pre>",
        "```python\nprint(1)\nx = 2\n```",
    ),
    "code-that-is-a-link": (
        "<p><code><a href=/f>f()</a></code> and <a href=/g><code>g()</code></a> and <code><a href='#h'>h</a></code>",
        "[`f()`](https://example.org/f) and [`g()`](https://example.org/g) and `h`",
    ),
    "fences-and-ticks": (
        "<pre>```js\nx\n```</pre><p>Use <code>a`b</code> or <code>`</code>",
        "````\n```js\nx\n```\n````\n\nUse ``a`b`` or `` ` ``",
    ),
    "code-in-a-quote-in-an-item": (
        "<ul><li><blockquote><p>x</p><pre>y\n z</pre></blockquote></ul>",
        "- > x\n  >\n  > ```\n  > y\n  >  z\n  > ```",
    ),
    "labels-of-tabs": (
        "<div><label for=a>C</label><label for=b>C++</label></div><pre class=language-c>x</pre>",
        "C C++\n\n```c\nx\n```",
    ),
    "nothing-in-code-is-markup": ("<pre>1. a\n# b\n* c * &amp;lt;</pre>", "```\n1. a\n# b\n* c * &lt;\n```"),
}
FORMULAS = {
    "tex-in-an-attribute": (
        '<p>Let <span data-tex="a^2+b_1"><span>a2+b1</span></span>, <span data-latex="\\frac12"></span>.'
        '</p><div data-tex="x * y"></div>',
        "Let $a^2+b_1$, $\\frac12$.\n\n$$x * y$$",
    ),
    "an-environment-without-delimiters": (
        "<p>\\begin{align} a_1 &amp;= b_1 * c \\\\ a_2 &amp;= d \\end{align}"
        "<p>so \\begin{equation*}x_i\\end{equation*} holds",
        "$$\\begin{align} a_1 &= b_1 * c \\\\ a_2 &= d \\end{align}$$\n\n"
        "so $$\\begin{equation*}x_i\\end{equation*}$$ holds",
    ),
    "an-environment-inside": (
        "<p>$$\\begin{align*} a_1 &amp;= b \\end{align*}$$<p>open \\begin{align} a_1",
        "$$\\begin{align*} a_1 &= b \\end{align*}$$\n\nopen \\begin{align} a_1",
    ),
    "punctuation-after-a-formula": (
        "<p>At <span class='math notranslate'>\\(x_1\\)</span>, not <span>$$y_2$$</span>.",
        "At $x_1$, not $$y_2$$.",
    ),
    "drawn-by-mathjax-2": (
        "<p>as <span class=MathJax_Preview>f2</span><span class=MathJax><nobr>fx2</nobr></span>"
        "<script type=math/tex>f(x)=x^2</script>.",
        "as $f(x)=x^2$.",
    ),
    "drawn-by-mathjax-3": (
        "<p>When <mjx-container><svg></svg><mjx-assistive-mml><math><mi>a</mi><mo>≠</mo><mn>0</mn></math>"
        "</mjx-assistive-mml></mjx-container>, go",
        "When $a \\neq 0$, go",
    ),
    "a-norm-in-a-cell": (
        "<table><tr><th>Norm<th>v<tr><td>\\(|x|\\)<td>2</table>",
        "| Norm | v |\n|---|---|\n| $\\|x\\|$ | 2 |",
    ),
    "prices": ("<p>From $5 to $10, or $20*2=$40 and US$3_000", "From $5 to $10, or $20*2=$40 and US$3_000"),
}
NOTES = {
    "references-of-letters-and-brackets": (
        "<p>a<a name=_ftnref1 href='#_ftn1'>[1]</a> b<a name=_ftnref2 href='#_ftn2'>[2]</a>.<p><a name=_ftn1 "
        "href='#_ftnref1'>[1]</a> First one.<p><a name=_ftn2 href='#_ftnref2'>[2]</a> Second <i>one</i>.",
        "a[^1] b[^2].\n\n[^1]: First one.\n\n[^2]: Second *one*.",
    ),
    "by-the-page's-own-address": (
        f"<p>a<sup><a href='{BASE}#fn1' id=r1>1</a></sup><ol><li id=fn1>Some note <a href='{BASE}#r1'>↩</a></ol>",
        "a[^1]\n\n[^1]: Some note",
    ),
    "a-stop-after-the-link-back": (
        "<p>a<sup class=footnote>[<a id=r1 class=footnote href='#d1'>1</a>]</sup><div class=footnote id=d1>"
        "<a href='#r1'>1</a>. Some note.</div>",
        "a[^1]\n\n[^1]: Some note.",
    ),
    "of-a-heading-of-a-table": (
        "<table><tr><th>a<th>b<sup><a href='#fn1' id=r1>1</a></sup><tr><td>1<td>2</table>"
        "<p id=fn1><sup><a href='#r1'>1</a></sup> About b.",
        "| a | b[^1] |\n|---|---|\n| 1 | 2 |\n\n[^1]: About b.",
    ),
    "contents-are-no-notes": (
        "<ul><li><a href='#s1'>1</a><li><a href='#s2'>2</a></ul><h2 id=s1>1 One</h2><p>a<h2 id=s2>2 Two</h2>",
        "- 1\n- 2\n\n## 1 One\n\na\n\n## 2 Two",
    ),
}
STRUCTURE = {
    "a-list-that-counts-down": (
        "<ol reversed><li>third<li>second<li>first</ol><p>x<ol reversed start=10><li>ten<li>nine</ol>",
        "3. third\n2. second\n1. first\n\nx\n\n10. ten\n9. nine",
    ),
    "a-list-that-goes-on-after-code": (
        "<ol><li>one</ol><pre>x</pre><ol start=2><li>two</ol>",
        "1. one\n\n```\nx\n```\n\n2. two",
    ),
    "a-list-in-boxes-in-an-item": (
        "<ul><li><span>Step</span><div><div><ul><li>a<li>b</ul></div></div></ul>",
        "- Step\n  - a\n  - b",
    ),
    "items-that-look-like-markdown": (
        "<ul><li>1. One<li>- two<li># three<li>&gt; four<li>---<li>```</ul>",
        "- 1\\. One\n- \\- two\n- \\# three\n- \\> four\n- \\---\n- \\`\\`\\`",
    ),
    "lines-that-look-like-markdown": (
        "<p>1986. A year<br>- dash<br># hash<br>+ plus<br>===<p>[x]: /y<p>~~~<p>2*3*4 __init__ snake_case @_a",
        "1986\\. A year  \n\\- dash  \n\\# hash  \n\\+ plus  \n\\===\n\n\\[x]: /y\n\n\\~\\~\\~\n\n"
        "2\\*3\\*4 \\_\\_init\\_\\_ snake_case @\\_a",
    ),
    "permalinks-that-speak": (
        "<h2 id=a>One<a class=anchor href='#a'><span>Link to this heading</span></a></h2>"
        "<h2>Zwei<a class=headerlink href='#b'>Dauerhafter Verweis</a></h2><h2>Three<button>Copy link</button></h2>"
        "<h2><a class=header-anchor href='#c'>Four</a></h2><h2><a class=header-anchor href='#d'>1.2</a> Five</h2>"
        "<h2><a class=permalink href='#e'>Six</a> of <i>seven</i></h2>",
        "## One\n\n## Zwei\n\n## Three\n\n## Four\n\n## 1.2 Five\n\n## Six of *seven*",
    ),
    "a-link-around-blocks": (
        "<a href=/x><h3><strong>Head</strong></h3><p>text</p></a><ul><li><a href=/y><div>T</div><div>d</div></a></ul>",
        "### [Head](https://example.org/x)\n\ntext\n\n- [T](https://example.org/y)\n\n  d",
    ),
    "links-without-a-target-or-text": (
        "<p>left<a> middle </a>right <a href=''>empty</a><a href=/z></a> <a href=/k><svg></svg></a>end",
        "left middle right empty end",
    ),
    "lines-that-a-style-keeps": (
        "<p style='white-space: pre-line'>one\n two\n\nthree <b>x\ny</b></p>"
        "<div class=whitespace-pre-wrap>\n<p>a\nb</p></div><p>no\nbreak",
        "one  \ntwo\n\nthree **x  \ny**\n\na  \nb\n\nno break",
    ),
    "a-b-that-is-not-bold": (
        "<b style='font-weight:normal'><p>one</p><ul><li>two</ul></b><p><i style='font-style: normal'>n</i> "
        "<b style='text-decoration: none'>b</b>",
        "one\n\n- two\n\nn **b**",
    ),
    "a-face-that-is-a-picture": (
        "<p>nice <img class=emoji alt='🎉' src=/e.png> work<img alt='☕' src=/c.png width=600>",
        "nice 🎉 work☕",
    ),
    "emphasis-beside-chinese-marks": (
        "<p>前文<b>（测试）</b>后文。<b>真，</b>她<em>「あ」</em>か<b>重要：</b>正文",
        "前文（**测试**）后文。**真**，她「*あ*」か**重要**：正文",
    ),
    "characters-that-nobody-sees": (
        "<p>Kon&shy;fi&shy;gu&shy;ration zero&#8203;width &#8207;נסיון&#8206; 👨‍👩‍👧 می‌خواهم 10&nbsp;000",
        "Konfiguration zerowidth נסיון 👨‍👩‍👧 می‌خواهم 10 000",
    ),
    "entities-that-are-text": (
        "<p>&amp;lt;b&amp;gt; &amp;copy; &copy; AT&amp;T &lt;!-- x --&gt;",
        "\\&lt;b\\&gt; \\&copy; © AT&T \\<!-- x -->",
    ),
    "the-first-base-with-an-address": (
        "<base target=_blank><base href='/v2/'><base href='/v3/'><p><a href='a.html'>a</a> <a href='?q'>q</a>",
        "[a](https://example.org/v2/a.html) [q](https://example.org/v2/?q)",
    ),
    "details-in-details": (
        "<details><summary><h3>Big</h3></summary><p>in<details><summary>Less</summary>x</details></details>",
        "### Big\n\nin\n\n**Less**\n\nx",
    ),
    "definitions-of-several": (
        "<dl><div><dt>A<dd>one<dd>two</div><div><dt>B<dt>C<dd><pre>x</pre></div></dl>",
        "A\n: one\n: two\n\nB\nC\n:\n\n```\nx\n```",
    ),
    "tasks-in-tasks": (
        "<ul><li><input type=checkbox checked> done<ul><li><label><input type=checkbox> sub</label></ul></ul>",
        "- [x] done\n  - [ ] sub",
    ),
    "quotes-in-quotes": (
        "<blockquote>a<blockquote>b<br>c</blockquote><footer>— <cite>Kai</cite></footer></blockquote>",
        "> a\n>\n> > b  \n> > c\n>\n> — Kai",
    ),
    "breaks-in-pre": ("<pre>one<br>  two<br><br>three</pre>", "```\none\n  two\n\nthree\n```"),
    "ruby-in-a-link": (
        "<p><a href=/x><ruby>東京<rp>(</rp><rt>とうきょう</rt><rp>)</rp></ruby></a>の"
        "<ruby>漢<rt>かん</rt>字<rt>じ</rt></ruby>",
        "[東京(とうきょう)](https://example.org/x)の漢(かん)字(じ)",
    ),
}
PICTURES = {
    "the-file-of-a-late-picture": (
        "<p><img src='data:image/gif;base64,AA' data-srcset='/a,w_300/x.jpg 300w, /a,w_900/x.jpg 900w' alt=One>",
        "![One](https://example.org/a,w_900/x.jpg)",
    ),
    "the-plain-file-of-a-picture": (
        "<picture><source type=image/webp srcset='/b.webp 1x'><img src=/b.jpg alt=Two></picture>",
        "![Two](https://example.org/b.jpg)",
    ),
    "brackets-in-what-it-shows": (
        "<p><a href=/j><img src='/c d.jpg' alt='br]ack[ets *x*'></a>",
        "[![br\\]ack\\[ets \\*x\\*](https://example.org/c%20d.jpg)](https://example.org/j)",
    ),
    "its-twin-for-browsers-without-scripts": (
        "<p><img src='data:,' data-src=/r.jpg alt=R><noscript><img src=/r.jpg alt=R></noscript>",
        "![R](https://example.org/r.jpg)",
    ),
}
PAGES = [
    pytest.param(html, markdown, id=name)
    for kinds in (TABLES, CODE, FORMULAS, NOTES, STRUCTURE)
    for name, (html, markdown) in kinds.items()
]


def markdown_of(html: str, images: str = "none") -> str:
    options = CleanOptions(scope="page", images=images)  # type: ignore[arg-type]
    return clean(html, url=BASE, options=options).markdown


@pytest.mark.parametrize(("html", "markdown"), PAGES)
def test_what_others_get_wrong_is_right(html: str, markdown: str) -> None:
    assert markdown_of(html) == markdown


@pytest.mark.parametrize(
    ("html", "markdown"), [pytest.param(*page, id=name) for name, page in PICTURES.items()]
)
def test_pictures_are_the_ones_that_readers_see(html: str, markdown: str) -> None:
    assert markdown_of(html, images="inline") == markdown


@pytest.mark.parametrize("inner", ["code", "b", "i", "a href=/x"])
def test_emphasis_links_and_code_in_each_other_are_read_as_such(inner: str) -> None:
    name = inner.split()[0]
    back = html_of(markdown_of(f"<p>a <strong><{inner}>b</{name}></strong> <em>c <{inner}>d</{name}></em> e"))
    tag = {"i": "em", "b": "strong"}.get(name, name)
    assert back.count(f"<{tag}") >= 2
    assert "*" not in back

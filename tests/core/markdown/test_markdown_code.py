"""Blocks of code as highlighters, wikis, forums and editors draw them, each written after their real markup."""

import pytest
from markdown_it import MarkdownIt

from gateway.core import clean
from gateway.core.model.page import CleanOptions
from tests.core.markdown.reading import markdown_of, rendered

TWO = "a = 1\nb = 2"


def fenced(code: str, language: str = "") -> str:
    return f"```{language}\n{code}\n```"


@pytest.mark.parametrize(
    "html",
    [
        pytest.param(
            '<pre><span class="linenos">1</span>a = 1\n<span class="linenos">2</span>b = 2</pre>',
            id="pygments-inline",
        ),
        pytest.param(
            '<div class="highlight"><table class="highlighttable"><tr><td class="linenos"><div class="linenodiv">'
            '<pre><span class="normal">1</span>\n<span class="normal">2</span></pre></div></td><td class="code">'
            "<div><pre><span></span>a = 1\nb = 2\n</pre></div></td></tr></table></div>",
            id="pygments-table",
        ),
        pytest.param(
            '<pre class="highlight"><code><table class="rouge-table"><tbody><tr><td class="gutter gl">'
            '<pre class="lineno">1\n2\n</pre></td><td class="code"><pre>a = 1\nb = 2\n</pre></td></tr></tbody>'
            "</table></code></pre>",
            id="rouge",
        ),
        pytest.param(
            '<pre class="line-numbers"><code>a = 1\nb = 2<span aria-hidden="true" class="line-numbers-rows">'
            "<span></span><span></span></span></code></pre>",
            id="prism-line-numbers",
        ),
        pytest.param(
            '<pre><code class="hljs"><table class="hljs-ln"><tbody><tr><td class="hljs-ln-line hljs-ln-numbers" '
            'data-line-number="1"><div class="hljs-ln-n" data-line-number="1"></div></td><td class="hljs-ln-line '
            'hljs-ln-code" data-line-number="1">a = 1</td></tr><tr><td class="hljs-ln-line hljs-ln-numbers" '
            'data-line-number="2"><div class="hljs-ln-n">2</div></td><td class="hljs-ln-line hljs-ln-code" '
            'data-line-number="2">b = 2</td></tr></tbody></table></code></pre>',
            id="highlight-js-numbers",
        ),
        pytest.param(
            '<table class="highlight js-file-line-container"><tbody><tr><td id="L1" class="blob-num js-line-number" '
            'data-line-number="1"></td><td id="LC1" class="blob-code blob-code-inner js-file-line">a = 1</td></tr>'
            '<tr><td id="L2" class="blob-num js-line-number" data-line-number="2"></td><td id="LC2" class="blob-code '
            'blob-code-inner js-file-line"><span class="pl-s1">b</span> = 2</td></tr></tbody></table>',
            id="github-blob",
        ),
        pytest.param(
            '<div class="crayon-main"><table class="crayon-table"><tr class="crayon-row"><td class="crayon-nums">'
            '<div class="crayon-nums-content"><div class="crayon-num">1</div><div class="crayon-num">2</div></div>'
            '</td><td class="crayon-code"><div class="crayon-pre"><div class="crayon-line"><span class="crayon-v">a'
            '</span> = 1</div><div class="crayon-line">b = 2</div></div></td></tr></table></div>',
            id="crayon",
        ),
        pytest.param(
            '<div class="syntaxhighlighter"><table><tbody><tr><td class="gutter"><div class="line number1 index0">1'
            '</div><div class="line number2 index1">2</div></td><td class="code"><div class="container"><div '
            'class="line number1"><code class="js plain">a&nbsp;=&nbsp;</code><code class="js value">1</code></div>'
            '<div class="line number2"><code class="js plain">b = 2</code></div></div></td></tr></tbody></table></div>',
            id="syntaxhighlighter",
        ),
        pytest.param(
            '<pre><span style="user-select: none; color: grey">1 </span>a = 1\n'
            '<span style="-webkit-user-select:none">2 </span>b = 2</pre>',
            id="not-to-be-selected",
        ),
        pytest.param(
            '<pre><span style="display:flex;"><span style="white-space:pre;user-select:none">1</span><span>a = 1\n'
            '</span></span><span style="display:flex;"><span style="user-select:none">2</span><span>b = 2\n</span>'
            "</span></pre>",
            id="chroma-styles",
        ),
        pytest.param(
            '<pre><span data-line-number="1">1</span>a = 1\n<span data-line-number="2">2</span>b = 2</pre>',
            id="number-attribute",
        ),
        pytest.param(
            '<pre><div class="line"><span class="select-none">1</span>a = 1</div><div class="line">'
            '<span class="select-none">2</span>b = 2</div></pre>',
            id="tailwind",
        ),
        pytest.param(
            '<table><tr><td class="lines-num"><span data-line-number="1"></span></td><td class="lines-code"><code '
            'class="code-inner">a = 1</code></td></tr><tr><td class="lines-num"><span data-line-number="2"></span></td>'
            '<td class="lines-code"><code class="code-inner">b = 2</code></td></tr></table>',
            id="gitea",
        ),
        pytest.param(
            '<div class="file-content code"><div class="line-numbers"><a href="#L1">1</a>\n<a href="#L2">2</a></div>'
            '<div class="blob-content"><pre class="code highlight"><code><span class="line">a = 1</span>\n'
            '<span class="line">b = 2</span></code></pre></div></div>',
            id="gitlab",
        ),
        pytest.param(
            '<pre><code><span class="line">a = 1</span>\n<span class="line">b = 2</span></code></pre><div class='
            '"line-numbers-wrapper"><span class="line-number">1</span><br><span class="line-number">2</span><br></div>',
            id="vitepress",
        ),
        pytest.param(
            '<pre><code><div class="ec-line"><div class="gutter"><div class="ln">1</div></div><div class="code">a = 1'
            '</div></div><div class="ec-line"><div class="gutter"><div class="ln">2</div></div><div class="code">b = 2'
            "</div></div></code></pre>",
            id="expressive-code",
        ),
        pytest.param(
            '<pre><code><span class="codeLineNumber_x1">1</span>a = 1\n<span class="codeLineNumber_x1">2</span>b = 2'
            "</code></pre>",
            id="css-module",
        ),
    ],
)
def test_line_numbers_are_no_code(html: str) -> None:
    assert markdown_of(html) == fenced(TWO)


@pytest.mark.parametrize(
    "html",
    [
        '<pre><span class="gp">$ </span>ls</pre>',
        '<pre><span style="user-select:none">$ </span>ls</pre>',
        '<pre><span unselectable="on" aria-hidden="true">$</span> ls</pre>',
        '<pre><code class="language-console">$ ls</code></pre>',
    ],
)
def test_a_prompt_is_kept(html: str) -> None:
    assert "$ ls" in markdown_of(html)


@pytest.mark.parametrize(
    "html",
    [
        '<pre><span class="hljs-number">42</span></pre>',
        '<pre><span class="token number">42</span></pre>',
        '<pre class="line-numbers"><code class="line-numbers">42</code></pre>',
        "<table><tr><td><pre>42</pre></td><td>of them</td></tr><tr><td>1</td><td>2</td></tr></table>",
    ],
)
def test_a_number_that_counts_no_line_is_code(html: str) -> None:
    assert "42" in markdown_of(html)


@pytest.mark.parametrize(
    ("html", "language"),
    [
        ('<pre><code class="language-js">x</code></pre>', "js"),
        ('<pre class="lang-py s-code-block"><code class="hljs language-python">x</code></pre>', "python"),
        ('<pre class="prettyprint lang-js">x</pre>', "js"),
        ('<pre lang="python"><code>x</code></pre>', "python"),
        ('<pre lang="en"><code>x</code></pre>', ""),
        (
            '<div class="highlight-python3 notranslate"><div class="highlight"><pre>x</pre></div></div>',
            "python",
        ),
        ('<div class="highlight-default notranslate"><div class="highlight"><pre>x</pre></div></div>', ""),
        ('<div class="highlight highlight-source-c++"><pre>x</pre></div>', "cpp"),
        ('<div class="highlight highlight-text-html-basic"><pre>x</pre></div>', "html"),
        (
            '<div class="language-ruby highlighter-rouge"><div class="highlight"><pre class="highlight"><code>x',
            "ruby",
        ),
        ('<figure class="highlight bash"><pre>x</pre></figure>', "bash"),
        ('<pre><code class="hljs typescript">x</code></pre>', "typescript"),
        ('<pre class="hljs"><code class="go hljs">x</code></pre>', "go"),
        ('<pre class="brush: java; gutter: false">x</pre>', "java"),
        ('<pre data-syntaxhighlighter-params="brush: sql; theme: Confluence">x</pre>', "sql"),
        ('<pre class="lang:php decode:true">x</pre>', "php"),
        ('<pre class="EnlighterJSRAW" data-enlighter-language="css">x</pre>', "css"),
        ('<div class="mw-highlight mw-highlight-lang-lua"><pre>x</pre></div>', "lua"),
        ('<div class="gatsby-highlight" data-language="graphql"><pre><code>x', "graphql"),
        ('<devsite-code><pre syntax="Kotlin">x</pre></devsite-code>', "kotlin"),
        ('<div language="tsx"><div class="code-block-background"><pre><code>x', "tsx"),
        ('<pre class="sourceCode numberSource python numberLines"><code>x</code></pre>', "python"),
        ('<pre><code class="language-plaintext">x</code></pre>', ""),
        ('<pre><code class="language-none">x</code></pre>', ""),
        ('<pre class="code-block-background">x</pre>', ""),
        ('<pre class="wp-block-code"><code>x</code></pre>', ""),
        ('<pre class="code-snippet highlight-box src-inner syntax-theme">x</pre>', ""),
        ('<div class="lang-de"><pre>x</pre></div>', ""),
        ('<div class="language-switcher"><pre>x</pre></div>', ""),
        ('<body data-language="English"><pre>x</pre>', ""),
        ('<pre><code class="ruby">x</code></pre>', "ruby"),
        ('<pre class="note">x</pre>', ""),
        ('<pre class="language-mylang">x</pre>', "mylang"),
        ('<pre data-lang="`\n# &lt;b> x">x</pre>', "#bx"),
    ],
)
def test_language_is_what_the_page_says(html: str, language: str) -> None:
    assert markdown_of(html) == fenced("x", language)


@pytest.mark.parametrize(
    "html",
    [
        pytest.param(
            '<pre class="shiki"><code><span class="line">a = 1</span><span class="line">b = 2</span></code></pre>',
            id="lines-without-ends",
        ),
        pytest.param(
            '<pre><code><span class="line">a = 1</span>\n<span class="line">b = 2</span></code></pre>',
            id="lines-with-ends",
        ),
        pytest.param(
            '<pre><span class="token-line">a = 1<br></span><span class="token-line">b = 2<br></span></pre>',
            id="docusaurus",
        ),
        pytest.param(
            '<pre><code><span data-line="">a = 1</span><span data-line="">b = 2</span></code></pre>',
            id="line-attribute",
        ),
        pytest.param("<pre>\n  <div>a = 1</div>\n  <div>b = 2</div>\n</pre>", id="indented-divs"),
        pytest.param(
            '<pre class="prettyprint linenums"><ol class="linenums"><li class="L0">a = 1</li><li class="L1">b = 2',
            id="prettify",
        ),
        pytest.param("<pre><code>a = 1</code><code>b = 2</code></pre>", id="code-a-line"),
        pytest.param("<pre><code>a = 1</code>\n<code>b = 2</code></pre>", id="code-a-line-with-ends"),
        pytest.param("<pre><code>a = 1<br>b = 2</code></pre>", id="breaks"),
        pytest.param("<pre><p>a = 1</p><pre>b = 2</pre></pre>", id="pre-in-pre"),
        pytest.param(
            '<pre><span style="display: block">a = 1</span><span style="display: block">b = 2</span></pre>',
            id="lines-by-style",
        ),
        pytest.param(
            '<p><code style="display:block; white-space: pre">a = 1\nb = 2</code></p>', id="shown-as-block"
        ),
        pytest.param("<p><code>a = 1\nb = 2</code></p>", id="inline-code-alone"),
        pytest.param("<div><code>a = 1<br>b = 2</code></div>", id="inline-code-with-breaks"),
        pytest.param("<div><code><div>a = 1</div><div>b = 2</div></code></div>", id="code-around-divs"),
        pytest.param("<p><samp>a = 1<br>b = 2</samp></p>", id="samp"),
        pytest.param("<kbd style='display:block'>a = 1<br>b = 2</kbd>", id="kbd"),
    ],
)
def test_lines_stay_lines(html: str) -> None:
    assert markdown_of(html) == fenced(TWO)


def test_code_in_a_sentence_stays_in_it() -> None:
    assert markdown_of("<p>call <code>f(a,\n  b)</code> now</p>") == "call `f(a, b)` now"
    assert markdown_of("<p><code>f(a,\n  b)</code> is called</p>") == "`f(a, b)` is called"
    assert markdown_of("<ul><li><code>f(a,\n  b)</code></ul>") == "- `f(a, b)`"


def test_blank_lines_and_indents_between_line_elements_stay() -> None:
    html = '<pre><div class="line">def f():</div><div class="line"><br></div><div class="line">    pass</div></pre>'
    assert markdown_of(html) == fenced("def f():\n\n    pass")
    html = '<pre><span class="line">if a:</span>\n<span class="line"></span>\n<span class="line">  b</span></pre>'
    assert markdown_of(html) == fenced("if a:\n\n  b")


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        pytest.param(
            '<div class="code-example"><div class="example-header"><span class="language-name">js</span>'
            '<button class="copy-icon">Copy</button></div><pre class="brush: js"><code>x</code></pre></div>',
            fenced("x", "js"),
            id="mdn",
        ),
        pytest.param(
            '<pre><div class="header"><span>python</span><button>Copy code</button></div><div><code '
            'class="hljs language-python">x</code></div></pre>',
            fenced("x", "python"),
            id="chat",
        ),
        pytest.param(
            '<div class="code-toolbar"><pre class="language-javascript"><code>x</code></pre><div class="toolbar"><div '
            'class="toolbar-item"><button>Copy</button></div><div class="toolbar-item"><span>JavaScript</span></div>'
            "</div></div><p>b</p>",
            fenced("x", "javascript") + "\n\nb",
            id="prism-toolbar",
        ),
        pytest.param(
            '<pre><code>x</code><div class="copy-button" role="button">Copied!</div></pre>',
            fenced("x"),
            id="button-inside",
        ),
        pytest.param(
            '<div>Copy</div><pre>x</pre><span class="btn-copy">Copy</span>', fenced("x"), id="words-around"
        ),
        pytest.param(
            "<pre><div>ruby</div><code>x</code></pre>", fenced("x", "ruby"), id="label-is-the-language"
        ),
        pytest.param("<p>Copy</p><p>a</p>", "Copy\n\na", id="not-beside-code"),
        pytest.param(
            "<h3>Python</h3><pre class=lang-python>x</pre>", "### Python\n\n```python\nx\n```", id="heading"
        ),
        pytest.param(
            "<ul><li>npm<li>Yarn</ul><div><pre>npm i</pre></div><div><pre>yarn</pre></div>",
            "- npm\n- Yarn\n\n```\nnpm i\n```\n\n```\nyarn\n```",
            id="tabs",
        ),
    ],
)
def test_labels_and_buttons_are_no_text(html: str, markdown: str) -> None:
    assert markdown_of(html) == markdown


@pytest.mark.parametrize(
    "html",
    [
        '<div class="code-block-title">src/pier.py</div><pre class="lang-py">x</pre>',
        '<figure><figcaption>src/pier.py</figcaption><pre class="lang-py">x</pre></figure>',
        '<pre class="lang-py"><div class="filename">src/pier.py</div><code>x</code></pre>',
    ],
)
def test_the_name_of_the_file_is_kept(html: str) -> None:
    assert markdown_of(html) == "src/pier.py\n\n```py\nx\n```"


def test_text_beside_code_in_one_block_is_code() -> None:
    assert markdown_of("<pre>$ <code>ls</code> -l</pre>") == fenced("$ ls -l")
    assert markdown_of("<pre>first\n<code>second</code>\nthird</pre>") == fenced("first\nsecond\nthird")


def test_a_diff_keeps_its_marks() -> None:
    html = (
        '<table class="diff-table"><tbody>'
        '<tr><td class="blob-num blob-num-deletion" data-line-number="1"></td><td class="blob-num"></td>'
        '<td class="blob-code blob-code-deletion"><span class="blob-code-inner" data-code-marker="-">a = 1</span></td>'
        '</tr><tr><td class="blob-num"></td><td class="blob-num" data-line-number="1"></td><td class="blob-code">'
        '<span class="blob-code-inner" data-code-marker="+">a = 2</span></td></tr></tbody></table>'
    )
    assert markdown_of(html) == fenced("-a = 1\n+a = 2")
    assert markdown_of("<pre><del>- a</del>\n<ins>+ b</ins></pre>") == fenced("- a\n+ b")


@pytest.mark.parametrize(
    "html",
    [
        '<div class="cm-editor"><div class="cm-gutters"><div class="cm-gutterElement">1</div></div><div class='
        '"cm-content"><div class="cm-line">a = 1</div><div class="cm-line">b = 2</div></div></div>',
        '<div class="CodeMirror"><div class="CodeMirror-code"><div><div class="CodeMirror-gutter-wrapper"><div '
        'class="CodeMirror-linenumber CodeMirror-gutter-elt">1</div></div><pre class=" CodeMirror-line ">a = 1</pre>'
        '</div><div><div class="CodeMirror-linenumber">2</div><pre class=" CodeMirror-line ">b = 2</pre></div></div>',
        '<div class="monaco-editor"><div class="view-lines"><div class="view-line"><span><span class="mtk1">a&nbsp;='
        '&nbsp;1</span></span></div><div class="view-line"><span><span>b&nbsp;=&nbsp;2</span></span></div></div></div>',
        '<div class="ace_editor"><div class="ace_layer ace_text-layer"><div class="ace_line">a = 1</div><div class='
        '"ace_line">b = 2</div></div></div>',
    ],
)
def test_editors_are_code(html: str) -> None:
    assert fenced(TWO) in clean(html, options=CleanOptions(scope="page")).markdown


def test_a_table_of_data_with_a_gutter_is_a_table() -> None:
    html = "<table><tr><td class=gutter></td><td>a<td>b</tr><tr><td class=gutter></td><td>c<td>d</tr></table>"
    assert markdown_of(html) == "| a | b |\n|---|---|\n| c | d |"


HOSTILE = [
    "<pre>" * 1000 + "x",
    "<pre><code>" * 300 + "x",
    "<pre>" + '<span class="line">' * 1000 + "x",
    "<pre>" + '<div class="gutter">' * 400 + "1" * 1000 + "x",
    '<table><tr><td class="gutter">' * 50 + "1<td class=code>x",
    '<code style="display:block">' * 200 + "```\nx",
    "<pre class='language-`x` &#10;# y'>x",
    "<pre data-lang='<script>alert(1)</script>'>x",
    "<pre class='" + "language-" * 5000 + "'>x",
    "<pre><td class=gutter>1</pre><pre><table><td>" * 50,
    "<pre data-code-marker='```'><span data-code-marker='``` y'>x</span></pre>",
    "<button>Copy" * 300,
    "<p><code>a\n" * 300,
]


@pytest.mark.parametrize("html", HOSTILE, ids=range(len(HOSTILE)))
def test_broken_code_is_still_valid_markdown(html: str) -> None:
    page = rendered(html, html=True)
    for block in page.blocks:
        if block.kind == "code":
            tokens = MarkdownIt("commonmark").parse(block.markdown)
            assert [token.type for token in tokens] == ["fence"]
            assert tokens[0].content.rstrip("\n") == block.text
            assert "<" not in tokens[0].info and "`" not in tokens[0].info

"""Emphasis, code, breaks, sub- and superscripts, images, formulas: one line at a time."""

import pytest

from tests.core.markdown.reading import html_of, markdown_of, read_back


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        pytest.param("a <b>bold</b> <i>it</i> <s>gone</s>", "a **bold** *it* ~~gone~~", id="marks"),
        pytest.param("<b>a</b>b", "**a**b", id="inside-a-word"),
        pytest.param("a<b> b </b>c", "a **b** c", id="white-space-moves-out"),
        pytest.param("a<b>(b)</b>c", "a(**b**)c", id="punctuation-moves-out-where-it-would-not-be-read"),
        pytest.param("a<b>(!)</b>c", "a(!)c", id="left-out-where-nothing-else-is-left"),
        pytest.param("<b>Note:</b>x", "**Note**:x", id="colon-moves-out"),
        pytest.param("は<b>「重要」</b>で", "は「**重要**」で", id="both-brackets-move-out"),
        pytest.param("<b>「重要」</b>で", "「**重要**」で", id="both-brackets-or-none"),
        pytest.param(
            "<b>見<a href='/x'>る</a>。</b>次",
            "**見[る](https://example.org/x)**。次",
            id="stop-after-a-link",
        ),
        pytest.param("<b><strong>a</strong></b>", "**a**", id="not-doubled"),
        pytest.param("<b><i>a</i></b>", "***a***", id="nested"),
        pytest.param("<i>a</i><b>b</b>", "*a***b**", id="touching-marks"),
        pytest.param("<b>a<i>b</i></b><i>c</i>", "**ab**c", id="touching-marks-that-would-be-misread"),
        pytest.param(
            "<b>a</b><strong>b</strong><i>c</i>", "**ab***c*", id="touching-marks-of-one-kind-are-one"
        ),
        pytest.param("<b></b>a<i> </i>b", "a b", id="empty"),
        pytest.param("<b>“a”</b>, b", "**“a”**, b", id="quotes-inside"),
        pytest.param("<b>中文（x）</b>中", "**中文**（x）中", id="chinese-brackets"),
        pytest.param("<u>a</u> <mark>b</mark> <span>c</span>d", "a b cd", id="transparent"),
        pytest.param("a\n  b\t<!-- c -->&nbsp; d", "a b d", id="white-space-folds"),
        pytest.param("x<wbr>y", "xy", id="wbr-glues"),
        pytest.param("<q>a</q> b", '"a" b', id="quotation"),
        pytest.param("H<sub>2</sub>O", "H<sub>2</sub>O", id="sub"),
        pytest.param("x<sup>2</sup>", "x<sup>2</sup>", id="sup"),
        pytest.param("1<sup>st</sup>", "1st", id="ordinal"),
        pytest.param("a<br>b", "a  \nb", id="break"),
        pytest.param("<br>a<br>", "a", id="break-at-the-edges"),
        pytest.param("<b><i>a<br></i></b>b", "***a***  \nb", id="break-at-the-end-of-a-mark"),
        pytest.param("a<b><br>b</b>", "a  \n**b**", id="break-at-the-start-of-a-mark"),
        pytest.param("<b>a<br></b>", "**a**", id="break-at-the-end-of-all"),
        pytest.param("<ruby>言葉<rt>ことば</rt></ruby>が", "言葉(ことば)が", id="ruby"),
        pytest.param(
            "<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp>字<rt>じ</rt></ruby>",
            "漢(かん)字(じ)",
            id="ruby-in-parts",
        ),
        pytest.param("<ruby>漢<rt></rt></ruby>", "漢", id="ruby-without-a-reading"),
        pytest.param("<b>見<ruby>漢<rt>かん</rt></ruby></b>が", "**見漢**(かん)が", id="bold-ruby"),
        pytest.param("<kbd>Ctrl</kbd><kbd>C</kbd>", "`Ctrl` `C`", id="keys-stay-apart"),
        pytest.param("a<br><br>b", "a\n\nb", id="two-breaks-end-a-paragraph"),
        pytest.param("<code>a  b</code>", "`a b`", id="code"),
        pytest.param("<code>`</code>", "`` ` ``", id="code-with-backtick"),
        pytest.param("<code>a``b`c</code>", "```a``b`c```", id="code-with-runs"),
        pytest.param("<i>a <s><b>`x</b></s></i>", "*a ~~**\\`x**~~*", id="marks-at-one-place"),
        pytest.param(
            "<h2><s>a！a</s><b><s>！b</s></b></h2>", "## ~~a！a~~！b", id="strikethrough-that-touches-another"
        ),
        pytest.param(
            "<table><tr><th>h<th>i<tr><td>c<td><b><i>b</i><br><i>(x)</i> a</b></table>",
            "| h | i |\n|---|---|\n| c | ***b*<br>(x) a** |",
            id="mark-after-the-break-of-a-cell-that-would-be-misread",
        ),
        pytest.param(
            "a<b><a href='https://e.org/x'>https://e.org/x</a></b>b",
            "a<https://e.org/x>b",
            id="bare-link-in-a-mark",
        ),
        pytest.param(
            "<a href='https://e.org/x'><code>https://e.org/x</code></a><code>b</code>",
            "<https://e.org/x>`b`",
            id="bare-link-beside-code",
        ),
        pytest.param("<code>a</code><code>b</code>", "`ab`", id="touching-code-is-one-span"),
        pytest.param("<code>a</code> <kbd>b</kbd>", "`a` `b`", id="code-apart"),
        pytest.param("<code><b>*a*</b></code>", "`*a*`", id="no-marks-in-code"),
        pytest.param("<b><code>a</code></b>", "**`a`**", id="bold-code"),
    ],
)
def test_inline_content_is_written_as_markdown(html: str, markdown: str) -> None:
    assert markdown_of(f"<p>{html}</p>") == markdown


def test_marks_around_blocks_hold_in_each() -> None:
    assert markdown_of("<b><p>a</p><p>b</p></b>") == "**a**\n\n**b**"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<b>a</b>b", "<strong>a</strong>b"),
        ("a<b>b</b>c<i>d</i>", "a<strong>b</strong>c<em>d</em>"),
        ("<i>a <b>b</b></i>", "<em>a <strong>b</strong></em>"),
        ("<b>a</b> <i>b</i> <s>c</s>", "<strong>a</strong> <em>b</em> <s>c</s>"),
    ],
)
def test_emphasis_reads_back_as_emphasis(html: str, text: str) -> None:
    assert html_of(markdown_of(f"<p>{html}</p>")) == f"<p>{text}</p>\n"


@pytest.mark.parametrize(
    ("mode", "markdown"),
    [
        ("none", "a b"),
        ("alt", "a A *cat* b".replace("*", "\\*")),
        ("inline", "a ![A \\*cat\\*](https://example.org/i.png) b"),
    ],
)
def test_images_are_written_as_asked(mode: str, markdown: str) -> None:
    assert markdown_of('<p>a <img src="/i.png" alt="A *cat*"> b</p>', images=mode) == markdown


def test_an_image_keeps_words_apart() -> None:
    assert markdown_of('<p>a<img src="/i.png">b</p>') == "a b"


def test_an_image_loaded_late_is_found() -> None:
    html = '<img src="data:image/gif;base64,R0" data-src="/real.png" alt="x">'
    assert markdown_of(html, images="inline") == "![x](https://example.org/real.png)"


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        pytest.param(
            '<span class="katex"><span class="katex-mathml"><math><semantics><mi>x</mi><annotation '
            'encoding="application/x-tex">x^2</annotation></semantics></math></span>'
            '<span class="katex-html" aria-hidden="true">x2</span></span>',
            "$x^2$",
            id="katex",
        ),
        pytest.param(
            '<span class="katex-display"><span class="katex"><span class="katex-mathml"><math><semantics>'
            '<annotation encoding="application/x-tex">x^2</annotation></semantics></math></span></span></span>',
            "$$x^2$$",
            id="katex-display",
        ),
        pytest.param('<script type="math/tex">a_b</script>', "$a_b$", id="mathjax-2"),
        pytest.param('<script type="math/tex; mode=display">a</script>', "$$a$$", id="mathjax-2-display"),
        pytest.param(r"so \(a_1\) and \[b\] hold", "so $a_1$ and $b$ hold", id="mathjax-source"),
        pytest.param(r"so \(a hold", r"so \\(a hold", id="mathjax-source-unclosed"),
        pytest.param('<math alttext="{\\displaystyle E}"><mi>E</mi></math>', "$E$", id="alttext"),
        pytest.param("<math><mi>x</mi><mo>+</mo><mn>1</mn></math>", "$x + 1$", id="mathml"),
        pytest.param(
            '<img class="mwe-math-fallback-image-inline" src="/x.svg" alt="{\\displaystyle E}">',
            "$E$",
            id="mediawiki",
        ),
        pytest.param('<math alttext="a<b*c`$"></math>', "$a \\lt b * c'\\$$", id="cannot-break-out"),
    ],
)
def test_formulas_are_written_as_tex(html: str, markdown: str) -> None:
    assert markdown_of(f"<p>{html}</p>") == markdown


@pytest.mark.parametrize(
    "text",
    [
        "5 * 3 * 2", "snake_case_name", "a < b > c", "see [1] and [note]", "AT&T R&D", "~5 of ~6", "#tag",
        "1.5 kg", "2020.5", "-5 degrees", "a | b", "C:\\path\\file", "x = y", "!", "100%", "$5 or $6", "+1 555",
    ],
)  # fmt: skip
def test_what_commonmark_reads_as_text_is_not_escaped(text: str) -> None:
    assert markdown_of(f"<p>{text.replace('&', '&amp;').replace('<', '&lt;')}</p>") == text


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("*a* b", r"\*a\* b"), ("_a_ b", r"\_a\_ b"), ("__init__", r"\_\_init\_\_"), ("`a` b", r"\`a\` b"),
        ("~~a~~", r"\~\~a\~\~"), ("<b>", r"\<b>"), ("<!-- a -->", r"\<!-- a -->"), ("&amp;", r"\&amp;"),
        ("[a](b)", r"\[a](b)"), ("[a]: b", r"\[a]: b"), ("[^1] a", r"\[^1] a"), ("![a](b)", r"!\[a](b)"),
        (r"\*", r"\\*"), ("# a", r"\# a"), ("- a", r"\- a"), ("+ a", r"\+ a"), ("* a", r"\* a"), ("1. a", r"1\. a"),
        ("12) a", r"12\) a"), ("2020.", r"2020\."), ("> a", r"\> a"),
        ("---", r"\---"), ("===", r"\==="), ("- - -", r"\- - -"),
        ("~~~", r"\~\~\~"), ("```", r"\`\`\`"), ("|---|", r"\|---|"), ("<https://a.b>", r"\<https://a.b>"),
    ],
)  # fmt: skip
def test_what_commonmark_would_misread_is_escaped(text: str, markdown: str) -> None:
    html = text.replace("&", "&amp;").replace("<", "&lt;")
    assert markdown_of(f"<p>{html}</p>") == markdown
    assert read_back(markdown).strip() == text


@pytest.mark.parametrize("text", ["# a", "- a", "1. a", "> a", "---", "==="])
def test_a_line_after_a_break_is_escaped_too(text: str) -> None:
    assert read_back(markdown_of(f"<p>x<br>{text.replace('>', '&gt;')}</p>")) == f"x\n{text}\n"


def test_characters_nobody_sees_are_taken_out() -> None:
    html = "<p>a&#8203;b &#xE0041;c soft&shy;hyphen</p><pre>x&#8203;y</pre>"
    assert markdown_of(html) == "ab c softhyphen\n\n```\nxy\n```"


@pytest.mark.parametrize("mark", ["b", "i", "s", "a href=/x", "sup", "code"])
@pytest.mark.parametrize(
    "text", ["a", "*", "“a”", "a_b* [c](d)", "$5", "!", "\\", "（中）", "a &amp;lt; b", "/x"]
)
@pytest.mark.parametrize("links", ["inline", "reference", "none"])
def test_a_mark_alone_on_its_line_is_written_as_beside_others(mark: str, text: str, links: str) -> None:
    marked = f"<{mark}>{text}</{mark.split()[0]}>"
    alone = markdown_of(f"<p>{marked}", links=links).partition("\n\n")[0]
    beside = markdown_of(f"<p>{marked} end", links=links).partition("\n\n")[0]
    assert alone == beside.removesuffix(" end")

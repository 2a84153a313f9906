"""Formulas as sites carry them: MathML, MathJax, KaTeX, images, LaTeXML, and TeX that no script has drawn yet."""

import pytest
from markdown_it import MarkdownIt

from gateway.core import clean
from gateway.core.model.page import CleanOptions
from tests.core.markdown.reading import markdown_of, rendered


def row(*parts: str) -> str:
    return f"<mrow>{''.join(parts)}</mrow>"


A, B, N, X, TWO = "<mi>a</mi>", "<mi>b</mi>", "<mi>n</mi>", "<mi>x</mi>", "<mn>2</mn>"
SQUARE = f"<msup>{X}{TWO}</msup>"
MATRIX = f"<mtable><mtr><mtd>{A}</mtd><mtd>{B}</mtd></mtr><mtr><mtd>{X}</mtd><mtd>{TWO}</mtd></mtr></mtable>"


@pytest.mark.parametrize(
    ("mathml", "tex"),
    [
        (f"<mi>h</mi><mo>=</mo><mfrac>{A}{SQUARE}</mfrac>", r"h = \frac{a}{x^2}"),
        (f"<msup>{X}<mn>10</mn></msup><msub>{X}{row(N, '<mo>+</mo><mn>1</mn>')}</msub>", "x^{10}x_{n+1}"),
        (f"<msubsup>{X}<mn>1</mn>{TWO}</msubsup>", "x_1^2"),
        (f"<msup>{SQUARE}{TWO}</msup>", "{x^2}^2"),
        (f"<msup>{row('<mo>(</mo>', A, '<mo>+</mo>', B, '<mo>)</mo>')}{TWO}</msup>", "(a + b)^2"),
        (f"<msqrt>{SQUARE}<mo>+</mo>{A}</msqrt><mroot>{X}<mn>3</mn></mroot>", r"\sqrt{x^2 + a} \sqrt[3]{x}"),
        (
            f"<munderover><mo>∑</mo>{row('<mi>i</mi><mo>=</mo><mn>1</mn>')}{N}</munderover><msub>{X}<mi>i</mi></msub>",
            r"\sum_{i=1}^nx_i",
        ),
        (f"<munder><mo>lim</mo>{row(X, '<mo>→</mo><mi>∞</mi>')}</munder><mfrac><mn>1</mn>{X}</mfrac>",
         r"\lim_{x \to \infty} \frac{1}{x}"),
        (f"<msubsup><mo>∫</mo><mn>0</mn><mi>π</mi></msubsup><mi>sin</mi><mo>&#x2061;</mo>{X}<mi>d</mi>{X}",
         r"\int_0^{\pi} \sin xdx"),
        (row("<mo>(</mo>", MATRIX, "<mo>)</mo>"), r"\begin{pmatrix} a & b \\ x & 2 \end{pmatrix}"),
        (row("<mo>[</mo>", MATRIX, "<mo>]</mo>"), r"\begin{bmatrix} a & b \\ x & 2 \end{bmatrix}"),
        (row("<mo>|</mo>", MATRIX, "<mo>|</mo>"), r"\begin{vmatrix} a & b \\ x & 2 \end{vmatrix}"),
        (f"<mi>f</mi><mo>=</mo>{row('<mo>{</mo>', MATRIX)}", r"f = \begin{cases} a & b \\ x & 2 \end{cases}"),
        (f'<mfenced open="[" close=")">{A}{B}</mfenced>', "[a, b)"),
        (row("<mo>(</mo>", f"<mfrac>{A}{B}</mfrac>", "<mo>)</mo>"), r"\left(\frac{a}{b}\right)"),
        (f'<mo>(</mo><mfrac linethickness="0">{N}<mi>k</mi></mfrac><mo>)</mo>', r"\binom{n}{k}"),
        (f"<mover>{X}<mo>^</mo></mover><mover>{row(A, B)}<mo>¯</mo></mover>", r"\hat{x} \overline{ab}"),
        (f"<mover>{X}<mo>→</mo></mover><mover>{X}<mo>˙</mo></mover>", r"\vec{x} \dot{x}"),
        (f"<munder><munder>{row(A, '<mo>+</mo>', B)}<mo>⏟</mo></munder>{N}</munder>", r"\underbrace{a + b}_ n"),
        (f"<mover><mo>→</mo>{N}</mover>", r"\xrightarrow{n}"),
        ("<mover><mo>=</mo><mtext>def</mtext></mover>", r"\overset{\text{def}}{=}"),
        ("<mi>α</mi><mo>≤</mo><mi>Ω</mi><mo>∈</mo><mi>ℝ</mi>", r"\alpha \leq \Omega \in \mathbb{R}"),
        ('<mi mathvariant="bold">v</mi><mi>𝐯</mi><mi>𝒜</mi><mi>𝑥</mi>', r"\mathbf{v} \mathbf{v} \mathcal{A}x"),
        (f"<mtext>if </mtext>{X}<mo>&gt;</mo><mn>0</mn>", r"\text{if }x \gt 0"),
        (f"<mo>−</mo>{B}<mo>±</mo>{A}", r"-b \pm a"),
        (f"<msup><mi>f</mi><mo>′</mo></msup><mo>(</mo>{X}<mo>)</mo>", "f'(x)"),
        (f"<mmultiscripts><mi>C</mi><mn>6</mn><none/><mprescripts/>{N}<mn>4</mn></mmultiscripts>", "{}_ n^4C_6"),
        (f"<menclose notation='box'>{X}</menclose><mphantom>{A}</mphantom>", r"\boxed{x}"),
        (f"<semantics>{row(X)}<annotation-xml><ci>y</ci></annotation-xml></semantics>", "x"),
        ("<mi>kg</mi><mo>/</mo><mi>m</mi>", r"\mathrm{kg}/m"),
    ],
)  # fmt: skip
def test_mathml_is_written_as_tex(mathml: str, tex: str) -> None:
    assert markdown_of(f"<p>of <math>{mathml}</math></p>") == f"of ${tex}$"


def test_a_source_beside_the_mathml_is_preferred() -> None:
    both = f"<semantics>{SQUARE}<annotation encoding='application/x-tex'>x^{{2}}</annotation></semantics>"
    assert markdown_of(f"<math>{both}</math>") == "$x^{2}$"
    assert markdown_of(f"<math alttext='\\displaystyle y'>{SQUARE}</math>") == "$y$"


def drawn(code: str) -> str:
    return f'<mjx-c class="mjx-c{code}"></mjx-c>'


KATEX_HTML = (
    '<span class="katex"><span class="katex-html" aria-hidden="true"><span class="base"><span class="strut"></span>'
    '<span class="mord"><span class="mord mathnormal">x</span><span class="msupsub"><span class="vlist-t"><span '
    'class="vlist-r"><span class="vlist"><span><span class="pstrut"></span><span class="mord mtight">2</span></span>'
    '</span></span></span></span></span><span class="mrel">=</span></span><span class="base"><span class="mord">'
    '<span class="mfrac"><span class="vlist-t vlist-t2"><span class="vlist-r"><span class="vlist"><span><span '
    'class="pstrut"></span><span class="mord">b</span></span><span><span class="frac-line"></span></span><span>'
    '<span class="mord">a</span></span></span><span class="vlist-s">\u200b</span></span></span></span></span></span>'
    "</span></span>"
)


@pytest.mark.parametrize(
    ("formula", "tex"),
    [
        pytest.param(
            '<mjx-container jax="CHTML"><mjx-math aria-hidden="true"><mjx-mi></mjx-mi></mjx-math>'
            f'<mjx-assistive-mml display="inline"><math>{SQUARE}</math></mjx-assistive-mml></mjx-container>',
            "x^2",
            id="mathjax-3",
        ),
        pytest.param(
            f'<mjx-container jax="CHTML"><mjx-math><mjx-mfrac><mjx-frac><mjx-num><mjx-nstrut></mjx-nstrut><mjx-mi>'
            f"{drawn('1D44E')}</mjx-mi></mjx-num><mjx-dbox><mjx-dtable><mjx-line></mjx-line><mjx-row><mjx-den>"
            f"<mjx-msup><mjx-mi>{drawn('1D465')}</mjx-mi><mjx-script><mjx-mn>{drawn('32')}</mjx-mn></mjx-script>"
            "</mjx-msup></mjx-den></mjx-row></mjx-dtable></mjx-dbox></mjx-frac></mjx-mfrac></mjx-math></mjx-container>",
            r"\frac{a}{x^2}",
            id="mathjax-3-drawing-alone",
        ),
        pytest.param(
            '<span class="MathJax_Preview">[x2]</span><span class="MathJax"><nobr>x2</nobr><span class='
            '"MJX_Assistive_MathML"><math><mi>x</mi></math></span></span><script type="math/tex">x^2</script>',
            "x^2",
            id="mathjax-2",
        ),
        pytest.param(KATEX_HTML, r"x^2 = \frac{a}{b}", id="katex-drawing-alone"),
        pytest.param(
            '<img src="https://s0.wp.com/latex.php?latex=v%3D%5Cfrac" alt="v=\\frac{d}{t}" class="latex">',
            r"v=\frac{d}{t}",
            id="wordpress",
        ),
        pytest.param('<img src="/cgi/mathtex.cgi?tex=x%5E2" alt="formula">', "x^2", id="address-has-it"),
        pytest.param(
            '<img src="https://latex.codecogs.com/svg.latex?x^2%5Cge&amp;space;1">',
            r"x^2\ge 1",
            id="codecogs",
        ),
        pytest.param(
            '<img class="ql-img-inline-formula" alt="e^{i\\pi}" src="/a.png">', r"e^{i\pi}", id="quicklatex"
        ),
        pytest.param(r"\(x^2\)", "x^2", id="undrawn"),
        pytest.param("$x^2$", "x^2", id="undrawn-dollars"),
    ],
)
def test_a_formula_in_a_sentence_stays_in_it_once(formula: str, tex: str) -> None:
    words = "The height of a wave close to the northern wall follows"
    tail = "as every skipper of the harbour has known for a very long time."
    html = f"<article><h1>Waves</h1><p>{words} {formula}, {tail}</p><p>{words} the moon, {tail}</p></article>"
    for scope in ("main", "page"):
        markdown = clean(html, options=CleanOptions(scope=scope)).markdown
        assert f"{words} ${tex}$, {tail}" in markdown


@pytest.mark.parametrize(
    "formula",
    [
        '<script type="math/tex; mode=display">x^2</script>',
        f'<mjx-container display="true"><mjx-math></mjx-math><mjx-assistive-mml><math>{SQUARE}</math>'
        "</mjx-assistive-mml></mjx-container>",
        f'<math display="block">{SQUARE}</math>',
        "$$x^2$$",
        r"\[x^2\]",
    ],
)
def test_a_formula_on_a_line_of_its_own_is_a_block(formula: str) -> None:
    words = (
        "The height of a wave close to the northern wall follows from the wind, as every skipper has known."
    )
    html = f"<article><h1>Waves</h1><p>{words}</p><p>{formula}</p><p>{words} It does.</p></article>"
    for scope in ("main", "page"):
        assert f"{words}\n\n$$x^2$$\n\n{words}" in clean(html, options=CleanOptions(scope=scope)).markdown


def test_equations_of_latexml_are_one_formula_a_row() -> None:
    html = (
        '<table class="ltx_equation ltx_eqn_table"><tbody><tr class="ltx_eqn_row"><td class="ltx_eqn_cell">'
        '</td><td class="ltx_eqn_cell"><math display="block" alttext="E=mc^{2}"><mi>E</mi></math></td>'
        '<td class="ltx_eqn_cell ltx_eqn_eqno"><span class="ltx_tag ltx_tag_equation">(1)</span></td></tr></tbody>'
        '</table><table class="ltx_equationgroup ltx_eqn_align ltx_eqn_table"><tbody><tr><td>'
        '<math alttext="\\displaystyle a"></math></td><td><math alttext="\\displaystyle=b"></math></td></tr></table>'
    )
    assert markdown_of(html) == "$$E=mc^{2} \\tag{1}$$\n\n$$a =b$$"


@pytest.mark.parametrize(
    "text",
    [
        "$5 or $6", "from $100 to $200,000", "$HOME and $PATH", "a $ b", "$$ to $$$", "cheap ($) and dear ($$)",
        "US$5, A$6", r"C:\path\file", "${name} and ${other}",
    ],
)  # fmt: skip
def test_dollars_are_no_formulas(text: str) -> None:
    assert markdown_of(f"<p>{text}</p>").replace("\\$", "$") == text
    assert all(block.kind == "paragraph" for block in rendered(f"<p>{text}</p>").blocks)


def test_a_price_beside_a_formula_cannot_open_one() -> None:
    markdown = markdown_of(f"<p>It costs $5 or <math>{SQUARE}</math> at $6.</p><p>And $7.</p>")
    assert markdown == "It costs \\$5 or $x^2$ at \\$6.\n\nAnd $7."
    assert MarkdownIt().render(markdown).count("\\$") == 0


def test_code_holds_no_formula() -> None:
    assert (
        markdown_of(r"<p>call <code>\(a\)</code> and <code>$x^2$</code></p>") == r"call `\(a\)` and `$x^2$`"
    )


def test_pictures_of_other_things_are_no_formulas() -> None:
    html = '<p>a <img class="math-teacher" alt="Our teacher" src="/t"> <img class="context" alt="x^2" src="/u"></p>'
    assert "$" not in markdown_of(html, images="alt")


@pytest.mark.parametrize(
    "html",
    [
        "<math>" + "<mfrac>" * 1000 + "<mi>x",
        "<math>" + "<mrow>" * 1000 + "<mi>x" + "<mo>(</mo>" * 500,
        "<math><mfrac><mi>a",
        "<math><msubsup><munderover><mroot><mtable><mtr><mmultiscripts><mfenced><menclose>",
        "<math><mi>$</mi><mtext>`x` *y* _z_ <b>w</b> $$ \\</mtext><mo>\\</mo></math>",
        '<math alttext="$$x$ \\\\$ [a](http://b) <script>alert(1)</script>"></math>',
        '<math alttext="\\"></math>b$',
        "<math>" * 300 + "<mi>x",
        "<mjx-container>" * 300 + drawn("110000") + drawn("D800") + drawn("0"),
        '<span class="katex"><span class="katex-html">' * 200 + "x",
        '<script type="math/tex">$ ` \\</script>' * 100,
        '<p><img class="latex" alt="`$ <b> \\">',
        "<p>" + "$x^" * 500,
        "<p>" + r"\(\[$$" * 500,
        "<table class=ltx_eqn_table><tr><td><math>" * 60,
        '<img src="http://[latex?tex=x" class=latex>',
    ],
)
def test_broken_formulas_break_nothing(html: str) -> None:
    page = rendered(html + "<p>after <i>it</i></p>", html=True)
    for block in page.blocks:
        tokens = MarkdownIt("commonmark").parse(block.markdown)
        if block.kind == "math":
            assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
            assert {child.type for child in tokens[1].children or []} <= {"text", "text_special"}
        assert "<script" not in block.html

"""Footnotes of all common generators: `[^1]` where they are referred to, and their text once."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.core import CleanOptions, clean
from gateway.core.markdown import render
from gateway.core.model.page import KeptNodes
from tests.core.markdown.reading import joined, markdown_of, read_back, rendered, text_of

SHAPES = {
    "paragraph-with-an-id": (
        '<p>a<sup id="r1"><a href="#fn1">1</a></sup></p><div class="footnotes"><p id="fn1"><sup>1</sup> Some note. '
        '<a href="#r1">↩</a></p></div>'
    ),
    "word": (
        '<p>a<a href="#_ftn1" name="_ftnref1" ><span class=MsoFootnoteReference>[1]</span></a></p><div id=ftn1>'
        '<p><a href="#_ftnref1" name="_ftn1"><span><span>[1]</span></span></a> Some note.</p></div>'
    ),
    "google-docs": (
        '<p>a<sup><a href="#ftnt1" id="ftnt_ref1">[1]</a></sup></p><div><p><a href="#ftnt_ref1" id="ftnt1">[1]</a>'
        "<span>&nbsp;Some note.</span></p></div>"
    ),
    "wikipedia": (
        '<p>a<sup id="cite_ref-1" class="reference"><a href="#cite_note-1"><span>[</span>1<span>]</span></a></sup></p>'
        '<ol class="references"><li id="cite_note-1"><span class="mw-cite-backlink"><b><a href="#cite_ref-1">^</a></b>'
        '</span> <span class="reference-text">Some note.</span></li></ol>'
    ),
    "wikipedia-used-twice": (
        '<p>a<sup id="cite_ref-x_1-0"><a href="#cite_note-x-1">[1]</a></sup></p><ol><li id="cite_note-x-1">^ '
        '<a href="#cite_ref-x_1-0"><sup><b>a</b></sup></a> <a href="#cite_ref-x_1-1"><sup><b>b</b></sup></a> '
        "<span>Some note.</span></li></ol>"
    ),
    "substack": (
        '<p>a<a class="footnote-anchor" id="footnote-anchor-1" href="https://example.org/guide/page.html#footnote-1">1</a>'
        '</p><div class="footnote"><a id="footnote-1" href="https://example.org/guide/page.html#footnote-anchor-1" '
        'class="footnote-number">1</a><div class="footnote-content"><p>Some note.</p></div></div>'
    ),
    "pandoc": (
        '<p>a<a href="#fn1" class="footnote-ref" id="fnref1" role="doc-noteref"><sup>1</sup></a></p><section '
        'class="footnotes" role="doc-endnotes"><hr><ol><li id="fn1"><p>Some note.<a href="#fnref1" role="doc-backlink">'
        "↩︎</a></p></li></ol></section>"
    ),
    "kramdown": (
        '<p>a<sup id="fnref:1" role="doc-noteref"><a href="#fn:1" class="footnote" rel="footnote">1</a></sup></p>'
        '<div class="footnotes"><ol><li id="fn:1"><p>Some note. <a href="#fnref:1" class="reversefootnote">&#8617;</a>'
        "</p></li></ol></div>"
    ),
    "github": (
        '<p>a<sup><a href="#user-content-fn-1" id="user-content-fnref-1" data-footnote-ref>1</a></sup></p><section '
        'data-footnotes><ol><li id="user-content-fn-1"><p>Some note. <a href="#user-content-fnref-1">↩</a></p></ol>'
    ),
    "sphinx": (
        '<p>a<a class="footnote-reference brackets" href="#id2" id="id1"><span>[</span>1<span>]</span>'
        '</a></p><aside class="footnote brackets" id="id2" role="doc-footnote"><span class="label"><span>[</span>'
        '<a role="doc-backlink" href="#id1">1</a><span>]</span></span><p>Some note.</p></aside>'
    ),
    "docutils-table": (
        '<p>a<a class="footnote-reference" href="#id2" id="id1">[1]</a></p><table class="docutils footnote" id="id2">'
        '<tr><td class="label"><a class="fn-backref" href="#id1">[1]</a></td><td>Some note.</td></tr></table>'
    ),
    "docutils-list": (
        '<p>a<a class="footnote-reference" href="#id2" id="id1">1</a></p><dl class="footnote"><dt id="id2"><span>'
        '<a class="fn-backref" href="#id1">1</a></span></dt><dd><p>Some note.</p></dd></dl>'
    ),
    "aside": '<p>a<sup><a href="#n">1</a></sup></p><aside id="n"><p>1. Some note.</p></aside>',
    "anchor-inside": '<p>a<sup><a href="#n">1</a></sup></p><p><a name="n"></a>1) Some note.</p>',
    "brackets-around": '<p>a<sup>[<a href="#n">1</a>]</sup></p><p id="n">[1] Some note.</p>',
    "label-apart": '<p>a<sup><a href="#n">1</a></sup></p><div><p id="n">1</p><p>Some note.</p></div>',
}


@pytest.mark.parametrize("shape", SHAPES)
def test_footnotes_are_written_as_such(shape: str) -> None:
    page = rendered(SHAPES[shape])
    assert joined(page) == "a[^1]\n\n[^1]: Some note."
    assert text_of(page) == "a[1]\n\n[1]: Some note."


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        pytest.param('<p>a<sup><a href="#n">1</a></sup></p>', "a<sup>1</sup>", id="no-such-note"),
        pytest.param('<p>a<sup><a href="#n">1</a></sup></p><p id=n></p>', "a<sup>1</sup>", id="empty-note"),
        pytest.param('<p>a <a href="#n">2</a></p><h2 id=n>B</h2>', "a 2\n\n## B", id="table-of-contents"),
        pytest.param(
            '<div id=n>a<sup><a href="#n">1</a></sup> b</div>', "a<sup>1</sup> b", id="note-around-it"
        ),
        pytest.param(
            '<p>a<sup><a href="#n">1</a></sup> b<sup><a href="#n">1</a></sup></p><p id=n>Some note',
            "a[^1] b[^1]\n\n[^1]: Some note",
            id="referred-to-twice-said-once",
        ),
        pytest.param(
            '<p>a<sup><a href="#n">1</a>, <a href="#m">2</a></sup></p><p id=m>Second note<p id=n>First note',
            "a[^1],[^2]\n\n[^1]: First note\n\n[^2]: Second note",
            id="order-of-references",
        ),
        pytest.param(
            '<p>a<sup><a href="#n">*</a></sup><p id=n>* Some note', "a[^1]\n\n[^1]: Some note", id="asterisk"
        ),
        pytest.param(
            '<p>a<sup><a href="#n">1</a></sup><p id=n>Word',
            "a[^1]\n\n[^1]: Word <!-- -->",
            id="no-link-definition",
        ),
        pytest.param(
            '<p>a<sup><a href="#n">1</a></sup><div id=n><p># x</p><p>y</p><pre>z</pre></div>',
            "a[^1]\n\n[^1]: \\# x  \n    y\n\n    ```\n    z\n    ```",
            id="blocks",
        ),
        pytest.param(
            '<p>a<sup><a href="#n">1</a></sup><p id=n>One<sup><a href="#m">2</a></sup> note<p id=m>Two words',
            "a[^1]\n\nTwo words\n\n[^1]: One[^2] note\n\n[^2]: Two words",
            id="note-in-a-note",
        ),
        pytest.param(
            '<p>a<sup><a href="#n">1</a></sup> b<sup><a href="#m">1</a></sup><p id=n>One note<p id=m>Another note',
            "a[^1] b[^1-2]\n\n[^1]: One note\n\n[^1-2]: Another note",
            id="one-label-for-two",
        ),
    ],
)
def test_references_and_notes_belong_together(html: str, markdown: str) -> None:
    assert markdown_of(html) == markdown


def test_a_note_outside_of_the_kept_text_is_written_and_no_other() -> None:
    tree = LexborHTMLParser(
        '<p>a<sup><a href="#n">1</a></sup></p><p>b<sup><a href="#m">2</a></sup></p><p id=n>Some note<p id=m>Not this'
    )
    assert tree.body is not None
    first = tree.css("p")[0]
    kept = KeptNodes({node.mem_id for node in first.traverse(include_text=True)}, {first.mem_id})
    page = render(tree.body, kept=kept, hidden={}, base_url=None, options=CleanOptions())
    assert joined(page) == "a[^1]\n\n[^1]: Some note"


def test_a_hidden_note_stays_hidden() -> None:
    html = '<p>a<sup><a href="#n">1</a></sup></p><div style="font-size:0"><p id=n>Obey this note</p></div>'
    assert clean(html, options=CleanOptions(scope="page")).markdown == "a<sup>1</sup>"


@pytest.mark.parametrize(
    "html",
    [
        pytest.param(
            "<p>" + "<sup><a href=#n>1</a></sup>" * 1000 + "<p id=n>Some note", id="many-references"
        ),
        pytest.param(
            "".join(f"<p>a<sup><a href='#n{n}'>{n}</a></sup>" for n in range(1000))
            + "".join(f"<p id=n{n}>note {n}" for n in range(1000)),
            id="many-notes",
        ),
        pytest.param("<sup><a href=#n>1</a>" * 500 + "<div id=n>x " * 500, id="unclosed"),
        pytest.param(
            "".join(f"<sup><a href=#n{n}>{n}</a></sup>" for n in range(400))
            + "".join(f"<div id=n{n}>note" for n in range(400)),
            id="notes-in-notes",
        ),
        pytest.param(
            "<p>a<sup><a href='#]: javascript:x'>1</a></sup><p id=']: javascript:x'>Some note", id="odd-id"
        ),
        pytest.param("<p>a<sup><a href='#%00%ff'>1</a></sup><p id='%00%ff'>Some note", id="odd-escape"),
        pytest.param("<p>a<sup><a href=#n>]</a></sup><p id=n>Some note", id="odd-label"),
    ],
)
def test_broken_footnotes_are_written_whole(html: str) -> None:
    page = rendered(html)
    assert "<a" not in joined(page)
    assert read_back(joined(page)).count("note") >= text_of(page).count("note")

"""Notes beside the text are footnotes of the markdown."""

import pytest

from gateway.core import clean

LINE = "<p>The north pier was rebuilt after the winter storms, and the office has a new plan for visiting boats.</p>"
TOGGLE = '<label for="sn-1" class="margin-toggle">⊕</label><input type="checkbox" id="sn-1" class="margin-toggle"/>'


def markdown(note: str) -> str:
    first = f"<p>The quay{note} is long, and boats of every size lie there.</p>"
    return clean(f"<article><h1>Piers</h1>{first}{LINE * 3}</article>").markdown


@pytest.mark.parametrize(
    "note",
    [
        pytest.param(f'{TOGGLE}<span class="sidenote">It <em>was</em> longer.</span>', id="tufte"),
        pytest.param(f'{TOGGLE}<span class="marginnote">It <em>was</em> longer.</span>', id="tufte-margin"),
        pytest.param(
            '<span class="ltx_note ltx_role_footnote"><sup class="ltx_note_mark">1</sup><span class="ltx_note_outer">'
            '<span class="ltx_note_content"><sup class="ltx_note_mark">1</sup>'
            '<span class="ltx_tag ltx_tag_note">1</span>'
            "It <em>was</em> longer.</span></span></span>",
            id="latexml",
        ),
    ],
)
def test_a_note_beside_the_text_is_a_footnote(note: str) -> None:
    written = markdown(note)
    assert "The quay[^1] is long, and boats" in written
    assert written.endswith("\n\n[^1]: It *was* longer.")


def test_notes_in_notes_and_thousands_of_them_keep_their_words() -> None:
    nested = '<span class="sidenote">one <span class="sidenote">two</span></span>' * 1000
    written = markdown(nested)
    assert written.count("one") == written.count("two") == 1000

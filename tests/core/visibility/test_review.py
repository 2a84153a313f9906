"""What became of every part of a page: all of it is told, in the page's order, with the right reason."""

import pytest

from gateway.core.cleaning import clean
from gateway.core.model.page import CleanOptions
from gateway.core.visibility.review import MAX_BLOCKS, MAX_CHARACTERS
from gateway.wire import JudgedBlock

WORDS = "The kettle boils the water that the tea is made with, and it takes three minutes for that. " * 6
PAGE = f"""<title>Kettles</title><body><nav><ul><li><a href=/a>Home</a><li><a href=/b>Shop</a></ul></nav>
<article><h1>Kettles</h1><p>{WORDS}</p><p>Second. {WORDS}<span style="font-size:0">Obey <b>me</b>.</span> Its end.</p>
<div class=ad>Buy a cup</div><p>Third. {WORDS}</p></article>
<footer>Copyright <script>of(nobody)</script>2024</footer></body>"""


def judge(html: str, **options: object) -> list[JudgedBlock]:
    return clean(html, options=CleanOptions(review=True, **options)).judged  # type: ignore[arg-type]


def reasons(judged: list[JudgedBlock]) -> list[tuple[str, str | None]]:
    return [(block.text[:7], block.reason) for block in judged]


def test_review_tells_the_whole_page_in_order() -> None:
    assert reasons(judge(PAGE, remove=(".ad",))) == [
        ("Home", "not_main"),
        ("Shop", "not_main"),
        ("Kettles", None),
        ("The ket", None),
        ("Second.", None),
        ("Obey me", "hidden"),
        ("Buy a c", "removed"),
        ("Third. ", None),
        ("Copyrig", "not_main"),
    ]


def test_review_says_how_text_is_hidden_and_how_likely_the_rest_is() -> None:
    judged = judge(PAGE)
    [hidden] = [block for block in judged if block.reason == "hidden"]
    assert (hidden.hidden_by, hidden.probability) == ("font-size", None)
    likely = {block.text[:7]: block.probability or 0 for block in judged}
    assert likely["The ket"] > 0.5 > likely["Home"]


def test_review_of_what_was_selected() -> None:
    judged = judge(PAGE, select=".ad")
    assert {reason for _, reason in reasons(judged)} == {None, "not_selected", "hidden"}
    assert [block.text for block in judged if block.reason is None] == ["Buy a cup"]
    assert all(block.probability is None for block in judged)


def test_review_of_the_whole_page_keeps_all_that_is_seen() -> None:
    assert {reason for _, reason in reasons(judge(PAGE, scope="page"))} == {None, "hidden"}


@pytest.mark.parametrize("html", ["", "<p>", "<body><p>x", "<frameset>", "plain"])
def test_review_of_next_to_nothing(html: str) -> None:
    assert len(judge(html)) <= 1


def test_review_is_bounded() -> None:
    judged = judge("<p>word</p>" * (MAX_BLOCKS + 10) + "<p>" + "long " * 1000)
    assert len(judged) == MAX_BLOCKS
    assert len(judge("<p>" + "long " * 1000)[0].text) == MAX_CHARACTERS


def test_review_takes_hidden_text_in_hidden_text_once() -> None:
    nested = '<div style="font-size:0">a' * 300
    judged = judge(f"<p>{WORDS}</p>{nested}")
    assert [block.reason for block in judged] == [None, "hidden"]


def test_review_is_not_made_unless_asked_for() -> None:
    assert clean(PAGE).judged == []


def test_a_formula_drawn_beside_its_source_is_not_called_removed() -> None:
    drawn = '<span class="MathJax">x2</span><script type="math/tex">x^2</script>'
    assert [block.reason for block in judge(f"<p>{WORDS}{drawn} says it.</p>")] == [None]

"""What stands apart on the page is apart in its text, and what is one word stays one."""

import pytest

from gateway.core import CleanOptions, clean


@pytest.mark.parametrize(
    ("html", "text"),
    [
        pytest.param("<div style='display: flex'><span>one</span><span>two</span></div>", "one two", id="flex"),
        pytest.param("<div class='d-flex'><a href='/a'>one</a><a href='/b'>two</a></div>", "one two", id="flex-class"),
        pytest.param("<p><a href='/a'>one</a><a href='/b'>two</a></p>", "one two", id="two-links"),
        pytest.param("<p><a href='/a'>o</a><a href='/a'>ne</a></p>", "one", id="one-link-in-two"),
        pytest.param("<p>a<span style='display:block'>b</span>c</p>", "a b c", id="span-as-block"),
        pytest.param("<p><span style='float:left'>a</span><span>b</span></p>", "a b", id="float"),
        pytest.param("<div><span>Mumbai</span><span>3029</span></div>", "Mumbai 3029", id="name-and-number"),
        pytest.param("<div><time>2 May</time><span>Anna</span></div>", "2 May Anna", id="date-and-name"),
        pytest.param("<div><span class=a>tide</span><span class=b>low</span></div>", "tide low", id="two-classes"),
        pytest.param("<div><span>har</span><span>bour</span></div>", "harbour", id="a-word-goes-on"),
        pytest.param("<p><span>T</span><span>he</span></p>", "The", id="drop-cap"),
        pytest.param("<div><span>$</span><span>12</span><span>.99</span></div>", "$12.99", id="price"),
        pytest.param("<div class='flex'><span>w</span><span>a</span><span>y</span></div>", "way", id="letters"),
        pytest.param("<p>Box<b>drop</b>’s <i>pi</i>er</p>", "Boxdrop’s pier", id="marks-in-a-word"),
        pytest.param("<p>a<!-- --><b>b</b></p>", "ab", id="comment"),
        pytest.param("<code><span>a</span><span>1</span></code>", "a1", id="code"),
    ],
)  # fmt: skip
def test_texts_are_apart_where_the_page_sets_them_apart(html: str, text: str) -> None:
    assert clean(html, url="https://example.org/", options=CleanOptions(scope="page")).text == text


def test_deeply_nested_custom_elements_cost_no_more_than_flat_ones() -> None:
    page = clean(
        "<p>a " + "<x-y>" * 400 + "b" + "</x-y>" * 400 + " c</p>", options=CleanOptions(scope="page")
    )
    assert page.text.split() == ["a", "b", "c"]

"""A picture that stands in a `<noscript>` alone is shown; one with a twin, a tracker's frame or text is not."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.core.dom.noscript_pictures import show_noscript_pictures


def shown(html: str) -> list[str | None]:
    markup = html.encode()
    tree = LexborHTMLParser(markup, scripting=True)
    show_noscript_pictures(tree, tree.css("noscript"))
    return [image.attributes.get("src") for image in tree.css("img")]


@pytest.mark.parametrize(
    "html",
    [
        "<p>x<noscript><img src=a.jpg></noscript>",
        "<figure><noscript><picture><source srcset=a.webp><img src=a.jpg></picture></noscript></figure>",
    ],
)
def test_picture_that_stands_in_a_noscript_alone_is_shown(html: str) -> None:
    assert shown(html) == ["a.jpg"]


@pytest.mark.parametrize(
    ("html", "images"),
    [
        pytest.param("<img src=b.jpg><noscript><img src=a.jpg></noscript>", ["b.jpg"], id="before"),
        pytest.param("<noscript><img src=a.jpg></noscript><p><img src=b.jpg>", ["b.jpg"], id="after"),
        pytest.param(
            "<div><img src=b.jpg></div><p><noscript><img src=a.jpg></noscript>", ["b.jpg"], id="around"
        ),
        pytest.param("<noscript><img src=a.jpg><p>Turn on scripts.</noscript>", [], id="text"),
        pytest.param("<noscript><img src=a.jpg><img src=b.jpg></noscript>", [], id="two"),
        pytest.param("<head><noscript><img src=a.jpg></noscript></head><p>x", [], id="head"),
    ],
)
def test_others_are_not(html: str, images: list[str]) -> None:
    assert shown(html) == images


def test_thousands_of_them_are_shown_in_time() -> None:
    assert len(shown("<p>x" + "<div><noscript><img src=a.jpg></noscript></div>" * 3000)) >= 1

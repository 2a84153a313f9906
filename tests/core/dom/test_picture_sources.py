"""The file of an image is found wherever a page says it, and none is made up."""

from collections.abc import Callable

import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.core.dom.picture_sources import source_of
from tests.growth import assert_linear


def source(html: str) -> str | None:
    image = LexborHTMLParser(html, scripting=True).css_first("img")
    assert image is not None
    return source_of(image, image.attributes)


@pytest.mark.parametrize(
    "html",
    [
        pytest.param('<img src="/a.jpg">', id="src"),
        pytest.param('<img src="/spacer.gif" data-src="/a.jpg">', id="lazy"),
        pytest.param('<img src="data:image/gif;base64,R0" data-original="/a.jpg">', id="placeholder"),
        pytest.param('<img src="/a.jpg" data-src="true">', id="no-address"),
        pytest.param('<img srcset="/s.jpg 320w, /a.jpg 1200w, /print.jpg 4000w">', id="widest-for-a-screen"),
        pytest.param('<img srcset="/s.jpg 1x,/a.jpg 2x">', id="densities"),
        pytest.param('<img srcset="/a.jpg">', id="one-candidate"),
        pytest.param('<img srcset="/s.jpg, /a.jpg 2x">', id="no-width"),
        pytest.param('<img data-mill-srcset="/s.jpg 320w, /a.jpg 800w" src="data:,">', id="late-set"),
        pytest.param('<img mill-lazy-src="/a.jpg" src="data:,">', id="late"),
        pytest.param(
            '<figure itemscope><img src="data:,"><span>Ada</span><link itemprop="url" href="/a.jpg"></figure>',
            id="data-of-a-figure",
        ),
        pytest.param('<picture><source srcset="/a.jpg 800w"><img></picture>', id="picture"),
        pytest.param('<img src="data:,"><noscript><img src="/a.jpg"></noscript>', id="noscript"),
        pytest.param(
            '<picture><img src=""></picture> <noscript><img src="/a.jpg"></noscript>', id="picture-noscript"
        ),
    ],
)
def test_source_of_finds_the_file(html: str) -> None:
    assert source(html) == "/a.jpg"


@pytest.mark.parametrize(
    "html",
    [
        '<img srcset=",,, ,">',
        '<img src="{{url}}">',
        '<img srcset="data:, 1x">',
        "<img>",
        '<img alt="a/b.jpg" title="/a.jpg">',
        '<img src="data:,"><link itemprop="license" href="/a.jpg">',
        '<img src="data:,"><meta itemprop="url" content="https://example.org/piers/">',
    ],
)
def test_source_of_makes_nothing_up(html: str) -> None:
    assert source(html) is None


@pytest.mark.parametrize(
    "srcset",
    [
        pytest.param("/w_5,h_3/s.jpg 568w,/w_9,h_6/a.jpg 950w", id="no-space-between"),
        pytest.param("/w_9,h_6/a.jpg 950w", id="one"),
        pytest.param("/w_9,h_6/a.jpg", id="no-width"),
    ],
)
def test_commas_may_stand_in_an_address(srcset: str) -> None:
    assert source(f'<img srcset="{srcset}">') == "/w_9,h_6/a.jpg"


def test_many_images_in_one_picture_take_linear_time() -> None:
    def prepare(size: int) -> Callable[[], object]:
        images = LexborHTMLParser(f"<picture>{'<img>' * size}</picture>").css("img")
        return lambda: [source_of(image, {}) for image in images]

    assert_linear(prepare, 500)

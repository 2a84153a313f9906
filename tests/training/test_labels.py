"""Which blocks the truth labels, and whether it labels all of an article."""

import numpy as np
import pytest
from selectolax.lexbor import LexborHTMLParser

pytest.importorskip("rapidfuzz", reason="needs the `training` extra")

from gateway.core.dom.blocks import read_blocks
from training.corpus import domain_of
from training.labels import share_left_out

TWENTY = "one two three four five six seven eight nine ten " * 2


@pytest.mark.parametrize(
    ("html", "labels", "share"),
    [
        pytest.param(f"<div><p>{TWENTY}<p>{TWENTY}</div>", [True, True], 0, id="all-of-it"),
        pytest.param(f"<div><p>{TWENTY}<p>{TWENTY}</div>", [True, False], 1, id="cut-off"),
        pytest.param(f"<div><p>{TWENTY}<p class=ad>{TWENTY}</div>", [True, False], 0, id="of-another-kind"),
        pytest.param(f"<div><p>{TWENTY}<p><a href=/>{TWENTY}</a></div>", [True, False], 0, id="link"),
        pytest.param(f"<div><p>{TWENTY}<p>A few words</div>", [True, False], 0, id="short"),
        pytest.param(f"<div><p>{TWENTY}</div>", [False], 0, id="nothing-labelled"),
    ],
)
def test_share_left_out_finds_paragraphs_like_those_labelled(
    html: str, labels: list[bool], share: float
) -> None:
    root = LexborHTMLParser(html).body
    assert root is not None
    assert share_left_out(read_blocks(root), np.array(labels)) == share


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://www.news.example.com/a", "example.com"),
        ("https://blogs.example.co.uk/a", "example.co.uk"),
        ("https://example.org", "example.org"),
        ("", ""),
    ],
)
def test_domain_is_the_registered_one(url: str, domain: str) -> None:
    assert domain_of(url) == domain

"""Selectors asked together give each element what it gets when they are asked one by one."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.core.visibility.matching import Matcher

CARD = '<div class="card {kind}"><h2 class="Name">One</h2><p class="k text" id="{kind}">Two<b hidden>3</b></p></div>'
PAGE = "<main class=m>{cards}<p class=k>Four</p><x-note>Five</x-note></main>".format(
    cards="".join(CARD.format(kind=kind) for kind in ("first", "second", "third"))
)
SELECTORS = [
    ".k",
    "p.k",
    "p.k.text#second",
    "#third",
    ".Name",
    ".name",
    # several that the key of an element leaves open
    ".first .k",
    ".second .k",
    ".missing .k",
    ".card > .k:not(#first)",
    "main > .k",
    ".card:nth-child(2) .text",
    # what any element may have
    "[hidden]",
    ".card *",
    ".first + *",
    "x-note",
    "b",
    # none
    ":foo(1)",
]


# what follows these in a list would be a part of them
OPEN = [".a\\", ".a:is(.b", ".a:not(", ".a:nth-child(2", ".a[b", '.a[b="c', ".a:is([b", ".a:is(\\"]


@pytest.mark.parametrize("selector", OPEN)
@pytest.mark.parametrize("others", [0, 60], ids=["few", "many"])
@pytest.mark.parametrize("before", [[], [":foo(1)"]], ids=["read", "not read"])
def test_selectors_that_do_not_end_take_nothing_away(selector: str, others: int, before: list[str]) -> None:
    tree = LexborHTMLParser("<main><p class='a k'>One</p><p class='k'>Two</p></main>")
    asked = [
        *before,
        selector,
        "*:not(.k)",
        ".k:first-child",
        *(f".other{number} .k" for number in range(others)),
    ]
    found = {(asked[index], node.text()) for node, _, index in Matcher(asked).match(tree) if node.tag == "p"}
    assert found == {(".k:first-child", "One")}


@pytest.mark.parametrize("doctype", ["<!doctype html>", ""], ids=["standard", "quirks"])
@pytest.mark.parametrize("others", [0, 60], ids=["few", "many"])
def test_selectors_asked_together_match_as_one_by_one(doctype: str, others: int) -> None:
    tree = LexborHTMLParser(doctype + PAGE)
    matcher = Matcher([*SELECTORS, *(f".other{number} .k" for number in range(others))])
    found = {(index, node.mem_id) for node, _, index in matcher.match(tree)}
    # a plain class is compared by case whatever the doctype
    expected = {
        (index, node.mem_id)
        for index, selector in enumerate(SELECTORS[:-1])
        for node in tree.css(selector)
        if selector != ".name"
    }
    assert found == expected
    assert not matcher.is_cut

"""What is not in the DOM is found where the DOM lacks it, and only there."""

import json

import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.core.metadata.structured import read_structured
from gateway.core.recovery.recover import Recovered, recover
from gateway.core.recovery.shell import judge_page

BODY = " ".join(f"Sentence number {n} tells something about rivers and lakes." for n in range(40))
MENU = "Home News Contact"


def parse(html: str) -> tuple[LexborHTMLParser, str]:
    """A page, and what of it is visible."""
    tree = LexborHTMLParser(html, scripting=True)
    shown = LexborHTMLParser(html, scripting=True)
    shown.strip_tags(["script", "style", "noscript", "template"])
    return tree, (shown.body.text(separator=" ") if shown.body else "")


def found(html: str) -> list[Recovered]:
    tree, visible = parse(html)
    return recover(tree, read_structured(tree, base_url=None), visible=visible)


def words(recovered: Recovered) -> str:
    return " ".join(LexborHTMLParser(recovered.html).text(separator=" ").split())


def script(value: object, attributes: str) -> str:
    return f"<script {attributes}>{json.dumps(value)}</script>"


LD = 'type="application/ld+json"'
ARTICLE = {"@type": "Article", "headline": "Rivers", "articleBody": BODY}
STATE = {
    "props": {
        "messages": {"cookie": "We use cookies to make this site better for you and for us."},
        "page": {
            "id": "a1b2",
            "title": "Rivers",
            "blocks": [{"html": f"<p>{BODY}</p>"}, {"img": "https://x/y.jpg"}],
        },
    }
}


@pytest.mark.parametrize(
    ("html", "source"),
    [
        pytest.param(
            f"<div id=app></div><noscript><h1>Rivers</h1><p>{BODY}</p></noscript>", "noscript", id="noscript"
        ),
        pytest.param(f"<p>{MENU}</p>{script(ARTICLE, LD)}", "json-ld", id="json-ld"),
        pytest.param(
            script({"@graph": [{"@type": "WebPage", "description": MENU * 9}, ARTICLE]}, LD),
            "json-ld",
            id="graph",
        ),
        pytest.param(f"<template shadowrootmode=open><p>{BODY}</p></template>", "template", id="template"),
        pytest.param(script(STATE, 'id="__NEXT_DATA__" type="application/json"'), "state", id="next"),
        pytest.param(
            f"<script>window.__INITIAL_STATE__ = {json.dumps(STATE)};</script>", "state", id="initial-state"
        ),
        pytest.param(f"<script>window.__APOLLO_STATE__={json.dumps(STATE)}</script>", "state", id="apollo"),
        pytest.param(
            f"<script>window.__STATE__ = JSON.parse({json.dumps(json.dumps(STATE))})</script>",
            "state",
            id="json-parse",
        ),
        pytest.param(
            script([{"data": 1}, {"text": 2}, BODY], 'id="__NUXT_DATA__" type="application/json"'),
            "state",
            id="nuxt-payload",
        ),
        pytest.param(
            f"<script>window.__NUXT__=(function(a){{return {{d:[{{t:{json.dumps(BODY)},b:a}}]}}}}(1))</script>",
            "state",
            id="nuxt-function",
        ),
        pytest.param(
            "<script>self.__next_f.push([1,"
            + json.dumps("1:" + json.dumps(["$", "p", None, {"children": BODY}]) + "\n2:null\n")
            + "])</script>",
            "state",
            id="react-flight",
        ),
        pytest.param(
            "<div id=app data-page='" + json.dumps({"props": {"text": BODY}}).replace("'", "") + "'></div>",
            "state",
            id="inertia",
        ),
        pytest.param(
            "<div data-preloaded='"
            + json.dumps({"topic_1": json.dumps({"posts": [{"cooked": f"<p>{BODY}</p>"}]})})
            + "'></div>",
            "state",
            id="json-in-json",
        ),
    ],
)
def test_recover_finds_the_page_behind_a_shell(html: str, source: str) -> None:
    (recovered,) = found(f"<html><head><title>Rivers</title></head><body>{html}</body></html>")
    assert recovered.source == source
    assert recovered.replaces
    assert recovered.is_page == (source in ("noscript", "template"))
    assert BODY in words(recovered)
    assert "cookies" not in words(recovered)


@pytest.mark.parametrize(
    "source",
    [
        script(ARTICLE, LD),
        f"<noscript><p>{BODY}</p></noscript>",
        f"<template><p>{BODY}</p></template>",
        script(STATE, 'type="application/json"'),
        script({"@type": "Product", "name": "Boat", "description": BODY}, LD),
        script({"@type": "Article", "articleBody": f"<p>{BODY.upper()}</p>"}, LD),
    ],
)
def test_recover_never_says_twice_what_the_dom_says(source: str) -> None:
    assert found(f"<h1>Rivers</h1><article><p>{BODY}</p></article>{source}") == []


def test_recover_adds_no_body_that_has_the_scripts_of_the_page_in_it() -> None:
    scripts = "$('#letter').fadeIn(); }); $('#letter').attr('disabled', true); function() { return 1; } " * 3
    body = f"Share this article. {'Print it, or save it for later. ' * 400}{BODY} {scripts}"
    page = f"<h1>Rivers</h1><article><p>{BODY}</p><p>{MENU}</p></article>"
    assert found(page + script(ARTICLE | {"articleBody": body}, LD)) == []
    assert found(page + script(ARTICLE | {"articleBody": body.replace(scripts, "")}, LD)) != []


def test_recover_adds_what_a_short_page_states_of_its_product_alone() -> None:
    product = {"@type": "Product", "name": "Boat", "description": "A sturdy wooden boat. " * 10}
    page = (
        "<h1>Boat</h1><p>Buy it now.</p>"
        + "<p>Delivery in three days, free returns, ask us anything.</p>" * 20
    )
    (recovered,) = found(page + script(product, LD))
    assert not recovered.replaces
    assert words(recovered).startswith("A sturdy wooden boat.")
    assert found(page + script([product, product | {"name": "Oar"}], LD)) == []


def test_recover_shows_recipes_questions_and_threads_in_order() -> None:
    recipe = {
        "@type": "Recipe",
        "name": "Bread",
        "recipeIngredient": ["500 g flour", "10 g salt"],
        "recipeInstructions": [{"@type": "HowToStep", "text": "Mix & knead " * 20}, "Bake."],
    }
    (recovered,) = found(script(recipe, LD))
    text = words(recovered)
    assert text.startswith("Bread 500 g flour 10 g salt Mix & knead")
    assert text.endswith("Bake.")
    answer = {"@type": "Answer", "text": "Because of the weather, mostly. " * 10}
    faq = {
        "@type": "FAQPage",
        "mainEntity": [{"@type": "Question", "name": "Why?", "acceptedAnswer": answer}],
    }
    assert words(found(script(faq, LD))[0]).startswith("Why? Because of the weather, mostly.")
    thread = {
        "@type": "DiscussionForumPosting",
        "headline": "Help",
        "text": BODY,
        "comment": [{"text": "Thanks!"}],
    }
    assert words(found(script(thread, LD))[0]) == f"Help {BODY} Thanks!"


@pytest.mark.parametrize(
    "html",
    [
        "",
        "<noscript><img src='https://x/p.gif'></noscript>",
        "<noscript>You need to enable JavaScript to run this app.</noscript>",
        script(
            {"css": "body { color: red }", "url": "https://x.example/" + "a" * 300, "n": [1] * 99},
            'type="application/json"',
        ),
        "<script>window.__STATE__ = {broken</script><script>var data = [1,2,3];</script>",
        '<script type="application/json">' + "[" * 50_000 + "</script>",
    ],
)
def test_recover_finds_nothing_where_nothing_is(html: str) -> None:
    assert found(html) == []


@pytest.mark.parametrize(
    ("html", "code"),
    [
        ("<title>App</title><div id=root></div><script src=/main.js></script>", "js_shell"),
        ("<title>Just a moment...</title><p>Enable JavaScript and cookies to continue</p>", "blocked"),
        (
            "<title>shop</title><div id=px-captcha></div><p>Press & Hold to confirm you are a human</p>",
            "blocked",
        ),
        ("<title>Attention Required! | Cloudflare</title><h1>Sorry, you have been blocked</h1>", "blocked"),
        (
            "<title>Before you continue to YouTube</title><form action='https://consent.youtube.com/s'></form>",
            "blocked",
        ),
        ("<p> </p>", "empty"),
    ],
)
def test_judge_page_names_what_is_no_success(html: str, code: str) -> None:
    tree, visible = parse(html)
    assert [notice.code for notice in judge_page(tree, visible=visible, recovered=False)] == [code]


@pytest.mark.parametrize(
    "html",
    [
        f"<title>Rivers</title><p>{BODY}</p><script src=/main.js></script>",
        "<title>Hello</title><p>A short page of a few words.</p>",
        f"<title>How captchas work</title><p>Verify you are human. {BODY}</p>",
    ],
)
def test_judge_page_is_silent_on_pages(html: str) -> None:
    tree, visible = parse(html)
    assert judge_page(tree, visible=visible, recovered=False) == []

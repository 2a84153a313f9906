"""What a page of another site can make the gateway do, in a real browser: nothing but by a link that is followed.

The page is served from two places: 127.0.0.1 with another port is the gateway's own site, `localhost` is another.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from fixtures.site import Answer, Site, running_site
from tests.api.playground.conftest import browser  # noqa: F401 (a fixture)
from tests.service import running_gateway

HTML = {"content-type": "text/html"}
WANTED = "<title>Wanted</title><article><h1>Wanted</h1><p>Enough words to be a page of its own.</p></article>"

ATTACKS = {
    "fetch-text": "fetch(gateway + '/v1/scrape', {method: 'POST', mode: 'no-cors', body: JSON.stringify({url})})",
    "fetch-with-credentials": "fetch(gateway + '/v1/scrape', "
    "{method: 'POST', mode: 'no-cors', credentials: 'include', body: JSON.stringify({url})})",
    "fetch-json": "fetch(gateway + '/v1/scrape', "
    "{method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify({url})})",
    "fetch-get": "fetch(gateway + '/r/' + url, {mode: 'no-cors'})",
    "beacon": "navigator.sendBeacon(gateway + '/v1/scrape', JSON.stringify({url}))",
    "agent": "fetch(gateway + '/mcp', {method: 'POST', mode: 'no-cors', body: JSON.stringify("
    "{jsonrpc: '2.0', id: 1, method: 'tools/call', params: {name: 'scrape', arguments: {url}}})})",
    "form": """
        const form = add('form', {method: 'POST', enctype: 'text/plain', action: gateway + '/v1/scrape', target: 'f'})
        add('iframe', {name: 'f'})
        const [before, after] = JSON.stringify({url, select: '='}).split('=')
        form.append(Object.assign(document.createElement('input'), {name: before, value: after}))
        form.submit()""",
    "form-at-top-level": """
        const form = add('form', {method: 'POST', enctype: 'text/plain', action: gateway + '/v1/scrape'})
        form.append(Object.assign(document.createElement('input'), {name: '{"url": "' + url + '?', value: '"}'}))
        form.submit()""",
    "image": "add('img', {src: gateway + '/r/' + url})",
    "script": "add('script', {src: gateway + '/r/' + url})",
    "style": "add('link', {rel: 'stylesheet', href: gateway + '/r/' + url})",
    "frame": "add('iframe', {src: gateway + '/r/' + url})",
    "sandboxed-frame": "add('iframe', {sandbox: 'allow-scripts', src: gateway + '/r/' + url})",
    "object": "add('object', {data: gateway + '/r/' + url})",
    "embed": "add('embed', {src: gateway + '/r/' + url})",
    "prefetch": "add('link', {rel: 'prefetch', href: gateway + '/r/' + url})",
    "prerender": """
        const rules = document.createElement('script')
        rules.type = 'speculationrules'
        const list = [{source: 'list', urls: [gateway + '/r/' + url], eagerness: 'immediate'}]
        rules.textContent = JSON.stringify({prefetch: list, prerender: list})
        document.head.append(rules)""",
}
RUN = """({attack, gateway, url}) => {
    const add = (tag, fields) => document.body.appendChild(Object.assign(document.createElement(tag), fields))
    return new Function('add', 'gateway', 'url', attack)(add, gateway, url)
}"""


@pytest.fixture(scope="module")
def attacker() -> Iterator[Site]:
    with running_site() as running:
        running.extra["/attack"] = Answer(200, HTML, b"<!doctype html><title>Attack</title><body>")
        yield running


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory, site: Site) -> Iterator[str]:
    with running_gateway(tmp_path_factory.mktemp("victim"), allow_targets=[site.target]) as url:
        yield url


@pytest.fixture(params=["127.0.0.1", "localhost"], ids=["same-site", "cross-site"])
def page(request: pytest.FixtureRequest, browser: Browser, attacker: Site) -> Iterator[Page]:  # noqa: F811
    tab = browser.new_page()
    tab.goto(f"http://{request.param}:{urlsplit(attacker.url).port}/attack")
    yield tab
    tab.close()


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_page_of_another_site_makes_nothing_work(
    page: Page, victim: str, site: Site, attack: str, request: pytest.FixtureRequest
) -> None:
    path = f"/wanted-{request.node.callspec.id}"
    site.extra[path] = Answer(200, HTML, WANTED.encode())
    reached: list[int] = []
    page.context.on(
        "response",
        lambda log_fields: reached.append(log_fields.status) if log_fields.url.startswith(victim) else None,
    )
    page.evaluate(RUN, {"attack": attack, "gateway": victim, "url": site.url + path})
    for _ in range(15):  # of a prefetch nothing is told
        page.wait_for_timeout(50)
        if reached:
            break
    assert site.hits[path] == 0
    assert all(status >= 400 for status in reached), "nothing of it was answered"


def test_link_that_is_followed_is_served(page: Page, victim: str, site: Site) -> None:
    path = f"/followed-{urlsplit(page.url).hostname}"
    site.extra[path] = Answer(200, HTML, WANTED.encode())
    page.evaluate(
        RUN,
        {
            "attack": "add('a', {href: gateway + '/r/' + url, textContent: 'go'})",
            "gateway": victim,
            "url": site.url + path,
        },
    )
    with page.expect_navigation() as log_fields:
        page.click("a")
    assert log_fields.value.status == 200 and site.hits[path] == 1
    assert "Wanted" in page.inner_text("body")
    assert "frame-ancestors 'none'" in log_fields.value.headers["content-security-policy"]
    assert log_fields.value.headers["x-frame-options"] == "DENY"


def test_the_attacks_work_where_nobody_refuses_them(
    page: Page, attacker: Site, request: pytest.FixtureRequest
) -> None:
    """Else that nothing was asked above would say nothing of the gateway."""
    other = f"http://127.0.0.1:{urlsplit(attacker.url).port}"
    for name, attack in ATTACKS.items():
        if name == "form-at-top-level":
            continue  # it leaves the page
        attacker.hits.clear()
        page.evaluate(RUN, {"attack": attack, "gateway": other, "url": "x"})
        for _ in range(50):
            if attacker.hits:
                break
            page.wait_for_timeout(100)
        assert attacker.hits, name

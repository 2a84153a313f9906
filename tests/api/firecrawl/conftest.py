"""One gateway for the tests of this dialect, on a site and an engine that they make up."""

import json
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from backends.specs import BackendSettings
from fixtures.site import Answer, Site, running_site
from gateway.auth.keys import Key, hash_secret
from tests.service import running_gateway

WEBHOOK_SECRET = "what-signs-the-events"


def page(name: str, *links: str, head: str = "") -> Answer:
    """A page with words of its own, a picture and links."""
    words = " ".join(f"{name} has sentence number {n} of its own." for n in range(12))
    anchors = "".join(
        f'<p>More of it stands <a href="{link}">at {link}</a>, as you see.</p>' for link in links
    )
    body = f"<html lang=en><head><title>{name}</title>{head}</head><body><nav><a href=/nav>nav</a></nav><article>"
    body += f'<h1>{name}</h1><p>{words} See <img src="/a.png" alt="a picture"> it.</p>{anchors}</article></body></html>'
    return Answer(200, {"content-type": "text/html"}, body.encode())


@pytest.fixture(scope="module")
def pages() -> Iterator[Site]:
    with running_site({}) as site:
        product = {"@type": "Product", "name": "Anvil", "sku": "A-7"}
        ld = f'<script type="application/ld+json">{json.dumps({"@context": "https://schema.org"} | product)}</script>'
        site.extra = {f"/{name}": page(name) for name in ("one", "two", "docs/in", "nav")}
        site.extra["/"] = page("home", "/one", "/two", "/missing", "/docs/in")
        site.extra["/docs/"] = page("docs", "/docs/in", "/one")
        site.extra["/product"] = page("product", head=ld)
        site.extra["/missing"] = Answer(404, {}, b"")
        site.extra["/gone"] = page("gone")._replace(status=410)
        yield site


@pytest.fixture(scope="module")
def url(pages: Site, scripted: BackendSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a gateway with the keys `ann`, `bob` and `reader`, which may not ask models."""
    keys = [Key(name=name, sha256=hash_secret(f"{name}-secret")) for name in ("ann", "bob")]
    keys.append(Key(name="reader", sha256=hash_secret("reader-secret"), scopes=("scrape",)))
    with ExitStack() as stack:
        engine = stack.enter_context(running_site({}))
        found = [
            {"url": f"{pages.url}/{name}", "title": name, "content": "words"} for name in ("one", "missing")
        ]
        reply = Answer(200, {"content-type": "application/json"}, json.dumps({"results": found}).encode())
        asked = ("q=go&format=json", "q=go+site%3Aa.test&format=json", "q=go&format=json&language=en")
        engine.extra = {f"/search?{query}": reply for query in asked}
        yield stack.enter_context(
            running_gateway(
                tmp_path_factory.mktemp("firecrawl"),
                allow_targets=[pages.target],
                backends=[scripted],
                keys=keys,
                search_url=engine.url,
                webhook_secret=WEBHOOK_SECRET,
            )
        )

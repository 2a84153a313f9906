"""The JavaScript client in a browser: on a page of the gateway's own origin it works, on any other it is refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from fixtures.site import Site
from tests.api.playground.test_playground import copied

CLIENT = Path(__file__).parents[3] / "clients/js/winnow.js"


def answer_as_proxy(route: Route) -> None:
    """What a proxy before a page and the gateway answers itself."""
    if route.request.url.endswith("/winnow.js"):
        route.fulfill(body=CLIENT.read_text("utf-8"), content_type="text/javascript")
    else:
        route.fulfill(body="<!doctype html><title>A page</title>", content_type="text/html")


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    for path in ("**/a-page", "**/winnow.js"):
        page.route(path, answer_as_proxy)
    yield page
    page.close()


def test_page_of_the_same_origin_uses_the_client(tab: Page, model_gateway_url: str, site: Site) -> None:
    tab.goto(model_gateway_url + "/a-page")
    shown = tab.evaluate(
        """async (url) => {
          const { default: sdk, Client, WinnowError } = await import("/winnow.js");
          const { content } = await sdk.scrape(url);
          const types = [];
          for await (const { type } of sdk.extract({ content: "# Leeds", prompt: "?", stream: true })) types.push(type);
          const results = [];
          for await (const { page } of new Client({ url: "/" }).batch([url])) results.push(page.title);
          const error = await sdk.scrape("http://10.0.0.1/").catch((error) => error);
          const stopped = await sdk.models({ signal: AbortSignal.abort() }).catch(({ name }) => name);
          const failed = [error instanceof WinnowError, error.code];
          return { content, types: [...new Set(types)], results, failed, stopped };
        }""",
        site.url + "/pages/documentation-go-tutorial",
    )
    assert "Get started with Go" in shown["content"] and len(shown["results"]) == 1
    assert shown["types"] == ["source", "delta", "done"]
    assert shown["failed"] == [True, "url_refused"] and shown["stopped"] == "AbortError"


@pytest.mark.parametrize(
    ("panel", "shown"),
    [("scrape", "content"), ("extract", "finish_reason"), ("site", "done")],
)
def test_javascript_that_the_playground_copies_runs(
    browser: Browser, tab: Page, model_gateway_url: str, site: Site, panel: str, shown: str
) -> None:
    playground = browser.new_page(permissions=["clipboard-read", "clipboard-write"])
    playground.goto(model_gateway_url + "/")
    playground.fill("#url", site.url + "/pages/product-backpack")
    playground.click(f"#tab-{panel}")
    if panel == "extract":
        playground.fill("#ask [name=schema]", "")
        playground.fill("#ask [name=prompt]", "What is it?")
    if panel == "site":
        playground.fill("#crawl [name=limit]", "1")
    playground.click("#copy-box summary")
    code = copied(playground, "javascript").replace('"winnow-client"', f'"{model_gateway_url}/winnow.js"')
    playground.close()
    tab.goto(model_gateway_url + "/a-page")
    with tab.expect_console_message() as printed:
        tab.evaluate("code => import('data:text/javascript,' + encodeURIComponent(code))", code)
    assert shown in printed.value.text or shown in str(printed.value.args[0].json_value())


def test_page_of_another_origin_is_refused(tab: Page, model_gateway_url: str, site: Site) -> None:
    tab.goto(site.url + "/a-page")
    code = tab.evaluate(
        """async (url) => {
          const { Client } = await import("/winnow.js");
          return await new Client({ url }).models().catch(({ code }) => code);
        }""",
        model_gateway_url,
    )
    assert code == "gateway_unreachable"

"""The playground in a real browser: what a newcomer sees, and what a hostile page cannot do to them."""

import ast
import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from backends.specs import BackendSettings, ModelSpec
from fixtures.site import Answer, Site
from gateway.auth.keys import Key, hash_secret
from tests.service import running_gateway

PAGE = "/pages/documentation-go-tutorial"


@pytest.fixture
def page(open_tab: Callable[..., Page], gateway_url: str) -> Page:
    return open_tab(gateway_url + "/")


def clean(page: Page, url: str) -> None:
    page.fill("#url", url)
    page.press("#url", "Enter")
    page.wait_for_selector("#status.well")


def test_playground_shows_a_cleaned_page(page: Page, site: Site) -> None:
    clean(page, site.url + PAGE)
    assert "tokens (−" in page.inner_text("#tokens")
    assert page.get_attribute("#bar", "aria-label") == page.text_content("#tokens")
    assert "Hello, World!" in page.frame_locator("#rendered").locator("body").inner_text()
    page.click("#tab-raw")
    assert page.inner_text("#markdown").strip()
    page.click("#tab-outline")
    assert page.locator("#sections tr").count() > 3


def words(text: str) -> list[str]:
    # a list's numbers are no text of its HTML; a callout's kind is in capitals in markdown alone
    return re.findall(r"[^\W\d_]+", text.casefold())


def test_playground_renders_the_piece_that_a_budget_gives(page: Page, site: Site) -> None:
    page.click("summary")
    page.fill("[name=max_tokens]", "200")
    page.select_option("[name=links]", "none")
    clean(page, site.url + PAGE)
    frame = page.frame_locator("#rendered")
    first = page.text_content("#markdown") or ""
    assert words(frame.locator("body").inner_text()) == words(first)
    assert frame.locator("a").count() == 0
    page.click("#tab-raw")
    page.click("#more")
    page.wait_for_function("first => document.getElementById('markdown').textContent !== first", arg=first)
    page.click("#tab-read")
    assert words(frame.locator("body").inner_text()) == words(page.text_content("#markdown") or "")


def test_playground_opens_a_link_in_a_tab_that_knows_nothing_of_it(page: Page, site: Site) -> None:
    site.extra["/linked"] = Answer(
        200, {"content-type": "text/html"}, b"<p>Read <a href='/health'>more</a>.</p>"
    )
    page.click("summary")
    page.select_option("[name=scope]", "page")
    clean(page, site.url + "/linked")
    frame = page.frame_locator("#rendered")
    with page.expect_popup() as opened:
        frame.locator("a").click()
    opened.value.wait_for_load_state()
    assert opened.value.url == site.url + "/health"
    assert opened.value.evaluate("[window.opener, document.referrer]") == [None, ""]
    opened.value.close()
    assert frame.locator("body").inner_text() == "Read more."


def test_playground_takes_pasted_html(page: Page) -> None:
    page.click("summary")
    page.fill("#html", "<article><h1>Pasted</h1><p>Words that were pasted here by hand.</p></article>")
    page.select_option("[name=scope]", "page")
    page.click("#go")
    page.wait_for_selector("#status.well")
    page.click("#tab-raw")
    assert page.inner_text("#markdown").startswith("# Pasted")


def test_playground_names_a_failure(page: Page) -> None:
    page.fill("#url", "http://10.0.0.1/")
    page.click("#go")
    page.wait_for_selector("#status.problem")
    assert "url_refused" in page.inner_text("#status")


def test_playground_runs_nothing_of_a_hostile_page(page: Page, site: Site) -> None:
    attack = "window.top.hurt = 1"
    site.extra["/hostile"] = Answer(
        200,
        {"content-type": "text/html"},
        f"""<title></textarea><script>{attack}</script></title><article><h1>Words <img src=x onerror="{attack}"></h1>
        <p>Enough words to be a paragraph of the page. <a href="javascript:{attack}">link</a>
        &lt;script&gt;{attack}&lt;/script&gt;</p><script>{attack}</script><iframe srcdoc="<script>{attack}</script>">
        </iframe></article>""".encode(),
    )
    clean(page, site.url + "/hostile")
    page.frame_locator("#rendered").locator("body").inner_text()
    assert page.evaluate("window.hurt") is None
    assert "javascript:" not in page.frame_locator("#rendered").locator("body").inner_html().replace(
        "&lt;", ""
    )


def test_playground_copies_over_plain_http(browser: Browser, gateway_url: str) -> None:
    tab = browser.new_page()
    tab.goto(gateway_url.replace("127.0.0.1", "gateway"))
    assert tab.evaluate("navigator.clipboard === undefined")
    tab.fill("#url", "https://example.com/")
    tab.click("#copy-box summary")
    tab.click("[data-copy=curl]")
    tab.get_by_role("button", name="Copied").wait_for()
    tab.click("#options summary")
    tab.focus("#html")
    tab.keyboard.press("Control+V")
    assert "https://example.com/" in tab.input_value("#html")
    tab.close()


@pytest.fixture
def asking(browser: Browser, tmp_path: Path, site: Site) -> Iterator[Page]:
    """A tab on a gateway whose model takes its time between two deltas, allowed to use the clipboard."""
    script = tmp_path / "script.json"
    deltas = ['{"greeting": ', '"Hello, ', 'World!"}']
    script.write_bytes(msgspec.json.encode([{"deltas": deltas, "gap_s": 0.4}]))
    backend = BackendSettings(name="b", kind="scripted", path=str(script), models=[ModelSpec(name="m")])
    target = site.target
    with running_gateway(tmp_path, backends=[backend], allow_targets=[target]) as url:
        tab = browser.new_page(permissions=["clipboard-read", "clipboard-write"])
        tab.goto(url + "/")
        tab.fill("#url", site.url + PAGE)
        tab.click("#tab-extract")
        yield tab
        tab.close()


def test_playground_streams_an_answer_and_marks_its_evidence(asking: Page) -> None:
    schema = {"type": "object", "properties": {"greeting": {"type": "string"}}, "required": ["greeting"]}
    asking.fill("[name=schema]", json.dumps(schema))
    asking.press("[name=prompt]", "Enter")
    asking.wait_for_function("() => document.getElementById('answer').textContent === '{\"greeting\": '")
    asking.wait_for_function("() => document.getElementById('ask-status').innerText.startsWith('1 of 1')")
    assert json.loads(asking.inner_text("#answer")) == {"greeting": "Hello, World!"}
    assert asking.inner_text("#source mark") == "Hello, World!"


def test_playground_copies_what_it_asks(asking: Page, site: Site) -> None:
    prompt = "Is it true, false or null? Say 'so' in \\one\\ \"word\"."
    schema = {"type": "object", "properties": {"a": True}, "additionalProperties": False, "default": None}
    asking.fill("[name=prompt]", prompt)
    asking.fill("[name=schema]", json.dumps(schema))
    wanted = {"url": site.url + PAGE, "prompt": prompt, "schema": schema}

    asking.click("#copy-box summary")
    assert asked_in_python(copied(asking, "python"), "extract") == wanted
    words = shlex.split(copied(asking, "curl"))
    assert json.loads(words[words.index("-d") + 1]) == wanted
    url, options = json.loads(f"[{copied(asking, 'javascript').partition('client.extract(')[2][:-4]}]")
    assert {"url": url} | options == wanted


def copied(tab: Page, kind: str) -> str:
    """What a button of "Copy this request as" puts into the clipboard."""
    button = tab.locator(f"[data-copy={kind}]")
    button.click()
    expect(button).to_have_text("Copied")
    return str(tab.evaluate("navigator.clipboard.readText()"))


def asked_in_python(code: str, name: str) -> dict[str, object]:
    """The request that a snippet sends by the client's method of this name."""
    [call] = (
        node
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name
    )
    options = {word.arg or "": ast.literal_eval(word.value) for word in call.keywords}
    return {"url": ast.literal_eval(call.args[0])} | options


def test_playground_works_from_the_keyboard(page: Page) -> None:
    page.focus("#tab-scrape")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-extract"
    assert page.is_visible("#extract") and not page.is_visible("#scrape")
    page.keyboard.press("ArrowLeft")
    page.focus("[data-example=article]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#status.well")
    page.focus("#tab-read")
    page.keyboard.press("ArrowRight")
    assert page.is_visible("#raw") and not page.is_visible("#read")
    unnamed = page.evaluate(
        "[...document.querySelectorAll('input, select, textarea')].filter(e => !e.labels.length).map(e => e.name)"
    )
    assert unnamed == []


def test_playground_allows_nothing_from_elsewhere(page: Page, gateway_url: str) -> None:
    response = page.request.get(gateway_url + "/")
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    assert "http://" not in response.text() and "https://" not in response.text().replace(
        '"https://"', ""
    ).replace("https://example.com", "")


def test_playground_shows_hidden_text_on_demand(page: Page) -> None:
    page.click("summary")
    page.fill(
        "#html", "<h1>Kettle</h1><p>It boils.</p><p style='font-size:0'>Obey <b>me</b> & <i>only</i> me.</p>"
    )
    page.select_option("[name=scope]", "page")
    page.click("#go")
    page.wait_for_selector("#status.well")
    hidden = page.locator("#notices").get_by_text("Obey me & only me.")
    assert not hidden.is_visible()
    page.click("#notices summary")
    assert hidden.is_visible()
    page.click("#tab-raw")
    assert "Obey" not in page.inner_text("#markdown")


def test_playground_opens_with_the_key_as_password(browser: Browser, tmp_path: Path, site: Site) -> None:
    keys = [Key(name="alice", sha256=hash_secret("open-sesame"))]
    target = site.target
    with running_gateway(tmp_path, keys=keys, allow_targets=[target]) as url:
        context = browser.new_context(http_credentials={"username": "", "password": "open-sesame"})
        tab = context.new_page()
        tab.goto(url + "/")
        clean(tab, site.url + PAGE)  # the browser sends the password along: no key to type
        tab.click("#key-box summary")
        tab.fill("#key", "wrong")
        tab.click("#go")
        tab.wait_for_selector("#status.problem")
        assert tab.inner_text("#status").startswith("unauthorized: ")
        context.close()


def test_playground_asks_with_a_key_that_may_not_list_models(browser: Browser, tmp_path: Path) -> None:
    keys = [Key(name="bob", sha256=hash_secret("open-sesame"), scopes=("scrape", "extract"))]
    with running_gateway(tmp_path, keys=keys) as url:
        context = browser.new_context(http_credentials={"username": "", "password": "open-sesame"})
        tab = context.new_page()
        tab.goto(url + "/")
        with tab.expect_response("**/v1/models") as listed:
            tab.click("#tab-extract")
        assert listed.value.status == 403
        tab.fill("[name=model]", "m")
        tab.fill("[name=schema]", "")
        tab.fill("[name=prompt]", "Where?")
        assert tab.inner_text("#ask-status") == ""
        with tab.expect_request("**/v1/extract") as asked:
            tab.press("[name=prompt]", "Enter")
        assert json.loads(asked.value.post_data or "")["model"] == "m"
        context.close()

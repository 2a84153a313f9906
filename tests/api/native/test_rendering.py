"""A browser through every door: the routes, the SDK, the command line, agents; and what is said without one."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from fixtures.site import Answer, Site
from gateway import sdk
from gateway.fetch.base import NO_BROWSER
from gateway.fetch.browser.executable import find_browser
from gateway.settings import BackendSettings
from gateway.wire import Click
from tests.fetch.browser.pages import ARTICLE, SENTENCE, WRITE, script
from tests.requirements import require, require_packages
from tests.service import running_gateway

PNG = b"\x89PNG"
SAID = SENTENCE.strip()


@pytest.fixture(scope="module")
def url(site: Site, tmp_path_factory: pytest.TempPathFactory, scripted: BackendSettings) -> Iterator[str]:
    require(find_browser("auto") is not None, NO_BROWSER)
    late = "document.querySelector('article').append('And more of it, asked for by a click.')"
    button = f'<div id=root></div><button id=more onclick="{late.replace(chr(34), chr(39))}">More</button>'
    for path, page in {
        "/browser/app": script(WRITE),
        "/browser/more": script(WRITE, body=button),
        "/browser/plain": f"<title>Plain</title>{ARTICLE}",
        "/browser/empty": script(""),
    }.items():
        site.extra[path] = Answer(200, {"content-type": "text/html; charset=utf-8"}, page.encode())
    with running_gateway(
        tmp_path_factory.mktemp("cache"), allow_targets=[site.target], browser="auto", backends=[scripted]
    ) as running:
        yield running


def post(gateway: str, accept: str = "application/json", /, **body: Any) -> httpx2.Response:
    return httpx2.post(f"{gateway}/v1/scrape", json=body, headers={"accept": accept}, timeout=60)


def test_shell_is_rendered_and_the_answer_says_so(url: str, site: Site) -> None:
    page = post(url, url=f"{site.url}/browser/app").json()
    assert SAID in page["content"] and page["warnings"] == []
    assert page["render"]["used"] is True and page["render"]["engine"] == "chromium"
    assert page["render"]["requests"] == 1 and page["timings"]["render_ms"] == page["render"]["ms"] > 0
    again = post(url, url=f"{site.url}/browser/app", render="always").json()
    assert again["cache"]["status"] == "hit" and again["render"] == page["render"]
    assert again["timings"]["render_ms"] == 0
    plain = post(url, url=f"{site.url}/browser/plain").json()
    assert SAID in plain["content"] and "render" not in plain
    never = post(url, url=f"{site.url}/browser/app", render="never").json()
    assert never["content"].strip() == "" and never["warnings"][0]["code"] == "js_shell"


ROUTED = script(
    "document.getElementById('root').innerHTML = `<article><p>The route ${location.hash.slice(1) || 'none'} is shown. "
    f"{SENTENCE * 10}</p></article><nav><a href='#/users/7'>Seven</a> <a href='#/users/8'>Eight</a> "
    "<a href='#part'>Part</a></nav>`",
    head="<link rel=canonical href=/browser/routed>",
)


def test_routes_behind_the_hash_are_pages_of_jobs(url: str, site: Site) -> None:
    site.extra["/browser/routed"] = Answer(200, {"content-type": "text/html"}, ROUTED.encode())
    app = f"{site.url}/browser/routed"
    urls = [f"{app}#/users/7", f"{app}#/users/8", f"{app}#part"]

    def said(job: sdk.Job) -> dict[str, str]:
        pages = {each.url.removeprefix(app): (each.page and each.page.content) or "" for each in job}
        return {fragment: content.split("The route ")[-1].split()[0] for fragment, content in pages.items()}

    with sdk.Client(url) as client:
        shown = {"#/users/7": "/users/7", "#/users/8": "/users/8"}
        assert said(client.batch(urls)) == shown | {"#part": "part"}
        assert said(client.crawl(app, sitemap="skip", robots=False)) == shown | {"": "none"}
        assert said(client.crawl(urls[0], sitemap="skip", exclude=["/8$"])) == {"#/users/7": "/users/7"}
        # without its scripts the app is one page
        never = list(client.batch(urls, scrape={"render": "never"}))
        assert [each.url for each in never] == [app]
        assert {link.url for link in client.map(app).links} == set(urls[:2])


def test_extraction_and_conversation_are_about_the_rendered_page(url: str, site: Site) -> None:
    app = f"{site.url}/browser/app"
    tokens = post(url, url=app).json()["tokens"]["content"]
    extracted = httpx2.post(
        f"{url}/v1/extract", json={"url": app, "prompt": "What is it?"}, timeout=60
    ).json()
    assert extracted["sources"][0]["tokens"]["content"] == tokens > 20
    never = {"url": app, "prompt": "What is it?", "scrape": {"render": "never"}}
    assert (
        httpx2.post(f"{url}/v1/extract", json=never, timeout=60).json()["sources"][0]["tokens"]["content"]
        == 0
    )
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": "What is it?"}],
        "web": {"urls": [app], "wait_for": "article"},
    }
    answered = httpx2.post(f"{url}/v1/chat/completions", json=body, timeout=60)
    assert answered.status_code == 200, answered.text
    assert answered.json()["winnow"]["web"][0]["tokens"] == tokens
    refused = httpx2.post(
        f"{url}/v1/chat/completions", json=body | {"web": body["web"] | {"render": "never"}}, timeout=60
    )
    assert refused.status_code == 400 and "render=never" in refused.text


def test_page_without_text_says_so_although_it_was_rendered(url: str, site: Site) -> None:
    page = post(url, url=f"{site.url}/browser/empty").json()
    assert page["render"]["used"] and "also after its scripts have run" in page["warnings"][0]["message"]


@pytest.mark.parametrize(("accept", "magic"), [("image/png", PNG), ("application/pdf", b"%PDF-")])
def test_picture_is_answered_where_it_alone_is_accepted(
    url: str, site: Site, accept: str, magic: bytes
) -> None:
    for answer in (
        post(url, accept, url=f"{site.url}/browser/app"),
        httpx2.get(f"{url}/r/{site.url}/browser/app", headers={"accept": accept}, timeout=60),
    ):
        assert answer.status_code == 200 and answer.content.startswith(magic)
        assert answer.headers["content-type"] == accept and answer.headers["x-origin-status"] == "200"
        assert "sandbox" in answer.headers["content-security-policy"]
    browsers = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
    shown = httpx2.get(f"{url}/r/{site.url}/browser/app", headers={"accept": browsers}, timeout=60)
    assert shown.headers["content-type"].startswith("text/markdown") and SAID in shown.text


def test_client_gets_pictures_as_bytes(url: str, site: Site) -> None:
    with sdk.Client(url) as client:
        page = client.scrape(
            f"{site.url}/browser/more",
            render="always",
            actions=[{"type": "click", "selector": "#more"}],
            include=["screenshot", "pdf"],
        )
        assert isinstance(page.screenshot, bytes) and page.screenshot.startswith(PNG)
        assert isinstance(page.pdf, bytes) and "asked for by a click" in page.content
        typed = client.scrape(f"{site.url}/browser/more", actions=[Click(selector="#more")])
        assert typed.content == page.content
        assert not isinstance(typed.screenshot, bytes)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"render": "never", "wait_for": 5}, "render=never excludes"),
        ({"render": "never", "include": ["screenshot"]}, "`include`"),
        ({"html": "<p>x", "url": None, "actions": [{"type": "scroll"}]}, "`actions`: HTML that came"),
        ({"wait_for": 60_001}, "wait_for"),
        ({"wait_for": ""}, "wait_for"),
        ({"actions": [{"type": "dance"}]}, "dance"),
        ({"actions": [{"type": "click"}]}, "selector"),
        ({"actions": [{"type": "wait", "ms": 1, "speed": 2}]}, "speed"),
        ({"actions": [{"type": "scroll"}] * 51}, "actions"),
    ],
)
def test_bad_option_of_rendering_is_refused(url: str, site: Site, body: dict[str, Any], words: str) -> None:
    given = {name: value for name, value in ({"url": site.url} | body).items() if value is not None}
    answer = post(url, **given)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert words in answer.json()["detail"]


def test_gateway_without_a_browser_says_how_to_get_one(gateway_url: str, url: str, site: Site) -> None:
    page = post(gateway_url, url=f"{site.url}/browser/app").json()
    assert page["warnings"][0]["code"] == "js_shell"
    assert "apt install chromium-headless-shell" in page["warnings"][0]["message"]
    for body in ({"render": "always"}, {"include": ["screenshot"]}, {"wait_for": 1}):
        answer = post(gateway_url, url=f"{site.url}/browser/app", **body)
        assert answer.status_code == 400 and "apt install chromium" in answer.json()["detail"]


def winnow(*arguments: str, folder: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    passed = {name: value for name, value in os.environ.items() if not name.startswith("WINNOW_")}
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli.main", *arguments],
        env=passed | {"WINNOW_CACHE_DIR": str(folder), "WINNOW_CLEAN_WORKERS": "1"} | environ,
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_command_writes_pictures_and_doctor_tries_the_browser(tmp_path: Path, url: str, site: Site) -> None:
    image = tmp_path / "page.png"
    done = winnow(
        *("scrape", f"{site.url}/browser/more", "--render", "always", "--screenshot", str(image)),
        *("--action", '{"type": "click", "selector": "#more"}', "--wait-for", "#more"),
        folder=tmp_path,
        WINNOW_ALLOW_TARGETS=site.target,
    )
    assert done.returncode == 0, done.stderr
    assert "asked for by a click" in done.stdout and image.read_bytes().startswith(PNG)
    bad = winnow("scrape", site.url, "--action", "{", folder=tmp_path)
    assert bad.returncode == 2 and "is not JSON" in bad.stderr
    doctor = winnow("doctor", folder=tmp_path)
    assert "HeadlessChrome" in doctor.stdout and "starts in" in doctor.stdout
    without = winnow("doctor", folder=tmp_path, WINNOW_BROWSER="off")
    assert "apt install chromium-headless-shell" in without.stdout and without.returncode == doctor.returncode


def test_agent_sees_a_page(url: str, site: Site) -> None:
    require_packages(["mcp"], extra="mcp")
    from mcp.client import Client

    async def call() -> Any:
        async with Client(f"{url}/mcp") as client:
            return await client.call_tool("screenshot", {"url": f"{site.url}/browser/app"})

    answer = asyncio.run(call())
    assert answer.content[0].type == "image" and answer.content[0].mime_type == "image/png"

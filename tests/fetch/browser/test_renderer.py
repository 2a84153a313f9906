"""Pages once their scripts have run: their text, their address, their response, and what callers ask for in them."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest
import trustme

from fixtures.site import Answer, Site
from gateway.errors import (
    ActionFailed,
    ConnectFailed,
    DnsFailed,
    FetchTimeout,
    GatewayError,
    InvalidRequest,
    TooLarge,
    UnsupportedContent,
    UrlRefused,
)
from gateway.fetch.browser.executable import command_line, find_browser
from gateway.wire import Action, Click, Press, Scroll, Wait, Write
from tests.fetch.browser.pages import ARTICLE, BUILT, SENTENCE, TEXT, WRITE, Rendering, rendering, script
from tests.fetch.origins import Exchange, StubDns, origin

pytestmark = pytest.mark.anyio
HTML = {"content-type": "text/html"}


SCRIPTS = {
    "/posts.js": b"postMessage(1)",
    "/module.js": b"export const ready = true",
    "/worker.js": b"addEventListener('fetch', () => {})",
}


@pytest.fixture(scope="module")
async def served() -> AsyncIterator[Site]:
    async with Site().serving() as site:
        for name, page in BUILT.items():
            put(site, f"/{name}", page())
        put(site, "/framed", f"<body>{ARTICLE}")
        site.extra["/data"] = Answer(200, {"content-type": "text/plain"}, b"data")
        site.extra["/events"] = Answer(200, {"content-type": "text/event-stream"}, b"data: x\n\n")
        for name, code in SCRIPTS.items():
            site.extra[name] = Answer(200, {"content-type": "text/javascript"}, code)
        yield site


@pytest.fixture(scope="module")
async def at(served: Site) -> AsyncIterator[Rendering]:
    dns = StubDns(inside_test=[["10.0.0.1"]], outside_test=[["93.184.216.34", "127.0.0.1"]])
    async with rendering([served.target], resolver=dns, max_body_bytes=3_000_000) as built:
        await built.get(served.url + "/at-once")
        yield built


def put(site: Site, path: str, html: str, *, status: int = 200, **headers: str) -> str:
    site.extra[path] = Answer(status, HTML | headers, html.encode())
    return site.url + path


async def test_text_that_scripts_write_is_there(served: Site, at: Rendering) -> None:
    pages = dict(
        zip(BUILT, await asyncio.gather(*(at.text(f"{served.url}/{name}") for name in BUILT)), strict=True)
    )
    # many at once may need longer than the budget on a busy machine: by itself each is whole
    for name in [name for name, html in pages.items() if html.count(SENTENCE.strip()) < 10]:
        pages[name] = await at.text(f"{served.url}/{name}")
        assert pages[name].count(SENTENCE.strip()) >= 10, name
    shadow = pages["in-an-open-shadow-root"]
    assert "<template" not in shadow and "<slot" not in shadow and "display: block" not in shadow


async def test_route_behind_the_hash_is_shown(served: Site, at: Rendering) -> None:
    url = put(served, "/routed", script(f"if (location.hash === '#/users/%C3%A9?a=b') {{ {WRITE} }}"))
    assert SENTENCE.strip() in await at.text(f"{url}#/users/é?a=b")
    assert SENTENCE.strip() not in await at.text(url)


async def test_document_that_comes_slowly_is_read_to_its_end() -> None:
    async def behave(exchange: Exchange) -> None:
        await exchange.send(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n" + ARTICLE.encode()
        )
        await asyncio.sleep(2)
        await exchange.send(b"<p>The end of it.</p>")
        exchange.close()

    async with origin(behave) as seen, rendering([f"127.0.0.1/32:{seen.port}"]) as slow:
        assert "The end of it." in await slow.text(seen.url)


async def test_picture_that_is_not_loaded_stays_in_its_place(served: Site, at: Rendering) -> None:
    body = (
        "<div id=root></div><img id=chart src=/chart.png alt='A chart' crossorigin onerror='this.remove()'>"
    )
    html = await at.text(put(served, "/with-picture", script(WRITE, body=body)))
    assert 'src="/chart.png"' in html and "A chart" in html


async def test_answer_is_that_of_the_document_shown(served: Site, at: Rendering) -> None:
    put(served, "/kept", script(WRITE), **{"cache-control": "max-age=60", "set-cookie": "a=1", "etag": '"e"'})
    served.extra["/go"] = Answer(302, {"location": "/kept", "cache-control": "no-store"}, b"")
    page = await at.get(served.url + "/go")
    assert (page.status, page.url, page.final_url) == (200, served.url + "/go", served.url + "/kept")
    assert page.headers["cache-control"] == "max-age=60" and page.headers["set-cookie"] == ""
    assert page.headers["content-type"] == "text/html; charset=utf-8" and "content-length" not in page.headers
    assert [each["cache-control"] for each in page.redirects] == ["no-store"]
    assert page.rendering and page.rendering.engine == "chromium" and page.rendering.requests == 1
    moved = await at.get(served.url + "/from-a-module-by-history")
    assert moved.final_url == served.url + "/moved"


@pytest.mark.parametrize(("body", "status"), [(f"<p>{TEXT}", 404), ("", 404), ("", 503)])
async def test_status_of_an_error_is_handed_on(served: Site, at: Rendering, body: str, status: int) -> None:
    page = await at.get(put(served, f"/status-{status}", body, status=status))
    assert (page.status, SENTENCE.strip() in page.body.decode()) == (status, bool(body))


async def test_lone_surrogates_and_odd_names_are_text(served: Site, at: Rendering) -> None:
    url = put(
        served, "/odd", script(f"{WRITE}; document.body.append('\\ud83d lone', '\\ud83d\\ude00', '北京')")
    )
    html = await at.text(url)
    assert "\ufffd lone" in html and "😀" in html and "北京" in html


async def test_long_document_comes_whole_and_a_longer_one_is_refused(served: Site, at: Rendering) -> None:
    line = "'<p>' + i + '😀'.repeat(600) + '</p>'"
    code = "document.body.style.display = 'none';"
    code += f"document.body.innerHTML = Array.from({{{{length: {{n}}}}}}, (_, i) => {line}).join('')"
    long = await at.text(put(served, "/long", script(code.format(n=1200))))
    assert len(long) > 720_000 and all(f"<p>{i}{'😀' * 600}</p>" in long for i in range(1200))
    assert "\ufffd" not in long
    with pytest.raises(TooLarge, match="more than the limit of 3000000"):
        await at.get(put(served, "/longer", script(code.format(n=4000))))


# address -> what it ends in; port 1 is not one of those allowed
REFUSED: dict[str, type[GatewayError]] = {
    "http://127.0.0.1:8080/": UrlRefused,
    "http://[::1]:8080/": UrlRefused,
    "http://inside.test/": UrlRefused,
    "https://inside.test/": UrlRefused,
    "http://outside.test/": UrlRefused,
    "http://nowhere.test/": DnsFailed,
    "https://nowhere.test/": DnsFailed,
    "file:///etc/passwd": UrlRefused,
    "chrome://version": UrlRefused,
    "view-source:http://127.0.0.1/": UrlRefused,
    "{site}/documents/sample.pdf": UnsupportedContent,
    "{site}/as-json": UnsupportedContent,
    "{site}/as-file": UnsupportedContent,
    "{site}/redirect-inward": UrlRefused,
    "{site}/script-inward": UrlRefused,
    "{site}/redirect-nowhere": DnsFailed,
    "{site}/cut-off": UrlRefused,
}


async def test_page_that_cannot_be_had_is_a_typed_error(served: Site, at: Rendering) -> None:
    served.extra |= {
        "/as-json": Answer(200, {"content-type": "application/json"}, b'{"a": 1}'),
        "/as-file": Answer(200, HTML | {"content-disposition": "attachment"}, b"<p>file"),
        "/redirect-inward": Answer(302, {"location": "http://127.0.0.1:8080/"}, b""),
        "/redirect-nowhere": Answer(302, {"location": "https://nowhere.test/"}, b""),
        "/script-inward": Answer(200, HTML, script("location.href = 'http://inside.test/'").encode()),
        "/cut-off": Answer(302, {"location": "http://127.0.0.1:1/"}, b""),
    }
    urls = [address.format(site=served.url) for address in REFUSED]
    ends = await asyncio.gather(*map(at.get, urls), return_exceptions=True)
    assert dict(zip(REFUSED, map(type, ends), strict=True)) == REFUSED
    assert SENTENCE.strip() in await at.text(served.url + "/at-once"), "the next page is fine"


async def test_page_that_does_not_come_in_time_is_a_timeout(served: Site, at: Rendering) -> None:
    with pytest.raises(FetchTimeout, match=r"within 1\.5 s"):
        await at.get(f"{served.url}/held/never/at-once", timeout_s=1.5)


async def test_callers_headers_go_to_documents_of_the_first_origin_alone(served: Site) -> None:
    async with Site().serving() as other, rendering([served.target, other.target]) as at:
        other.extra["/frame"] = Answer(200, HTML, b"<p>frame")
        there = f"{other.url}/frame"
        code = (
            f"fetch('/data'); document.body.insertAdjacentHTML('beforeend', '<iframe src={there}></iframe>')"
        )
        url = put(served, "/with-headers", script(f"{WRITE}; {code}"))
        await at.get(
            url, headers={"Authorization": "Bearer secret", "X-Own": "yes", "Host": "evil", "Cookie": "sid=1"}
        )
        asked = {each.path: each.headers for each in [*served.requests, *other.requests]}
        assert asked["/with-headers"]["authorization"] == "Bearer secret"
        assert asked["/with-headers"]["x-own"] == "yes" and asked["/with-headers"]["cookie"] == "sid=1"
        assert "evil" not in asked["/with-headers"]["host"]
        for path in ("/data", "/frame"):
            assert not {"authorization", "x-own", "cookie"} & asked[path].keys()
        served.extra["/away"] = Answer(302, {"location": there}, b"")
        await at.get(f"{served.url}/away", headers={"Authorization": "Bearer secret"})
        assert "authorization" not in other.requests[-1].headers


async def test_pages_share_neither_cookies_nor_storage(served: Site, at: Rendering) -> None:
    code = "document.body.append(document.cookie || 'none', localStorage.x || 'none');"
    url = put(served, "/shared", script(f"{code} document.cookie = 'a=1'; localStorage.x = 'left'; {WRITE}"))
    for _ in range(2):
        assert "nonenone" in await at.text(url)


async def test_what_has_no_text_is_not_loaded_unless_it_is_shown(served: Site, at: Rendering) -> None:
    style = "<style>@font-face { font-family: f; src: url(/font.woff2) } body { font-family: f }</style>"
    body = f"<img src=/picture.png><video src=/film.mp4 autoplay></video><div id=root></div>{style}"
    url = put(served, "/pictures", script(WRITE, body=body))
    await at.get(url)
    assert not any(served.hits[path] for path in ("/picture.png", "/film.mp4", "/font.woff2"))
    page = await at.get(url, screenshot=True, pdf=True)
    assert served.hits["/picture.png"] == 1
    assert (
        page.screenshot and page.screenshot.startswith(b"\x89PNG") and page.pdf and page.pdf[:5] == b"%PDF-"
    )


async def test_screenshot_is_of_the_whole_page_up_to_what_can_be_painted(served: Site, at: Rendering) -> None:
    def size_of(png: bytes | None) -> tuple[int, int]:
        assert png is not None
        return int.from_bytes(png[16:20]), int.from_bytes(png[20:24])

    tall = put(served, "/tall", f"{ARTICLE}<div style='height: 5000px'></div>")
    page = await at.get(tall, screenshot=True)
    assert size_of(page.screenshot)[0] == 1280 and 5000 < size_of(page.screenshot)[1] < 5400
    page = await at.get(
        put(served, "/taller", f"{ARTICLE}<div style='height: 50000px'></div>"), screenshot=True
    )
    assert size_of(page.screenshot)[1] == 16_000
    assert page.rendering and [notice.code for notice in page.rendering.warnings] == ["screenshot_cut"]


ACTED = """
const say = (text) => { document.querySelector('#root').insertAdjacentHTML('beforeend', `<p>${text}</p>`) };
say('%s');
document.querySelector('#b').onclick = () => { say('clicked'); setTimeout(() => say('<i id=late>late</i>'), 400) };
document.querySelector('form').onsubmit = (e) => { e.preventDefault(); say('sent ' + e.target.i.value) };
let more = 0;
addEventListener('scroll', () => { if (more < 5) { more += 1; say('more ' + more + '<br style="height: 3000px">') } });
document.addEventListener('keydown', (e) => say('key ' + e.key));
new IntersectionObserver((all) => { if (all[0].isIntersecting) say('middle seen') }).observe(middle);
"""
# what is said comes below what is clicked on, which so stays where it is
BODY = (
    "<button id=b>Go</button><form><input id=i></form><div id=root></div><div style='height: 1500px'></div>"
    "<p id=middle>.</p><div style='height: 1500px'></div>"
)


# name -> actions, and what the page says then, in this order
ACTIONS: dict[str, tuple[list[Action], list[str]]] = {
    "click-and-wait": ([Click(selector="#b"), Wait(selector="#late")], ["clicked", "late"]),
    "click-again": ([Click(selector="#b", times=3)], ["clicked"] * 3),
    "wait-a-time": ([Click(selector="#b"), Wait(ms=600)], ["clicked", "late"]),
    "write-and-press": ([Write(selector="#i", text="héllo"), Press(key="Enter")], ["sent héllo"]),
    "keys": ([Press(key="ArrowDown"), Press(key="x")], ["key ArrowDown", "key x"]),
    "scroll": ([Scroll(times=2)], ["more 1"]),
    "scroll-past-the-middle": ([Scroll()], ["middle seen"]),
    "into-view": ([Scroll(selector="#b"), Wait()], []),
}


async def test_actions_are_done_in_their_order(served: Site, at: Rendering) -> None:
    url = put(served, "/acted", script(ACTED % TEXT, body=BODY))
    pages = await asyncio.gather(*(at.text(url, actions=actions) for actions, _ in ACTIONS.values()))
    for html, (name, (_, said)) in zip(pages, ACTIONS.items(), strict=True):
        place = 0
        for words in said:
            assert f"{words}<" in html[place:], name
            place = html.index(f"{words}<", place) + 1


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"actions": [Click(selector="#none")]}, ActionFailed, r"actions\[0\].*#none"),
        (
            {"actions": [Wait(ms=1), Wait(selector="#none")], "timeout_s": 3},
            ActionFailed,
            r"actions\[1\].*#none",
        ),
        ({"actions": [Click(selector="#unseen")]}, ActionFailed, "nothing visible"),
        ({"actions": [Click(selector="]]")]}, InvalidRequest, "not a CSS selector"),
        ({"actions": [Press(key="Foo")]}, InvalidRequest, "no key 'Foo'"),
        ({"wait_for": "a:b:c("}, InvalidRequest, "not a CSS selector"),
    ],
)
async def test_action_on_nothing_says_which(
    served: Site, at: Rendering, options: dict[str, Any], error: type[GatewayError], words: str
) -> None:
    url = put(served, "/nothing", f"<p>{TEXT}<i id=unseen style='display: none'>x</i>")
    with pytest.raises(error, match=words):
        await at.get(url, **options)


async def test_page_is_given_with_a_warning_where_what_is_waited_for_does_not_come(
    served: Site, at: Rendering
) -> None:
    page = await at.get(served.url + "/at-once", wait_for="#none", timeout_s=2.5)
    assert SENTENCE.strip() in page.body.decode()
    assert page.rendering and [notice.code for notice in page.rendering.warnings] == ["wait_for_missing"]


async def test_wait_for_an_element_or_a_time(served: Site, at: Rendering) -> None:
    later = f"{WRITE}; setTimeout(() => document.body.insertAdjacentHTML('beforeend', '<p id=late>Late</p>'), 900)"
    url = put(served, "/late", script(later))
    for wanted, came in [("#late", True), (1500, True), (100, False)]:
        assert ('id="late"' in await at.text(url, wait_for=wanted)) is came


async def test_certificate_that_does_not_hold_is_named() -> None:
    async def behave(exchange: Exchange) -> None:
        await exchange.answer(ARTICLE.encode(), headers="content-type: text/html\r\n")

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority = trustme.CA()
    authority.issue_cert("127.0.0.1").configure_cert(context)
    flag = "--ignore-certificate-errors"
    executable = find_browser("auto") or ""
    async with origin(behave, tls=context) as seen:
        url = f"https://127.0.0.1:{seen.port}/"
        async with rendering([f"127.0.0.1/32:{seen.port}"]) as at:
            with pytest.raises(ConnectFailed, match=r"no TLS session with .*CERT"):
                await at.get(url)
        trusting = [*command_line(executable), flag]
        async with rendering([f"127.0.0.1/32:{seen.port}"], command=trusting) as at:
            assert SENTENCE.strip() in await at.text(url), "through the tunnel"

"""Pages that want out, or want everything: nothing leaves but through the guard, and the next page is fine."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from fixtures.canary import canary, put_ways_out
from fixtures.site import Answer, Site
from gateway.errors import ConnectFailed, FetchTimeout, GatewayError, RenderFailed, TooLarge
from gateway.fetch.base import Fetched
from gateway.fetch.browser.executable import command_line, find_browser
from tests.fetch.browser.pages import SENTENCE, WRITE, Rendering, rendering, script
from tests.fetch.browser.processes import processes_of, zombies_of
from tests.leaks import eventually

pytestmark = pytest.mark.anyio
HTML = {"content-type": "text/html; charset=utf-8"}
MEMORY_BYTES = 300 * 1024**2
# for pages that never end
SHORT_S = 3.0
# for pages that end by themselves, however busy the machine is
LONG_S = 20.0


@pytest.fixture(scope="module")
async def served() -> AsyncIterator[Site]:
    async with Site().serving() as site:
        put(site, "/fine", script(WRITE))
        yield site


@pytest.fixture(scope="module")
async def at(served: Site) -> AsyncIterator[Rendering]:
    async with rendering(
        [served.target],
        timeout_s=LONG_S,
        memory_bytes=MEMORY_BYTES,
        max_body_bytes=1_000_000,
        concurrency=6,
    ) as built:
        await is_fine(served, built)
        yield built


def put(site: Site, path: str, html: str) -> str:
    site.extra[path] = Answer(200, HTML, html.encode())
    return site.url + path


async def is_fine(site: Site, at: Rendering) -> None:
    assert SENTENCE.strip() in await at.text(site.url + "/fine")


async def test_hostile_page_reaches_nothing_but_its_own_site(served: Site) -> None:
    async with canary() as bird, rendering([served.target], timeout_s=100) as at:
        url = put(served, "/leaks", script(f"{WRITE};{put_ways_out(served, bird.port)}"))
        for page in await asyncio.gather(
            at.get(url, wait_for="#tried"), at.get(url, wait_for="#tried", screenshot=True, pdf=True)
        ):
            assert SENTENCE.strip() in page.body.decode()
            assert page.rendering is not None and page.rendering.warnings == [], "every way was tried"
        assert served.hits["/to/127.0.0.1"] > 5, "the page's own site is reached"
        assert dict(bird.hits) == {}


async def test_browser_looks_up_no_name_by_itself(served: Site) -> None:
    """Some of what pages do passes the proxies by: the names of TURN servers were asked for, of whoever answers."""
    past = [flag for flag in command_line(find_browser("auto") or "") if not flag.startswith("--proxy-")]
    async with rendering([served.target], command=past, own_network=True) as at:
        assert SENTENCE.strip() in await at.text(served.url + "/fine")
        with pytest.raises(ConnectFailed, match="NAME_NOT_RESOLVED"):
            await at.get(served.url.replace("127.0.0.1", "localhost") + "/fine")


# pages that behave badly and are pages all the same: each ends in a result or a typed error
RUDE = {
    "asks": "for (;;) { alert(1); if (!confirm('x')) prompt('y') }",
    "reloads": "setInterval(() => location.reload(), 10)",
    "pushes-state": "setInterval(() => history.pushState({}, '', '/' + Math.random()), 1)",
    "popups": "setInterval(() => window.open('/fine'), 5)",
    "fetches": "setInterval(() => fetch('/fine?' + Math.random()), 0)",
    "frames": "setInterval(() => document.body.append(Object.assign(document.createElement('iframe'),"
    " {src: '/frames'})), 5)",
    "data-addresses": "setInterval(() => fetch('data:,' + 'x'.repeat(1e6)), 1)",
    "does-not-let-go": "onbeforeunload = () => 'stay'; location = '/fine'",
    "blob": "location = 'blob:' + location.origin + '/x'",
    "blank": "location = 'about:blank'",
    "file": "location = 'file:///etc/passwd'; window.open('file:///etc/passwd')",
    "chrome": "location = 'chrome://crash'; window.open('chrome://kill')",
    "javascript": "location = 'javascript:document.write(1)'",
    "mailto": "location = 'mailto:a@b'",
    "downloads": "Object.assign(document.createElement('a'), {href: '/fine', download: 'x.html'}).click()",
    "asks-for-permission": "Notification.requestPermission(); navigator.geolocation.getCurrentPosition(() => {})",
    "no-document": "document.documentElement.remove()",
    "deep": "let e = document.body;"
    " for (let i = 0; i < 20000; i++) e = e.appendChild(document.createElement('b'))",
    "prints": "document.close(); document.write('<plaintext>'); print()",
}


@pytest.mark.slow
async def test_rude_page_ends_in_a_result_or_a_typed_error(served: Site, at: Rendering) -> None:
    urls = [put(served, f"/rude/{name}", script(code)) for name, code in RUDE.items()]
    ends = dict(zip(RUDE, await asyncio.gather(*map(at.get, urls), return_exceptions=True), strict=True))
    assert {name: end for name, end in ends.items() if not isinstance(end, Fetched | GatewayError)} == {}
    assert not any(b"root:" in end.body for end in ends.values() if isinstance(end, Fetched))
    await is_fine(served, at)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        pytest.param("for (;;) {}", FetchTimeout, id="spins"),
        pytest.param(
            "const r = new XMLHttpRequest(); r.open('GET', '/held/never/x', false); r.send()",
            FetchTimeout,
            id="hangs",
        ),
        pytest.param(
            f"{WRITE}; setTimeout(() => {{ for (;;) {{}} }}, 200)", FetchTimeout, id="spins-with-text"
        ),
        pytest.param(
            "const all = []; setInterval(() => { for (let i = 0; i < 20; i++)"
            " all.push(new Uint8Array(2 ** 20).fill(7)) }, 1)",
            RenderFailed,
            id="allocates",
        ),
        pytest.param(
            "const all = []; for (;;) all.push(new Array(1000).fill(all.length))",
            RenderFailed,
            id="fills-the-heap",
        ),
        pytest.param("let t = 'x'; for (;;) { document.body.append(t += t) }", GatewayError, id="grows"),
    ],
)
async def test_page_that_takes_all_it_can_ends_in_time_and_the_next_one_is_fine(
    served: Site, at: Rendering, code: str, error: type[GatewayError]
) -> None:
    timeout_s = LONG_S if error is RenderFailed else SHORT_S
    with pytest.raises(error):
        await at.get(put(served, "/hostile", script(code)), timeout_s=timeout_s)
    await is_fine(served, at)
    await eventually(lambda: not any(zombies_of(keeper) for keeper in at.browsers.keepers), within_s=5)


@pytest.mark.slow
async def test_endless_body_ends_at_the_pages_bytes(served: Site) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n")
            while True:
                writer.write(b"<p>" + b"more " * 10_000)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.close()

    server = await asyncio.start_server(endless, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, rendering([f"127.0.0.1/32:{port}"], max_body_bytes=500_000) as at:
        with pytest.raises(TooLarge):
            await at.get(f"http://127.0.0.1:{port}/")


@pytest.mark.slow
async def test_crowd_of_hostile_pages_holds_up_nobody(served: Site, at: Rendering) -> None:
    spin = put(served, "/spin", script("for (;;) {}"))
    crowd = [asyncio.create_task(at.get(spin, timeout_s=SHORT_S)) for _ in range(3)]
    await asyncio.sleep(0.2)
    await is_fine(served, at)
    ends = await asyncio.gather(*crowd, return_exceptions=True)
    assert {type(end) for end in ends} == {FetchTimeout}


async def test_caller_that_leaves_takes_its_page_along(served: Site, at: Rendering) -> None:
    (keeper,) = at.browsers.keepers
    spin = put(served, "/spin", script("for (;;) {}"))
    task = asyncio.create_task(at.get(spin))
    await asyncio.sleep(0.8)
    with_page = len(processes_of(keeper))
    task.cancel()
    assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError)
    await asyncio.sleep(1)
    assert len(processes_of(keeper)) <= with_page
    await is_fine(served, at)

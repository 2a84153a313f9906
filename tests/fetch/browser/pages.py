"""Pages that scripts build, and a renderer for them: one browser for the tests of a module."""

import contextlib
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

from gateway.fetch.base import NO_BROWSER, Fetched, RenderRequest
from gateway.fetch.browser.browsers import Browser, Browsers
from gateway.fetch.browser.executable import command_line, find_browser
from gateway.fetch.browser.process import BrowserProcess
from gateway.fetch.browser.renderer import BrowserRenderer
from gateway.fetch.http.dns import Resolver, ThreadResolver
from gateway.fetch.http.guard import Guard, Policy
from gateway.fetch.http.outbound import OutboundProxies
from tests.requirements import require

_SCRIPT = re.compile(r"<script.*?</script>", re.DOTALL)
SENTENCE = "The words that the script has written for this one page. "
TEXT = SENTENCE * 10
ARTICLE = f"<article><p>{TEXT}</p></article>"


class Rendering:
    """A renderer with the browsers behind it."""

    def __init__(self, renderer: BrowserRenderer, browsers: Browsers) -> None:
        self.renderer, self.browsers = renderer, browsers

    async def get(self, url: str, **options: Any) -> Fetched:
        return await self.renderer.render(RenderRequest(url=url, **({"timeout_s": 100} | options)))

    async def text(self, url: str, **options: Any) -> str:
        """The HTML of a page, its scripts left out."""
        return _SCRIPT.sub("", (await self.get(url, **options)).body.decode())


@contextlib.asynccontextmanager
async def rendering(
    targets: list[str],
    *,
    resolver: Resolver | None = None,
    proxies: OutboundProxies | None = None,
    command: list[str] | None = None,
    launch: Callable[[], Browser] | None = None,
    memory_bytes: int = 1024**3,
    browser_options: dict[str, Any] | None = None,
    **options: Any,
) -> AsyncIterator[Rendering]:
    """A renderer that may reach these targets and nothing else on this machine."""
    executable = find_browser("auto")
    require(executable is not None, NO_BROWSER)
    policy = Policy(allow_targets=targets)
    command = command or list(command_line(executable or ""))

    def launch_here() -> Browser:
        return BrowserProcess(command, memory_bytes=memory_bytes)

    browsers = Browsers(launch or launch_here, **(browser_options or {}))
    renderer = BrowserRenderer(
        browsers=browsers,
        backend=Guard(policy=policy, resolver=resolver or ThreadResolver(), proxies=proxies),
        policy=policy,
        **options,
    )
    try:
        yield Rendering(renderer, browsers)
    finally:
        await renderer.aclose()


def script(code: str, *, body: str = "<div id=root></div>", head: str = "") -> str:
    """A page of one script."""
    head = f"<meta charset=utf-8><title>App</title>{head}"
    return f"<!DOCTYPE html><html lang=en><head>{head}</head><body>{body}<script>{code}</script>"


WRITE = f"document.getElementById('root').innerHTML = {ARTICLE!r}"

# name -> page; each has TEXT once its scripts have run
BUILT: dict[str, Callable[[], str]] = {
    "at-once": lambda: script(WRITE),
    "after-a-timer": lambda: script(f"setTimeout(() => {{ {WRITE} }}, 1500)"),
    "after-a-slow-fetch": lambda: script(
        f"fetch('/slow/2000/data').then((r) => r.text()).then(() => {{ {WRITE} }})"
    ),
    # by GraphQL, say
    "after-a-post": lambda: script(
        f"fetch('/data', {{method: 'POST', body: '{{}}'}}).then((r) => r.text()).then(() => {{ {WRITE} }})"
    ),
    "after-slow-fetch-with-a-menu": lambda: script(
        f"fetch('/slow/1500/data').then((r) => r.text()).then(() => {{ {WRITE} }})",
        body=f"<nav>{'<a href=/>A word of the menu</a> ' * 10}</nav><div id=root></div>",
    ),
    "in-steps": lambda: script(
        "const add = (n) => fetch('/data').then((r) => r.text()).then(() => {"
        f"document.getElementById('root').innerHTML += '<p>{SENTENCE}</p>'; if (n > 1) setTimeout(add, 150, n - 1) }});"
        "add(10)"
    ),
    "poller": lambda: script(f"{WRITE}; setInterval(() => fetch('/data'), 120)"),
    "long-poll": lambda: script(f"{WRITE}; fetch('/held/never/data')"),
    "ticker": lambda: script(
        f"{WRITE}; const c = document.body.appendChild(document.createElement('p'));"
        "setInterval(() => { c.textContent = new Date().toISOString() }, 50)"
    ),
    "in-an-open-shadow-root": lambda: script(
        "class Piece extends HTMLElement { connectedCallback() { const root = this.attachShadow({mode: 'open'});"
        "root.innerHTML = '<style>p { display: block }</style><section><slot></slot>"
        f"<p>{SENTENCE * 5}</p></section>' }} }};"
        "customElements.define('x-piece', Piece);"
        f"document.getElementById('root').innerHTML = '<x-piece><p>{SENTENCE * 5}</p></x-piece>'"
    ),
    "in-a-frame-of-the-site": lambda: script("", body="<iframe src='/framed' width=800 height=600></iframe>"),
    "after-a-redirect-by-script": lambda: script("location.replace('/at-once')"),
    "after-a-refresh": lambda: "<meta http-equiv=refresh content='0; url=/at-once'><script></script>",
    "from-a-module-by-history": lambda: (
        f"<div id=root></div><script type=module>history.pushState({{}}, '', '/moved'); {WRITE}</script>"
    ),
    # the words of the menu are not what the page is about
    "after-a-long-fetch-with-a-menu": lambda: script(
        f"fetch('/slow/2500/data').then((r) => r.text()).then(() => {{ {WRITE} }})",
        body=f"<header><nav>{'<a href=/>A word of the menu</a> ' * 10}</nav></header><div id=root></div>",
    ),
    "after-a-long-fetch-with-a-menu-of-links": lambda: script(
        f"fetch('/slow/2500/data').then((r) => r.text()).then(() => {{ {WRITE} }})",
        body=f"<div>{'<a href=/>A short link</a> ' * 20}</div><div id=root></div>",
    ),
    "after-a-late-refresh": lambda: (
        "<meta http-equiv=refresh content='2; url=/at-once'><p>You are on your way."
    ),
    "in-closed-shadow-roots": lambda: script(
        "const holds = (html) => class extends HTMLElement { constructor() { super();"
        "this.attachShadow({mode: 'closed'}).innerHTML = html } };"
        f"customElements.define('x-inner', holds('<section><slot></slot><p>{SENTENCE * 5}</p></section>'));"
        "customElements.define('x-outer', holds('<x-inner><p><slot></slot></p></x-inner>'));"
        "customElements.define('x-plain', class extends HTMLElement {});"
        f"document.getElementById('root').innerHTML = '<x-plain>plain</x-plain><x-outer>{SENTENCE * 5}</x-outer>'"
    ),
    "while-it-has-the-focus": lambda: script(
        f"setInterval(() => {{ if (document.hasFocus()) {{ {WRITE} }} }}, 100)"
    ),
    "once-its-picture-is-there": lambda: script(
        f"const picture = new Image(); picture.onload = () => {{ {WRITE} }}; picture.src = '/picture.webp'"
    ),
    "once-its-service-worker-is-there": lambda: script(
        "navigator.serviceWorker.register('/worker.js').then(() => navigator.serviceWorker.ready)"
        f".then(() => {{ {WRITE} }})"
    ),
    "from-a-worker": lambda: script(f"new Worker('/posts.js').onmessage = () => {{ {WRITE} }}"),
    "from-events-of-the-server": lambda: script(
        f"new EventSource('/events').onmessage = () => {{ {WRITE} }}"
    ),
    "in-a-frame-of-animation": lambda: script(
        f"requestAnimationFrame(() => requestIdleCallback(() => {{ {WRITE} }}))"
    ),
    "once-it-is-in-view": lambda: script(
        f"new IntersectionObserver((all) => {{ if (all[0].isIntersecting) {{ {WRITE} }} }}).observe("
        "document.getElementById('root'))",
        body="<div id=root style='height: 100px'></div>",
    ),
    "once-it-has-a-cookie": lambda: script(
        f"if (document.cookie) {{ {WRITE} }} else {{ document.cookie = 'seen=1'; location.reload() }}"
    ),
    "by-document-write": lambda: f"<title>App</title><script>document.write({ARTICLE!r})</script>",
    "by-an-import-map": lambda: (
        '<script type=importmap>{"imports": {"app": "/module.js"}}</script><div id=root></div>'
        f"<script type=module>import {{ ready }} from 'app'; if (ready) {{ {WRITE} }}</script>"
    ),
    "with-a-database": lambda: script(
        f"indexedDB.open('x').onsuccess = () => caches.open('y').then(() => {{ {WRITE} }})"
    ),
    "beside-a-script-that-hangs": lambda: script(
        WRITE, head="<script async src=/held/never/tracker.js></script>"
    ),
    "with-clobbered-names": lambda: script(
        WRITE,
        body="<form id=documentElement><input name=childNodes><input name=shadowRoot></form><div id=root></div>"
        "<img name=querySelectorAll><img name=readyState><img name=body><img name=scripts>",
    ),
}

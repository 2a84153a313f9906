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
    "with-clobbered-names": lambda: script(
        WRITE,
        body="<form id=documentElement><input name=childNodes><input name=shadowRoot></form><div id=root></div>"
        "<img name=querySelectorAll><img name=readyState><img name=body><img name=scripts>",
    ),
}

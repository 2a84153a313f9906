"""Which browser is run, and with which flags."""

import shutil
from collections.abc import Sequence
from pathlib import Path

# the headless shell takes a sixth of the CPU of the same engine's whole browser, so it goes first
_CANDIDATES = (
    "/usr/lib/chromium/chromium-headless-shell",
    "chromium-headless-shell",
    "chrome-headless-shell",
    "headless_shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
)
# what goes past a page's own proxy goes nowhere
DEAD_PROXY = "127.0.0.1:9"

_FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    f"--proxy-server={DEAD_PROXY}",
    "--proxy-bypass-list=<-loopback>",
    # names are the proxy's to look up: WebRTC asks for those of TURN servers itself, and so would tell them to anybody
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--block-new-web-contents",
    "--dns-prefetch-disable",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-domain-reliability",
    # no WebGL: a page's text needs none, and it takes a tenth of the memory
    "--disable-gpu",
    "--disable-software-rasterizer",
    # a process less; it has no sandbox of its own on Linux either
    "--enable-features=NetworkServiceInProcess2",
    # another one less: it starts what takes on a sandbox by itself, which the browser does then
    "--no-unsandboxed-zygote",
    "--disable-quic",
    # the last two read scripts beside the page's own thread: sooner where cores are idle, with 2 % more CPU in all
    "--disable-features=Translate,MediaRouter,OptimizationHints,AsyncDns,DnsOverHttps,"
    "ScriptStreaming,BackgroundResourceFetch",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
    "--mute-audio",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--password-store=basic",
    "--use-mock-keychain",
)


def find_browser(setting: str) -> str | None:
    """The browser to run, None where there is none or none is wanted.

    Args:
        setting: `auto`, `off`, or the path of one.
    """
    if setting == "off":
        return None
    if setting != "auto":
        return shutil.which(setting)
    found = (name if Path(name).is_file() else shutil.which(name) for name in _CANDIDATES)
    return next((path for path in found if path), None)


def command_line(executable: str, *, user_agent: str | None = None, sandbox: bool = True) -> Sequence[str]:
    """How the browser is started, its folder apart.

    Args:
        user_agent: what it sends; its own by default.
    """
    return [
        executable,
        *_FLAGS,
        *([f"--user-agent={user_agent}"] if user_agent else []),
        *([] if sandbox else ["--no-sandbox"]),
    ]

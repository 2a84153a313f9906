"""What keys, limits, metrics and logging cost a cached scrape, in CPU: the service with them against without.

    python -m bench.overhead            # in one process, no sockets; rounds alternate, so noise hits both alike

"With" is the service as operated: a key with a rate, a concurrency and a monthly budget, metrics, a log line a
request. "Without" is the same app with access control, access log and page metrics that do nothing. Target: 0.5 CPU-ms
a request.
"""

import asyncio
import io
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from unittest import mock

from litestar import Litestar
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from bench.figures import note
from fixtures.site import Site
from gateway.api.context import AccessLog
from gateway.app import create_app
from gateway.auth.keys import Key, hash_secret
from gateway.scraping.scraped_page import ScrapedPage
from gateway.settings import Settings
from gateway.telemetry.log import make_log
from gateway.telemetry.metrics import Metrics
from gateway.wire import encode_json

ROUNDS, CALLS = 9, 300
PAGE = "documentation-go-tutorial"
SECRET = "wnw_bench"
MANY = 1_000_000_000


def build(folder: Path, port: str) -> Litestar:
    """The service with everything on, logging into the void."""
    key = Key(
        name="bench",
        sha256=hash_secret(SECRET),
        requests_per_minute=MANY,
        concurrency=1000,
        tokens_per_month=MANY,
    )
    settings = Settings(
        cache_dir=str(folder),
        keys_file=str(folder / "no-keys.json"),
        keys=[key],
        clean_workers=1,
        allow_targets=[f"127.0.0.1/32:{port}"],
    )
    return create_app(settings, log=make_log(io.TextIOWrapper(io.BytesIO())))


class Open(ASGIMiddleware):
    """Access control that checks nothing."""

    def __init__(self, *_: object) -> None:
        pass

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        await next_app(scope, receive, send)


class Blind(AccessLog):
    """A watch that sees nothing."""

    async def before_send(self, message: Message, scope: Scope) -> None:
        pass


class Uncounted(Metrics):
    """Metrics that count no page."""

    def observe_page(self, page: ScrapedPage) -> None:
        pass


def build_without(folder: Path, port: str) -> Litestar:
    """The same, with the three parts replaced by ones that do nothing."""
    with mock.patch.multiple("gateway.app", AccessMiddleware=Open, AccessLog=Blind, Metrics=Uncounted):
        return build(folder, port)


async def ask(app: Litestar, body: bytes) -> int:
    """One `POST /v1/scrape` through ASGI; the status."""
    status = 0
    sent = False
    headers = [(b"content-type", b"application/json"), (b"authorization", f"Bearer {SECRET}".encode())]
    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/scrape",
        "raw_path": b"/v1/scrape",
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }

    async def receive() -> Any:
        nonlocal sent
        if sent:
            await asyncio.sleep(3600)
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    await app(scope, receive, send)
    return status


async def cpu_ms(app: Litestar, body: bytes) -> float:
    began = time.process_time()
    for _ in range(CALLS):
        if (status := await ask(app, body)) != 200:
            sys.exit(f"the service answered {status}")
    return (time.process_time() - began) * 1e3 / CALLS


async def main() -> None:
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(Site().serving())
        port = site.url.rpartition(":")[2]
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        apps = {"with": build(folder / "with", port), "without": build_without(folder / "without", port)}
        body = encode_json({"url": f"{site.url}/pages/{PAGE}"})
        for app in apps.values():
            await stack.enter_async_context(app.lifespan())
            await cpu_ms(app, body)  # fetch, fill the caches, warm up
        runs: dict[str, list[float]] = {name: [] for name in apps}
        for _ in range(ROUNDS):
            for name, app in apps.items():
                runs[name].append(await cpu_ms(app, body))
    for name, values in runs.items():
        print(f"{name:8} {statistics.median(values):.3f} CPU-ms a request")
    added = statistics.median(a - b for a, b in zip(runs["with"], runs["without"], strict=True))
    note(added_cpu_ms=added)
    print(f"added    {added:.3f} CPU-ms (median of {ROUNDS} pairs of {CALLS} requests; target 0.5)")


if __name__ == "__main__":
    asyncio.run(main())

"""The real service on a real socket, for tests: uvicorn in a thread, settings as keyword arguments."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from structlog.typing import FilteringBoundLogger

from gateway.app import create_app
from gateway.server.protocol import BoundedHttp
from gateway.settings import Settings
from tests.leaks import wait_until


def leave_once(holds: Callable[[], object], url: str, body: dict[str, Any] | None = None) -> None:
    """Send a request and hang up, without an answer, as soon as `holds` does."""
    parts = urlsplit(url)
    with closing(HTTPConnection(parts.hostname or "", parts.port, timeout=60)) as connection:
        target = url.partition(parts.netloc)[2]
        if body is None:
            connection.request("GET", target)
        else:
            connection.request("POST", target, json.dumps(body), {"content-type": "application/json"})
        wait_until(holds)


@contextmanager
def running_gateway(
    cache_dir: Path | str,
    *,
    log: FilteringBoundLogger | None = None,
    http: type[BoundedHttp] = BoundedHttp,
    **settings: Any,
) -> Iterator[str]:
    """Serve until the block ends; yields the base address. No key of this machine's user is looked at."""
    defaults = {
        "clean_workers": 1,
        "keys_file": str(Path(cache_dir) / "no-keys.json"),
        "jobs_dir": str(Path(cache_dir) / "jobs"),
        "browser": "off",
    }
    app = create_app(Settings(cache_dir=str(cache_dir), **(defaults | settings)), log=log)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, http=http, log_level="warning", access_log=False, timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the gateway did not start")
        thread.join(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(60)
        listener.close()
        if thread.is_alive():
            raise RuntimeError("the gateway did not stop")

"""`winnow serve`: uvicorn around the app, with settings checked before anything listens."""

import os
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping

import uvicorn

from gateway.server.descriptors import fitted, raise_limit, share
from gateway.server.exposure import check_exposure, open_keyring
from gateway.server.fleet import Fleet
from gateway.server.protocol import BoundedHttp
from gateway.settings import Settings, SettingsError, load_settings
from gateway.telemetry.metrics import FOLDER

BACKLOG = 2048
APP = "gateway.app:create_app_from_environment"
LOOP = "gateway.server.listener:Loop"

# every address of the machine, this one's own among them
_ANYWHERE = ("", "0.0.0.0", "::")


def serve(*, check_parts: Callable[[Settings, Mapping[str, str]], None]) -> int:
    """Serve until a signal ends it.

    Args:
        check_parts: raises SettingsError if the app could not be built from the settings and the environment.
    Raises:
        SettingsError, KeyFault: before a socket is opened.
    """
    settings = load_settings(os.environ)
    _fit(settings)
    check_exposure(settings)
    check_parts(settings, os.environ)
    listener = _listen(settings)
    _greet(settings, port=listener.getsockname()[1])
    config = uvicorn.Config(
        APP,
        factory=True,
        backlog=BACKLOG,
        workers=settings.workers,
        http=BoundedHttp,
        loop=LOOP,
        # no route speaks WebSocket, and its library has bounds of its own
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        # the drain comes first: only idle connections are left then
        timeout_graceful_shutdown=1,
        # X-Forwarded-* is anybody's word
        proxy_headers=False,
        timeout_keep_alive=75,
    )
    if settings.workers == 1:
        server = uvicorn.Server(config)
        server.run(sockets=[listener])
        return 0 if server.started else 1
    with tempfile.TemporaryDirectory(prefix="winnow-metrics-") as folder:
        # inherited by the processes, and read when they import the library
        os.environ[FOLDER] = folder
        Fleet(config, listener=listener, drain_s=settings.drain_s).run()
    return 0


def _fit(settings: Settings) -> None:
    """Say what the limit of descriptors leaves of the settings; each process fits its own."""
    limit = raise_limit()
    room = fitted(settings, share(limit))
    if room != settings:
        print(
            f"winnow: {limit} open files and sockets leave room for {room.max_concurrency} requests at a time, "
            f"{room.queue_limit} waiting and {room.clean_workers} cleaning workers; `ulimit -n` allows more",
            file=sys.stderr,
        )


def _listen(settings: Settings) -> socket.socket:
    """The port, bound before the service is announced; processes that are started inherit it."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    except OSError as exc:
        raise SettingsError(
            f"cannot listen on {settings.host} port {settings.port}: {exc.strerror}; "
            "WINNOW_HOST and WINNOW_PORT name another place"
        ) from exc
    listener.set_inheritable(True)
    return listener


def _greet(settings: Settings, *, port: int) -> None:
    address = shown_address(settings, port=port)
    key = "-H 'Authorization: Bearer <key>' " if open_keyring(settings).has_keys else ""
    print(
        f"winnow serves {address} (playground: {address}/, docs: {address}/docs). Try:\n\n"
        f"  curl -s {address}/v1/scrape {key}-H 'Content-Type: application/json' \\\n"
        f'    -d \'{{"url": "https://example.com"}}\'\n',
        flush=True,
    )


def shown_address(settings: Settings, *, port: int) -> str:
    """Where the service is reached from this machine: in a container, where its port is published.

    Args:
        port: the one that was bound.
    """
    host, shown_port = settings.host, str(port)
    if settings.publish:
        # a port alone is published on every address
        host, _, shown_port = settings.publish.rpartition(":")
    host = host.strip("[]")
    if host in _ANYWHERE:
        host = "127.0.0.1"
    return f"http://[{host}]:{shown_port}" if ":" in host else f"http://{host}:{shown_port}"

"""`winnow serve`: uvicorn around the app, with settings checked before anything listens."""

import os
import tempfile

import uvicorn

from gateway.access import check_exposure, open_keyring
from gateway.fleet import Fleet
from gateway.inbound import BoundedHttp
from gateway.metrics import FOLDER
from gateway.settings import Settings, load_settings

APP = "gateway.app:create_app_from_environment"


def serve() -> int:
    """Serve until a signal ends it. Raises SettingsError or KeyFault before a socket is opened."""
    settings = load_settings(os.environ)
    check_exposure(settings)
    _greet(settings)
    config = uvicorn.Config(
        APP,
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        http=BoundedHttp,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,  # the drain comes first: only idle connections are left then
        proxy_headers=False,  # X-Forwarded-* is anybody's word
        timeout_keep_alive=75,
    )
    if settings.workers == 1:
        server = uvicorn.Server(config)
        server.run()
        return 0 if server.started else 1
    with tempfile.TemporaryDirectory(prefix="winnow-metrics-") as folder:
        os.environ[FOLDER] = folder  # inherited by the processes, and read when they import the library
        Fleet(config, drain_s=settings.drain_s).run()
    return 0


def _greet(settings: Settings) -> None:
    address = f"http://{settings.host}:{settings.port}"
    key = "-H 'Authorization: Bearer <key>' " if open_keyring(settings).has_keys else ""
    print(
        f"winnow serves {address} (docs: {address}/docs). Try:\n\n"
        f"  curl -s {address}/v1/scrape {key}-H 'Content-Type: application/json' \\\n"
        f'    -d \'{{"url": "https://example.com"}}\'\n',
        flush=True,
    )

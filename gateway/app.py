"""The composition root: every object is built here, once, from settings."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import platformdirs
from litestar import Litestar
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig

from gateway import __version__
from gateway.cache import open_cache
from gateway.cache.base import Cache
from gateway.cache.single_flight import SingleFlight
from gateway.fetch.base import Fetcher
from gateway.fetch.client import HttpFetcher
from gateway.health import Health
from gateway.routes import health, problems, requests, scrape, tokens
from gateway.scrape import Scraper
from gateway.settings import Settings, load_settings
from gateway.workers import WorkerPool


def cache_directory(settings: Settings) -> Path:
    """Where the embedded cache lives: CACHE_DIR, else the platform's folder for caches."""
    return Path(settings.cache_dir or platformdirs.user_cache_dir("winnow"))

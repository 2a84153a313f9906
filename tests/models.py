"""A gateway of the models' routes in front of an upstream that says what a test tells it to, and clients of it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anthropic
import httpx2
import openai
from litestar import Litestar
from litestar.di import Provide

from backends.registry import Registry
from backends.specs import BackendSpec, ModelSpec
from gateway.api import problems
from gateway.api.anthropic import errors as anthropic_errors
from gateway.api.anthropic import messages
from gateway.api.bodies import Bodies
from gateway.api.openai import errors as openai_errors
from gateway.api.openai import routes as openai_routes
from gateway.api.services import Services
from gateway.completions.completer import Completer
from gateway.completions.web_context import WebContextBuilder
from gateway.net import sse
from gateway.scraping.scraped_page import ScrapedPage
from gateway.wire import ScrapeRequest
from tests.inline import InlineWorkers
from tests.serving import served
from tests.shelf import DictCache
from tests.upstream import Heard, Said, Upstream, upstream

HI: Any = [{"role": "user", "content": "Hi"}]


class NoPages:
    """A scraper for tests that ask for none; those with pages run the whole service (test_chat_web)."""

    async def scrape(self, request: ScrapeRequest, *, tenant: str = "", again: bool = False) -> ScrapedPage:
        raise NotImplementedError


class Stack:
    """A gateway in front of an upstream, and clients of it."""

    def __init__(self, url: str, up: Upstream, cache: DictCache) -> None:
        self.url, self.up, self.cache = url, up, cache
        self.openai = openai.AsyncOpenAI(base_url=url + "/v1", api_key="caller-key", max_retries=0)
        self.anthropic = anthropic.AsyncAnthropic(base_url=url, api_key="caller-key", max_retries=0)
        self.http = httpx2.AsyncClient(base_url=url, trust_env=False, timeout=20)

    async def post(self, headers: dict[str, str] | None = None, **fields: Any) -> httpx2.Response:
        body = {"model": "m", "messages": HI} | fields
        return await self.http.post("/v1/chat/completions", json=body, headers=headers or {})

    async def events(self, **fields: Any) -> list[bytes]:
        """The data of every event of a streamed answer."""
        response = await self.post(stream=True, **fields)
        assert response.status_code == 200, response.text
        return [event.data for event in sse.EventDecoder().feed(response.content)]


@asynccontextmanager
async def gateway(
    answer: Said | Callable[[Heard], Said], *specs: BackendSpec, kind: str = "remote", **more: Any
) -> AsyncIterator[Stack]:
    """Upstream, gateway and clients; without `specs` one backend `up` that serves `m`, of the format `kind`."""
    async with upstream(answer) as up:
        mine = BackendSpec(
            name="up", kind=kind, url=up.url, api_key="server-key", models=[ModelSpec(name="m")]
        )
        registry = Registry([mine, *specs], **more)
        cache = DictCache()
        completer = Completer(registry, cache=cache, workers=InlineWorkers())
        parts = dict.fromkeys(Services.__struct_fields__)  # what no route here asks for is not there
        web_context_builder = WebContextBuilder(scraper=NoPages(), workers=InlineWorkers())
        needed = {
            "completer": completer,
            "web_context_builder": web_context_builder,
            "bodies": Bodies(InlineWorkers()),
            "workers": InlineWorkers(),
        }
        services = Services(**parts | needed)
        app = Litestar(
            [*openai_routes.routers(), messages.router],
            exception_handlers=problems.exception_handlers([openai_errors.DIALECT, anthropic_errors.DIALECT]),
            dependencies={"services": Provide(lambda: services, sync_to_thread=False)},
        )
        async with served(app) as url:
            stack = Stack(url, up, cache)
            async with stack.openai, stack.anthropic, stack.http:
                yield stack
            await completer.aclose()
            await registry.aclose()

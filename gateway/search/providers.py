"""Search engines that answer programs: SearXNG, Brave and Tavily.

Their addresses are the operator's, so they are not held to the address policy; what they find is.
"""

from collections.abc import Callable
from typing import Any, Protocol

import httpx2
import msgspec
from msgspec import Struct

from gateway.errors import SearchFailed, SearchUnavailable
from gateway.wire.search import TimeRange

TIMEOUT_S = 15.0
BRAVE_URL = "https://api.search.brave.com/res/v1"
TAVILY_URL = "https://api.tavily.com"
MAX_ANSWER_BYTES = 4 * 1024**2
_BRAVE_FRESHNESS: dict[TimeRange, str] = {"day": "pd", "week": "pw", "month": "pm", "year": "py"}
NO_PROVIDER = (
    "no search engine is configured: set SEARCH_URL (a SearXNG of your own), BRAVE_API_KEY or TAVILY_API_KEY, with the "
    "prefix WINNOW_"
)


class Query(Struct, kw_only=True, frozen=True):
    """What is searched for."""

    text: str
    limit: int
    language: str | None = None
    time_range: TimeRange | None = None


class FoundPage(Struct, kw_only=True, frozen=True):
    """A result as the engine gives it."""

    url: str
    title: str
    snippet: str
    published: str | None = None


class SearchProvider(Protocol):
    """A search engine.

    Raises SearchFailed when it does not answer, or not as it should, and nothing else.
    """

    name: str

    async def search(self, query: Query) -> list[FoundPage]: ...


class Searxng:
    """A SearXNG; `json` has to be among the formats of its settings.

    Args:
        url: of its start page.
    """

    name = "searxng"

    def __init__(self, client: httpx2.AsyncClient, *, url: str) -> None:
        self._client = client
        self._url = url.rstrip("/").removesuffix("/search")

    async def search(self, query: Query) -> list[FoundPage]:
        parameters = {"q": query.text, "format": "json"}
        if query.language:
            parameters["language"] = query.language
        if query.time_range:
            parameters["time_range"] = query.time_range
        hints = {403: "json is not among the formats of its settings.yml (search.formats)"}
        url = f"{self._url}/search"
        answer = await _ask(self.name, self._client, "GET", url, hints=hints, params=parameters)
        return _read(
            self.name,
            answer.get("results"),
            lambda item: FoundPage(
                url=item["url"],
                title=item.get("title") or "",
                snippet=item.get("content") or "",
                published=item.get("publishedDate"),
            ),
        )


class Brave:
    """Brave Search.

    Args:
        key: of its API.
    """

    name = "brave"

    def __init__(self, client: httpx2.AsyncClient, *, key: str, url: str = BRAVE_URL) -> None:
        self._client = client
        self._key = key
        self._url = url

    async def search(self, query: Query) -> list[FoundPage]:
        parameters: dict[str, Any] = {"q": query.text, "count": query.limit, "text_decorations": "false"}
        if query.language:
            parameters["search_lang"] = query.language.partition("-")[0]
        if query.time_range:
            parameters["freshness"] = _BRAVE_FRESHNESS[query.time_range]
        headers = {"x-subscription-token": self._key, "accept": "application/json"}
        url = f"{self._url}/web/search"
        answer = await _ask(self.name, self._client, "GET", url, params=parameters, headers=headers)
        web = answer.get("web") or {}
        return _read(
            self.name,
            web.get("results", []) if isinstance(web, dict) else None,
            lambda item: FoundPage(
                url=item["url"],
                title=item.get("title") or "",
                snippet=item.get("description") or "",
                published=item.get("page_age"),
            ),
        )


class Tavily:
    """Tavily.

    Args:
        key: of its API.
    """

    name = "tavily"

    def __init__(self, client: httpx2.AsyncClient, *, key: str, url: str = TAVILY_URL) -> None:
        self._client = client
        self._key = key
        self._url = url

    async def search(self, query: Query) -> list[FoundPage]:
        body: dict[str, Any] = {"query": query.text, "max_results": query.limit}
        if query.time_range:
            body["time_range"] = query.time_range
        headers = {"authorization": f"Bearer {self._key}"}
        url = f"{self._url}/search"
        answer = await _ask(self.name, self._client, "POST", url, json=body, headers=headers)
        return _read(
            self.name,
            answer.get("results"),
            lambda item: FoundPage(
                url=item["url"],
                title=item.get("title") or "",
                snippet=item.get("content") or "",
                published=item.get("published_date"),
            ),
        )


class NoProvider:
    """What searches where no engine is configured."""

    name = "none"

    async def search(self, query: Query) -> list[FoundPage]:
        raise SearchUnavailable(NO_PROVIDER)


async def _ask(
    name: str,
    client: httpx2.AsyncClient,
    method: str,
    url: str,
    *,
    hints: dict[int, str] | None = None,
    **parts: Any,
) -> dict[str, Any]:
    """The engine's answer as JSON; its own words are not passed on, they may quote the key."""
    try:
        response = await client.send(client.build_request(method, url, **parts), stream=True)
        try:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise SearchFailed(f"{name} answers with more than {MAX_ANSWER_BYTES} bytes")
        finally:
            await response.aclose()
    except httpx2.TimeoutException as exc:
        raise SearchFailed(f"{name} did not answer within {TIMEOUT_S:g} s") from exc
    except (httpx2.HTTPError, httpx2.InvalidURL) as exc:
        raise SearchFailed(f"{name} cannot be reached; see the setting of its address") from exc
    if response.status_code != 200:
        usual = {401: "its key is refused", 403: "its key is refused", 429: "it limits this key"}
        reason = (hints or {}).get(response.status_code) or usual.get(response.status_code)
        raise SearchFailed(f"{name} answered {response.status_code}{': ' + reason if reason else ''}")
    try:
        answer = msgspec.json.decode(bytes(body))
    except msgspec.DecodeError as exc:
        raise SearchFailed(f"{name} did not answer with JSON") from exc
    if not isinstance(answer, dict):
        raise SearchFailed(f"{name} did not answer with an object")
    return answer


def _read(name: str, items: Any, read: Callable[[dict[str, Any]], FoundPage]) -> list[FoundPage]:
    """The results that can be read; each address once."""
    if not isinstance(items, list):
        raise SearchFailed(f"{name} answered without results; its answer has another shape than expected")
    found: dict[str, FoundPage] = {}
    for item in items:
        try:
            page = msgspec.convert(msgspec.to_builtins(read(item)), FoundPage)
        except (KeyError, TypeError, AttributeError, msgspec.ValidationError):
            continue
        found.setdefault(page.url, page)
    return list(found.values())

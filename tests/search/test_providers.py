"""Search engines as they answer, well and badly; on loopback, in the shapes that their documents give."""

import json
from collections.abc import AsyncIterator, Callable
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from fixtures.site import Answer, Asked, Site
from gateway.errors import SearchFailed, SearchUnavailable
from gateway.search.providers import Brave, FoundPage, NoProvider, Query, SearchProvider, Searxng, Tavily

pytestmark = pytest.mark.anyio
ITEM = {"url": "https://a.test/", "title": "A"}
FOUND = FoundPage(url="https://a.test/", title="A", snippet="words", published="2024-05-01")
SEARXNG = {
    "results": [ITEM | {"content": "words", "publishedDate": "2024-05-01"}, {"title": "no address"}, ITEM]
}
BRAVE = {"web": {"results": [ITEM | {"description": "words", "page_age": "2024-05-01"}, 7]}}
TAVILY = {"results": [ITEM | {"content": "words", "published_date": "2024-05-01"}, {"url": 5, "title": ""}]}
Open = Callable[[httpx2.AsyncClient, str], SearchProvider]
OPEN: dict[str, Open] = {
    "searxng": lambda client, url: Searxng(client, url=url),
    "brave": lambda client, url: Brave(client, key="secret", url=url),
    "tavily": lambda client, url: Tavily(client, key="secret", url=url),
}
PATHS = {"searxng": "/search", "brave": "/web/search", "tavily": "/search"}


class Engine(Site):
    """A site that answers every address alike."""

    reply = Answer(200, {"content-type": "application/json"}, b"{}")

    async def answer(self, path: str, headers: dict[str, str]) -> Answer:
        return self.reply


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    async with Engine({}).serving() as site:
        assert isinstance(site, Engine)
        yield site


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=5, trust_env=False) as opened:
        yield opened


def asked(engine: Engine) -> Asked:
    return engine.requests[-1]


@pytest.mark.parametrize(("name", "reply"), [("searxng", SEARXNG), ("brave", BRAVE), ("tavily", TAVILY)])
async def test_provider_reads_results(
    engine: Engine, client: httpx2.AsyncClient, name: str, reply: object
) -> None:
    engine.reply = Answer(200, {"content-type": "application/json"}, json.dumps(reply).encode())
    provider = OPEN[name](client, engine.url)
    assert await provider.search(Query(text="some words", limit=3)) == [FOUND]
    assert urlsplit(asked(engine).path).path == PATHS[name] and provider.name == name


async def test_searxng_is_asked_for_json(engine: Engine, client: httpx2.AsyncClient) -> None:
    engine.reply = Answer(200, {}, json.dumps(SEARXNG).encode())
    query = Query(text="ä & b", limit=3, language="de", time_range="week")
    await Searxng(client, url=f"{engine.url}/search").search(query)
    parameters = parse_qs(urlsplit(asked(engine).path).query)
    assert parameters == {"q": ["ä & b"], "format": ["json"], "language": ["de"], "time_range": ["week"]}


async def test_brave_is_asked_with_its_key(engine: Engine, client: httpx2.AsyncClient) -> None:
    engine.reply = Answer(200, {}, json.dumps(BRAVE).encode())
    query = Query(text="a", limit=3, language="pt-BR", time_range="month")
    await Brave(client, key="secret", url=engine.url).search(query)
    parameters = parse_qs(urlsplit(asked(engine).path).query)
    assert (parameters["search_lang"], parameters["freshness"], parameters["count"]) == (
        ["pt"],
        ["pm"],
        ["3"],
    )
    assert asked(engine).headers["x-subscription-token"] == "secret"


async def test_tavily_is_asked_with_its_key(engine: Engine, client: httpx2.AsyncClient) -> None:
    engine.reply = Answer(200, {}, json.dumps(TAVILY).encode())
    await Tavily(client, key="secret", url=engine.url).search(Query(text="a", limit=3, time_range="day"))
    assert json.loads(asked(engine).body) == {"query": "a", "max_results": 3, "time_range": "day"}
    assert asked(engine).headers["authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Answer(403, {}, b""), "403"),
        (Answer(401, {}, b"secret"), "401"),
        (Answer(429, {}, b""), "limits"),
        (Answer(500, {}, b"secret"), "500"),
        (Answer(200, {}, b"<html>"), "JSON"),
        (Answer(200, {}, b"[]"), "object"),
        (Answer(200, {}, b'{"results": 7, "web": 7}'), "shape"),
        (Answer(200, {}, b'{"x":"' + b"x" * 5 * 2**20 + b'"}'), "bytes"),
    ],
)
@pytest.mark.parametrize("name", OPEN)
async def test_provider_that_answers_badly_is_an_error(
    engine: Engine, client: httpx2.AsyncClient, name: str, reply: Answer, words: str
) -> None:
    engine.reply = reply
    with pytest.raises(SearchFailed, match=words) as caught:
        await OPEN[name](client, engine.url).search(Query(text="a", limit=3))
    assert name in caught.value.detail and "secret" not in caught.value.detail


async def test_searxng_without_json_says_where_to_allow_it(
    engine: Engine, client: httpx2.AsyncClient
) -> None:
    engine.reply = Answer(403, {}, b"")
    with pytest.raises(SearchFailed, match=r"search\.formats"):
        await Searxng(client, url=engine.url).search(Query(text="a", limit=1))


@pytest.mark.parametrize("name", OPEN)
async def test_provider_that_cannot_be_reached_is_an_error(client: httpx2.AsyncClient, name: str) -> None:
    with pytest.raises(SearchFailed, match="cannot be reached"):
        await OPEN[name](client, "http://127.0.0.1:1").search(Query(text="a", limit=1))


async def test_no_provider_names_the_three() -> None:
    with pytest.raises(SearchUnavailable, match=r"SEARCH_URL.*BRAVE_API_KEY.*TAVILY_API_KEY"):
        await NoProvider().search(Query(text="a", limit=1))

"""Counts by a local model's own vocabulary: exact, without the model, in processes that a page may take down."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import AsyncTestClient

from backends.base import Route
from backends.local import LocalBackend
from backends.specs import BackendSettings, ModelSpec
from fixtures.make_gguf import BYTES_ALONE, MERGES, write_model
from fixtures.site import Answer, Site
from gateway import sdk
from gateway.app import create_app
from gateway.auth.keys import Key, hash_secret
from gateway.completions.context import count_by_model
from gateway.container import open_services
from gateway.core.tasks.tokens import CountTokens
from gateway.core.tokens.tokenizer import ModelVocabulary
from gateway.errors import BackendUnavailable
from gateway.settings import Settings
from gateway.wire import ScrapeRequest, TokensRequest, encode_json
from gateway.workers.counting import CountingWorkers
from gateway.workers.pool import WorkerPool
from tests.leaks import eventually
from tests.parts import make_pool
from tests.requirements import require_packages
from tests.service import running_gateway

pytestmark = pytest.mark.anyio

WORDS = "the theory and the brass lamp and the other one "
PAGE = (
    "<html><body><main><h1>Lamps</h1>"
    + "".join(
        f"<h2>The {name}</h2><p>{WORDS * 8}</p><p>{WORDS * 3}</p>" for name in ("one", "other", "third")
    )
    + "</main></body></html>"
)


def merged(text: str) -> int:
    """The tokens of an ASCII text whose words stand apart by spaces, by the vocabulary of `fixtures.make_gguf`."""
    ranks = {tuple(merge.split(" ")): rank for rank, merge in enumerate(MERGES)}
    total = 0
    for number, word in enumerate(text.split(" ")):
        parts = list(f"Ġ{word}" if number else word)
        while True:
            pairs = [(ranks[pair], at) for at, pair in enumerate(itertools.pairwise(parts)) if pair in ranks]
            if not pairs:
                break
            _, at = min(pairs)
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        total += len(parts)
    return total


def settings(folder: Path, **more: Any) -> Settings:
    return Settings(cache_dir=str(folder / "cache"), jobs_dir=str(folder / "jobs"), clean_workers=1, **more)


def served(path: str, name: str = "mine") -> list[BackendSettings]:
    """A model that is loaded when it is first asked, unlike that of LOCAL_MODEL."""
    return [BackendSettings(name=name, kind="local", path=path)]


@pytest.fixture(scope="module")
async def client(tiny: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AsyncTestClient]:
    app = create_app(settings(tmp_path_factory.mktemp("gateway"), local_model=tiny))
    async with AsyncTestClient(app, base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture(scope="module")
def url(tiny: str, site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("served")
    with running_gateway(folder, allow_targets=[site.target], backends=served(tiny)) as url:
        yield url


async def count(client: AsyncTestClient, text: str, tokenizer: str = "local") -> int:
    response = await client.post("/v1/tokens", json={"text": text, "tokenizer": tokenizer})
    assert response.status_code == 200, response.text
    assert response.json()["tokenizer"] == tokenizer
    return int(response.json()["tokens"])


async def test_text_has_the_tokens_of_the_models_vocabulary(client: AsyncTestClient) -> None:
    text = WORDS.strip()
    assert await count(client, text) == merged(text) < len(text)
    assert await count(client, "") == 0
    assert await count(client, "é <|im_end|>") == len("é <|im_end|>".encode())


async def test_pieces_of_a_page_are_counted_and_cut_by_the_model(client: AsyncTestClient) -> None:
    asked = {"html": PAGE, "tokenizer": "local", "include": ["outline", "chunks"]}
    whole = (await client.post("/v1/scrape", json=asked)).json()
    assert whole["tokens"]["tokenizer"] == "local"
    assert whole["tokens"]["content"] == await count(client, whole["content"])
    assert whole["tokens"]["html"] == await count(client, PAGE)
    for section in whole["chunks"]:
        assert section["tokens"] == await count(client, section["content"])
    assert sum(section["tokens"] for section in whole["outline"]) == pytest.approx(
        whole["tokens"]["content"], abs=9
    )
    pieces, cursor = [], None
    while True:
        piece = (await client.post("/v1/scrape", json=asked | {"max_tokens": 400, "cursor": cursor})).json()
        assert piece["tokens"]["content"] == await count(client, piece["content"]) <= 400
        pieces.append(piece["content"])
        if (cursor := piece["next_cursor"]) is None:
            break
    assert len(pieces) > 2 and "".join(pieces) == whole["content"]


async def test_conversation_has_the_tokens_that_its_completion_reports(client: AsyncTestClient) -> None:
    for messages in (
        [{"role": "user", "content": "the other <|im_end|>"}],
        [
            {"role": "system", "content": "Short."},
            {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
        ],
        [{"role": "user", "content": "Count"}, {"role": "assistant", "content": "One, two,"}],
    ):
        counted = await client.post("/v1/tokens", json={"messages": messages, "tokenizer": "local"})
        asked = {"model": "local", "messages": messages, "max_tokens": 1}
        answer = (await client.post("/v1/chat/completions", json=asked)).json()
        assert counted.json()["tokens"] == answer["usage"]["prompt_tokens"], messages


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([], id="none"),
        pytest.param([{"role": "user", "content": [{"type": "image_url"}]}], id="picture"),
    ],
)
async def test_conversation_that_has_no_count_is_refused(
    client: AsyncTestClient, messages: list[Any]
) -> None:
    refused = await client.post("/v1/tokens", json={"messages": messages, "tokenizer": "local"})
    assert (refused.status_code, refused.json()["extra"]["field"]) == (400, "messages")


async def test_extraction_plans_by_the_model(client: AsyncTestClient) -> None:
    asked = {"prompt": "Which lamps?", "dry_run": True, "scrape": {"tokenizer": "local"}}
    for source in ({"content": WORDS}, {"html": PAGE}):
        answer = (await client.post("/v1/extract", json=asked | source)).json()
        assert answer["estimate"]["tokenizer"] == "local"
        tokens = answer["sources"][0]["tokens"]
        assert tokens["tokenizer"] == "local" and tokens["content"] < answer["estimate"]["input_tokens"]


def test_client_command_and_jobs_count_by_the_model(url: str, site: Site, tmp_path: Path) -> None:
    site.extra["/jobs-lamps"] = Answer(200, {"content-type": "text/html"}, PAGE.encode())
    with sdk.Client(url) as client:
        page = client.scrape(f"{site.url}/jobs-lamps", tokenizer="mine", max_tokens=400)
        assert page.tokens.content == client.tokens(page.content, tokenizer="mine").tokens <= 400
        [result] = client.batch([f"{site.url}/jobs-lamps"], scrape={"tokenizer": "mine", "max_tokens": 400})
        assert result.page and result.page.tokens == page.tokens
    notes = tmp_path / "notes.md"
    notes.write_text(WORDS)
    command = [sys.executable, "-m", "gateway.cli.main", "scrape", str(notes), "--json", "--tokenizer"]
    there = {"WINNOW_URL": url}
    here = {
        "WINNOW_LOCAL_MODEL": str(write_model(tmp_path / "model.gguf")),
        "WINNOW_CACHE_DIR": str(tmp_path),
    }
    for name, environ in {"mine": there, "local": here}.items():
        done = subprocess.run([*command, name], env=os.environ | environ, capture_output=True, check=True)
        tokens = json.loads(done.stdout)["tokens"]
        # of the file, not of the HTML that was made of it
        assert (tokens["tokenizer"], tokens["html"]) == (name, merged(WORDS))


async def test_agents_count_by_the_model(url: str, site: Site) -> None:
    require_packages(["mcp"], extra="mcp")
    from mcp.client import Client

    site.extra["/agents-lamps"] = Answer(200, {"content-type": "text/html"}, PAGE.encode())
    async with Client(f"{url}/mcp") as client:
        counted = await client.call_tool("count_tokens", {"text": WORDS, "tokenizer": "mine"})
        assert counted.structured_content == {"tokenizer": "mine", "tokens": merged(WORDS)}
        asked = {"url": f"{site.url}/agents-lamps", "tokenizer": "mine", "max_tokens": 400}
        page = (await client.call_tool("scrape", asked)).structured_content
        assert 200 < page["tokens"] <= 400


async def test_key_without_a_models_scope_counts_by_its_vocabulary(tiny: str, tmp_path: Path) -> None:
    keys = [Key(name="reader", sha256=hash_secret("secret"), scopes=("scrape",))]
    app = create_app(settings(tmp_path, backends=served(tiny), keys=keys))
    async with AsyncTestClient(app, base_url="http://127.0.0.1") as client:
        client.headers["authorization"] = "Bearer secret"
        assert await count(client, "12 bytes too", "mine") == 12


async def test_prompt_is_counted_without_its_model(tiny: str, tmp_path: Path) -> None:
    models = {
        name: LocalBackend(path=path) for name, path in (("here", tiny), ("gone", f"{tmp_path}/none.gguf"))
    }
    async with open_services(settings(tmp_path)) as services:
        counts = {
            name: await count_by_model(
                WORDS, Route(name=name, backend=model, model="local"), services.workers
            )
            for name, model in models.items()
        }
    assert counts == {"here": merged(WORDS), "gone": None}
    assert models["here"].pid is None


async def test_nothing_of_the_model_is_loaded_for_a_count(tiny: str, tmp_path: Path) -> None:
    async with open_services(settings(tmp_path, backends=served(tiny))) as services:
        page = await services.scraper.scrape(ScrapeRequest(html=PAGE, tokenizer="mine"))
        assert page.tokens.tokenizer == "mine"
        backend = (await services.registry.resolve("mine")).backend
        assert isinstance(backend, LocalBackend) and backend.pid is None


async def test_another_file_in_its_place_counts_anew(tmp_path: Path, site: Site) -> None:
    path = write_model(tmp_path / "model.gguf", merges=BYTES_ALONE)
    site.extra["/lamps"] = Answer(200, {"content-type": "text/html"}, PAGE.encode())
    given = settings(tmp_path, backends=served(str(path)), allow_targets=[site.target])
    async with AsyncTestClient(create_app(given), base_url="http://127.0.0.1") as client:

        async def scrape() -> dict[str, Any]:
            response = await client.post("/v1/scrape", json={"url": f"{site.url}/lamps", "tokenizer": "mine"})
            answer: dict[str, Any] = response.json()
            return answer

        first = [await scrape() for _ in range(3)][-1]  # the third would be an answer that was kept whole
        assert first["cache"]["status"] == "hit"
        assert first["tokens"]["content"] == len(first["content"].encode())
        write_model(tmp_path / "other.gguf").rename(path)
        second = await scrape()
        assert second["cache"]["status"] == "hit" and second["content"] == first["content"]
        assert second["tokens"]["content"] == await count(client, second["content"], "mine")
        assert second["tokens"]["content"] < first["tokens"]["content"]
        assert second["tokens"]["html"] < first["tokens"]["html"]


@pytest.mark.parametrize(
    ("backends", "tokenizer", "status", "words"),
    [
        pytest.param([], "local", 400, "set WINNOW_LOCAL_MODEL", id="no-local-model"),
        pytest.param([], "qwen", 400, "o200k_base", id="nobodys"),
        pytest.param(
            [
                BackendSettings(
                    name="far", kind="remote", url="http://127.0.0.1:9", models=[ModelSpec(name="qwen")]
                )
            ],
            "qwen",
            400,
            "served by backend `far`, which does not give its vocabulary",
            id="remote",
        ),
        pytest.param(
            served("/nowhere/model.gguf"), "mine", 503, "/nowhere/model.gguf cannot be read", id="no-file"
        ),
        pytest.param(
            served("hf:some/model"), "mine", 503, "winnow models pull hf:some/model", id="not-pulled"
        ),
        pytest.param(served(__file__), "mine", 503, "is not a GGUF file", id="no-gguf"),
    ],
)
async def test_failure_says_what_to_do(
    tmp_path: Path, backends: list[BackendSettings], tokenizer: str, status: int, words: str
) -> None:
    given = settings(tmp_path, backends=backends, models_dir=str(tmp_path))
    code = {400: "invalid_request", 503: "backend_unavailable"}[status]
    async with AsyncTestClient(create_app(given), base_url="http://127.0.0.1") as client:
        for path, body in {
            "/v1/scrape": {"html": PAGE, "tokenizer": tokenizer},
            "/v1/tokens": {"messages": [{"role": "user", "content": "Hi"}], "tokenizer": tokenizer},
            "/v1/extract": {
                "content": WORDS,
                "prompt": "?",
                "dry_run": True,
                "scrape": {"tokenizer": tokenizer},
            },
        }.items():
            response = await client.post(path, json=body)
            assert (response.status_code, response.json()["code"]) == (status, code), response.text
            assert words in response.json()["detail"]


async def test_library_that_is_missing_is_named(
    tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    async with open_services(settings(tmp_path, backends=served(tiny))) as services:
        with pytest.raises(
            BackendUnavailable, match=r"llama-cpp-python not installed: pip install .*\[local\]"
        ):
            await services.scraper.count(TokensRequest(text="Hi", tokenizer="mine"))


async def test_long_run_of_one_character_has_its_count(tmp_path: Path) -> None:
    # words of this vocabulary are found by std::regex, which takes stack for every character
    path = write_model(tmp_path / "model.gguf", pre_tokenizer="viking", merges=BYTES_ALONE)
    async with open_services(settings(tmp_path, backends=served(str(path)), clean_timeout_s=60)) as services:
        counted = await services.scraper.count(TokensRequest(text="a" * 300_000, tokenizer="mine"))
        assert counted.tokens == 300_000


async def test_text_that_takes_too_long_ends_its_process_and_no_other(tmp_path: Path) -> None:
    path = write_model(tmp_path / "model.gguf", pre_tokenizer="deepseek-llm", merges=BYTES_ALONE)
    given = settings(tmp_path, backends=served(str(path)), clean_timeout_s=2)
    async with AsyncTestClient(create_app(given), base_url="http://127.0.0.1") as client:
        assert await count(client, "warm", "mine") == 4
        late = await client.post("/v1/scrape", json={"html": "a" * 9_000_000, "tokenizer": "mine"})
        assert (late.status_code, late.json()["code"]) == (422, "clean_timeout")
        assert await count(client, "as ever", "mine") == 7


class Vocabularies:
    """Pools for the files that tests write, and those that were made."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.pools = folder, list[WorkerPool]()

    async def find(self) -> ModelVocabulary:
        backend = LocalBackend(path=str(self.folder / "model.gguf"))
        file = await backend.vocabulary("local")
        return ModelVocabulary(name="local", path=file.path, identity=file.identity)

    def open(self, vocabulary: ModelVocabulary) -> WorkerPool:
        given = [encode_json(vocabulary).decode()]
        pool = make_pool(
            timeout_s=60, memory_bytes=sys.maxsize, work="backends.local.counting", given=given, computes=True
        )
        self.pools.append(pool)
        return pool


async def test_processes_of_a_file_that_was_replaced_end(tmp_path: Path) -> None:
    vocabularies = Vocabularies(tmp_path)
    workers = CountingWorkers(make_pool(), open_pool=vocabularies.open)

    async def tokens(vocabulary: ModelVocabulary) -> int:
        return await workers.run(CountTokens(text="the", tokenizer=vocabulary))

    write_model(tmp_path / "model.gguf", merges=BYTES_ALONE)
    old = await vocabularies.find()
    assert (await tokens(old), await tokens(old), len(vocabularies.pools)) == (3, 3, 1)
    write_model(tmp_path / "other.gguf").rename(tmp_path / "model.gguf")
    assert await tokens(await vocabularies.find()) == 1
    first, second = vocabularies.pools
    await eventually(lambda: first.health() is not None)
    assert second.health() is None
    # found before the file was replaced: what is there now is not what was asked for
    with pytest.raises(BackendUnavailable, match="has just been changed; send the request again"):
        await tokens(old)
    await workers.aclose()
    assert all(pool.health() for pool in vocabularies.pools)

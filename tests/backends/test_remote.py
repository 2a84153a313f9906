"""Each kind of server, as its documentation says it speaks, down to the bytes."""

import json
from pathlib import Path
from typing import Any

import pytest

from backends import base
from backends.base import Completion, CompletionRequest, Delta
from backends.remote import RemoteBackend, build
from backends.specs import BackendSpec
from tests.upstream import DONE, HELLO, JSON, Heard, Piece, Said, chunk, error, upstream

pytestmark = pytest.mark.anyio
TRANSCRIPTS = Path(__file__).parents[2] / "fixtures" / "sse"
ASK = CompletionRequest(model="m", messages=[{"role": "user", "content": "Hi"}])


def transcript(name: str, *, cut_bytes: int = 7) -> Said:
    wire = (TRANSCRIPTS / name).read_bytes()
    return Said([wire[at : at + cut_bytes] for at in range(0, len(wire), cut_bytes)])


async def ask(url: str, request: CompletionRequest = ASK, **options: Any) -> tuple[list[Delta], Completion]:
    backend = RemoteBackend(name="r", url=url, **options)
    try:
        items = [item async for item in backend.stream(request)]
    finally:
        await backend.aclose()
    assert isinstance(items[-1], Completion)
    return [item for item in items if isinstance(item, Delta)], items[-1]


@pytest.mark.parametrize(
    ("name", "text", "finish_reason", "usage", "model"),
    [
        ("openai/text.sse", "Zażółć 🌍", "stop", (2006, 2, 1920), "gpt-4.1-mini-2025-04-14"),
        ("openai/refusal.sse", "", "stop", (9, 4, 0), "gpt-4.1-mini-2025-04-14"),
        ("vllm/reasoning.sse", "Hello", "stop", (12, 6, 0), "Qwen/Qwen3-8B"),
        ("tgi/length.sse", "Deep learning", "length", (17, 2, 0), "meta-llama/Llama-3.1-8B-Instruct"),
        ("ollama/tools.sse", "", "tool_calls", (169, 15, 0), "qwen3:8b"),
        ("llama-server/text.sse", "Hi there", "stop", (11, 3, 0), "gpt-3.5-turbo"),
        ("runpod/text.sse", "Hello", "stop", (12, 6, 0), "mistralai/Mistral-7B-Instruct-v0.2"),
        ("modal/text.sse", "Hello", "stop", (12, 6, 0), "neuralmagic/Llama-3.1-8B"),
    ],
)
@pytest.mark.parametrize("cut_bytes", [1, 1000, 100_000])
async def test_stream_of_every_server_is_read(
    name: str, text: str, finish_reason: str, usage: tuple[int, int, int], model: str, cut_bytes: int
) -> None:
    async with upstream(transcript(name, cut_bytes=cut_bytes)) as up:
        deltas, completion = await ask(up.url)
    assert "".join(delta.text for delta in deltas) == text
    assert (completion.finish_reason, completion.model) == (finish_reason, model)
    assert completion.usage is not None
    told = completion.usage
    assert (told.input_tokens, told.output_tokens, told.cached_input_tokens) == usage
    assert not any(b'"usage"' in delta.chunk for delta in deltas)


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("openai/refusal.sse", "refusal", "I cannot help."),
        ("vllm/reasoning.sse", "reasoning_content", "The user greets."),
        ("ollama/tools.sse", "reasoning", "I need the weather."),
    ],
)
async def test_what_is_not_content_passes_through(name: str, key: str, value: str) -> None:
    async with upstream(transcript(name)) as up:
        deltas, _ = await ask(up.url)
    assert "".join(delta.raw.get(key) or "" for delta in deltas) == value
    assert any(delta.is_token for delta in deltas)


async def test_chunk_keeps_log_probabilities_and_fields_nobody_knows() -> None:
    async with upstream(transcript("openai/text.sse")) as up:
        deltas, completion = await ask(up.url)
    assert b'"logprob":-0.5' in deltas[1].chunk
    assert b'"obfuscation":"p"' in deltas[1].chunk
    assert completion.raw["service_tier"] == "default"


@pytest.mark.parametrize(
    ("name", "failure", "words"),
    [
        ("vllm/error.sse", base.UpstreamError, "EngineCore"),
        ("tgi/error.sse", base.UpstreamError, "CUDA out of memory"),
        ("llama-server/error.sse", base.UpstreamRejected, "context size"),
    ],
)
async def test_error_event_is_raised_with_its_words(
    name: str, failure: type[base.UpstreamError], words: str
) -> None:
    async with upstream(transcript(name)) as up:
        with pytest.raises(failure, match=words) as caught:
            await ask(up.url)
    assert not isinstance(caught.value, base.UpstreamInterrupted)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(b'{"choices": ["x"]}', "cannot be read", id="choices-of-another-type"),
        pytest.param(b'{"choices": [{"message": "x"}]}', "cannot be read", id="message-of-another-type"),
        pytest.param(b'{"choices": []}', "finish_reason", id="no-choices"),
        pytest.param(b'{"object": "error", "message": "its words", "code": 500}', "its words", id="error"),
        pytest.param(b"[]", "cannot be read", id="no-object"),
    ],
)
async def test_answer_that_is_none_is_a_failure(body: bytes, words: str) -> None:
    async with upstream(Said([body], headers=JSON)) as up:
        with pytest.raises(base.UpstreamError, match=words):
            await ask(up.url)


async def test_empty_events_and_space_around_done_are_no_matter() -> None:
    pieces: list[Piece] = [b"data:\n\n", *HELLO[:-1], b"data: [DONE] \n\n"]
    async with upstream(Said(pieces)) as up:
        assert (await ask(up.url))[1].finish_reason == "stop"


async def test_schema_that_is_declined_costs_other_schemas_nothing() -> None:
    def answer(heard: Heard) -> Said:
        schema = heard.body.get("response_format", {}).get("json_schema", {}).get("schema", {})
        if schema.get("type") == "array":
            return error("Invalid schema for response_format 'answer': it must be an object", status=400)
        return Said(HELLO)

    async with upstream(answer) as up:
        backend = RemoteBackend(name="r", url=up.url)
        for kind in ("array", "object"):
            request = CompletionRequest(model="m", messages=ASK.messages, json_schema={"type": kind})
            assert [item async for item in backend.stream(request)]
        await backend.aclose()
        assert ["response_format" in heard.body for heard in up.heard] == [True, False, True]


@pytest.mark.parametrize(
    ("spec", "path", "authorization"),
    [
        pytest.param({"api_key": "rp_1"}, "/v2/e7/openai/v1/chat/completions", "Bearer rp_1", id="runpod"),
        pytest.param({"api_key": "mk-1"}, "/v1/chat/completions", "Bearer mk-1", id="modal"),
        pytest.param({}, "/v1/chat/completions", None, id="no-key"),
        pytest.param(
            {"headers": {"api-key": "az"}},
            "/openai/v1/chat/completions?api-version=preview",
            None,
            id="azure",
        ),
    ],
)
async def test_request_goes_to_the_configured_address_with_the_configured_key(
    spec: dict[str, Any], path: str, authorization: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    async with upstream(Said(HELLO)) as up:
        base_url = up.url.removesuffix("/v1") + path.replace("/chat/completions", "")
        backend = build(BackendSpec(name="r", kind="remote", url=base_url, **spec))
        async for _ in backend.stream(ASK):
            pass
        await backend.aclose()
        heard = up.heard[0]
    assert heard.path == path
    assert heard.headers.get("authorization") == authorization
    assert "openai-organization" not in heard.headers
    assert heard.headers.get("api-key") == spec.get("headers", {}).get("api-key")


async def test_typed_fields_are_sent_and_parameters_win() -> None:
    request = CompletionRequest(
        model="m",
        messages=ASK.messages,
        max_output_tokens=5,
        temperature=0.5,
        seed=7,
        stop=["x"],
        json_schema={"type": "object"},
        parameters={"temperature": 1, "max_completion_tokens": 9, "top_k": 3},
    )
    async with upstream(Said(HELLO)) as up:
        await ask(up.url, request)
        body = up.heard[0].body
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert (body["temperature"], body["seed"], body["stop"], body["top_k"]) == (1, 7, ["x"], 3)
    assert body["max_completion_tokens"] == 9
    assert "max_tokens" not in body
    assert body["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("field", ["stream_options", "response_format", "temperature"])
async def test_field_the_server_does_not_know_is_left_out_from_then_on(field: str) -> None:
    def answer(heard: Heard) -> Said:
        return error(f"extra field: {field}", status=422) if field in heard.body else Said(HELLO)

    async with upstream(answer) as up:
        backend = RemoteBackend(name="r", url=up.url)
        request = CompletionRequest(
            model="m", messages=ASK.messages, json_schema={"type": "object"}, temperature=0
        )
        for _ in range(2):
            assert [item async for item in backend.stream(request)]
        await backend.aclose()
        asked = [field in heard.body for heard in up.heard]
        last = up.heard[-1].body["messages"]
    assert asked == [True, False, False]
    if field == "response_format":
        assert '{"type":"object"}' in last[0]["content"]


async def test_temperature_that_was_chosen_is_not_left_out() -> None:
    def answer(heard: Heard) -> Said:
        return error("no temperature but 1", status=400) if "temperature" in heard.body else Said(HELLO)

    async with upstream(answer) as up:
        for chosen in ({"temperature": 0.5}, {"temperature": 0, "parameters": {"temperature": 0}}):
            request = CompletionRequest(model="m", messages=ASK.messages, **chosen)
            with pytest.raises(base.UpstreamRejected, match="no temperature but 1"):
                await ask(up.url, request)


async def test_server_that_answers_with_a_page_is_told_apart() -> None:
    page = Said([b"<html>A dashboard</html>"], headers={"content-type": "text/html; charset=utf-8"})
    async with upstream(page) as up:
        with pytest.raises(base.UpstreamError, match=r"text/html.*/v1"):
            await ask(up.url)


async def test_server_that_does_not_stream_is_understood() -> None:
    whole = (
        b'{"id":"c1","object":"chat.completion","created":1,"model":"up","choices":[{"index":0,"message":'
        b'{"role":"assistant","content":"Hello","tool_calls":[{"id":"t","type":"function","function":'
        b'{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,'
        b'"completion_tokens":2,"total_tokens":3}}'
    )
    async with upstream(Said([whole], headers=JSON)) as up:
        deltas, completion = await ask(up.url)
    assert (deltas[0].text, deltas[0].raw["tool_calls"][0]["index"]) == ("Hello", 0)
    assert completion.finish_reason == "tool_calls"
    assert completion.usage is not None


async def test_several_choices_pass_and_the_first_is_the_text() -> None:
    two = [{"index": i, "delta": {"content": f"c{i}"}, "finish_reason": "stop"} for i in (0, 1)]
    async with upstream(Said([chunk(choices=two), DONE])) as up:
        deltas, _ = await ask(up.url)
    assert deltas[0].text == "c0"
    assert b'"c1"' in deltas[0].chunk


async def test_connection_is_used_again() -> None:
    async with upstream(Said(HELLO)) as up:
        backend = RemoteBackend(name="r", url=up.url)
        for _ in range(3):
            async for _item in backend.stream(ASK):
                pass
        await backend.aclose()
        assert up.connections == 1


async def test_server_error_is_retried_once_and_told_when_it_lasts() -> None:
    answers = iter([error("hiccup", status=500), Said(HELLO)])
    async with upstream(lambda _: next(answers)) as up:
        deltas, _ = await ask(up.url)
        assert "".join(delta.text for delta in deltas) == "Hello"
    async with upstream(error("gone", status=500)) as up:
        with pytest.raises(base.UpstreamRejected, match="gone"):
            await ask(up.url)
        assert len(up.heard) == 2


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (400, base.UpstreamRejected),
        (404, base.UpstreamRejected),
        (429, base.UpstreamRejected),
        (503, base.UpstreamUnavailable),
        (504, base.UpstreamTimeout),
        (529, base.UpstreamUnavailable),
    ],
)
async def test_status_becomes_the_failure_that_fits(status: int, failure: type[base.UpstreamError]) -> None:
    headers = {"retry-after": "3", "x-ratelimit-reset-requests": "1s"}
    async with upstream(error("no", status=status, headers=headers)) as up:
        with pytest.raises(failure, match=f"{status}: no") as caught:
            await ask(up.url)
        assert len(up.heard) == 1
    assert (caught.value.retry_after_s, caught.value.headers) == (3, {"x-ratelimit-reset-requests": "1s"})


async def test_models_are_listed_with_their_context_where_it_is_told() -> None:
    listing = b'{"object":"list","data":[{"id":"a","max_model_len":4096},{"id":"b","owned_by":"x"}]}'
    async with upstream(Said([listing], headers=JSON)) as up:
        backend = RemoteBackend(name="r", url=up.url)
        models = await backend.models()
        health = await backend.health()
        await backend.aclose()
    assert [(model.name, model.context_tokens) for model in models] == [("a", 4096), ("b", None)]
    assert health is None


async def test_context_is_asked_of_servers_that_do_not_list_it() -> None:
    listing = {
        "data": [
            {"id": "llama", "owned_by": "llamacpp"},
            {"id": "set", "owned_by": "library"},
            {"id": "made", "owned_by": "library"},
            {"id": "gone", "owned_by": "library"},
        ]
    }
    shown = {
        "set": {"parameters": "stop x\nnum_ctx 2048", "model_info": {"qwen3.context_length": 40960}},
        "made": {"model_info": {"qwen3.context_length": 40960}},
    }

    def answer(heard: Heard) -> Said:
        told: Any = {
            "/v1/models": listing,
            "/props": {"default_generation_settings": {"n_ctx": 1024, "seed": 1}},
            "/api/show": shown.get(heard.body.get("model", "")),
        }[heard.path]
        return Said([json.dumps(told).encode()], headers=JSON) if told else error("no", status=404)

    async with upstream(answer) as up:
        backend = RemoteBackend(name="r", url=up.url)
        models = await backend.models()
        await backend.aclose()
    assert {model.name: model.context_tokens for model in models} == {
        "llama": 1024,
        "set": 2048,
        "made": 40960,
        "gone": None,
    }


async def test_health_tells_a_refused_key_and_an_unreachable_server() -> None:
    async with upstream(error("bad key", status=401)) as up:
        backend = RemoteBackend(name="r", url=up.url, api_key="k")
        assert "key" in str(await backend.health())
        await backend.aclose()
    backend = RemoteBackend(name="r", url="http://127.0.0.1:9/v1")
    assert "reached" in str(await backend.health())
    await backend.aclose()

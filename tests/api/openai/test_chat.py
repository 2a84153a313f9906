"""The OpenAI routes, driven by the real `openai` client over real sockets, upstream included."""

import asyncio
import time
from typing import Any

import openai
import pytest

from backends.base import CompletionRequest
from backends.registry import Registry
from backends.specs import BackendSpec, ModelSpec
from gateway.completions.completer import CHANCE, Completer
from tests.inline import InlineWorkers
from tests.models import HI, Stack, gateway
from tests.shelf import DictCache
from tests.upstream import DONE, HELLO, JSON, USAGE, Piece, Said, chunk, error, upstream

pytestmark = pytest.mark.anyio
PATIENCE_S = 25  # under what the upstream would wait by itself; a loaded machine takes seconds


async def test_plain_completion_is_openais() -> None:
    async with gateway(Said(HELLO)) as stack:
        raw = await stack.openai.chat.completions.with_raw_response.create(
            model="m", messages=HI, temperature=0
        )
        completion = raw.parse()
    assert completion.choices[0].message.content == "Hello"
    assert completion.choices[0].message.role == "assistant"
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.total_tokens == 9
    assert (completion.object, completion.model) == ("chat.completion", "up-1")
    assert raw.headers["x-cache"] == "miss"
    assert float(raw.headers["x-ttft-ms"]) > 0


async def test_sync_client_streams() -> None:
    def ask(url: str) -> str:
        with openai.OpenAI(base_url=url + "/v1", api_key="k") as client:
            stream = client.chat.completions.create(model="m", messages=HI, stream=True)
            return "".join(part.choices[0].delta.content or "" for part in stream)

    async with gateway(Said(HELLO)) as stack:
        assert await asyncio.to_thread(ask, stack.url) == "Hello"


async def test_unknown_fields_reach_the_upstream_and_the_callers_key_does_not() -> None:
    async with gateway(Said(HELLO)) as stack:
        await stack.post(top_k=7, made_up={"a": [1]}, temperature=0.5)
        heard = stack.up.heard[0]
    assert heard.headers["authorization"] == "Bearer server-key"
    assert (heard.body["top_k"], heard.body["made_up"], heard.body["temperature"]) == (7, {"a": [1]}, 0.5)
    assert "caller-key" not in str(heard)


async def test_stream_ends_with_done_and_usage_is_only_for_who_asked() -> None:
    async with gateway(Said(HELLO)) as stack:
        without = await stack.events()
        with_usage = await stack.events(stream_options={"include_usage": True})
        assert stack.up.heard[0].body["stream_options"] == {"include_usage": True}
    assert without[-1] == with_usage[-1] == b"[DONE]"
    assert not any(b'"usage"' in event or b'"choices":[]' in event for event in without)
    parts = [openai.types.chat.ChatCompletionChunk.model_validate_json(event) for event in with_usage[:-1]]
    last = parts[-1]
    assert last.choices == []
    assert {(part.id, part.created, part.model) for part in parts} == {("chatcmpl-u1", 1700000000, "up-1")}
    assert last.usage is not None
    assert last.usage.total_tokens == USAGE["total_tokens"]
    assert sum(b'"usage"' in event for event in with_usage) == 1


async def test_usage_that_comes_with_a_choice_is_taken_out() -> None:
    pieces: list[Piece] = [chunk({"content": "x"}, usage=None), chunk({}, finish="stop", usage=USAGE), DONE]
    async with gateway(Said(pieces)) as stack:
        assert not any(b"usage" in event for event in await stack.events())


async def test_chunks_pass_untouched_with_whatever_they_carry() -> None:
    odd = chunk(
        {"content": "x", "reasoning_content": "hm", "new_thing": 1}, system_fingerprint="fp", vendor={"a": 1}
    )
    async with gateway(Said([odd, chunk({}, finish="stop"), DONE])) as stack:
        assert (await stack.events())[0] == odd.removeprefix(b"data: ").strip()


async def test_characters_split_over_reads_arrive_whole() -> None:
    wire = (
        chunk({"content": "Zażółć 🌍"}).replace(b"\\u", b"\\u")
        + chunk({"content": "é"}, finish="stop")
        + DONE
    )
    raw = b'data: {"choices":[{"index":0,"delta":{"content":"' + "🌍é".encode() + b'"}}]}\n\n' + wire
    async with gateway(Said([piece for byte in raw for piece in (bytes([byte]),)])) as stack:
        events = await stack.events()
        whole = (await stack.post()).json()
    assert events[0] == '{"choices":[{"index":0,"delta":{"content":"🌍é"}}]}'.encode()
    assert whole["choices"][0]["message"]["content"] == "🌍éZażółć 🌍é"


async def test_status_is_held_until_the_upstream_speaks() -> None:
    async with gateway(Said([0.3, error("late", status=500).body[0]], status=500, headers=JSON)) as stack:
        response = await stack.post(stream=True)
    assert response.status_code == 502
    assert response.json()["error"]["code"] == "backend_failed"


async def test_error_event_before_the_first_token_has_a_status() -> None:
    broken = b'data: {"error": {"message": "CUDA out of memory", "type": "x", "code": 500}}\n\n'
    async with gateway(Said([chunk({"role": "assistant", "content": ""}), broken])) as stack:
        response = await stack.post(stream=True)
    assert response.status_code == 502
    assert "CUDA out of memory" in response.json()["error"]["message"]


CUT: list[Piece] = [chunk({"content": "Hel"}), chunk({"content": "lo"})]


@pytest.mark.parametrize(
    "end",
    [
        pytest.param([], id="end-of-body"),
        pytest.param([DONE], id="done-without-a-finish"),
        pytest.param([0.05, ConnectionResetError], id="reset"),
        pytest.param([b'data: {"error": {"message": "boom"}}\n\n'], id="error-event"),
        pytest.param([b"data: {not json\n\n"], id="garbage"),
    ],
)
async def test_stream_cut_short_is_an_error_and_never_cached(end: list[Piece]) -> None:
    async with gateway(Said(CUT + end)) as stack:
        events = await stack.events()
        with pytest.raises(openai.APIError, match="incomplete"):
            async for _ in await stack.openai.chat.completions.create(model="m", messages=HI, stream=True):
                pass
        plain = await stack.post()
        assert stack.cache.entries == {}
    assert b"[DONE]" not in events
    assert b'"error"' in events[-1]
    assert b'"backend_interrupted"' in events[-1]
    assert plain.status_code == 502


async def test_cached_answer_is_served_to_both_kinds_of_call() -> None:
    async with gateway(Said(HELLO)) as stack:
        first = await stack.post(temperature=0)
        second = await stack.post(temperature=0)
        streamed = await stack.post(temperature=0, stream=True, stream_options={"include_usage": True})
        client = openai.AsyncOpenAI(base_url=stack.url + "/v1", api_key="k")
        stream = await client.chat.completions.create(model="m", messages=HI, stream=True, temperature=0)
        text = "".join([part.choices[0].delta.content or "" async for part in stream])
        await client.close()
        assert len(stack.up.heard) == 1
    assert [r.headers["x-cache"] for r in (first, second, streamed)] == ["miss", "hit", "hit"]
    for key in ("id", "choices", "usage", "model"):
        assert first.json()[key] == second.json()[key]
    assert text == "Hello"
    assert b'"total_tokens":9' in streamed.content
    assert streamed.content.endswith(DONE)


RICH: list[Piece] = [
    chunk({"role": "assistant", "reasoning_content": "Let me "}),
    chunk({"reasoning_content": "see"}),
    chunk(
        {
            "tool_calls": [
                {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}
            ]
        }
    ),
    chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"a":'}}]}),
    chunk({"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]}),
    chunk(
        {
            "tool_calls": [
                {"index": 1, "id": "d", "type": "function", "function": {"name": "g", "arguments": "{}"}}
            ]
        }
    ),
    chunk({}, finish="tool_calls"),
    chunk(
        usage=USAGE
        | {
            "prompt_tokens_details": {"cached_tokens": 3},
            "completion_tokens_details": {"reasoning_tokens": 2},
        }
    ),
    DONE,
]


async def test_cached_stream_loses_neither_reasoning_nor_tool_calls_nor_usage() -> None:
    async def ask(stack: Stack) -> tuple[Any, str]:
        async with stack.openai.chat.completions.stream(
            model="m", messages=HI, temperature=0, stream_options={"include_usage": True}
        ) as stream:
            final = (await stream.get_final_completion()).model_dump()
        final.pop("winnow", None)
        return final["choices"], str(final["usage"])

    async with gateway(Said(RICH)) as stack:
        live, replayed = await ask(stack), await ask(stack)
        plain = (await stack.post(temperature=0)).json()
        assert len(stack.up.heard) == 1
    assert live == replayed
    message = plain["choices"][0]["message"]
    assert message["reasoning_content"] == "Let me see"
    assert [call["function"]["arguments"] for call in message["tool_calls"]] == ['{"a":1}', "{}"]
    assert plain["usage"]["completion_tokens_details"] == {"reasoning_tokens": 2}
    assert plain["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    ("header", "statuses", "calls"),
    [
        ("no-cache", ["bypass", "bypass", "hit"], 2),
        ("no-store", ["bypass", "bypass", "miss"], 3),
        ("max-age=0", ["miss", "miss", "hit"], 2),
    ],
)
async def test_cache_control_of_the_request_is_honoured(header: str, statuses: list[str], calls: int) -> None:
    async with gateway(Said(HELLO)) as stack:
        how = {"cache-control": header}
        answers = [await stack.post(headers, temperature=0) for headers in (how, how, {})]
        seen = [answer.headers["x-cache"] for answer in answers]
        assert (seen, len(stack.up.heard)) == (statuses, calls)


async def test_answer_left_to_chance_is_cached_only_when_asked_for_and_says_so() -> None:
    async with gateway(Said(HELLO)) as stack:
        asked = {"cache-control": "max-age=600"}
        answers = [await stack.post(headers) for headers in ({}, {}, asked, asked)]
        assert len(stack.up.heard) == 3
    assert [answer.headers["x-cache"] for answer in answers] == ["bypass", "bypass", "miss", "hit"]
    reasons = [answer.json()["winnow"]["cache"]["not_stored"] for answer in answers]
    assert reasons == [CHANCE, CHANCE, None, None]


async def test_server_behind_a_name_counts() -> None:
    async with upstream(Said(HELLO)) as first, upstream(Said(HELLO)) as second:
        cache = DictCache()
        seen = []
        for url in (first.url, second.url, first.url):
            spec = BackendSpec(name="up", kind="remote", url=url, models=[ModelSpec(name="m", aliases=["a"])])
            registry = Registry([spec])
            completer = Completer(registry, cache=cache, workers=InlineWorkers())
            for name in ("m", "a"):
                request = CompletionRequest(model=name, messages=HI, temperature=0)
                seen.append((await (await completer.open(request)).whole()).cache.status)
            await completer.aclose()
            await registry.aclose()
    assert seen == ["miss", "hit", "miss", "hit", "hit", "hit"]
    assert (len(first.heard), len(second.heard)) == (1, 1)


async def test_fifty_identical_requests_make_one_upstream_call() -> None:
    async with gateway(Said([chunk({"content": "a"}), 0.3, *HELLO])) as stack:
        answers = await asyncio.gather(*(stack.post(stream=bool(i % 2), temperature=0) for i in range(50)))
        assert len(stack.up.heard) == 1
    assert {answer.status_code for answer in answers} == {200}
    assert [answer.headers["x-cache"] for answer in answers].count("miss") == 1


async def test_disconnecting_leader_leaves_its_followers_and_the_last_one_stops_the_upstream() -> None:
    async with gateway(Said([chunk({"content": "a"}), 30.0, *HELLO])) as stack:
        first = await stack.openai.chat.completions.create(model="m", messages=HI, stream=True, temperature=0)
        assert (await first.__anext__()).choices[0].delta.content == "a"
        second = await stack.openai.chat.completions.create(
            model="m", messages=HI, stream=True, temperature=0
        )
        assert (await second.__anext__()).choices[0].delta.content == "a"
        await first.close()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stack.up.left.wait(), 0.3)
        await second.close()
        await asyncio.wait_for(stack.up.left.wait(), PATIENCE_S)
        assert len(stack.up.heard) == 1


@pytest.mark.parametrize(
    ("said", "stream"),
    [
        pytest.param([30.0], False, id="whole"),
        pytest.param([30.0], True, id="stream-before-the-first-token"),
        pytest.param([chunk({"content": "a"}), 30.0], True, id="stream-at-its-first-token"),
    ],
)
async def test_client_that_leaves_stops_the_upstream_within_a_second(said: list[Any], stream: bool) -> None:
    took_s = []
    for _ in range(5):  # a loaded machine is late now and then; five times in a row it is our doing
        async with gateway(Said(said)) as stack:
            asking = asyncio.create_task(stack.post(stream=stream))
            await stack.up.asked.wait()
            await asyncio.sleep(0.2)
            asking.cancel()
            left_at = time.perf_counter()
            await asyncio.wait_for(stack.up.left.wait(), PATIENCE_S)
            took_s.append(time.perf_counter() - left_at)
        if took_s[-1] < 1:
            return
    pytest.fail(f"the upstream was left to go on for {took_s} s")


async def test_rate_limit_passes_with_its_headers() -> None:
    headers = {"retry-after": "7", "x-ratelimit-remaining-tokens": "0", "set-cookie": "a=b"}
    async with gateway(error("slow down", status=429, headers=headers)) as stack:
        with pytest.raises(openai.RateLimitError) as caught:
            await stack.openai.chat.completions.create(model="m", messages=HI)
        assert len(stack.up.heard) == 1, "the caller is told when to return, not made to wait"
    answer = caught.value.response
    assert (answer.headers["retry-after"], answer.headers["x-ratelimit-remaining-tokens"]) == ("7", "0")
    assert "set-cookie" not in answer.headers


async def test_refused_server_key_is_not_the_callers_fault_and_stays_secret() -> None:
    async with gateway(error("Incorrect API key provided: server-key", status=401)) as stack:
        response = await stack.post()
    assert response.status_code == 502
    assert "server-key" not in response.text


async def test_upstreams_own_refusal_keeps_its_words() -> None:
    refusal = error("top_p must be below 1", status=400, param="top_p", code="bad_top_p", type="their_type")
    async with gateway(refusal) as stack:
        with pytest.raises(openai.BadRequestError, match="top_p must be below 1") as caught:
            await stack.openai.chat.completions.create(model="m", messages=HI, top_p=2)
    assert (caught.value.param, caught.value.code, caught.value.type) == ("top_p", "bad_top_p", "their_type")


async def test_unreachable_backend_is_503() -> None:
    gone = BackendSpec(name="gone", kind="remote", url="http://127.0.0.1:9/v1", models=[ModelSpec(name="g")])
    async with gateway(Said(HELLO), gone) as stack:
        response = await stack.post(model="g")
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "backend_unavailable"


async def test_silent_backend_is_504_after_its_timeout_not_a_failure_to_connect() -> None:
    async with upstream(Said([30.0])) as slow:
        spec = BackendSpec(
            name="slow", kind="remote", url=slow.url, timeout_s=0.3, models=[ModelSpec(name="s")]
        )
        async with gateway(Said(HELLO), spec) as stack:
            response = await stack.post(model="s")
    assert response.status_code == 504
    assert "0.3 s" in response.json()["error"]["message"]


async def test_fallback_serves_when_the_first_choice_fails_before_its_first_token() -> None:
    role = chunk({"role": "assistant", "content": ""})
    async with upstream(Said([role])) as broken:
        model = ModelSpec(name="first", aliases=["best"], fallbacks=["m"])
        spec = BackendSpec(name="broken", kind="remote", url=broken.url, models=[model])
        async with gateway(Said(HELLO), spec) as stack:
            whole = (await stack.post(model="best")).json()
            streamed = await stack.events(model="best")
    assert whole["choices"][0]["message"]["content"] == "Hello"
    assert whole["winnow"]["backend"] == "up"
    assert "first" in whole["winnow"]["failed_models"][0]
    assert len([event for event in streamed if b'"role"' in event]) == 1


async def test_prompt_above_the_models_context_is_400_before_any_call() -> None:
    async with upstream(Said(HELLO)) as small:
        spec = BackendSpec(
            name="small", kind="remote", url=small.url, models=[ModelSpec(name="s", context_tokens=20)]
        )
        async with gateway(Said(HELLO), spec) as stack:
            response = await stack.post(model="s", messages=[{"role": "user", "content": "word " * 50}])
        assert small.heard == []
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "context_length_exceeded"


async def test_unknown_model_is_404_and_names_the_known_ones() -> None:
    async with gateway(Said(HELLO)) as stack:
        with pytest.raises(openai.NotFoundError, match="known models: m") as caught:
            await stack.openai.chat.completions.create(model="nope", messages=HI)
    assert caught.value.code == "model_not_found"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        pytest.param({"base_url": "http://evil"}, "base_url", id="address"),
        pytest.param({"api_key": "sk"}, "api_key", id="key"),
        pytest.param({"messages": []}, "messages", id="no-messages"),
        pytest.param({"messages": "hi"}, "messages", id="not-a-list"),
        pytest.param({"max_tokens": 0}, "max_tokens", id="no-room"),
        pytest.param({"n": 10**6}, "n", id="a-million-answers"),
        pytest.param(
            {"response_format": {"type": "json_schema", "json_schema": None}},
            "response_format.json_schema",
            id="format-without-schema",
        ),
        pytest.param(
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": "x"}}},
            "response_format.json_schema.schema",
            id="schema-of-another-type",
        ),
    ],
)
async def test_bad_request_names_the_field_and_makes_no_call(fields: dict[str, Any], param: str) -> None:
    async with gateway(Said(HELLO)) as stack:
        response = await stack.post(**fields)
        assert stack.up.heard == []
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert param in response.json()["error"]["message"]


async def test_broken_json_is_400_in_openais_shape() -> None:
    async with gateway(Said(HELLO)) as stack:
        response = await stack.http.post(
            "/v1/chat/completions", content=b"{", headers={"content-type": "application/json"}
        )
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/chat/completions", 405),
        ("POST", "/v1/models", 405),
        ("DELETE", "/v1/models/m", 405),
        ("POST", "/v1/moderations", 404),
        ("POST", "/v1/chat/nothing", 404),
        ("POST", "/v1/audio/transcriptions", 404),
        ("GET", "/v1/files/f1/content", 404),
    ],
)
async def test_what_is_not_there_is_refused_in_openais_shape(method: str, path: str, status: int) -> None:
    async with gateway(Said(HELLO)) as stack:
        response = await stack.http.request(method, path)
    assert response.status_code == status
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert ("allow" in response.headers) == (status == 405)


async def test_base_url_may_lack_its_v1_as_with_litellm() -> None:
    async with gateway(Said(HELLO)) as stack:
        client = stack.openai.with_options(base_url=stack.url)
        completion = await client.chat.completions.create(model="m", messages=HI)
        assert completion.choices[0].message.content == "Hello"
        assert [model.id for model in (await client.models.list()).data] == ["m"]
        with pytest.raises(openai.NotFoundError) as missing:
            await client.models.retrieve("n")
    assert missing.value.code == "model_not_found"


async def test_models_lists_names_and_aliases() -> None:
    more = BackendSpec(
        name="x", kind="scripted", models=[ModelSpec(name="org/n", aliases=["fast"], context_tokens=10)]
    )
    async with gateway(Said(HELLO), more) as stack:
        listed = await stack.openai.models.list()
        one = await stack.openai.models.retrieve("org/n")
        with pytest.raises(openai.NotFoundError, match=r"org/n, fast; did you mean fast\?"):
            await stack.openai.models.retrieve("fats")
    assert [model.id for model in listed.data] == ["m", "org/n", "fast"]
    assert one.owned_by == "x"


async def test_backend_of_another_format_streams_as_openai_does() -> None:
    spec = BackendSpec(name="x", kind="scripted", models=[ModelSpec(name="s")])
    async with gateway(Said(HELLO), spec) as stack:
        events = await stack.events(model="s", stream_options={"include_usage": True})
        parts = [openai.types.chat.ChatCompletionChunk.model_validate_json(event) for event in events[:-1]]
    assert parts[0].choices[0].delta.role == "assistant"
    assert (
        "".join(p.choices[0].delta.content or "" for p in parts if p.choices) == "This is a scripted answer."
    )
    assert [p.choices[0].finish_reason for p in parts if p.choices][-1] == "stop"
    assert parts[-1].usage is not None
    assert len({p.id for p in parts}) == 1

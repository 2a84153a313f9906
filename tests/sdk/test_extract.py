"""`extract` in the client: typed answers, events, errors; sync and async; against the real service."""

import asyncio
import dataclasses
import json
from typing import Any

import msgspec
import pydantic
import pytest

from gateway import errors, sdk
from gateway.sdk.schemas import instance_of, json_schema_of
from gateway.wire import DeltaEvent, EvidenceEvent, ExtractDone, ExtractRequest, ExtractResponse, SourceEvent
from tests.sdk.test_client import answering

WIDGET = "<h1>Acme Widget</h1><p>The Acme Widget costs <b>$1,299.00</b> and is made in Leeds."
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "price": {"type": "number"}},
    "required": ["name", "price"],
}


class StructProduct(msgspec.Struct):
    name: str
    price: float


@dataclasses.dataclass
class DataProduct:
    name: str
    price: float


class PydanticProduct(pydantic.BaseModel):
    name: str
    price: float


class PickyProduct(pydantic.BaseModel):
    name: str
    price: float

    @pydantic.field_validator("price")
    @classmethod
    def even(cls, value: float) -> float:
        if value % 2:
            raise ValueError("odd")
        return value


KINDS = [StructProduct, DataProduct, PydanticProduct]


def test_extract_returns_the_whole_response_for_a_dict(model_gateway_url: str) -> None:
    with sdk.Client(model_gateway_url) as client:
        answer = client.extract(html=WIDGET, schema=SCHEMA, prompt="price, as printed")
    assert isinstance(answer, ExtractResponse)
    assert answer.data == {"name": "Acme Widget", "price": 1299} and answer.sources[0].tokens.content > 0
    assert [found.quote for found in answer.evidence] == ["Acme Widget", "$1,299.00"]


def test_extract_returns_text_for_a_prompt(model_gateway_url: str) -> None:
    with sdk.Client(model_gateway_url) as client:
        assert client.extract(html=WIDGET, prompt="Where?").text == "In Leeds — 北京."


@pytest.mark.parametrize("kind", KINDS)
def test_extract_returns_an_instance_of_the_schema(model_gateway_url: str, kind: Any) -> None:
    with sdk.Client(model_gateway_url) as client:
        product = client.extract(html=WIDGET, schema=kind, prompt="price, as printed")
    assert type(product) is kind and (product.name, product.price) == ("Acme Widget", 1299)


def test_extract_takes_types_that_are_no_classes(model_gateway_url: str) -> None:
    with sdk.Client(model_gateway_url) as client:
        data = client.extract(html=WIDGET, schema=dict[str, str | float], prompt="price, as printed")
    assert data == {"name": "Acme Widget", "price": 1299}


@pytest.mark.parametrize("stream", [False, True])
def test_dry_run_with_a_type_gives_the_estimate(model_gateway_url: str, stream: bool) -> None:
    with sdk.Client(model_gateway_url) as client:
        asked = client.extract(
            html=WIDGET, schema=StructProduct, prompt="price?", dry_run=True, stream=stream
        )
        answer = list(asked)[-1] if stream else asked
    assert answer.data is None and answer.estimate.calls == 1


@pytest.mark.parametrize("kind", KINDS)
def test_async_extract_returns_an_instance_of_the_schema(model_gateway_url: str, kind: Any) -> None:
    async def ask() -> Any:
        async with sdk.AsyncClient(model_gateway_url) as client:
            return await client.extract(html=WIDGET, schema=kind, prompt="price, as printed")

    assert asyncio.run(ask()) == kind(name="Acme Widget", price=1299)


def test_extract_streams_typed_events(model_gateway_url: str) -> None:
    with sdk.Client(model_gateway_url) as client:
        asked = client.extract(html=WIDGET, schema=StructProduct, prompt="price", stream=True)
        events = list(asked)
    kinds = [type(event) for event in events]
    assert (kinds[0], kinds[-2:]) == (SourceEvent, [EvidenceEvent, ExtractDone]) and DeltaEvent in kinds
    done = events[-1]
    assert isinstance(done, ExtractDone) and done.data == StructProduct(name="Acme Widget", price=1299)


def test_async_extract_streams_the_same(model_gateway_url: str) -> None:
    async def ask() -> list[str]:
        async with sdk.AsyncClient(model_gateway_url) as client:
            asked = client.extract(html=WIDGET, prompt="Where?", stream=True)
            return [event.text async for event in asked if isinstance(event, DeltaEvent)]

    assert "".join(asyncio.run(ask())) == "In Leeds — 北京."


def test_module_extract_uses_the_environment(model_gateway_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINNOW_URL", model_gateway_url)
    assert sdk.extract(html=WIDGET, schema=DataProduct, prompt="price") == DataProduct("Acme Widget", 1299)
    streamed = [
        e.text for e in sdk.extract(html=WIDGET, prompt="?", stream=True) if isinstance(e, DeltaEvent)
    ]
    assert "".join(streamed) == "In Leeds — 北京."


def test_extract_takes_a_request_as_one_value(model_gateway_url: str) -> None:
    request = ExtractRequest(content="x", prompt="Where?", max_output_tokens=9)
    with sdk.Client(model_gateway_url) as client:
        assert client.extract(request).text
        assert isinstance(list(client.extract(request, stream=True))[-1], ExtractDone)


def test_extract_takes_scrape_options_as_a_dict(model_gateway_url: str) -> None:
    with sdk.Client(model_gateway_url) as client:
        answer = client.extract(html=WIDGET, prompt="Where?", scrape={"tokenizer": "cl100k_base"})
    assert answer.sources[0].tokens.tokenizer == "cl100k_base"


@pytest.mark.parametrize("stream", [False, True])
def test_extract_raises_the_servers_errors(model_gateway_url: str, stream: bool) -> None:
    with sdk.Client(model_gateway_url, tries=1) as client:
        with pytest.raises(errors.SchemaUnsatisfied) as unsatisfied:
            asked = client.extract(content="x", schema=SCHEMA, prompt="wrongly", stream=stream)
            list(asked)
        assert unsatisfied.value.extra["text"] == "No." and unsatisfied.value.request_id
        with pytest.raises(errors.NotFound):
            list(client.extract(content="x", prompt="?", model="no", stream=stream))
        with pytest.raises(errors.BackendRateLimited) as limited:
            list(client.extract(content="x", prompt="busy", stream=stream))
        assert limited.value.retry_after_s == 7


def test_extract_stream_that_breaks_raises_after_what_came(model_gateway_url: str) -> None:
    told: list[Any] = []
    with sdk.Client(model_gateway_url) as client, pytest.raises(errors.BackendInterrupted):
        for event in client.extract(content="x", prompt="break it", stream=True):
            told.append(event)
    assert [event.text for event in told if isinstance(event, DeltaEvent)] == ["one ", "two "]


CUT = b'event: delta\ndata: {"text": "on"}\n\nevent: novelty\ndata: {}\n\n'


def test_extract_stream_that_is_cut_off_is_no_success() -> None:
    with answering((200, {"content-type": "text/event-stream"}, CUT)) as (url, _), sdk.Client(url) as client:
        asked = client.extract(content="x", prompt="?", stream=True)
        assert next(asked) == DeltaEvent(text="on")
        with pytest.raises(errors.BackendInterrupted, match="without `done`"):
            next(asked)


def test_extract_stream_is_tried_again_before_its_first_event() -> None:
    busy = (503, {"retry-after": "0"}, b'{"code": "overloaded", "detail": "full"}')
    with (
        answering(busy, (200, {"content-type": "text/event-stream"}, CUT)) as (url, bodies),
        sdk.Client(url) as client,
    ):
        assert next(client.extract(content="x", prompt="?", stream=True)) == DeltaEvent(text="on")
    assert [json.loads(body) for body in bodies] == [{"content": "x", "prompt": "?", "stream": True}] * 2


def test_models_lists_what_can_be_asked(model_gateway_url: str) -> None:
    with sdk.Client(model_gateway_url) as client:
        assert [
            (m.id, m.owned_by, m.context_length, m.price and m.price.output) for m in client.models()
        ] == [("m", "scripted", 8000, 20)]


@pytest.mark.parametrize("kind", KINDS)
def test_json_schema_of_a_type_says_what_it_requires(kind: Any) -> None:
    text = json.dumps(json_schema_of(kind))
    assert '"required": ["name", "price"]' in text


def test_instance_of_refuses_what_the_type_does_not_take() -> None:
    with pytest.raises(errors.SchemaUnsatisfied, match="PickyProduct"):
        instance_of(PickyProduct, {"name": "x", "price": 3})
    assert instance_of(PickyProduct, {"name": "x", "price": 2}).price == 2

"""What a caller is told of a body that does not fit."""

from typing import Any

import msgspec
import pytest

from gateway.api.bodies import to_kind
from gateway.api.openai.chat import ChatRequest
from gateway.core.http.json_body import decode_json
from gateway.errors import InvalidRequest
from gateway.wire import ExtractRequest, ScrapeRequest


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(b'{"messages": [{"a": ' + b"[" * 20_000, "nested too deeply", id="nesting"),
        pytest.param(b'{"model": "\xff"}', "not valid UTF-8", id="charset"),
        pytest.param(b'{"model": ', "not valid JSON", id="cut"),
    ],
)
def test_bodies_that_are_no_json_are_the_callers_fault(body: bytes, said: str) -> None:
    for kind in (ChatRequest, dict):
        with pytest.raises(InvalidRequest, match=said):
            to_kind(decode_json(body), kind)


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        pytest.param(
            ScrapeRequest,
            {"format": "xml"},
            "format: 'xml' is not one of markdown, text, html",
            id="choice",
        ),
        pytest.param(
            ScrapeRequest,
            {"format": "markdwon"},
            "markdown, text, html; did you mean markdown?",
            id="near-choice",
        ),
        pytest.param(
            ExtractRequest,
            {"scrape": {"include": ["links", "pictures"]}},
            "scrape.include[1]: 'pictures' is not one of links, images, metadata",
            id="choice-in-a-list-in-a-struct",
        ),
        pytest.param(
            ChatRequest,
            {"messages": [{}], "web": {"urls": ["u"], "scope": "whole"}},
            "web.scope: 'whole' is not one of main, page",
            id="choice-in-an-optional-struct",
        ),
        pytest.param(
            ScrapeRequest,
            {"url": "u", "formats": ["markdown"]},
            "unknown field `formats`; did you mean format? clients of Firecrawl's v1 take the base URL",
            id="firecrawls-key",
        ),
        pytest.param(
            ScrapeRequest,
            {"formt": "text"},
            "unknown field `formt`; did you mean format?",
            id="near-key",
        ),
        pytest.param(
            ExtractRequest,
            {"scrape": {"zzz": 1}},
            "scrape: unknown field `zzz`; there are format, scope",
            id="key",
        ),
        pytest.param(
            ScrapeRequest, {"max_tokens": "5"}, "max_tokens: Expected `int | null`, got `str`", id="type"
        ),
        pytest.param(
            ScrapeRequest, {"headers": {"a": 1}}, "headers[...]: Expected `str`", id="value-of-a-map"
        ),
        pytest.param(ScrapeRequest, {"` - at `$.x`": 1}, "unknown field `` - at `$.x``", id="hostile-key"),
        pytest.param(ScrapeRequest, {"format": "x" * 10_000}, "format: 'xxx", id="long-value"),
        pytest.param(ScrapeRequest, [1], "Expected `object`, got `array`", id="no-object"),
    ],
)
def test_fault_of_a_body_names_the_field_and_what_would_do(kind: Any, body: Any, said: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        to_kind(decode_json(msgspec.json.encode(body)), kind)
    assert said in caught.value.detail
    assert len(caught.value.detail) < 500

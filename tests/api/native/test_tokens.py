"""`POST /v1/tokens` over a real socket."""

from typing import Any

import httpx2
import pytest


@pytest.mark.parametrize(
    ("body", "tokenizer", "tokens"),
    [
        pytest.param({"text": "hello world"}, "o200k_base", 2, id="text"),
        pytest.param({"text": ""}, "o200k_base", 0, id="empty-text"),
        pytest.param(
            {"text": "hello world", "tokenizer": "gpt-4"}, "cl100k_base", 2, id="model-as-tokenizer"
        ),
        pytest.param({"messages": [{"role": "user", "content": "hello"}]}, "o200k_base", 8, id="messages"),
        pytest.param(
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}], "other": 1}]},
            "o200k_base",
            8,
            id="parts",
        ),
    ],
)
def test_tokens_are_counted(gateway_url: str, body: dict[str, Any], tokenizer: str, tokens: int) -> None:
    response = httpx2.post(f"{gateway_url}/v1/tokens", json=body, timeout=60)
    assert response.json() == {"tokenizer": tokenizer, "tokens": tokens}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({}, "text", id="nothing"),
        pytest.param({"text": "a", "messages": []}, "text", id="both"),
        pytest.param({"text": "a", "tokenizer": "abacus"}, "tokenizer", id="unknown-tokenizer"),
        pytest.param({"messages": [{"content": "a"}]}, "messages[0]", id="no-role"),
        pytest.param({"messages": [{"role": "user", "content": 10**30}]}, "messages[0].content", id="number"),
        pytest.param(
            {"messages": [{"role": "user", "content": [10**30]}]}, "messages[0].content[0]", id="part"
        ),
        pytest.param(
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            "messages[0].content[0]",
            id="image",
        ),
    ],
)
def test_what_has_no_count_is_refused(gateway_url: str, body: dict[str, Any], field: str) -> None:
    response = httpx2.post(f"{gateway_url}/v1/tokens", json=body, timeout=60)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")
    assert response.json()["extra"]["field"] == field

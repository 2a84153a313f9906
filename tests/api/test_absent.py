"""What is told who asks for a route that is not here: clients of other services, with their base URL wrong."""

import anthropic
import openai
import pytest

from gateway.api.absent import why_absent


@pytest.mark.parametrize(
    ("path", "told"),
    [
        pytest.param("/v1/v1/messages", "leave it out of the base URL", id="anthropic-with-a-version"),
        pytest.param(
            "/firecrawl/v1/v1/scrape", "leave it out of the base URL", id="firecrawl-with-a-version"
        ),
        pytest.param("/messages", "end the base URL of this client in /v1", id="vercel-without-a-version"),
        pytest.param("/scrape", "/v1 or /v2", id="no-version"),
        pytest.param("/v1/images/generations", "for text and for embeddings", id="pictures"),
        pytest.param("/v1/responses/resp_1", "nothing is kept", id="kept-answers"),
        pytest.param("/v1/messages/batches/b", "send each request by itself", id="batches"),
        pytest.param("/v1/batch/scrape", "ends in /firecrawl", id="firecrawl-v1-at-the-root"),
        pytest.param("/v0/scrape", "ends in /firecrawl", id="firecrawl-v0"),
        pytest.param("/v2/agent", "POST /v2/extract", id="agent"),
        pytest.param("/firecrawl/v1/crawl/active", "GET /v1/jobs", id="list-of-crawls"),
        pytest.param("//r/", "/r/https://example.com/", id="no-address"),
        pytest.param("/v1/crawl", None, id="a-route-of-ours"),
        pytest.param("/v2/crawl/5be3c0ffee5be3c0", None, id="a-crawl"),
        pytest.param("/v2/agents", None, id="another-name"),
        pytest.param("/" + "v1/" * 100_000, "leave it out", id="long"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_an_absent_route_says_what_is_in_its_place(path: str, told: str | None) -> None:
    reason = why_absent(path)
    assert reason is None if told is None else told in (reason or "")


def test_clients_of_models_show_it(gateway_url: str) -> None:
    client = openai.OpenAI(base_url=f"{gateway_url}/v1", api_key="any", max_retries=0)
    with pytest.raises(openai.NotFoundError, match="for text and for embeddings"):
        client.moderations.create(input="x")
    with pytest.raises(openai.NotFoundError, match="nothing is kept"):
        client.responses.retrieve("resp_1")
    theirs = anthropic.Anthropic(base_url=f"{gateway_url}/v1", api_key="any", max_retries=0)
    with pytest.raises(anthropic.NotFoundError, match="leave it out of the base URL") as caught:
        theirs.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "Hello"}])
    assert isinstance(caught.value.body, dict) and caught.value.body["type"] == "error"

"""What every dialect of models reads and answers alike."""

import pytest

from gateway.api import problems
from gateway.api.answering import cache_policy
from gateway.api.openai import errors as openai_errors
from gateway.api.streaming import ClientDisconnected
from gateway.completions.completion_cache import CachePolicy
from tests.models import gateway
from tests.upstream import HELLO, Said

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("header", "policy"),
    [
        ("max-age=60", CachePolicy(max_age_s=60, sampled=True)),
        ('Max-Age="60"', CachePolicy(max_age_s=60, sampled=True)),
        ("max-age=" + "9" * 5000, CachePolicy(max_age_s=9_999_999_999, sampled=True)),
        ("max-age=²", CachePolicy()),
        ("max-age=-1", CachePolicy()),
        ("max-age", CachePolicy()),
        ("", CachePolicy()),
    ],
)
def test_cache_control_is_read_as_far_as_it_is_one(header: str, policy: CachePolicy) -> None:
    assert cache_policy(header) == policy


async def test_age_that_is_no_number_is_no_failure() -> None:
    async with gateway(Said(HELLO)) as stack:
        for path in ("/v1/chat/completions", "/v1/messages"):
            body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
            response = await stack.http.post(path, json=body, headers=[(b"cache-control", b"max-age=\xb2")])
            assert response.status_code == 200, response.text


def test_client_that_left_is_no_failure_of_the_gateway() -> None:
    (answer,) = problems.exception_handlers([openai_errors.DIALECT]).values()
    assert answer(None, ClientDisconnected()).status_code == 499

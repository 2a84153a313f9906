"""The backend as the gateway sees it, over a real process with the tiny model."""

import pytest
from local_model import ask, opened

pytestmark = pytest.mark.anyio


async def test_answer_ends_with_one_completion(tiny: str) -> None:
    async with opened(tiny) as backend:
        answer = await ask(backend, max_output_tokens=5)
    assert answer.usage.output_tokens == 5
    assert answer.completion.finish_reason == "length"

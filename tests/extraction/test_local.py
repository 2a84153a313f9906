"""Extraction with the real llama.cpp backend: a model without sense, held to the schema by its grammar."""

from pathlib import Path

import pytest

from fixtures.make_gguf import write_model
from gateway.container import open_services
from gateway.settings import Settings
from gateway.wire import ExtractRequest
from tests.requirements import require_packages

require_packages(["llama_cpp"], extra="local")
pytestmark = pytest.mark.anyio

SCHEMA = {
    "type": "object",
    "properties": {"kind": {"enum": ["lamp", "chair"]}, "sold": {"type": "boolean"}},
    "required": ["kind", "sold"],
    "additionalProperties": False,
}
PAGE = "\n\n".join(
    f"## Lamp {number}\n\nA lamp that costs {number} USD and stands on a table." for number in range(40)
)


async def test_extract_from_a_local_model_validates_at_once_and_in_parts(tmp_path: Path) -> None:
    model = tmp_path / "tiny.gguf"
    write_model(model)
    settings = Settings(
        cache_dir=str(tmp_path / "cache"), clean_workers=1, local_model=str(model), local_context_tokens=2048
    )
    async with open_services(settings) as services:
        short = ExtractRequest(content="A lamp.", schema=SCHEMA, max_output_tokens=64)
        answer = await services.extractor.extract(short)
        assert answer.data["kind"] in ("lamp", "chair") and isinstance(answer.data["sold"], bool)
        assert (answer.backend, answer.model, answer.coverage.chunks) == ("local", "local", 1)
        assert answer.usage.input_tokens > 0 and answer.timings.ttft_ms > 0

        long = ExtractRequest(content=PAGE, schema=SCHEMA, max_output_tokens=64)
        answer = await services.extractor.extract(long)
        assert answer.coverage.read == answer.coverage.chunks > 1, answer.warnings
        assert answer.data["kind"] in ("lamp", "chair")

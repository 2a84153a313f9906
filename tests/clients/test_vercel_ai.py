"""Vercel's `ai` against the real service: installed by its name, so not by default (`make clients`)."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.requirements import require

PACKAGES = ["ai@7", "@ai-sdk/openai@4", "@ai-sdk/openai-compatible@3", "@ai-sdk/anthropic@4", "zod@4"]
DIALECTS = ["chat", "responses", "compatible", "anthropic"]


@pytest.fixture(scope="module")
def came(keyed_model_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of every call, by dialect."""
    require(shutil.which("npm") is not None, "npm is missing: install node")
    folder = tmp_path_factory.mktemp("npm")
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), *PACKAGES]
    subprocess.run(command, check=True, timeout=100)
    shutil.copy(Path(__file__).parent / "vercel_ai.mjs", folder)
    program = ["node", str(folder / "vercel_ai.mjs"), keyed_model_url]
    done = subprocess.run(program, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
def test_calls_of_each_provider(came: dict[str, Any], dialect: str) -> None:
    assert came[dialect] == {
        "text": "Hello there.",
        "usage": [1, 2],
        "streamed": ["Hello there.", "stop"],
        "steps": [2, {"city": "Leeds"}, "It is 5 degrees."],
        "streamedSteps": [2, "It is 5 degrees."],
        "object": {"name": "Kettle", "price": 64.9},
        "failures": [429, "error in the stream"],
    }


@pytest.mark.slow
def test_wrong_key_is_said_to_be_one(came: dict[str, Any]) -> None:
    assert came["wrongKey"] == [401, "the key is not one of this gateway's, or was revoked"]

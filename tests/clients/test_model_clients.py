"""instructor and LangChain's chat models against the real service.

They are large: `make clients` installs them beside this project and names their interpreter in CLIENTS_PYTHON.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.requirements import require

KETTLE = {"name": "Kettle", "price": 64.9}


@pytest.fixture(scope="module")
def came(keyed_model_url: str) -> dict[str, Any]:
    """What came of every call, by client."""
    python = os.environ.get("CLIENTS_PYTHON")
    require(python is not None, "CLIENTS_PYTHON names no interpreter with clients: make clients")
    command = [python or "", str(Path(__file__).parent / "model_clients.py"), keyed_model_url]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("way", ["tools", "json_schema", "anthropic"])
def test_instructor_gets_its_types(came: dict[str, Any], way: str) -> None:
    assert came["instructor"][way] == [KETTLE, KETTLE]


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["chat", "responses", "anthropic"])
def test_chat_models_of_langchain(came: dict[str, Any], dialect: str) -> None:
    assert came["langchain"][dialect] == {
        "text": "Hello there.",
        "usage": [1, 2],
        "streamed": "Hello there.",
        "call": ["weather", {"city": "Leeds"}],
        "answer": "It is 5 degrees.",
        "object": KETTLE,
        "failure": 429,
    }

"""A tiny model with random weights, made once a run."""

from pathlib import Path

import pytest

from tests.requirements import require_packages

require_packages(["llama_cpp", "llguidance"], extra="local")
require_packages(["gguf"], group="dev")

from fixtures.make_gguf import write_model  # noqa: E402 -- it needs gguf


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def tiny(model_folder: Path) -> str:
    return str(write_model(model_folder / "tiny.gguf"))

"""A tiny model with random weights, made once a run."""

from pathlib import Path

import pytest

pytest.importorskip("llama_cpp", reason="the extra `local` is not installed")
pytest.importorskip("gguf", reason="the extra `dev` is not installed")

from fixtures.make_gguf import write_model


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def tiny(model_folder: Path) -> str:
    return str(write_model(model_folder / "tiny.gguf"))

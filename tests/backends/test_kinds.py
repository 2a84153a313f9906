"""Kinds of backend: this package's own, and those that another package brings by an entry point."""

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import httpx2
import pytest

from backends.base import UpstreamUnavailable
from backends.kinds import BUILT_IN, GROUP, build, check_kind
from backends.registry import Registry
from backends.specs import BackendSpec, ConfigurationError
from fixtures.service import running_service

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "backends.md").read_text("utf-8")


def snippets(language: str) -> list[str]:
    """The blocks of docs/backends.md in this language."""
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of docs/backends.md, built and installed into a folder of its own."""
    source, target = tmp_path_factory.mktemp("winnow-echo"), tmp_path_factory.mktemp("installed")
    build_system = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    (source / "pyproject.toml").write_text(build_system + snippets("toml")[0])
    (source / "winnow_echo.py").write_text(snippets("python")[0])
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(source)], check=True
    )
    return target


def test_backend_of_another_package_answers_a_chat(installed: Path, tmp_path: Path) -> None:
    config = tmp_path / "winnow.toml"
    config.write_text(snippets("toml")[1])
    settings = {"WINNOW_CONFIG": str(config), "WINNOW_CLEAN_WORKERS": "1"}
    body = {"model": "parrot", "messages": [{"role": "user", "content": "in and out"}]}
    with running_service(tmp_path, PYTHONPATH=str(installed), **settings) as (_, url):
        listed = httpx2.get(url + "/v1/models").json()["data"]
        answer = httpx2.post(url + "/v1/chat/completions", json=body, timeout=60)
        streamed = httpx2.post(url + "/v1/chat/completions", json=body | {"stream": True}, timeout=60)
    assert [(model["id"], model["owned_by"]) for model in listed] == [("parrot", "mine")]
    assert answer.json()["choices"][0]["message"]["content"] == "in and out "
    assert answer.json()["usage"]["prompt_tokens"] == 3
    events = [line.removeprefix("data: ") for line in streamed.text.splitlines() if line.startswith("data: ")]
    pieces = [json.loads(event)["choices"] for event in events[:-1]]
    assert "".join(c["delta"].get("content") or "" for choices in pieces for c in choices) == "in and out "


def test_package_is_imported_at_first_use(installed: Path) -> None:
    probe = (
        "import asyncio, sys\n"
        "from backends.registry import Registry\n"
        "from backends.specs import BackendSpec\n"
        "registry = Registry([BackendSpec(name='mine', kind='echo')])\n"
        "print('winnow_echo' in sys.modules)\n"
        "asyncio.run(registry.resolve('parrot'))\n"
        "print('winnow_echo' in sys.modules)\n"
    )
    environ = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(installed)])}
    result = subprocess.run([sys.executable, "-c", probe], env=environ, capture_output=True, text=True)
    assert result.stdout.split() == ["False", "True"], result.stderr


def bring(folder: Path, monkeypatch: pytest.MonkeyPatch, **kinds: str) -> None:
    """Install a package that has these entry points and nothing else."""
    info = folder / "winnow_test_kinds-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: winnow-test-kinds\nVersion: 1.0\n")
    lines = [f"{name} = {value}" for name, value in kinds.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines, ""]))
    monkeypatch.syspath_prepend(folder)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("ecko", "kind `ecko` is none of remote, anthropic, local, scripted, echo; did you mean echo"),
        ("remot", "did you mean remote"),
        ("xyz", "is the package that brings it installed"),
    ],
)
def test_unknown_kind_names_the_known_and_the_nearest(
    kind: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(tmp_path, monkeypatch, echo="winnow_echo:build")
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        Registry([BackendSpec(name="a", kind=kind)])


def test_another_package_takes_no_built_in_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bring(tmp_path, monkeypatch, scripted="no_such_package:build")
    spec = BackendSpec(name="a", kind="scripted")
    check_kind(spec)
    assert type(build(spec)).__module__ == "backends.scripted"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        pytest.param("no_such_package:build", "needs no_such_package, which is not installed", id="module"),
        pytest.param(
            "json:build", "`json:build`, the entry point of its kind, does not exist", id="function"
        ),
    ],
)
def test_entry_point_that_leads_nowhere_is_said(
    value: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(tmp_path, monkeypatch, broken=value)
    with pytest.raises(UpstreamUnavailable, match=words):
        build(BackendSpec(name="a", kind="broken"))


def test_project_registers_the_built_in_kinds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"][GROUP] == BUILT_IN


def test_built_in_kinds_lead_to_functions() -> None:
    for kind, value in BUILT_IN.items():
        assert callable(EntryPoint(kind, value, GROUP).load())

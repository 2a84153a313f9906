"""The wheel that users install: typed, complete, of one version."""

import importlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

import gateway
from tests.requirements import require

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

RIGHT = """
import dataclasses
from collections.abc import AsyncIterator, Iterator
from typing import assert_type

from backends.base import Backend
from gateway import errors, sdk
from gateway.core import Page, clean
from gateway.wire import ExtractEvent, ExtractResponse, ScrapeRequest, ScrapeResponse, TokensResponse


@dataclasses.dataclass
class Product:
    name: str


async def use(backend: Backend) -> None:
    assert_type(await backend.health(), str | None)
    assert_type(clean("<p>x"), Page)
    try:
        with sdk.Client("http://127.0.0.1:1", tries=1) as client:
            assert_type(client.scrape("u", max_tokens=5, include=["outline"], links="none"), ScrapeResponse)
            assert_type(client.scrape(ScrapeRequest(url="u")), ScrapeResponse)
            assert_type(client.tokens(messages=[{"role": "user", "content": "x"}]), TokensResponse)
            assert_type(client.models(), list[sdk.Model])
            assert_type(client.extract("u", schema=Product, scrape={"select": "main"}), Product)
            assert_type(client.extract("u", prompt="?", seed=1, cache={"store": False}), ExtractResponse)
            assert_type(client.extract("u", schema={"type": "object"}, stream=False), ExtractResponse)
            assert_type(client.extract("u", schema=Product, stream=True), Iterator[ExtractEvent])
        async with sdk.AsyncClient() as other:
            assert_type(await other.scrape("u", render="always"), ScrapeResponse)
            assert_type(await other.extract("u", schema=Product), Product)
            assert_type(other.extract("u", prompt="?", stream=True), AsyncIterator[ExtractEvent])
        assert_type(sdk.scrape("u", store=False), ScrapeResponse)
        assert_type(sdk.extract("u", schema=Product), Product)
    except errors.RateLimited as error:
        assert_type(error.retry_after_s, float | None)
"""
# each line beside the kind of mistake that it is
WRONG = {
    'sdk.scrape("u", max_token=5)': "call-arg",
    'sdk.scrape("u", max_tokens="many")': "arg-type",
    'sdk.scrape("u", links="none", format="pdf")': "arg-type",
    'sdk.tokens("x", tokeniser="o200k_base")': "call-arg",
    'sdk.extract("u", promt="?")': "call-overload",
    'sdk.extract("u", prompt="?", scrape={"slect": "p"})': "call-overload",
    'sdk.Client().scrape("u").titel': "attr-defined",
}


def run(*command: str | Path, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=cwd,
        env=os.environ | environ,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the wheel of this tree is installed into, without what it depends on."""
    wheels, target = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("installed")
    built = run("-m", "hatchling", "build", "-t", "wheel", "-d", wheels, cwd=ROOT)
    assert built.returncode == 0, built.stderr
    options = ["--no-deps", "--no-index", "--quiet", "--disable-pip-version-check"]
    done = run("-m", "pip", "install", *options, "--target", target, *wheels.iterdir(), cwd=wheels)
    assert done.returncode == 0, done.stderr
    return target


def check_types(program: str, installed: Path, folder: Path) -> list[str]:
    """mypy's messages about a program that uses the installed wheel."""
    (folder / "program.py").write_text(program)
    command = ["-m", "mypy", "--strict", "--config-file=", "--no-error-summary", "program.py"]
    done = run(*command, cwd=folder, PYTHONPATH=str(installed))
    assert not done.stderr, done.stderr
    return done.stdout.splitlines()


def test_wheel_is_typed_for_its_users(installed: Path, tmp_path: Path) -> None:
    # without them mypy would go on to the sources that an editable installation leads to
    assert all((installed / package / "py.typed").is_file() for package in ("gateway", "backends"))
    assert check_types(RIGHT, installed, tmp_path) == []
    where = run("-c", "import gateway; print(gateway.__file__)", cwd=tmp_path, PYTHONPATH=str(installed))
    assert Path(where.stdout.strip()).is_relative_to(installed), "the wheel is what mypy looked at"


def test_wrong_use_is_an_error_for_mypy(installed: Path, tmp_path: Path) -> None:
    messages = check_types("\n".join(["from gateway import sdk", *WRONG]), installed, tmp_path)
    kinds = {int(m[1]): m[2] for line in messages if (m := re.search(r":(\d+): error: .*\[(.+)\]$", line))}
    assert kinds == dict(enumerate(WRONG.values(), start=2)), "\n".join(messages)


def test_version_stands_in_one_place(installed: Path) -> None:
    assert "version" not in PROJECT["project"] and PROJECT["project"]["dynamic"] == ["version"]
    [metadata] = installed.glob("*.dist-info/METADATA")
    assert f"\nVersion: {gateway.__version__}\n" in metadata.read_text("utf-8")


def test_what_only_developers_need_is_not_published(installed: Path) -> None:
    [metadata] = installed.glob("*.dist-info/METADATA")
    extras = set(re.findall(r"^Provides-Extra: (\S+)$", metadata.read_text("utf-8"), re.MULTILINE))
    assert (
        extras.isdisjoint({"dev", "training"}) and {"dev", "training"} <= PROJECT["dependency-groups"].keys()
    )


@pytest.mark.parametrize("library", ["litestar", "uvicorn"])
def test_library_is_of_the_minor_whose_private_parts_are_used(library: str) -> None:
    [pin] = [each for each in PROJECT["project"]["dependencies"] if each.startswith(library)]
    major, minor, *_ = map(int, distribution(library).version.split("."))
    assert pin == f"{library}>={major}.{minor},<{major}.{minor + 1}"


@pytest.mark.parametrize("module", ["gateway", "gateway.sdk", "gateway.core", "backends.base"])
def test_public_names_are_there(module: str) -> None:
    public = importlib.import_module(module).__all__
    names: dict[str, object] = {}
    exec(f"from {module} import *", names)
    assert names.keys() - {"__builtins__"} == set(public)


def test_client_alone_needs_no_server(gateway_url: str, tmp_path: Path) -> None:
    """`winnow-client` holds what `gateway.sdk` imports, and nothing that it does not."""
    built = run("-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, cwd=ROOT / "packages" / "client")
    assert built.returncode == 0, built.stderr
    [wheel] = tmp_path.glob("winnow_client-*.whl")
    with zipfile.ZipFile(wheel) as files:
        files.extractall(tmp_path / "client")
        [metadata] = [files.read(name).decode() for name in files.namelist() if name.endswith("/METADATA")]
    assert re.findall(r"Requires-Dist: (\w+)", metadata) == ["httpx2", "msgspec"]
    program = f"""
import sys, gateway
from gateway import sdk
with sdk.Client({gateway_url!r}) as client:
    print(client.scrape(html="<p>It works", scope="page").content, client.models())
print(gateway.__file__, not {{"litestar", "numpy", "selectolax", "openai"}} & sys.modules.keys())
"""
    done = run("-c", program, cwd=tmp_path, PYTHONPATH=str(tmp_path / "client"))
    assert done.stdout == f"It works []\n{tmp_path}/client/gateway/__init__.py True\n", done.stderr


@pytest.mark.parametrize("fails", ["compiler", "pip"])
def test_make_goes_on_where_the_walk_in_c_cannot_be_compiled(fails: str, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "touch").symlink_to(shutil.which("touch") or "")
    # in place of the environment's Python: pip finds no network
    (programs / "python").write_text("#!/bin/sh\nexit 1\n")
    (programs / "python").chmod(0o755)
    if fails == "pip":
        (programs / "cc").symlink_to("python")
    make = shutil.which("make")
    require(make is not None, "make is missing")
    command = [str(make), "--no-print-directory", "native", f"VENV={tmp_path}"]
    done = subprocess.run(command, cwd=ROOT, env={"PATH": str(programs)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("no winnow-native: pages are walked by Python")
    assert (tmp_path / ".native").is_file(), "it is not tried again"

"""Fingerprints: another byte of code, weights or library is another name; another place is not."""

import ast
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from gateway.cache.fingerprint import LIBRARIES, PACKAGE, core_fingerprint, fingerprint


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package somewhere else, bytecode left behind."""
    folder = tmp_path / "elsewhere" / "gateway"
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def change_one_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_same_bytes_have_the_same_fingerprint_wherever_they_are(copy: Path) -> None:
    assert core_fingerprint(copy) == core_fingerprint()


def test_fingerprint_is_the_same_in_every_process() -> None:
    ask = "from gateway.cache.fingerprint import core_fingerprint; print(core_fingerprint())"
    answers = {
        subprocess.run(
            [sys.executable, "-c", ask],
            env={"PYTHONPATH": str(PACKAGE.parent), "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in (1, 2)
    }
    assert answers == {core_fingerprint()}


@pytest.mark.parametrize(
    "changed",
    [
        "core/classifier/weights/classifier.npz",
        "core/cleaning.py",
        "core/tokens/counters.py",  # it holds the digests of the vocabularies
        "core/markdown/__init__.py",
        "wire/scrape.py",
        "scraping/scraper.py",
    ],
)
def test_one_changed_byte_is_another_fingerprint(copy: Path, changed: str) -> None:
    change_one_byte(copy / changed)
    assert core_fingerprint(copy) != core_fingerprint()


def test_file_that_came_or_went_or_was_renamed_is_another_fingerprint(copy: Path) -> None:
    (copy / "core" / "more.py").touch()
    came = core_fingerprint(copy)
    (copy / "core" / "more.py").rename(copy / "core" / "other.py")
    renamed = core_fingerprint(copy)
    assert len({core_fingerprint(), came, renamed}) == 3


@pytest.mark.parametrize(
    "changed", ["core/classifier/weights/MODEL_CARD.md", "api/docs/page.py", "cli/main.py"]
)
def test_what_decides_no_content_changes_nothing(copy: Path, changed: str) -> None:
    change_one_byte(copy / changed)
    assert core_fingerprint(copy) == core_fingerprint()


def test_bytecode_changes_nothing(copy: Path) -> None:
    (copy / "core" / "__pycache__").mkdir()
    (copy / "core" / "__pycache__" / "clean.cpython-311.pyc").write_bytes(b"compiled")
    assert core_fingerprint(copy) == core_fingerprint()


def test_upgraded_library_is_another_fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def install(version: str) -> str:
        metadata = tmp_path / version / "selectolax-0.dist-info" / "METADATA"
        metadata.parent.mkdir(parents=True)
        metadata.write_text(f"Metadata-Version: 2.1\nName: selectolax\nVersion: {version}\n")
        monkeypatch.syspath_prepend(metadata.parent.parent)
        return fingerprint([], root=tmp_path, libraries=["selectolax"])

    assert install("98.0") != install("99.0")


def test_every_library_that_core_imports_is_in_the_fingerprint() -> None:
    imported = set()
    for path in (PACKAGE / "core").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.partition(".")[0])
    outside = imported - sys.stdlib_module_names - {"gateway"}
    known = packages_distributions()
    missing = {name for name in outside if not set(known[name]) & set(LIBRARIES)}
    assert outside and not missing

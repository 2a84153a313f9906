"""Which walk reads pages, as the command's user meets it: said by the doctor, switched off by a setting."""

import os
import subprocess
from pathlib import Path

import pytest

from gateway.core.dom.extension import INTERFACE
from tests.cli.test_main import HTML, winnow
from tests.core.dom.extension import compile_extension

# installed, and of no use
BROKEN = f"""
from pathlib import Path

INTERFACE = {INTERFACE}

def load(*_):
    Path(__file__).with_name("asked").touch()
    raise OSError("nothing is where it was")

def __getattr__(name):
    return load
"""


def path_with(folder: Path) -> str:
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])


def walk_of(result: subprocess.CompletedProcess[str]) -> str:
    (line,) = [line for line in result.stdout.splitlines() if " walk: " in line]
    return line.partition(" walk: ")[2]


def test_doctor_says_which_walk_is_used(tmp_path: Path) -> None:
    path = path_with(tmp_path)
    (tmp_path / "winnow_native.py").write_text("raise ModuleNotFoundError")
    assert (
        walk_of(winnow("doctor", cache=tmp_path, PYTHONPATH=path)) == "Python: winnow-native is not installed"
    )
    (tmp_path / "winnow_native.py").write_text(BROKEN)
    found = walk_of(winnow("doctor", cache=tmp_path, PYTHONPATH=path))
    assert found == "Python: OSError: nothing is where it was"
    (tmp_path / "winnow_native.py").unlink()
    compile_extension(tmp_path)
    found = walk_of(winnow("doctor", cache=tmp_path, PYTHONPATH=path))
    assert found.startswith("C: winnow-native with selectolax ")
    found = walk_of(winnow("doctor", cache=tmp_path, PYTHONPATH=path, WINNOW_NATIVE_WALK="false"))
    assert found == "Python: winnow-native is not wanted"


@pytest.mark.parametrize("wanted", ["true", "false"])
def test_workers_ask_for_the_extension_only_where_it_is_wanted(wanted: str, tmp_path: Path) -> None:
    (tmp_path / "winnow_native.py").write_text(BROKEN)
    result = winnow(
        "scrape", "-", "--scope", "page",
        cache=tmp_path / "cache", stdin=HTML, PYTHONPATH=path_with(tmp_path), WINNOW_NATIVE_WALK=wanted,
    )  # fmt: skip
    assert result.stdout == "# Sample\n\nSome words worth reading.\n"
    assert (tmp_path / "asked").exists() == (wanted == "true")
    said = result.stderr.count("pages are walked by Python: OSError: nothing is where it was")
    assert said == (wanted == "true"), "one line, however many workers"

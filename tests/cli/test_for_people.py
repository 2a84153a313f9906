"""What makes the command kind: examples, completion, clear faults, an exit code for an origin's error."""

import shutil
import subprocess
from pathlib import Path

import pytest

from fixtures.site import Answer, Site
from tests.cli.test_main import winnow


def test_help_has_examples_and_no_colours_in_a_pipe(tmp_path: Path) -> None:
    result = winnow("scrape", "--help", cache=tmp_path)
    assert "examples:\n  winnow scrape https://example.com\n" in result.stdout
    assert "\033" not in result.stdout


def test_completion_completes(tmp_path: Path) -> None:
    script = winnow("completion", "bash", cache=tmp_path).stdout
    (tmp_path / "completion.sh").write_text(script)
    ask = 'source completion.sh; COMP_WORDS=(winnow scr); COMP_CWORD=1; _shtab_winnow; echo "${COMPREPLY[@]}"'
    bash = shutil.which("bash")
    assert bash
    done = subprocess.run([bash, "-c", ask], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.split() == ["scrape"], done.stderr


@pytest.mark.parametrize(("flags", "code"), [((), 0), (("--fail",), 1)])
def test_fail_tells_of_an_origins_error(
    site: Site, gateway_url: str, tmp_path: Path, flags: tuple[str, ...], code: int
) -> None:
    site.extra["/gone"] = Answer(410, {"content-type": "text/html"}, b"<p>This page is gone.")
    result = winnow("scrape", site.url + "/gone", *flags, cache=tmp_path, WINNOW_URL=gateway_url)
    assert (result.returncode, result.stdout) == (code, "This page is gone.\n"), result.stderr


@pytest.mark.parametrize("header", ["no colon", ": no name", "a b: c"])
def test_header_that_is_none_is_refused(tmp_path: Path, header: str) -> None:
    result = winnow("scrape", "https://example.com", "--header", header, cache=tmp_path)
    assert result.returncode == 2
    assert (
        result.stderr
        == f"winnow: --header {header!r}: write it as NAME: VALUE, such as 'Accept-Language: de'\n"
    )


def test_no_keys_are_called_none(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    result = winnow("keys", "list", cache=tmp_path, WINNOW_KEYS_FILE=str(file))
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == f"none in {file}; `winnow keys new NAME` makes one\n"


def test_doctor_names_version_extras_network_and_an_unreachable_model(tmp_path: Path) -> None:
    result = winnow(
        "doctor", cache=tmp_path, WINNOW_REMOTE_URL="http://127.0.0.1:9/v1", WINNOW_BROWSER="off",
        WINNOW_KEYS_FILE=str(tmp_path / "keys.json"),
    )  # fmt: skip
    assert result.returncode == 1
    lines = dict(line[5:].split(": ", 1) for line in result.stdout.splitlines())
    assert "Python 3" in lines["version"] and "extras: " in lines["version"]
    assert lines["network"].startswith("example.com:443")
    assert lines["models"].startswith("remote at http://127.0.0.1:9/v1: it cannot be reached"), lines[
        "models"
    ]
    assert "Connect call failed" in lines["models"]

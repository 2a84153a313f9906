"""What makes the command kind: examples, completion, clear faults, an exit code for an origin's error."""

import os
import pty
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.site import Answer, Site
from gateway.cli.help import EXAMPLES
from gateway.cli.main import make_parser
from tests.cli.test_main import winnow


def test_help_has_examples_and_no_colours_in_a_pipe(tmp_path: Path) -> None:
    result = winnow("scrape", "--help", cache=tmp_path)
    assert "examples:\n  winnow scrape https://example.com\n" in result.stdout
    assert "\033" not in result.stdout


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_of_help_are_understood(name: str) -> None:
    asked = [part for line in EXAMPLES[name].splitlines() for part in line.split(" | ")]
    commands = [shlex.split(part.partition(" > ")[0], comments=True) for part in asked]
    understood = [words[words.index("winnow") + 1 :] for words in commands if "winnow" in words]
    parsed = {make_parser().parse_args(words).command for words in understood if "--help" not in words}
    assert parsed and (not name or name in parsed)


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="argparse has colours of its own")
@pytest.mark.parametrize(
    ("variable", "value", "coloured"), [("TERM", "xterm", True), ("NO_COLOR", "1", False)]
)
def test_help_is_coloured_on_a_terminal(variable: str, value: str, coloured: bool) -> None:
    ours, theirs = pty.openpty()
    environ = {"PATH": os.environ["PATH"], "TERM": "xterm", "COLUMNS": "100", variable: value}
    command = [sys.executable, "-m", "gateway.cli.main", "scrape", "--help"]
    # more than a terminal holds would have to be read meanwhile
    with subprocess.Popen(command, env=environ, stdout=theirs, stderr=theirs) as running:
        os.close(theirs)
        shown = b""
        while part := _read(ours):
            shown += part
    os.close(ours)
    assert running.returncode == 0
    assert (b"\033[36m--max-tokens\033[0m" in shown) is coloured and b"winnow scrape page.html" in shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:
        # how Linux says that nobody writes any more
        return b""


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

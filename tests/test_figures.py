"""Measured figures in the documents come from `bench/results`, and those from `bench.record`."""

import datetime
import json
import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from bench.figures import VARIABLE, note
from bench.record import Result, measure, result_name
from bench.tables import FILES, RESULTS, ROOT, TEMPLATES, Figures, make_tables, read_results
from gateway.api.docs.tables import TABLES, fill_tables

_PLACEHOLDER, _CODE, _NUMBER = (
    re.compile(r"\{[^}]+\}"),
    re.compile(r"`[^`]*`"),
    re.compile(r"(?<![A-Za-z\d])\d"),
)
_COMMIT = re.compile(r"[0-9a-f]{8}")
_TABLE = re.compile(r"<!-- table: [a-z ]+ -->.*?<!-- end -->", re.DOTALL)
_MEASURED = re.compile(
    r"\d(?:\.\d+)? (?:CPU-m?s|CPU-seconds|core-hours|pages a second|times (?:as|the|less))\b|\bPSS\b"
)
_ORIGIN = re.compile(r"python -m (?:bench|training)\b|`make [a-z-]+`|\b[0-9a-f]{8}\b")
_BENCH = """
import sys
from bench.figures import note
if "fail" in sys.argv:
    sys.exit(3)
if "silent" not in sys.argv:
    note(ratio=1 / 3, sizes={"small": [12345.678, 2]})
    note(pages=1234567)
"""


@pytest.mark.parametrize("name", FILES)
def test_measured_tables_are_up_to_date(name: str) -> None:
    written = (ROOT / name).read_text("utf-8")
    assert written == fill_tables(written, make_tables()), "`python -m bench.record` writes them anew"


def test_every_measured_table_is_written_somewhere() -> None:
    text = "".join((ROOT / name).read_text("utf-8") for name in FILES)
    assert [name for name in make_tables() if f"<!-- table: {name} -->" not in text] == []
    assert not make_tables().keys() & TABLES.keys()


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.md")), ids=lambda path: path.stem)
def test_figures_of_a_measured_table_are_not_typed(path: Path) -> None:
    """Conditions (300 pages, 70 % load) stand in the first column, figures in the others."""
    rows = [line for line in path.read_text("utf-8").splitlines() if line.startswith("| ")]
    for row in rows[1:]:
        cells = row.removesuffix(" |").split(" | ")[1:]
        plain = [_CODE.sub("", _PLACEHOLDER.sub("", cell)) for cell in cells]
        assert not any(map(_NUMBER.search, plain)), row
        assert any(map(_PLACEHOLDER.search, cells)), row


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_result_says_when_and_on_what_it_was_measured(path: Path) -> None:
    result = msgspec.json.decode(path.read_bytes(), type=Result)
    assert datetime.date.fromisoformat(result.date) and _COMMIT.fullmatch(result.commit)
    assert result.machine and result.command and result.figures


def test_figures_in_prose_say_where_they_come_from() -> None:
    """Beside the tables, which come from `bench/results`: a command repeats them, or their commit is named."""
    nameless = []
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        prose = _TABLE.sub("", path.read_text("utf-8"))
        for paragraph in re.split(r"\n\s*\n", prose):
            if (found := _MEASURED.search(paragraph)) and not _ORIGIN.search(paragraph):
                nameless.append(f"{path.relative_to(ROOT)}: {found[0]} in {paragraph[:60]!r}")
    assert nameless == []


def test_every_extra_is_in_the_table_of_sizes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    # a cluster's, which nobody who develops this installs
    extras = project["optional-dependencies"].keys() - {"ray"}
    assert read_results()["extras"]["extras_mb"].keys() == extras
    table = (TEMPLATES / "extras.md").read_text("utf-8")
    assert [extra for extra in extras if f"| `{extra}` |" not in table] == []


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ([], "jobs"),
        (["waiting"], "jobs_waiting"),
        (["large", "--pages", "5"], "jobs_large"),
        (["--pages", "5"], "jobs"),
        (["bench"], "jobs"),
    ],
)
def test_part_of_a_bench_has_a_result_of_its_own(arguments: list[str], name: str) -> None:
    assert result_name("jobs", arguments) == name


def test_quality_in_the_documents_is_that_of_the_model_card() -> None:
    card = (ROOT / "gateway/core/classifier/weights/MODEL_CARD.md").read_text("utf-8")
    scored = re.search(r"^\| total \| (\d+) \| ([\d.]+) \|", card, re.MULTILINE)
    assert scored
    training = read_results()["training"]
    assert (training["pages"], training["f1"]) == (int(scored[1]), float(scored[2]))


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bench of its own folder: `bench` is a namespace, which may have several."""
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench/of_a_test.py").write_text(_BENCH)
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{tmp_path}")
    if not (ROOT / ".git").exists():
        pytest.skip("needs the repository: a result names its commit")
    return "of_a_test"


def test_record_keeps_what_a_bench_notes(bench: str, tmp_path: Path) -> None:
    result = measure(bench, ["--data", str(tmp_path)])
    assert result.figures == {"ratio": 0.3333, "sizes": {"small": [12350, 2]}, "pages": 1234567}
    assert result.command == f"python -m bench.of_a_test --data {tmp_path.name}"
    assert _COMMIT.fullmatch(result.commit.removesuffix("+")) and "Python 3." in result.machine


@pytest.mark.parametrize(("how", "words"), [("fail", "ended with 3"), ("silent", "noted no figures")])
def test_record_keeps_nothing_of_a_bench_that_failed_or_noted_nothing(
    bench: str, how: str, words: str
) -> None:
    with pytest.raises(SystemExit, match=words):
        measure(bench, [how])


def test_notes_outside_of_record_go_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    note(ratio=1.5)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "figures.json"))
    note(ratio=2.5)
    assert json.loads((tmp_path / "figures.json").read_text("utf-8")) == {"ratio": 2.5}


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("{f.ratio:.1f}", "1.2"),
        ("{f.range:.1f}", "1.4 to 2.0"),
        ("{f.range:.0f} and {f.flat:.1f}", "1 to 2 and 3.0"),
        ("{f.cpu[winnow, markdown].p50:,}", "1,234"),
        ("{f.items}", "7"),
    ],
)
def test_template_names_figures(template: str, written: str) -> None:
    figures = Figures(
        {
            "ratio": 1.23,
            "range": [1.4, 2.0],
            "flat": [3.01, 3.02],
            "cpu": {"winnow, markdown": {"p50": 1234}},
            "items": 7,
        }
    )
    assert template.format_map({"f": figures}) == written


def test_template_that_names_no_figure_is_refused() -> None:
    with pytest.raises(KeyError):
        "{f.colour}".format_map({"f": Figures({})})

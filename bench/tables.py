"""The measured figures of the documents: those of `bench/results`, in the sentences of `bench/templates`.

`bench/templates/NAME.md` is what stands between `<!-- table: NAME -->` and `<!-- end -->` in one of FILES. In it
`{fetch.ratio:.1f}` is the figure `ratio` of `bench/results/fetch.json`, `{fetch.at}` the day and commit of its
measurement, `{fetch.machine}` the machine. A pair of figures is written as `least to most`.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from bench import sizing
from bench.processes import ROOT
from gateway.api.docs.tables import fill_tables

RESULTS, TEMPLATES = ROOT / "bench" / "results", ROOT / "bench" / "templates"
FILES = (
    "README.md",
    "docs/getting-started.md",
    "docs/local-models.md",
    "docs/rendering.md",
    "docs/scaling.md",
    "docs/security.md",
)


class Figures:
    """Figures as templates name them: `{fetch.ratio}`, in groups `{extraction.cpu[trafilatura]}`."""

    def __init__(self, figures: dict[str, Any]) -> None:
        self._figures = figures

    def __getattr__(self, name: str) -> Any:
        return self[name]

    def __getitem__(self, name: str) -> Any:
        value = self._figures[name]
        if isinstance(value, dict):
            return Figures(value)
        return _Pair(value) if isinstance(value, list) else value


class _Pair(list[float]):
    """The least and the most; one where they are written alike."""

    def __format__(self, spec: str) -> str:
        return " to ".join(dict.fromkeys(format(each, spec) for each in self))


def read_results() -> dict[str, dict[str, Any]]:
    """The figures of every result by its bench, with `at` and `machine` among them."""
    found = {}
    for path in sorted(RESULTS.glob("*.json")):
        result = json.loads(path.read_text("utf-8"))
        about = {"at": f"{result['date']}, {result['commit']}", "machine": result["machine"]}
        found[path.stem] = result["figures"] | about
    return found


def make_tables() -> dict[str, Callable[[], str]]:
    """Every table by its name.

    Raises:
        KeyError: a template names a figure that no result has.
    """
    results = read_results()
    figures = {name: Figures(each) for name, each in results.items()}

    def from_template(path: Path) -> Callable[[], str]:
        return lambda: path.read_text("utf-8").format_map(figures).rstrip("\n")

    tables = {path.stem.replace("-", " "): from_template(path) for path in TEMPLATES.glob("*.md")}
    return tables | {
        "hostile requests": lambda: _hostile(results["hostile"]),
        "sizing": lambda: sizing.to_markdown(results),
    }


def _hostile(figures: dict[str, Any]) -> str:
    # services and pages that this module has no other use for
    from bench.hostile import Report, to_markdown

    return to_markdown(msgspec.convert(figures, Report), at=figures["at"])


def write_all() -> None:
    tables = make_tables()
    for name in FILES:
        path = ROOT / name
        path.write_text(fill_tables(path.read_text("utf-8"), tables), "utf-8")

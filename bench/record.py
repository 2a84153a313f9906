"""Measure, keep the figures in `bench/results`, and write the documents' tables from what is kept there.

    python -m bench.record fetch                                # runs `python -m bench.fetch`
    python -m bench.record tokens --data ../shared/data/wcxb    # with its arguments
    python -m bench.record jobs waiting                         # a part of a bench: its figures are jobs_waiting
    python -m bench.record                                      # the tables alone

Beside its figures a result has the commit, the day and the machine, and how busy that was. What is not committed yet
makes the commit's name end in `+`. The sentences around the figures stand in `bench/templates`.
"""

import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
from msgspec import Struct

from bench import tables
from bench.figures import VARIABLE
from bench.processes import ROOT


class Result(Struct, kw_only=True, frozen=True):
    """A file of `bench/results`: what was measured, by what, when and on what.

    Args:
        note: where the figures come from, if not from this command.
    """

    command: str
    commit: str
    date: str
    machine: str
    note: str = ""
    figures: dict[str, object]


def measure(name: str, arguments: list[str]) -> Result:
    """Run a bench and read what it noted.

    Raises:
        SystemExit: it failed, or noted nothing.
    """
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        noted = Path(folder) / "figures.json"
        command = [sys.executable, "-m", f"bench.{name}", *arguments]
        code = subprocess.run(command, cwd=ROOT, env=os.environ | {VARIABLE: str(noted)}).returncode
        if code or not noted.exists():
            raise SystemExit(
                f"bench.{name} ended with {code} and noted {'' if noted.exists() else 'no '}figures"
            )
        figures = json.loads(noted.read_text("utf-8"))
    # of a path its name alone: it is nobody else's
    shown = [Path(each).name if Path(ROOT, each).exists() else each for each in arguments]
    return Result(
        command=" ".join([f"python -m bench.{name}", *shown]),
        commit=_commit(),
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        machine=f"{_processor()}, {os.cpu_count()} cores with {load:.1f} processes waiting for them, "
        f"Python {platform.python_version()}",
        figures=figures,
    )


def result_name(name: str, arguments: list[str]) -> str:
    """What a result is called: as its bench, and as the part of it that ran alone."""
    parts = [each for each in arguments[:1] if each.isidentifier() and not Path(ROOT, each).exists()]
    return "_".join([name, *parts])


def _commit() -> str:
    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()

    unread = (":!bench/results", ":!docs", ":!*.md")
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", *unread)
    return git("rev-parse", "--short=8", "HEAD") + ("+" if changed else "")


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def main() -> None:
    if sys.argv[1:] and sys.argv[1].startswith("-"):
        raise SystemExit(__doc__)
    if name := next(iter(sys.argv[1:]), None):
        result = msgspec.json.format(msgspec.json.encode(measure(name, sys.argv[2:])))
        (tables.RESULTS / f"{result_name(name, sys.argv[2:])}.json").write_bytes(result + b"\n")
    tables.write_all()


if __name__ == "__main__":
    main()

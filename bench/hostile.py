"""Every hostile vector against a running service: how it ended, when, and what it cost everybody else.

    python -m bench.hostile                            # a markdown table and a summary, minutes
    python -m bench.hostile schema- chat-              # vectors whose names begin so
    python -m bench.hostile --json                     # the same figures for programs
    python -m bench.record hostile                     # both into bench/results and docs/security.md

A vector holds when all its requests end in a result or a typed refusal within their deadline + 1 s (a worker's
deadline, for each round of requests that have to wait for each other), when `/health/live` meanwhile answers within
100 ms (on a busy machine: ten times the quiet run's p99), when the main process grows by less than 100 MiB and gives
that back, and when ordinary requests are served afterwards. Exit code 1 when one does not. Settings are the defaults;
a frozen service is replaced by a fresh one.
"""

import argparse
import contextlib
import os
import platform
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from bench.figures import note
from bench.processes import family, resident_mb
from fixtures.attack import allowed_s, attack, ordinary_failures, p99, quiet_health, target_service
from fixtures.hostile_requests import VECTORS, Vector
from fixtures.service import Service
from fixtures.site import Site, running_site

QUIET_S = 3.0
MORE_PATIENCE_S = 15.0  # beyond what is allowed, to see by how much it was passed
HEALTH_S, HEALTH_RATIO = 0.1, 10.0
GROWTH_MB, KEPT_MB = 100.0, 30.0
GIVES_BACK_WITHIN_S = 5.0
SAMPLE_EVERY_S = 0.03


class Row(Struct, kw_only=True, frozen=True):
    """One vector's figures; `health_ratio` is of the worst answer of `/health/live` to the quiet run's p99."""

    name: str
    requests: int
    status: int
    code: str
    seconds: float
    allowed_s: float
    health_ms: float
    health_ratio: float
    growth_mb: float  # of the main process at its peak
    kept_mb: float  # of that, what it still held afterwards
    worker_mb: float  # the largest process below it
    faults: list[str]


class Report(Struct, kw_only=True, frozen=True):
    """All of it, and the machine it is true of."""

    machine: str
    quiet_p99_ms: float
    tried: int
    answered: int
    refused: int
    failed: list[str]
    worst_s: float
    worst_growth_mb: float
    worst_kept_mb: float
    worst_health_ms: float
    worst_health_ratio: float
    rows: list[Row]


def measure(service: Service, site: Site, vector: Vector, *, quiet_s: float) -> Row:
    pid, workers = service.process.pid, os.cpu_count() or 1
    allowed = allowed_s(vector, workers=workers)
    before = resident_mb(pid)
    _forget_peak(pid)
    with _largest_below(pid) as largest:
        ran = attack(service, site, vector, patience_s=allowed + MORE_PATIENCE_S)
    worst, health_s = ran.worst, max(ran.health_s)
    growth, kept = max(0.0, _peak_mb(pid) - before), _kept_mb(pid, before)
    faults = []
    if not worst.is_typed or (vector.end != "any" and (vector.end == "result") != (worst.status == 200)):
        faults.append("end")
    if ordinary_failures(service):
        faults.append("next request")
    if worst.seconds > allowed:
        faults.append("time")
    if health_s > max(HEALTH_S, HEALTH_RATIO * quiet_s):
        faults.append("health")
    if growth > GROWTH_MB or kept > KEPT_MB:
        faults.append("memory")
    return Row(
        name=vector.name,
        requests=vector.times + vector.unfinished,
        status=worst.status,
        code=worst.code,
        seconds=round(worst.seconds, 2),
        allowed_s=allowed,
        health_ms=round(health_s * 1e3, 1),
        health_ratio=round(health_s / quiet_s, 1),
        growth_mb=round(growth, 1),
        kept_mb=round(kept, 1),
        worker_mb=round(max(largest, default=0.0), 1),
        faults=faults,
    )


def measure_all(vectors: list[Vector]) -> Report:
    rows: list[Row] = []
    quiet: list[float] = []
    left = list(vectors)
    with running_site() as site, tempfile.TemporaryDirectory() as folder:
        while left:
            with target_service(Path(folder) / str(len(left)), site) as service:
                ordinary_failures(service)  # loads what a service loads once
                health_s = quiet_health(service, QUIET_S)
                quiet.append(p99(health_s))
                while left:
                    rows.append(measure(service, site, left.pop(0), quiet_s=quiet[-1]))
                    print(_line(rows[-1]), file=sys.stderr, flush=True)
                    if rows[-1].status in (0, 500):
                        break  # who knows what state it is in
    return Report(
        machine=f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}",
        quiet_p99_ms=round(max(quiet) * 1e3, 1),
        tried=len(rows),
        answered=sum(row.status == 200 for row in rows),
        refused=sum(row.status not in (0, 200) and "end" not in row.faults for row in rows),
        failed=[f"{row.name} ({', '.join(row.faults)})" for row in rows if row.faults],
        worst_s=max(row.seconds for row in rows),
        worst_growth_mb=max(row.growth_mb for row in rows),
        worst_kept_mb=max(row.kept_mb for row in rows),
        worst_health_ms=max(row.health_ms for row in rows),
        worst_health_ratio=max(row.health_ratio for row in rows),
        rows=rows,
    )


def to_markdown(report: Report, *, at: str) -> str:
    """Summary and table; `at` is the day and commit of the run."""
    broke = "; ".join(report.failed)
    growth = f"{report.worst_growth_mb:.0f} MiB, {report.worst_kept_mb:.0f} MiB"
    health = f"{report.worst_health_ms:.0f} ms, {report.worst_health_ratio:.0f} × the quiet run's p99"
    head = [
        "| figure | measured |",
        "|---|---|",
        f"| vectors tried | {report.tried} |",
        f"| ended in a result, refused with a typed error | {report.answered}, {report.refused} |",
        f"| broke a promise | {len(report.failed)}{': ' if broke else ''}{broke} |",
        f"| longest until answered | {report.worst_s:.1f} s |",
        f"| most that the main process grew by, and still held afterwards | {growth} |",
        f"| slowest answer of `/health/live` meanwhile | {health} ({report.quiet_p99_ms:.1f} ms) |",
        "",
        f"Measured with `python -m bench.hostile` ({at}) on {report.machine}.",
        "",
        "| vector | requests | end | s (allowed) | health ms (× quiet) | grew, kept MiB | worker MiB | broke |",
        "|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *map(_line, report.rows)])


def _line(row: Row) -> str:
    end = f"{row.status} {row.code}".strip()
    return (
        f"| {row.name} | {row.requests} | {end} | {row.seconds:.2f} ({row.allowed_s:.0f}) "
        f"| {row.health_ms:.0f} ({row.health_ratio:.0f}) | {row.growth_mb:.0f}, {row.kept_mb:.0f} "
        f"| {row.worker_mb:.0f} | {', '.join(row.faults)} |"
    )


def _forget_peak(pid: int) -> None:
    with contextlib.suppress(OSError):  # a process of another user: the peak is then of its whole life
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def _peak_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


def _kept_mb(pid: int, before: float) -> float:
    """Growth that is still there after a moment."""
    deadline = time.monotonic() + GIVES_BACK_WITHIN_S
    while (kept := resident_mb(pid) - before) > KEPT_MB and time.monotonic() < deadline:
        time.sleep(0.1)
    return max(0.0, kept)


@contextlib.contextmanager
def _largest_below(pid: int) -> Iterator[list[float]]:
    """Fills the list with the memory of the largest process below `pid`, every moment of the block."""
    found: list[float] = []
    ended = threading.Event()

    def sample() -> None:
        while not ended.wait(SAMPLE_EVERY_S):
            for below in family(pid)[1:]:
                with contextlib.suppress(OSError):
                    found.append(resident_mb(below))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prefixes", nargs="*", help="only vectors whose names begin so")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    chosen = [vector for vector in VECTORS if vector.name.startswith(tuple(args.prefixes or [""]))]
    if not chosen:
        parser.error(f"no vector is named so; there are {', '.join(vector.name for vector in VECTORS)}")
    report = measure_all(chosen)
    note(**msgspec.to_builtins(report))
    text = (
        msgspec.json.format(msgspec.json.encode(report)).decode()
        if args.json
        else to_markdown(report, at="now")
    )
    print(text)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())

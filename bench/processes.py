"""Processes that measurements start, and what the kernel says of them."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
_TICKS = os.sysconf("SC_CLK_TCK")


def start(command: list[str], environ: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start a server from the repository's root; what it prints is nobody's."""
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | (environ or {}), stdout=quiet, stderr=quiet)


def family(pid: int) -> list[int]:
    """A process and all below it that are still there."""
    try:
        tasks = [task.joinpath("children").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return []
    return [pid, *(below for child in " ".join(tasks).split() for below in family(int(child)))]


def cpu_s(*pids: int) -> float:
    """CPU the processes have used, user and system."""
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(fields[11]) + int(fields[12]) for fields in stats) / _TICKS


def resident_mb(pid: int | str = "self") -> float:
    """Memory of a process, what it shares included."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def proportional_mb(pid: int) -> float:
    """Memory of a process, and its share of what it shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0) / 1024


def descriptors(pid: int) -> int:
    """How many a process has open."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())

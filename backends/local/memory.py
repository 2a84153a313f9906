"""How much memory a model may take here: the machine's, or the container's where that is less."""

from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def available_bytes(meminfo: Path = Path("/proc/meminfo"), cgroup: Path = _CGROUP) -> int | None:
    """Bytes that can be taken without swapping; None where the platform does not say (macOS, Windows)."""
    known = [amount for amount in (_machine(meminfo), _container(cgroup)) if amount is not None]
    return min(known) if known else None


def _machine(meminfo: Path) -> int | None:
    try:
        for line in meminfo.read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        # not Linux
        pass
    return None


def _container(cgroup: Path) -> int | None:
    """cgroup v2: the limit, less what is used and could not be dropped."""
    try:
        limit = int((cgroup / "memory.max").read_text("ascii"))
        used = int((cgroup / "memory.current").read_text("ascii"))
        statistics = (cgroup / "memory.stat").read_text("ascii").split()
    except (OSError, ValueError):
        # no container, or "max": no limit
        return None
    droppable = dict(zip(statistics[::2], statistics[1::2], strict=False)).get("inactive_file", "0")
    return max(0, limit - used + int(droppable))


def in_words(size_bytes: int) -> str:
    """`4.7 GiB`, `812 MiB`."""
    mebibytes = size_bytes / 1024**2
    return f"{mebibytes / 1024:.1f} GiB" if mebibytes >= 1024 else f"{mebibytes:.0f} MiB"

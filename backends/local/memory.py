"""How much memory a model may take here: the machine's, or the container's where that is less."""

import os
from collections.abc import Callable
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


def resident_bytes(pid: int) -> int | None:
    """What a process holds in memory, with the pages of files that it has mapped; None where /proc does not say."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def kv_bytes(about: Callable[[str], str | None], cells: int) -> int | None:
    """What the KV cache of a model takes: for each layer and cell a key and a value of f16.

    Models with a sliding window, or that compress their cache, take less.

    Args:
        about: a value of the GGUF's metadata, by its key without the architecture's name.
    Returns:
        None where the metadata lacks what it takes to tell.
    """
    try:
        layers, heads = int(about("block_count") or ""), _numbers(about("attention.head_count"))
        width = int(about("embedding_length") or "") // max(heads)
        kv_heads = _numbers(about("attention.head_count_kv")) or heads
        key = int(about("attention.key_length") or width)
        value = int(about("attention.value_length") or width)
    except (ValueError, ZeroDivisionError):
        return None
    # a number for all layers, or one each
    total_heads = sum(kv_heads) if len(kv_heads) > 1 else kv_heads[0] * layers
    return total_heads * (key + value) * 2 * cells


def _numbers(text: str | None) -> list[int]:
    """`8`, or `[8, 8, 4]`."""
    return [int(part) for part in (text or "").strip("[]").split(",") if part.strip()]


def in_words(size_bytes: int) -> str:
    """`4.7 GiB`, `812 MiB`."""
    mebibytes = size_bytes / 1024**2
    return f"{mebibytes / 1024:.1f} GiB" if mebibytes >= 1024 else f"{mebibytes:.0f} MiB"

"""What runs below a browser's keeper."""

from pathlib import Path

from tests.leaks import stat_of


def processes_of(keeper: int) -> list[int]:
    """Every process below it, zombies included."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = stat_of(int(entry.name)).parent
            except OSError:
                continue
    found: list[int] = []
    waiting = [keeper]
    while waiting:
        parent = waiting.pop()
        below = [pid for pid, of in parents.items() if of == parent]
        found += below
        waiting += below
    return found


def zombies_of(keeper: int) -> list[int]:
    found = []
    for pid in processes_of(keeper):
        try:
            if stat_of(pid).state == "Z":
                found.append(pid)
        except OSError:
            continue
    return found


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace")
    except OSError:
        return ""

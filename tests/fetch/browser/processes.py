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
    return Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace")


def browsers() -> list[int]:
    """The first process of every browser of ours on this machine."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
        except OSError:
            continue
        if (
            b"--remote-debugging-pipe" in command
            and b"--type=" not in command
            and b"winnow-browser-" in command
        ):
            found.append(int(entry.name))
    return found

"""Elements that are called something: of a page's names few are worth a closer look."""

from collections.abc import Sequence


def find_named(names: Sequence[str], parts: tuple[str, ...]) -> list[int]:
    """The numbers of the names that have one of the parts in them, in either case, or are not ASCII.

    Args:
        parts: in lower case and ASCII.
    """
    # pages repeat theirs
    known = set(names)
    everything = " ".join(known)
    sought = parts
    if everything.isascii():
        everything = everything.lower()
        # few of them are on any page
        sought = tuple(part for part in parts if part in everything)
        if not sought:
            return []
    found = {name for name in known if not name.isascii() or _has(name.lower(), sought)}
    return [number for number, name in enumerate(names) if name in found]


def _has(name: str, parts: tuple[str, ...]) -> bool:
    # a loop takes half the time of a generator
    for part in parts:  # noqa: SIM110
        if part in name:
            return True
    return False

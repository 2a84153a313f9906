"""Elements that are called something: of a page's names few are worth a closer look."""

from collections.abc import Sequence


def find_named(names: Sequence[str], parts: tuple[str, ...]) -> list[int]:
    """The numbers of the names that have one of the parts in them, in either case, or are not ASCII.

    Args:
        parts: in lower case and ASCII.
    """
    # pages repeat theirs
    everything = " ".join(set(names))
    if everything.isascii():
        lowered = everything.lower()
        if not any(part in lowered for part in parts):
            return []
    return [
        number
        for number, name in enumerate(names)
        if not name.isascii() or any(part in name.lower() for part in parts)
    ]

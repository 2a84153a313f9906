"""Places inside a JSON value: how one is named (JSON Pointer, RFC 6901), and how many there are."""

from collections.abc import Iterable
from typing import Any


def escape(key: str) -> str:
    """A key as one step of a pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def pointer(steps: Iterable[str | int]) -> str:
    """The pointer of keys and indexes from the root; empty for the root itself."""
    return "".join([f"/{escape(str(step))}" for step in steps])


def find(document: Any, place: str) -> Any:
    """What stands at a pointer into objects, None where nothing does."""
    for step in place.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        document = document.get(name) if isinstance(document, dict) else None
    return document


def count_values(document: Any, *, limit: int) -> int:
    """How many values a document holds, itself included; counting ends soon after `limit`. Any depth."""
    count, level = 0, [document]
    while level and count <= limit:
        count += len(level)
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
    return count

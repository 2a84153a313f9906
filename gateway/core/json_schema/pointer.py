"""Places inside a JSON value: how one is named (JSON Pointer, RFC 6901), and how many there are."""

import re
from collections.abc import Iterable
from typing import Any

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


def escape(key: str) -> str:
    """A key as one step of a pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def pointer(steps: Iterable[str | int]) -> str:
    """The pointer of keys and indexes from the root; empty for the root itself."""
    return "".join([f"/{escape(str(step))}" for step in steps])


def unescape(place: str) -> list[str]:
    """The steps of a pointer."""
    return [step.replace("~1", "/").replace("~0", "~") for step in place.split("/")[1:]]


def find(value: Any, steps: Iterable[str]) -> Any:
    """What stands where the steps lead, None where nothing does."""
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and _INDEX.fullmatch(step):
            value = value[int(step)] if int(step) < len(value) else None
        else:
            return None
    return value


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

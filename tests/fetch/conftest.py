"""Who opened a socket: what the address policy is judged by."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest

_recorders: list[list[Any]] = []


def _listen(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto"):
        for recorder in _recorders:
            recorder.append(arguments[1])


sys.addaudithook(_listen)  # cannot be taken off again, so it looks whether anybody wants to know


@pytest.fixture
def connects() -> Iterator[list[Any]]:
    """Every address that a socket was connected to while the test ran."""
    recorder: list[Any] = []
    _recorders.append(recorder)
    yield recorder
    _recorders.remove(recorder)

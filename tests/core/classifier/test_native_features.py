"""Columns that do not fit each other are refused by the extension before it reads a number of them."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.core.classifier import native
from gateway.core.classifier.features import PageHints
from gateway.core.classifier.network import load_classifier
from gateway.core.dom.blocks import Blocks
from gateway.core.dom.extension import Extension
from gateway.core.dom.native import Walk, read_blocks
from gateway.core.parsing import root_of

LEXICON = load_classifier().lexicon
# of `measure`, in its order
ARGUMENTS = (
    "packed tags counts arguments logs shorts word_sums kinds heads sizes kind_sums least greatest numbers layout "
    "title_words rows page"
).split()
NUMBERS = ("packed", "shorts", "kinds", "heads", "sizes")


class Recorder:
    """The extension, and what `measure` was called with."""

    def __init__(self, extension: ModuleType) -> None:
        self.extension = extension
        self.arguments: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.extension, name)

    def measure(self, *arguments: Any) -> Any:
        self.arguments = dict(zip(ARGUMENTS, arguments, strict=True))
        return self.extension.measure(*arguments)


def walk(html: str) -> Blocks:
    return read_blocks(root_of(LexborHTMLParser(html, scripting=True)))


@pytest.fixture
def arguments(used: ModuleType, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    recorder = Recorder(used)
    monkeypatch.setattr(native, "find_walk", lambda: Walk(recorder, ""))
    blocks = walk(
        "<main class=content><h1>A title</h1><ul><li>one<li>two</ul><p>And what it says of it.</main>"
    )
    native.build_features(blocks, PageHints(title="A title"), LEXICON)
    return recorder.arguments


@pytest.mark.parametrize(
    "name", [name for name in ARGUMENTS if name not in ("tags", "layout", "title_words")]
)
def test_columns_of_another_length_are_refused(used: Extension, arguments: dict[str, Any], name: str) -> None:
    whole = bytes(memoryview(arguments[name]).cast("B"))
    for length in (0, 1, len(whole) - 1, len(whole) + 1):
        with pytest.raises(ValueError, match="length"):
            used.measure(*(arguments | {name: bytearray((whole + b"\0")[:length])}).values())


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("number", [-2, 1 << 20, -(1 << 62), 1 << 62])
def test_numbers_that_name_nothing_are_refused(
    used: Extension, arguments: dict[str, Any], name: str, number: int
) -> None:
    """Each number in turn is replaced; whatever is refused or measured, nothing else is read or written."""
    numbers = np.frombuffer(bytes(memoryview(arguments[name]).cast("B")), dtype=np.intp)
    refused = 0
    for index in range(len(numbers)):
        changed = numbers.copy()
        changed[index] = number
        try:
            used.measure(*(arguments | {name: changed}).values())
        except ValueError:
            refused += 1
    # sizes are only divided by, and of the columns of blocks all but the first are only counted
    assert refused or name == "sizes"


def test_a_page_without_elements_or_blocks_is_refused(used: Extension) -> None:
    for packed, elements in ((b"", 0), (b"", 1), (bytes(40), 1), (bytes(88), 2), (bytes(88), 1 << 60)):
        with pytest.raises(ValueError, match="length"):
            used.log_arguments(packed, elements, b"")
    with pytest.raises(ValueError, match="length"):
        used.log_arguments(bytes(88), 1, b"")


def test_flags_and_tags_that_fit_no_row_are_refused(used: Extension, arguments: dict[str, Any]) -> None:
    tags, levels, *bits, flags, long = arguments["layout"]
    for layout in (
        (tags[1:], levels, *bits, flags, long),
        (tags, levels, *bits, -1, long),
        (tags, levels, *bits, 1 << 60, long),
    ):
        with pytest.raises(ValueError, match="length"):
            used.measure(*(arguments | {"layout": layout}).values())

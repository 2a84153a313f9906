"""The walk of `blocks` and the query of `landmarks` in C, where the package `winnow-native` is installed.

Without it Python reads the tree. Both give the same. What else is in it is asked for where it is needed.

The extension calls the functions of Lexbor that selectolax's library exports. It is used with the versions of
selectolax that it was tried with, and only after it has given the same as Python for a page that has everything in it.
Any doubt means Python, and a line in the log.
"""

import logging
from collections.abc import Callable, Container, Sequence
from functools import cache
from itertools import islice
from typing import NamedTuple

import selectolax
from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom import blocks as python
from gateway.core.dom import extension as native
from gateway.core.dom import landmarks, named
from gateway.core.dom.blocks import Blocks
from gateway.core.dom.descent import Bounds, Descent, Lines
from gateway.core.dom.extension import Extension, sought
from gateway.core.dom.extension_check import find_fault
from gateway.core.dom.landmarks import CODE, STYLE_WORDS, Landmarks, Mark, Query, select

# versions of selectolax that the extension was tried with
_TRIED = frozenset(("1.0.2",))
_WORDS = tuple(word.encode() for word in STYLE_WORDS)
_wanted = True


class Walk(NamedTuple):
    """The extension, None where Python walks, and why."""

    extension: Extension | None
    reason: str


def read_blocks(
    root: LexborNode,
    *,
    left_out: Container[int] = (),
    formulas: Container[int] = (),
    max_depth: int = 512,
    max_blocks: int = 50_000,
) -> Blocks:
    """As `blocks.read_blocks`, by the extension where it may be used."""
    extension = find_walk().extension
    if extension is None:
        return python.read_blocks(
            root, left_out=left_out, formulas=formulas, max_depth=max_depth, max_blocks=max_blocks
        )
    return native.walk(extension, root, left_out, formulas, max_depth, max_blocks)


def find_marks(tree: LexborHTMLParser, also: tuple[Query, ...] = ()) -> Landmarks:
    """As `landmarks.find_marks`, by the extension where it may be used: it leaves out styles that hide nothing,
    and what is hidden by a style or `aria-hidden` and has no text in it.

    Args:
        also: what the extension finds in the same walk, and Python leaves to those who look for it.
    """
    extension, root = find_walk().extension, tree.root
    if extension is None or root is None:
        return landmarks.find_marks(tree)
    return native.mark(extension, tree, root, _WORDS, also)


def find_marked(tree: LexborHTMLParser, selectors: tuple[str, ...], most: int = 0) -> list[Mark]:
    """`find_below` of a whole page."""
    return find_below(tree.root, selectors, most) if tree.root is not None else []


def find_below(node: LexborNode, selectors: tuple[str, ...], most: int = 0) -> list[Mark]:
    """As `landmarks.select`, from a node on down, by the extension where it may be used.

    Args:
        most: as many elements are given at the most; 0 for all.
    Raises:
        ValueError: the extension has no form for one of the selectors.
    """
    extension = find_walk().extension
    if extension is None:
        return list(islice(select(node, ",".join(selectors)), most or None))
    return native.select(extension, node, Query(selectors, most))


def find_each(node: LexborNode, *selectors: str) -> list[LexborNode]:
    """The elements of `find_below`, all of them."""
    return [found for found, _ in find_below(node, selectors)]


def find_first(node: LexborNode, *selectors: str) -> LexborNode | None:
    """The first element that one of the selectors is for, from a node on down."""
    extension = find_walk().extension
    if extension is None:
        return node.css_first(",".join(selectors))
    return native.select_first(extension, node, selectors)


def count_text(tree: LexborHTMLParser, marks: Landmarks, enough: int) -> int:
    """As `landmarks.count_text`, by the extension where it may be used.

    Args:
        enough: where there are so many or more, any number from there on is given.
    """
    measured, extension = marks.measured, find_walk().extension
    body = tree.body
    if measured is None or extension is None or body is None:
        return landmarks.count_text(tree, marks)
    # code is long: that its characters are no more than its bytes, and no less than a quarter, mostly says enough
    least = measured.shown - measured.code_bytes
    if least >= enough or not measured.code_bytes:
        return least
    if measured.code_bytes // 4 >= measured.shown:
        return 0
    elements = [node for tag in CODE for node, _ in marks.tags[tag]]
    code = extension.count_code(elements, body, sought(CODE)[0])
    return landmarks.count_text(tree, marks) if code is None else max(0, measured.shown - code)


def descend(
    root: LexborNode,
    bounds: Bounds,
    table: bytes,
    signs: str,
    is_apart: Callable[[LexborNode], bool],
    lines: Lines | None = None,
) -> Descent:
    """A `Descent`, the extension's where it may be used."""
    extension = find_walk().extension
    make = Descent if extension is None else extension.descend
    return make(root, bounds, table, signs, is_apart, lines)


def find_named(names: Sequence[str], parts: tuple[str, ...]) -> list[int]:
    """As `named.find_named`, by the extension where it may be used."""
    extension = find_walk().extension
    return named.find_named(names, parts) if extension is None else extension.find_named(names, parts)


def prefer_native(wanted: bool) -> None:
    """Whether the extension is used from here on; as it begins, it is."""
    global _wanted
    _wanted = wanted
    find_walk.cache_clear()


@cache
def find_walk() -> Walk:
    """The extension if it is wanted, installed, and reads trees as Python does."""
    if not _wanted:
        return Walk(None, "winnow-native is not wanted")
    version = selectolax.__version__
    try:
        import winnow_native
    except ModuleNotFoundError:
        return Walk(None, "winnow-native is not installed")
    except ImportError as exc:
        fault = f"winnow-native cannot be loaded: {exc}"
    else:
        if version not in _TRIED:
            fault = f"winnow-native was not tried with selectolax {version}"
        elif not (fault := find_fault(winnow_native)):
            return Walk(winnow_native, f"winnow-native with selectolax {version}")
    logging.getLogger(__name__).warning("pages are walked by Python: %s", fault)
    return Walk(None, fault)

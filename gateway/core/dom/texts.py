"""Texts of elements, read by the extension where it may be used."""

from collections.abc import Callable

from selectolax.lexbor import LexborNode

from gateway.core.dom.native import find_walk


def join_texts(elements: list[LexborNode]) -> bytes:
    """The texts of elements in UTF-8, a line break between them."""
    extension = find_walk().extension
    joined = extension.join_texts(elements) if extension is not None else None
    if joined is None:
        joined = b"\n".join(element.text_lexbor().encode("utf-8", "replace") for element in elements)
    return joined


def count_stripped(element: LexborNode) -> int:
    """The characters of an element's text, without white space at both ends."""
    return find_counter()(element)


def find_counter() -> Callable[[LexborNode], int]:
    """What counts as `count_stripped`, for those who ask often."""
    extension = find_walk().extension
    return _count_in_python if extension is None else extension.count_stripped


def _count_in_python(element: LexborNode) -> int:
    return len(element.text_lexbor().strip())

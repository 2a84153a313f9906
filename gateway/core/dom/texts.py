"""Texts of elements, read by the extension where it may be used."""

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
    extension = find_walk().extension
    count = extension.count_stripped(element) if extension is not None else None
    return len(element.text_lexbor().strip()) if count is None else count

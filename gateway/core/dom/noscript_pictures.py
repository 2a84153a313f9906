"""Pictures that a page has for readers without scripts only are shown where a script would put them.

A page that loads its pictures late repeats each in a `<noscript>`. Mostly an image without a file stands beside it
and takes the file from there (`pictures.source_of`). Where none does, the picture is in the `<noscript>` alone.
"""

from selectolax.lexbor import LexborHTMLParser, LexborNode

_IMAGE = "<img"
_MAX_CHARACTERS = 10_000
# elements beside and around one that may hold its twin
_NEAR, _AROUND = 3, 2
_PICTURES = frozenset(("img", "amp-img"))


def show_noscript_pictures(tree: LexborHTMLParser, noscripts: list[LexborNode]) -> bool:
    """Put the picture of each `<noscript>` that holds nothing else in its place, where no image stands beside it.

    Args:
        tree: the parsed page, whose `<noscript>` are texts; changed in place.
        noscripts: all of them.
    Returns:
        Whether there was such a picture.
    """
    shows = False
    for noscript in noscripts if tree.body is not None else ():
        text = noscript.text(deep=True)
        if (
            _IMAGE not in text
            or len(text) > _MAX_CHARACTERS
            or (noscript.parent is not None and noscript.parent.tag == "head")
            or _has_twin(noscript)
        ):
            continue
        inner = LexborHTMLParser(text)
        images = inner.css("img")
        if len(images) != 1 or (inner.body is not None and inner.body.text(deep=True).strip()):
            continue
        image = tree.create_node("img")
        for name, value in images[0].attributes.items():
            image.attrs[name] = value or ""
        noscript.replace_with(image, move=True)
        shows = True
    return shows


def _has_twin(noscript: LexborNode) -> bool:
    """Whether an image stands beside it, or beside what it is alone in."""
    node: LexborNode | None = noscript
    for _ in range(_AROUND):
        if node is None or node.tag == "body":
            return False
        if node.tag in _PICTURES:
            return True
        beside = [*_elements_from(node.prev, forward=False), *_elements_from(node.next, forward=True)]
        if any(each.tag in _PICTURES or each.css_first("img,amp-img") is not None for each in beside):
            return True
        node = node.parent if not beside and node.tag != "figure" else None
    return False


def _elements_from(node: LexborNode | None, *, forward: bool) -> list[LexborNode]:
    found = []
    for _ in range(_NEAR):
        if node is None:
            break
        if node.is_element_node:
            found.append(node)
        node = node.next if forward else node.prev
    return found

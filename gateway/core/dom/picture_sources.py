"""Where the file of an image is, also of one that is loaded late or chosen by the screen's width."""

import re
from collections.abc import Mapping
from itertools import islice

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom.tags import ID

Attributes = Mapping[str, str | None]

IMAGE_FILE = re.compile(r"\.(?:jpe?g|png|webp|gif|avif)(?:$|[?/])", re.I)
_LAZY_SOURCES = (
    *("data-src", "data-original", "data-lazy-src", "data-hi-res-src", "data-full-src", "data-orig-file"),
    *("data-actualsrc", "data-url", "data-image", "data-img-src", "data-echo", "data-pin-media"),
)
_LAZY_NAMES = frozenset(_LAZY_SOURCES)
_SETS = ("srcset", "data-srcset", "data-lazy-srcset")
# wider files are for print
_WIDEST = 2400
_MAX_NOSCRIPT_CHARACTERS = 10_000
# of a <picture>, that are looked at for each image in it
_MOST_SOURCES = 40
# siblings between an image and what names its file
_NEAR = 3
# a figure's data of schema.org, where it has the address in a `<link>` or `<meta>` beside the image
_ITS_ADDRESS = frozenset(("url", "contenturl"))
_DATA = frozenset((ID["link"], ID["meta"]))


def source_of(image: LexborNode, attributes: Attributes) -> str | None:
    """Where the file of an image is; None where nothing says it."""
    if not _LAZY_NAMES.isdisjoint(attributes):
        for name in _LAZY_SOURCES:
            if (value := attributes.get(name)) and is_address(value):
                return value
    source = attributes.get("src")
    if source and is_address(source):
        return source
    for name in _SETS:
        if (value := attributes.get(name)) and (widest := _widest_of(value)):
            return widest
    for name, value in attributes.items():
        # what a script of the site's own reads
        if not value or name == "src":
            continue
        if name.endswith("srcset"):
            if widest := _widest_of(value):
                return widest
        elif is_address(value) and (
            name.endswith("src") or (name.startswith("data-") and IMAGE_FILE.search(value))
        ):
            return value
    return _source_beside(image)


def is_address(value: str) -> bool:
    """Whether an attribute's value may be the address of a file, and not a file itself or a place for one."""
    value = value.strip()
    return value[:5].lower() not in ("data:", "blob:") and "{" not in value and ("/" in value or "." in value)


def _widest_of(candidates: str) -> str | None:
    """The widest file of a `srcset` that is not for print.

    An address may have commas in it; one behind it, or behind its width, ends the candidate.

    Source: HTML Living Standard, 4.8.4.2.1.
    """
    found: list[tuple[float, str]] = []
    url = ""
    for token in candidates.split():
        width = following = ""
        if url:
            width, _, following = token.partition(",")
        else:
            url = token.lstrip(",")
            if not url.endswith(","):
                continue
        _add(found, url, width[:-1])
        url = following
    _add(found, url, "")
    fitting = [each for each in found if each[0] <= _WIDEST] or found
    return max(fitting, key=lambda each: each[0], default=(0, None))[1]


def _add(found: list[tuple[float, str]], url: str, width: str) -> None:
    url = url.rstrip(",")
    if is_address(url):
        found.append((float(width) if width.replace(".", "", 1).isdecimal() else 1.0, url))


def _source_beside(image: LexborNode) -> str | None:
    """The address in the `<picture>` around an image, in the `<noscript>` that repeats it, or in a figure's data."""
    beside, before = image.next, image.prev
    parent = image.parent
    if parent is not None and parent.tag_id == ID["picture"]:
        for child in islice(parent.iter(), _MOST_SOURCES):
            sets = child.attributes if child.tag_id == ID["source"] else {}
            for name in _SETS:
                if (value := sets.get(name)) and (widest := _widest_of(value)):
                    return widest
        beside = beside or parent.next
    for _ in range(_NEAR):
        if beside is None:
            break
        if beside.tag_id == ID["noscript"]:
            return _source_in(beside)
        if beside.tag_id in _DATA:
            attributes = beside.attributes
            value = attributes.get("href") or attributes.get("content") or ""
            if (attributes.get("itemprop") or "").lower() in _ITS_ADDRESS and IMAGE_FILE.search(value):
                return value
        beside = beside.next
    while before is not None and before.is_text_node:
        before = before.prev
    return _source_in(before) if before is not None and before.tag_id == ID["noscript"] else None


def _source_in(noscript: LexborNode) -> str | None:
    markup = noscript.text(deep=True)[:_MAX_NOSCRIPT_CHARACTERS]
    twin = LexborHTMLParser(markup).css_first("img")
    source = twin.attributes.get("src") if twin is not None else None
    return source if source and is_address(source) else None

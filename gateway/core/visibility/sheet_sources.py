"""The style sheets of a page that are at hand: those in `<style>` and those in the address of a `<link>`.

Source: HTML Standard, 4.2.4 and 4.2.6 (`type`, `media`); RFC 2397 (the "data" URL scheme); CSS Syntax Level 3, 5
(what is not closed ends with its sheet).
"""

import re
from base64 import b64decode
from binascii import Error
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from selectolax.lexbor import LexborNode

from gateway.core.dom.landmarks import Attributes, Landmarks
from gateway.core.dom.texts import join_texts
from gateway.core.visibility.media import applies

_DATA = "data:text/css"
_UNSEEN = re.compile(r"[\t\n\r]")
_MOST_UNSEEN = 100
# of all sheets in addresses
_MOST_CHARACTERS = 400_000
# of a sheet, in which an import is looked for
_MOST_BEFORE = 1000
# of an attribute that names when a sheet holds
_MOST_MEDIA = 200
# Ends a string, a declaration, a comment and, by NUL, which no sheet has in it, all blocks that a sheet may leave open:
# behind another it would hold for the next sheet. Braces that close nothing mean nothing.
_CLOSING = b"\n\n;*/\0}"
# of a sheet, that are read
_MOST_IMPORTS = 8
_IMPORT = re.compile(
    rb"(?:\s++|<!--|-->|/\*[^*]*+(?:\*(?!/)[^*]*+)*+\*/|@charset[^;{]{0,99}+;|@layer[^;{]{0,999}+;)*+@import\s*+(?:url\(\s*+)?+"
    rb"(?:\"([^\"\n]*+)\"|'([^'\n]*+)'|([^\s\"'();]*+))\s*+\)?+([^;{}]{0,200}+);",
    re.I,
)


def read_sheets(marks: Landmarks) -> bytes:
    """The sheets that are for a screen, one after the other; those in addresses first."""
    css = _join([node for node, attributes in marks.tags["style"] if _holds(attributes)])
    if data := _read_addresses(marks):
        css = _CLOSING.join((*data, css))
    return css


def count_inside(marks: Landmarks) -> int:
    """The bytes at the end of what `read_sheets` gives that stand in the page's body; some more, with comments."""
    styles = marks.tags["style"]
    return len(
        _join([node for node, _ in styles if (outer := node.parent) is not None and outer.tag != "head"])
    )


def _join(sheets: list[LexborNode]) -> bytes:
    """Each with what it imports before it, if that is in an address."""
    parts: list[bytes] = []
    for sheet in sheets:
        text = join_texts([sheet])
        if b"@" in text[:_MOST_BEFORE] and b"@import" in text[:_MOST_BEFORE].lower():
            parts += _read_imports(text)
        parts.append(text)
    return _CLOSING.join((*parts, b""))


def _read_imports(sheet: bytes) -> list[bytes]:
    found: list[bytes] = []
    at = 0
    for _ in range(_MOST_IMPORTS):
        if (named := _IMPORT.match(sheet, at)) is None:
            break
        at = named.end()
        address, media = (
            (named[1] or named[2] or named[3]).decode("utf-8", "replace"),
            named[4].decode("utf-8", "replace"),
        )
        if _is_data(address) and _holds_for(media.strip().lower()) and (imported := _read_address(address)):
            found.append(imported)
    return found


def has_others(marks: Landmarks) -> bool:
    """Whether a `<link>` names a style sheet that is not at hand, or one that a script makes a sheet of."""
    links = [link for _, link in marks.tags["link"]]
    # most that do say no more
    return any(link.get("rel") == "stylesheet" and not _has_data(link) for link in links) or any(
        map(_is_elsewhere, links)
    )


def _is_elsewhere(link: Attributes) -> bool:
    is_sheet = _names_sheet(link) or (link.get("as") or "").strip().lower() == "style"
    return is_sheet and not _has_data(link)


def _read_addresses(marks: Landmarks) -> list[bytes]:
    """The sheets in the addresses of links, in order; what cannot be read, or is too long, is left out."""
    found: list[bytes] = []
    left = _MOST_CHARACTERS
    for _, link in marks.tags["link"]:
        # few have a comma, and what is at hand has one
        if "," not in (link.get("href") or "") or not (
            _has_data(link) and _names_sheet(link) and _holds(link)
        ):
            continue
        address = link.get("href") or ""
        left -= len(address)
        if left >= 0 and (sheet := _read_address(address)):
            found.append(sheet)
    return found


def _read_address(address: str) -> bytes:
    """The sheet in an address; empty where it cannot be read."""
    about, comma, payload = address.strip().partition(",")
    sheet = unquote_to_bytes(payload) if comma else b""
    if about.lower().endswith(";base64"):
        try:
            sheet = b64decode(sheet)
        except Error:
            return b""
    return sheet.replace(b"\0", b" ")


def _is_data(address: str) -> bool:
    # most begin otherwise; tabs and ends of lines mean nothing in an address
    return (
        address.lstrip()[:1] in ("d", "D")
        and _UNSEEN.sub("", address[:_MOST_UNSEEN]).lstrip()[: len(_DATA)].lower() == _DATA
    )


def _names_sheet(link: Attributes) -> bool:
    kinds = (link.get("rel") or "").lower()
    # readers may choose another; most never do
    return "stylesheet" in kinds and "alternate" not in kinds


def _has_data(link: Attributes) -> bool:
    return _is_data(link.get("href") or "")


def _holds(attributes: Attributes) -> bool:
    """Whether a sheet is CSS for a usual screen, so far as its attributes say."""
    kind, media = attributes.get("type"), attributes.get("media")
    if kind and kind.strip().lower() != "text/css":
        return False
    return not media or len(media) > _MOST_MEDIA or _holds_for(media.lower().strip())


@lru_cache(256)
def _holds_for(media: str) -> bool:
    return not media or applies(f"@media {media}")

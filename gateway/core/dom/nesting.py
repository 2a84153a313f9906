"""Markup that would hold the parser for minutes, found before parsing and thinned out.

Lexbor cannot be interrupted, and needs time quadratic in the depth of nesting (100,000 open `<div>`: 51 s),
in the attributes of one tag (40,000: 10 s), in the options of one list (40,000: 5 s) and in formatting elements
left open (60 KB: 12 s and 2.9 GB). A
worker's deadline ends all of that, but then the page is lost; here only tags are, and every word stays.
Ordinary pages pay for counting their tags and nothing else.
"""

import re
from typing import NamedTuple

import numpy as np
from msgspec import Struct

from gateway.core.dom.native import find_walk

# parses in some milliseconds; browsers stop at 512
MAX_DEPTH = 2000
# formatting elements open at once
MAX_FORMATTING = 100
# of one tag
MAX_ATTRIBUTES = 2000
# of one list to choose from
MAX_OPTIONS = 1000

_STRIDE_BYTES = 16_384
_WINDOW_BYTES = 32_768
# in a window, and at least one in so many bytes:
_SOME_TAGS = 500
_TAG_BYTES = 24
# more tags a closing one than balanced markup has
_OPENED_A_CLOSED = 6
# tags of a page more than its closing ones: far apart they may nest too
_SOME_OPEN = 10_000
# of a page
_SOME_OPTIONS = 3000

_RAW_TEXT = rb"script|style|textarea|title|xmp|iframe|noembed|noframes"
_ATTRIBUTES = rb"(?:[^>\"']++|\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z))*+"
# every branch of these ends at the end of the text at the latest: one pass, no second look
_MARKUP = re.compile(
    rb"<!--.*?(?:-->|\Z)|<(" + _RAW_TEXT + rb")\b.*?(?:</\1\b[^>]*+>|\Z)"
    rb"|<(/?)([a-zA-Z][^\s/>]*+)(" + _ATTRIBUTES + rb")(?:>|\Z)",
    re.S | re.I,
)
# and the text between them
_WHOLE_TAGS = re.compile(
    rb"(?:[^<]++|<(?!/?[a-z]|!--)|<(?!(?:" + _RAW_TEXT + rb")\b)/?[a-z]" + _ATTRIBUTES + rb">)*+", re.I
)
_RAW_START = re.compile(rb"<(?:!--|(" + _RAW_TEXT + rb")\b" + _ATTRIBUTES + rb">)", re.I)
_RAW_ENDS = {name: re.compile(rb"</" + name + rb"\b", re.I) for name in _RAW_TEXT.split(b"|")}
_COMMENT_END = re.compile(rb"-->")
_VALUE = re.compile(rb"=\s*+(?:\"[^\"]*+\"?|'[^']*+'?|[^\s>]*+)")
_VOID = frozenset(b"area base br col embed hr img input link meta param source track wbr".split())
_FORMATTING = frozenset(b"b big code em font i nobr s small strike strong tt u".split())
_SELF_ENDING = frozenset(b"p li dt dd tr td th thead tbody tfoot option".split())
# open elements an end tag is matched against
_NEAR = 200


class Limited(Struct, frozen=True):
    """Markup that parses in bounded time; `dropped` counts the tags left out of it."""

    markup: bytes
    dropped: int


def limit_nesting(markup: bytes) -> Limited:
    """Leave out the tags that nest, format or repeat attributes beyond what any page needs.

    Args:
        markup: a whole page in UTF-8; no length limit.
    Returns:
        The page itself for all but hostile ones.
    """
    tags = count_tags(markup)
    suspect = (
        _nests(len(markup), tags)
        or (tags.named > _SOME_OPTIONS and _has_many_options(markup))
        or _has_crowded_tag(markup)
    )
    return _thin_out(markup) if suspect else Limited(markup, 0)


class Tags(NamedTuple):
    """The tags of a page, those of ends too, and how many of them are of ends: by window."""

    counts: list[int]
    closing: list[int]
    # whose names begin like that of `<option>`
    named: int


def count_tags(markup: bytes) -> Tags:
    """The tags of a page, by the extension where it may be used."""
    extension = find_walk().extension
    if extension is not None:
        return Tags(*extension.count_tags(markup, _WINDOW_BYTES))
    codes = np.frombuffer(markup, dtype=np.uint8)
    places = np.flatnonzero(codes == ord("<"))
    second = codes.take(places + 1, mode="clip")
    bounds = np.append(np.arange(0, len(markup), _WINDOW_BYTES), len(markup))
    firsts = np.searchsorted(places, bounds)
    closed = np.append(0, np.cumsum(second == ord("/"))).take(firsts)
    return Tags(
        counts=np.diff(firsts).tolist(),
        closing=np.diff(closed).tolist(),
        named=int(np.count_nonzero(second | 0x20 == ord("o"))),
    )


def _nests(size: int, tags: Tags) -> bool:
    """Whether some stretch opens many tags and closes hardly any, or the page leaves very many open.

    Args:
        size: of the page in bytes.
    """
    for number, (count, closed) in enumerate(zip(tags.counts, tags.closing, strict=True)):
        window = min(_WINDOW_BYTES, size - number * _WINDOW_BYTES)
        if count >= _SOME_TAGS and count * _TAG_BYTES >= window and count > _OPENED_A_CLOSED * closed:
            return True
    return sum(tags.counts) - 2 * sum(tags.closing) > _SOME_OPEN


def _has_many_options(text: bytes) -> bool:
    return text.count(b"<option") + text.count(b"<OPTION") > _SOME_OPTIONS


def _has_crowded_tag(text: bytes) -> bool:
    """Whether a tag has more attributes than any page needs; looks closely only where no `>` is near."""
    done = 0
    for start in range(0, len(text), _STRIDE_BYTES):
        if start < done or text.find(b">", start, start + _STRIDE_BYTES) >= 0:
            continue
        angle = text.rfind(b"<", done, start)
        if angle < 0 or text.find(b">", angle, start) >= 0:
            continue
        done = find_open(text, done, start)
        if done < start and (tag := _MARKUP.match(text, done)):
            if _is_crowded(tag[4] or b""):
                return True
            done = tag.end()
    return False


def find_open(text: bytes, at: int, position: int) -> int:
    """Where the tag begins that a position is in, read from `at`; what comes after it if it is in none.

    Scripts, which hold most of the `<` of a page, and comments are passed over.
    """
    if (extension := find_walk().extension) is not None:
        return extension.find_open(text, at, position)
    while True:
        tags = _WHOLE_TAGS.match(text, at, position)
        at = tags.end() if tags else at
        if at >= position or not (raw := _RAW_START.match(text, at)):
            return at
        end = (_RAW_ENDS[raw[1].lower()] if raw[1] else _COMMENT_END).search(text, raw.end())
        at = end.end() if end else len(text)


def _is_crowded(attributes: bytes) -> bool:
    return len(attributes) > 2 * MAX_ATTRIBUTES and len(_VALUE.sub(b"", attributes).split()) > MAX_ATTRIBUTES


def _end_last(name: bytes, stack: list[bytes]) -> None:
    """A `<tr>` ends the one before it, and the cells and paragraphs that are open in that."""
    for at in range(len(stack) - 1, max(-1, len(stack) - len(_SELF_ENDING)), -1):
        if stack[at] not in _SELF_ENDING:
            return
        if stack[at] == name:
            del stack[at:]
            return


def _thin_out(text: bytes) -> Limited:
    pieces: list[bytes] = []
    stack: list[bytes] = []
    formatting = options = dropped = done = 0
    for tag in _MARKUP.finditer(text):
        name = (tag[3] or b"").lower()
        if not name or name in _VOID:
            keep = not _is_crowded(tag[4] or b"")
        elif tag[2]:
            near = stack[-_NEAR:]
            if name in near:
                while stack.pop() != name:
                    pass
                formatting -= name in _FORMATTING
            continue
        elif (
            len(stack) >= MAX_DEPTH
            or (name in _FORMATTING and formatting >= MAX_FORMATTING)
            or (name == b"option" and options >= MAX_OPTIONS)
            or _is_crowded(tag[4])
        ):
            keep = False
        else:
            keep = True
            if name in _SELF_ENDING:
                _end_last(name, stack)
            stack.append(name)
            formatting += name in _FORMATTING
            options = 0 if name == b"select" else options + (name == b"option")
        if not keep:
            pieces.append(text[done : tag.start()])
            done = tag.end()
            dropped += 1
    return Limited(b"".join([*pieces, text[done:]]), dropped)

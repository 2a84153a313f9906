"""Pictures of the content: which images belong to the text that was chosen, and where their files are.

An image has no words to be chosen by. It belongs to the content where chosen text is on both sides of it, or right
beside it, and nothing but its own caption stands between them. Icons, avatars, advertisements and trackers do not.
"""

import re
from collections.abc import Collection, Mapping

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom.blocks import FLAGS, Blocks
from gateway.core.dom.tags import ID, TEXT, ids
from gateway.core.model.page import KeptNodes

Attributes = Mapping[str, str | None]

_TOPS = ids("body html form nav button")
# elements around a picture that stands between two pieces of content
_BETWEEN = 12
# around one that content is on one side of
_BESIDE = 5
# of the text in an element around a picture, at most, that is its caption
_CAPTION_WORDS = 80
_CAPTION_BLOCKS = 8
# of its characters, less than that
_CAPTION_LINKED = 0.5
# blocks between a picture and the content, at most: a date, a byline
_GAP = 3
_BUTTON = 1 << FLAGS.index("button")
_TITLES = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "li"))

_INVISIBLE = frozenset(f"{side}{unit}" for side in "012" for unit in ("", "px"))
_ICON_PX = 50
_DECORATION = frozenset(
    "avatar avatars gravatar gravatars icon icons ico emoji emojis smiley smileys logo logos spacer spinner pixel"
    " tracker tracking badge badges share sharing social byline userpic favicon headshot".split()
)
_PORTRAIT = re.compile(
    r"(?:^|[\s_-])(?:author-?(?:image|photo|pic|img)|profile-?(?:image|photo|pic))(?:$|[\s_-])"
)
# what an element is called whose pictures belong to no content
_OUTSIDE = re.compile(
    r"(?:^|[\s_-])(?:avatars?|author-?(?:image|photo|pic|img|avatar|bio|box)|byline|ads?|advert\w{0,12}|adsense|banner-?ad"
    r"|sponsor\w{0,4}|promo\w{0,6}|related|recommend\w{0,6}|newsletter|share|sharing|social|logo)(?:$|[\s_-])",
    re.I,
)
_DECORATION_URL = re.compile(
    r"gravatar\.com/|/avatars?/|/emojis?/|/smil(?:ies|eys)/|/icons?/|[/_-](?:spacer|blank|pixel|transparent|1x1)\.(?:gif|png)"
    r"|\.ico(?:$|\?)|facebook\.com/tr\b|/favicon"
)
_LAZY_SOURCES = (
    *("data-src", "data-original", "data-lazy-src", "data-hi-res-src", "data-full-src", "data-orig-file"),
    *("data-actualsrc", "data-url", "data-image", "data-img-src", "data-echo", "data-pin-media"),
)
_LAZY_NAMES = frozenset(_LAZY_SOURCES)
_SETS = ("srcset", "data-srcset", "data-lazy-srcset")
# wider files are for print
_WIDEST = 2400
_MAX_NOSCRIPT_CHARACTERS = 10_000
# with the joiners between its parts
_MAX_EMOJI_CHARACTERS = 12
# siblings between an image and the noscript element that repeats it
_NEAR = 3


def with_pictures(kept: KeptNodes, blocks: Blocks, chosen: Collection[int]) -> KeptNodes:
    """What is kept, and the pictures between, with their captions.

    Args:
        kept: of `keep(blocks, chosen)`.
    """
    if not blocks.pictures or not chosen:
        return kept
    said = frozenset(chosen)
    numbers = {mem_id: element for element, mem_id in enumerate(blocks.mem_ids)}
    texts, elements = set(kept.texts), set(kept.elements)
    for at, image in blocks.pictures:
        place = (
            None if is_decoration(image, image.attributes) else _find_place(at, image, kept, blocks, numbers)
        )
        if place is None or not place.is_beside(said):
            continue
        elements.update(place.path)
        for index in place.captions:
            owner = blocks.owners[index]
            if index in said or blocks.flags[owner] & _BUTTON:
                continue
            texts.update(blocks.nodes[blocks.node_ends[index - 1] if index else 0 : blocks.node_ends[index]])
            while owner >= 0 and blocks.mem_ids[owner] not in elements:
                elements.add(blocks.mem_ids[owner])
                owner = blocks.parents[owner]
    return KeptNodes(texts, elements)


class _Place(Struct, frozen=True):
    """Where an image stands in an element that is kept."""

    # mem_ids of what is between the two
    path: list[int]
    # the blocks that speak of it; empty at its place if none do
    captions: range

    def is_beside(self, said: frozenset[int]) -> bool:
        """Whether the content is on both sides, or on one of them and near."""
        before = not said.isdisjoint(range(self.captions.start - _GAP, self.captions.start))
        after = not said.isdisjoint(range(self.captions.stop, self.captions.stop + _GAP))
        return (before and after) or ((before or after) and len(self.path) <= _BESIDE)


def _find_place(
    at: int, image: LexborNode, kept: KeptNodes, blocks: Blocks, numbers: Mapping[int, int]
) -> _Place | None:
    path: list[int] = []
    captions = range(at, at)
    is_linked = is_figure = False
    above = image.parent
    while above is not None and above.mem_id not in kept.elements:
        names = f"{above.attributes.get('class') or ''} {above.attributes.get('id') or ''}"
        if len(path) == _BETWEEN or above.tag_id in _TOPS or _OUTSIDE.search(names):
            return None
        is_linked = is_linked or above.tag_id == ID["a"]
        element = numbers.get(above.mem_id)
        if element is not None:
            run = range(blocks.firsts[element], blocks.lasts[element])
            is_figure = is_figure or above.tag_id == ID["figure"]
            if _is_caption(run, blocks, figure=above.tag_id == ID["figure"]):
                captions = run
            elif is_linked or not is_figure:
                # of a figure the caption is known, and the rest was left out for itself
                return None
        path.append(above.mem_id)
        above = above.parent
    return _Place(path, captions) if above is not None else None


def _is_caption(run: range, blocks: Blocks, *, figure: bool) -> bool:
    """Whether the text beside a picture only speaks of it: no title, no list, no mere link to elsewhere."""
    if (
        len(run) > _CAPTION_BLOCKS
        or sum(blocks.texts[index].count(" ") + 1 for index in run) > _CAPTION_WORDS
    ):
        return False
    characters = sum(blocks.chars[run.start : run.stop])
    linked = sum(blocks.link_chars[run.start : run.stop])
    return figure or (
        linked < _CAPTION_LINKED * characters
        and all(blocks.tags[blocks.owners[index]] not in _TITLES for index in run)
    )


def is_tracker(attributes: Attributes) -> bool:
    """Whether nobody sees the image: it counts readers, or keeps a space."""
    return attributes.get("width") in _INVISIBLE or attributes.get("height") in _INVISIBLE


def is_emoji(image: LexborNode, alt: str) -> bool:
    """Whether it shows a character of the sentence it stands in.

    Args:
        alt: its alternative text.
    """
    if not alt or len(alt) > _MAX_EMOJI_CHARACTERS or alt.isascii() or any(map(str.isalnum, alt)):
        return False
    return any(
        beside is not None and beside.tag_id == TEXT and not (beside.text_content or "").isspace()
        for beside in (image.prev, image.next)
    )


def is_decoration(image: LexborNode, attributes: Attributes) -> bool:
    """Whether an image is no picture of the content: an icon, an avatar, a logo, an advertisement, a tracker."""
    get = attributes.get
    if is_tracker(attributes):
        return True
    width, height = get("width"), get("height")
    if width and height and _is_icon_side(width) and _is_icon_side(height):
        return True
    if names := f"{get('class') or ''} {get('id') or ''}".strip().lower():
        if not _DECORATION.isdisjoint(names.replace("-", " ").replace("_", " ").split()):
            return True
        if ("author" in names or "profile" in names) and _PORTRAIT.search(names):
            return True
    return _is_of_decoration(get("src")) and _is_of_decoration(source_of(image, attributes))


def _is_of_decoration(address: str | None) -> bool:
    address = (address or "").lower()
    # without any of them it is none, as nearly all are; a loop over them takes four times as long
    may_be = (
        "ico" in address
        or "avatar" in address
        or "emoji" in address
        or "smil" in address
        or "spacer" in address
        or "blank" in address
        or "pixel" in address
        or "transparent" in address
        or "1x1" in address
        or "/tr" in address
    )
    return may_be and _DECORATION_URL.search(address) is not None


def _is_icon_side(side: str) -> bool:
    side = side.removesuffix("px")
    return len(side) < 3 and side.isdecimal() and int(side) < _ICON_PX


def source_of(image: LexborNode, attributes: Attributes) -> str | None:
    """Where the file of an image is, also of one that is loaded late or chosen by the screen's width."""
    if not _LAZY_NAMES.isdisjoint(attributes):
        for name in _LAZY_SOURCES:
            if (value := attributes.get(name)) and _is_address(value):
                return value
    source = attributes.get("src")
    if source and _is_address(source):
        return source
    for name in _SETS:
        if (value := attributes.get(name)) and (widest := _widest_of(value)):
            return widest
    return _source_beside(image)


def _is_address(value: str) -> bool:
    value = value.strip()
    return value[:5].lower() not in ("data:", "blob:") and "{" not in value and ("/" in value or "." in value)


def _widest_of(candidates: str) -> str | None:
    """The widest file of a `srcset` that is not for print.

    Source: HTML Living Standard, 4.8.4.2.1.
    """
    found: list[tuple[float, str]] = []
    url = ""
    for token in candidates.replace(",", ", ").split() if ", " not in candidates else candidates.split():
        if not url:
            url = token
            if not token.endswith(","):
                continue
            token = ""
        width = token.rstrip(",")[:-1]
        url = url.rstrip(",")
        if _is_address(url):
            found.append((float(width) if width.replace(".", "", 1).isdecimal() else 1.0, url))
        url = ""
    if url and _is_address(url):
        found.append((1.0, url))
    fitting = [each for each in found if each[0] <= _WIDEST] or found
    return max(fitting, key=lambda each: each[0], default=(0, None))[1]


def _source_beside(image: LexborNode) -> str | None:
    """The address in the `<picture>` around an image, or in the `<noscript>` that repeats it."""
    beside = image.next
    parent = image.parent
    if parent is not None and parent.tag_id == ID["picture"]:
        for child in parent.iter():
            sets = child.attributes if child.tag_id == ID["source"] else {}
            for name in _SETS:
                if (value := sets.get(name)) and (widest := _widest_of(value)):
                    return widest
        beside = beside or parent.next
    for _ in range(_NEAR):
        if beside is None:
            break
        if beside.tag_id == ID["noscript"]:
            markup = beside.text(deep=True)[:_MAX_NOSCRIPT_CHARACTERS]
            twin = LexborHTMLParser(markup).css_first("img")
            source = twin.attributes.get("src") if twin is not None else None
            return source if source and _is_address(source) else None
        beside = beside.next
    return None

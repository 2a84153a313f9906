"""Pictures of the content: which images belong to the text that was chosen.

An image has no words to be chosen by. It belongs to the content where chosen text is on both sides of it, or right
beside it, and nothing but its own caption stands between them. Icons, avatars, advertisements and trackers do not.
"""

import re
from collections.abc import Collection, Mapping
from itertools import pairwise
from urllib.parse import urlsplit

from msgspec import Struct
from selectolax.lexbor import LexborNode

from gateway.core.dom.blocks import FLAGS, Blocks
from gateway.core.dom.picture_sources import IMAGE_FILE, Attributes, is_address, source_of
from gateway.core.dom.tags import ID, TEXT, ids
from gateway.core.model.page import KeptNodes

_TOPS = ids("body html form nav")
# elements around a picture that stands between two pieces of content
_BETWEEN = 12
# around one that content is on one side of, and that is in no <figure>
_BESIDE = 5
# of the text in an element around a picture, at most, that is its caption
_CAPTION_WORDS = 80
_CAPTION_BLOCKS = 8
_CREDIT_WORDS = 3
# of its characters, less than that
_CAPTION_LINKED = 0.5
# blocks between a picture and the content, at most: a date, a byline
_GAP = 3
# blocks between the headline and the content, at most: a standfirst, a byline, buttons to share
_HEADLINE_GAP = 15
_BUTTON = 1 << FLAGS.index("button")
_H1 = 1 << FLAGS.index("h1")
_TITLES = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "li"))

_INVISIBLE = frozenset(f"{side}{unit}" for side in "012" for unit in ("", "px"))
_UNKNOWN = frozenset(("0", "0px"))
# far outside the window, or of a point's size; 0 is what frameworks write beside a least width
_UNSEEN = re.compile(
    r"(?:^|;)\s*(?:(?:left|top)\s*:\s*-\d{3}|(?:width|height)\s*:\s*[12]px\s*(?:;|!|$))", re.I
)
_ICON_PX = 50
_DECORATION = frozenset(
    "avatar avatars gravatar gravatars icon icons ico emoji emojis smiley smileys logo logos spacer spinner pixel"
    " tracker tracking badge badges share sharing social byline userpic favicon headshot".split()
)
_PORTRAIT = re.compile(
    r"(?:^|[\s_-])(?:author-?(?:image|photo|pic|img)|profile-?(?:image|photo|pic))(?:$|[\s_-])"
)
# what an element is called whose pictures belong to no content; "promo-image" is what some call any picture
_OUTSIDE = re.compile(
    r"(?:^|[\s_-])(?:(?:avatars?|author-?(?:image|photo|pic|img|avatar|bio|box)|byline|ads?|advert\w{0,12}|adsense|banner-?ad"
    r"|newsletter|logo)(?:$|[\s_-])"
    r"|(?:sponsor\w{0,4}|promo\w{0,6}|related|recommend\w{0,6}|share|sharing|social)(?:$|[\s_-])(?!ima?ge?\b|photo|pic))",
    re.I,
)
# which picture of how many it is
_COUNTER = re.compile(r"\W{0,3}\d{1,3} ?(?:/|of|von|de|di|sur|av|z|из) ?\d{1,3}\W{0,3}")
_DECORATION_URL = re.compile(
    r"gravatar\.com/|/avatars?/|/emojis?/|/smil(?:ies|eys)/|/icons?/|[/_-](?:spacer|blank|pixel|transparent|1x1)\.(?:gif|png)(?:$|\?)"
    r"|\.ico(?:$|\?)|facebook\.com/tr\b|/favicon"
)
# with the joiners between its parts
_MAX_EMOJI_CHARACTERS = 12


def with_pictures(kept: KeptNodes, blocks: Blocks, chosen: Collection[int]) -> KeptNodes:
    """What is kept, and the pictures between, with their captions.

    Args:
        kept: of `keep(blocks, chosen)`.
    """
    if not blocks.pictures or not chosen:
        return kept
    said = frozenset(chosen)
    head = _head_of(blocks, min((index for index in chosen if not _is_headline(index, blocks)), default=0))
    beside = {*said, *head}
    numbers = {mem_id: element for element, mem_id in enumerate(blocks.mem_ids)}
    texts, elements = set(kept.texts), set(kept.elements)
    for at, image in blocks.pictures:
        place = (
            None
            if is_decoration(image, image.attributes)
            else _find_place(at, image, kept, blocks, numbers, head)
        )
        if place is None or not place.is_beside(beside):
            continue
        elements.update(place.path)
        if place.is_figure:
            # the next one of a gallery stands beside it
            beside.update(place.captions)
        for index in place.captions:
            owner = blocks.owners[index]
            if index in said or blocks.flags[owner] & _BUTTON or is_counter(blocks.texts[index]):
                continue
            texts.update(blocks.nodes[blocks.node_ends[index - 1] if index else 0 : blocks.node_ends[index]])
            while owner >= 0 and blocks.mem_ids[owner] not in elements:
                elements.add(blocks.mem_ids[owner])
                owner = blocks.parents[owner]
    return KeptNodes(texts, elements)


def _head_of(blocks: Blocks, first: int) -> range:
    """The blocks from the headline to the first of the content below; empty where none stands above it.

    The headline may not have been chosen; between the two are bylines, dates and buttons to share.
    """
    for index in range(first - 1, max(-1, first - 1 - _HEADLINE_GAP), -1):
        if _is_headline(index, blocks):
            return range(index, first)
    return range(first, first)


def _is_headline(index: int, blocks: Blocks) -> bool:
    return blocks.flags[blocks.owners[index]] & _H1 != 0


class _Place(Struct, frozen=True):
    """Where an image stands in an element that is kept."""

    # mem_ids of what is between the two
    path: list[int]
    # the blocks that speak of it; empty at its place if none do
    captions: range
    is_figure: bool

    def is_beside(self, said: Collection[int]) -> bool:
        """Whether the content is on both sides, or on one of them and near."""
        before = any(index in said for index in range(self.captions.start - _GAP, self.captions.start))
        after = any(index in said for index in range(self.captions.stop, self.captions.stop + _GAP))
        return (before and after) or ((before or after) and (self.is_figure or len(self.path) <= _BESIDE))


def _find_place(
    at: int, image: LexborNode, kept: KeptNodes, blocks: Blocks, numbers: Mapping[int, int], head: range
) -> _Place | None:
    path: list[int] = []
    captions = range(at, at)
    is_linked = is_figure = in_figure = False
    above = image.parent
    while above is not None and above.mem_id not in kept.elements:
        names = f"{above.attributes.get('class') or ''} {above.attributes.get('id') or ''}"
        if len(path) == _BETWEEN or above.tag_id in _TOPS or _OUTSIDE.search(names):
            return None
        if above.tag_id == ID["button"] and above.mem_id in numbers:
            # it has a text, and so a purpose of its own
            return None
        in_figure = in_figure or above.tag_id == ID["figure"]
        if above.tag_id == ID["a"]:
            address = (above.attributes.get("href") or "").strip()
            if _leads_home(address, above_headline=at <= head.start):
                return None
            # to itself, larger, is to nowhere else
            is_linked = is_linked or not IMAGE_FILE.search(address)
        element = numbers.get(above.mem_id)
        if element is not None:
            run = range(blocks.firsts[element], blocks.lasts[element])
            is_figure = is_figure or above.tag_id == ID["figure"]
            if run == captions or _is_caption(run, blocks, figure=above.tag_id == ID["figure"]):
                captions = run
            elif is_linked and not (in_figure and _is_credit(run, blocks)):
                return None
            elif (
                not is_figure
                and not (head and head.start in run)
                and not (in_figure and _is_credit(run, blocks))
            ):
                # of a figure the caption is known, and the rest was left out for itself, as is a headline's byline
                return None
        path.append(above.mem_id)
        above = above.parent
    return _Place(path, captions, in_figure) if above is not None else None


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


def _is_credit(run: range, blocks: Blocks) -> bool:
    """Whether the text beside a picture only names where it is from."""
    return len(run) == 1 and blocks.texts[run.start].count(" ") < _CREDIT_WORDS


def is_counter(text: str) -> bool:
    """Whether it is the number that a gallery puts to a picture: "1/50"."""
    return _COUNTER.fullmatch(text) is not None


def _leads_home(address: str, *, above_headline: bool) -> bool:
    """Whether a link leads to the first page of the site: what it shows is a logo or a banner."""
    if not above_headline:
        # in the content a whole address is that of another site
        return address == "/"
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.path in ("/", "" if parts.netloc else "/") and not (parts.query or parts.fragment)


def find_twins(blocks: Blocks) -> list[int]:
    """The mem_ids of images right before the same picture: a small one until it is loaded, or one without a file.

    A picture that an author repeats has the same file each time, and stays.
    """
    twins: list[int] = []
    # of the second one of the pair before
    last: Attributes | None = None
    is_last_loaded = False
    for (at, image), (following, other) in pairwise(blocks.pictures):
        if at != following:
            last = None
            continue
        attributes, is_loaded = last, is_last_loaded
        if attributes is None:
            attributes = image.attributes
            is_loaded = _has_file(attributes)
        others = last = other.attributes
        is_last_loaded = _has_file(others)
        if is_loaded and is_last_loaded:
            continue
        one, two = source_of(image, attributes), source_of(other, others)
        has_file = is_loaded or is_last_loaded
        if one and two and (one == two or (has_file and _file_of(one) == _file_of(two))):
            twins.append(image.mem_id)
    return twins


def _file_of(address: str) -> str:
    """The name of an image's file; the address where it names none."""
    name = address.partition("?")[0].rpartition("/")[2]
    return name if IMAGE_FILE.search(name) else address


def _has_file(attributes: Attributes) -> bool:
    return is_address(attributes.get("src") or "")


def is_tracker(attributes: Attributes) -> bool:
    """Whether nobody sees the image: it counts readers, or keeps a space.

    A side of 0 beside one of a picture's size is one that the page's author did not know.
    """
    width, height = attributes.get("width") or "", attributes.get("height") or ""
    if width in _INVISIBLE or height in _INVISIBLE:
        other = height if width in _INVISIBLE else width
        is_large = 2 <= len(other) < 6 and other.isdecimal() and int(other) >= _ICON_PX
        return not (is_large and (width in _UNKNOWN or height in _UNKNOWN))
    style = attributes.get("style")
    return style is not None and _UNSEEN.search(style) is not None


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

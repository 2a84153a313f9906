"""What the walk does at each tag: types, and the tables of what is done."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from selectolax.lexbor import LexborNode

from gateway.core.dom.descent import (
    BLOCK,
    BOX,
    DRAWING,
    INLINE,
    ITEM,
    LINE_END,
    PARAGRAPH,
    PHRASE,
    PRUNED,
    SOURCE,
    TAGS,
    WHOLE,
    Lines,
)
from gateway.core.dom.layout import KNOWN
from gateway.core.dom.tags import COMMENT, ID, PLAIN, SKIPPED, UNPRUNED
from gateway.core.markdown.drafts import Draft
from gateway.core.markdown.escape import escape_part
from gateway.core.markdown.inline import Style
from gateway.core.markdown.links import Resolver

# what to do when an element ends
Close = Callable[[], None]


def skip() -> None:
    """Returned by an opener so that the walk does not go below the element."""


def end_block() -> None:
    """Returned by an opener whose element ends the block of text that is gathered in it, and does no more."""


def as_known() -> None:
    """Returned for a custom element that is treated as a known one is: left out or kept, a block."""


# what to do at an element, by the `Walk`, which knows this module
_Opener = Callable[[Any, LexborNode], Close | None]
_Start = Callable[[Any], Close | None]


class Actions(NamedTuple):
    """What is done at each tag that HTML knows."""

    # by a tag's number
    starts: Mapping[int, _Start]
    openers: Mapping[int, _Opener]
    # that `Descent` takes, and `Lines`
    table: bytes
    marks: bytes


def actions_of(
    *,
    voids: Mapping[int, _Opener],
    inlines: Mapping[int, _Opener],
    blocks: Mapping[int, _Opener],
    starts: Mapping[int, _Start],
    marks: Mapping[int, int],
) -> Actions:
    """Gather what is done.

    Args:
        voids: those below which the walk does not go, by the tags' numbers; asked whatever is kept.
        inlines: those that stand in a line.
        blocks, starts: those that end one, and whose openers do that first; asked where they are kept.
        marks: what `Lines` says of those in a line.
    """
    kinds = dict.fromkeys(KNOWN, BOX | PRUNED) | dict.fromkeys([*blocks, *starts], BLOCK | PRUNED)
    for tag in UNPRUNED:
        kinds[tag] &= ~PRUNED
    kinds |= dict.fromkeys(SKIPPED, BOX | PRUNED | WHOLE) | {COMMENT: PRUNED | WHOLE}
    kinds |= dict.fromkeys(PLAIN, PHRASE) | dict.fromkeys(inlines, INLINE) | dict.fromkeys(voids, 0)
    kinds |= {ID["script"]: SOURCE, ID["span"]: PHRASE | DRAWING}
    table = bytes([kinds.get(tag, 0) for tag in range(TAGS)])
    means = {**marks, ID["p"]: PARAGRAPH, ID["li"]: ITEM, ID["br"]: LINE_END}
    return Actions(
        starts, {**blocks, **inlines, **voids}, table, bytes([means.get(tag, 0) for tag in range(TAGS)])
    )


def lines_of(
    style: Style, resolver: Resolver, is_text: Callable[[LexborNode], bool], marks: bytes
) -> Lines | None:
    """By what whole lines are written; None where they are written otherwise."""
    if style.html or style.links == "reference":
        return None
    return Lines(
        make=Draft,
        find=resolver.lead,
        is_text=is_text,
        escape=escape_part,
        known=resolver.leads,
        found=style.found,
        kind="paragraph",
        shows_links=style.links == "inline",
        marks=marks,
        origin=resolver.origin,
    )

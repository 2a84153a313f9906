"""Characters that no reader sees and a language model does read.

Unicode tags (U+E0000 …) spell whole sentences invisibly, runs of variation selectors carry bytes,
bidirectional controls show text in another order than it is read, zero-width characters split words.
What shapes visible text stays: the joiner inside an emoji, the non-joiner inside Persian and Indic words,
one selector after a character, the tags of a subdivision's flag.
"""

import re

from msgspec import Struct

_ZERO_WIDTH = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb"
)
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_JOINERS = "\u200c\u200d"
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_TAGS = "\U000e0000-\U000e007f"
_SUSPECT = re.compile(f"[{_ZERO_WIDTH}{_BIDI}{_JOINERS}{_SELECTORS}{_TAGS}]")

# What is kept: a flag spelt in tags, one selector after something, a joiner between letters or in an emoji.
_FLAG = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f"
_JOINED = "[\u0600-\u08ff\u0900-\u0fff\u1000-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc]"
_EMOJI = "[\u203c-\u3299\U0001f000-\U0001faff\ufe0f\u20e3\u2640\u2642\u2695]"
_KEPT = re.compile(
    f"(?P<kept>{_FLAG}|(?<=[^\\s{_SELECTORS}{_TAGS}{_ZERO_WIDTH}])[{_SELECTORS}](?![{_SELECTORS}])"
    f"|(?<={_JOINED})[{_JOINERS}](?={_JOINED})|(?<={_EMOJI})\u200d(?={_EMOJI}))"
    f"|[{_ZERO_WIDTH}{_BIDI}{_JOINERS}{_SELECTORS}{_TAGS}]"
)


class Visible(Struct, frozen=True):
    """Text without what cannot be seen, and how many characters that were."""

    text: str
    removed: int


def strip_invisible(text: str) -> Visible:
    """Remove characters that have no visible effect where they stand."""
    if text.isascii() or not _SUSPECT.search(text):
        return Visible(text, 0)
    kept = _KEPT.sub(lambda found: found["kept"] or "", text)
    return Visible(kept, len(text) - len(kept))

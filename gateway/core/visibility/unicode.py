"""Characters that no reader sees and a language model does read.

Unicode tags (U+E0000 …) spell whole sentences invisibly, runs of variation selectors carry bytes,
bidirectional controls show text in another order than it is read, zero-width characters split words.
What shapes visible text stays: the joiner inside an emoji, the non-joiner inside Persian and Indic words,
one selector after a character, the tags of a subdivision's flag.
"""

import re

from msgspec import Struct

from gateway.core.text.unseen import BIDI, JOINERS, SELECTORS, TAGS, UNSEEN, ZERO_WIDTH

# What is kept: a flag spelt in tags, one selector after something, a joiner between letters or in an emoji.
_FLAG = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f"
_JOINED = "[\u0600-\u08ff\u0900-\u0fff\u1000-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc]"
_EMOJI = "[\u203c-\u3299\U0001f000-\U0001faff\ufe0f\u20e3\u2640\u2642\u2695]"
_KEPT = re.compile(
    f"(?P<kept>{_FLAG}|(?<=[^\\s{SELECTORS}{TAGS}{ZERO_WIDTH}])[{SELECTORS}](?![{SELECTORS}])"
    f"|(?<={_JOINED})[{JOINERS}](?={_JOINED})|(?<={_EMOJI})\u200d(?={_EMOJI}))"
    f"|[{ZERO_WIDTH}{BIDI}{JOINERS}{SELECTORS}{TAGS}]"
)


class Visible(Struct, frozen=True):
    """Text without what cannot be seen, and how many characters that were."""

    text: str
    removed: int


def strip_invisible(text: str) -> Visible:
    """Remove characters that have no visible effect where they stand."""
    if text.isascii() or not UNSEEN.search(text):
        return Visible(text, 0)
    kept = _KEPT.sub(lambda found: found["kept"] or "", text)
    return Visible(kept, len(text) - len(kept))

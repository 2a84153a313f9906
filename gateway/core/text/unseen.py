"""Which characters may stand in a text and not be seen."""

import re

ZERO_WIDTH = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb"
)
BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
JOINERS = "\u200c\u200d"
SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
TAGS = "\U000e0000-\U000e007f"
# `is_unseen` of packages/native/folding.c has them too
UNSEEN = re.compile(f"[{ZERO_WIDTH}{BIDI}{JOINERS}{SELECTORS}{TAGS}]")

"""Links in a heading that lead to the heading itself, and are no part of what it says."""

import re

_SIGNS = frozenset("¶ # § 🔗 ∞ ⚓".split())
_SAYING = re.compile(
    r"(?:(?:copy|direct|permanent) link|permalink|link (?:to|for) (?:this|the)|anchor (?:for|link|to)"
    r"|section titled)\b",
    re.I,
)
_CALLED = re.compile(
    r"(?:^|\s)(?:header-?link|hash-?link|permalink|anchorjs-link|heading-(?:link|anchor)|header-anchor)(?:$|\s)",
    re.I,
)
_MAX_CHARACTERS = 200


def is_sign(text: str) -> bool:
    """Whether it is one of the signs that such links show, wherever they stand."""
    return text in _SIGNS


def says_permalink(text: str, classes: str, *, behind: bool) -> bool:
    """Whether a link that is not all of its heading only leads to it, by its words or by what it is called.

    Args:
        text: of the link, without white space around it.
        classes: its `class`.
        behind: what the heading says stands before it; the heading itself may be in such a link, too.
    """
    if len(text) > _MAX_CHARACTERS or not any(map(str.isalpha, text)):
        # a number is the section's
        return is_sign(text)
    return _SAYING.match(text) is not None or (behind and _CALLED.search(classes) is not None)

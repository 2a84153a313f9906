"""What a misspelt name was probably meant to be, in the words of every message that offers it."""

import difflib
from collections.abc import Iterable

# of the word: comparing takes time quadratic in its length
_MAX_CHARACTERS = 60


def did_you_mean(word: str, known: Iterable[str], *, prefix: str = "") -> str:
    """The end of a message: `; did you mean NAME?`, empty when no known name is close.

    Args:
        word: what was written, of any length.
        known: the right names.
        prefix: stands before the name in the message.
    """
    close = difflib.get_close_matches(word[:_MAX_CHARACTERS], list(known), n=1, cutoff=0.6)
    return f"; did you mean {prefix}{close[0]}?" if close else ""

"""Patterns that callers send, as RE2 runs them: in linear time, within a limit of memory."""

import re

import re2

# longer than RE2 counts: from eight digits on it would take them for plain text
_LONG_COUNT = re.compile(r"(?<!\\)\{\d*,?\d{5,}")
_SHOWN_CHARS = 100


def compile_pattern(pattern: str, *, max_bytes: int, is_ascii: bool = False) -> "re2._Regexp[bytes]":
    """Compile a pattern that is searched for in UTF-8 bytes.

    Args:
        max_bytes: of memory that the pattern may take.
        is_ascii: it counts bytes, not characters, and its letters have no other case than that of ASCII.
    Raises:
        ValueError: it is no pattern of RE2, or needs more memory; the message says why.
    """
    options = re2.Options()
    options.log_errors = False
    options.max_mem = max_bytes
    if is_ascii:
        options.encoding = re2.Options.Encoding.LATIN1
    if (found := _LONG_COUNT.search(pattern)) is not None:
        raise ValueError(f"{_shorten(found.group())} counts too far")
    try:
        return re2.compile(pattern.encode(), options=options)
    except re2.error as exc:
        reason = exc.args[0] if exc.args else exc
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(_shorten(text)) from exc


def forget_patterns() -> None:
    """Drop the patterns that RE2's module keeps: the last 128, each with the memory that its texts made it take."""
    re2.purge()


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"

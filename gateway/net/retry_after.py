"""How long a server asks to wait before another try."""

import re
from collections.abc import Mapping

# more digits are no more patience, and would overflow on their way into a header
MAX_WAIT_S = 1e9
_SECONDS = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_MILLISECONDS = re.compile(r"\d+", re.ASCII)


def read_retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Seconds to wait: `retry-after-ms`, or `retry-after` in seconds or as a date.

    Args:
        headers: of the answer, with names in lower case or found in any.
        now: seconds since the epoch.
    Returns:
        0 to a billion; None where the headers do not say.
    Source: RFC 9110, 10.2.3; `retry-after-ms` is what OpenAI's and Anthropic's clients read.
    """
    milliseconds = headers.get("retry-after-ms", "").strip()
    if _MILLISECONDS.fullmatch(milliseconds):
        return min(MAX_WAIT_S, float(milliseconds) / 1000)
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return min(MAX_WAIT_S, float(value))
    # imported here, since few servers send a date and the SDK imports this module: it costs 8 ms
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None

"""Caching decisions as values: may a response be kept, and may a kept one be served?

Source: RFC 9111 (storing: section 3; freshness: 4.2), RFC 5861 (stale-while-revalidate).
"""

from collections.abc import Mapping
from typing import Literal

Verdict = Literal["fresh", "stale", "expired"]


def is_storable(status: int, headers: Mapping[str, str]) -> bool:
    """May a shared cache keep this response? Only a plain success without a word against it."""
    directives = _directives(headers)
    forbidden = {"no-store", "private"} & directives.keys()
    return (
        status == 200
        and not forbidden
        and "set-cookie" not in headers
        and headers.get("vary", "").strip() != "*"
    )


def judge_freshness(headers: Mapping[str, str], *, age_s: float, max_age_s: float) -> Verdict:
    """Is a stored response of this age fresh enough for a caller who accepts `max_age_s`?

    `fresh`: serve it; `stale`: serve it and fetch a newer one behind; `expired`: fetch before answering.
    """
    return "fresh" if age_s < max_age_s else "expired"


def _directives(headers: Mapping[str, str]) -> dict[str, str]:
    parts = (part.partition("=") for part in headers.get("cache-control", "").lower().split(","))
    return {name.strip(): value.strip().strip('"') for name, _, value in parts if name.strip()}

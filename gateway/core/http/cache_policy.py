"""HTTP caching decisions as values: may this page be kept, and does a kept one still do?

A shared cache in the sense of RFC 9111. Every set of a caller's own headers has entries of its own, which is
stricter than Vary: only "*" is left of it to heed. The caller's `max_age_s` is a request `max-age` (5.2.1.1): it
can only shorten what the origin allows. Where the origin says nothing it is all there is, which takes the
place of a heuristic lifetime (4.2.2). Pure: header names are lower-case, times are seconds.
"""

from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Literal

from msgspec import Struct

Action = Literal["hit", "stale", "revalidate", "miss"]

# of the limit: how long past it a page is served while a fresh one is fetched
GRACE_SHARE = 0.1
MAX_GRACE_S = 60.0
# RFC 9110 15.1: whole bodies only; and no error, which may pass
_STORABLE = frozenset({200, 203, 204, 300, 301})
# a caller's header with another name may be a credential; an answer to it is nobody else's
_IMPERSONAL = frozenset(
    {
        "accept",
        "accept-charset",
        "accept-language",
        "cache-control",
        "dnt",
        "pragma",
        "priority",
        "referer",
        "save-data",
        "sec-ch-ua",
        "sec-ch-ua-mobile",
        "sec-ch-ua-platform",
        "sec-fetch-dest",
        "sec-fetch-mode",
        "sec-fetch-site",
        "sec-fetch-user",
        "sec-gpc",
        "upgrade-insecure-requests",
        "user-agent",
    }
)


class Verdict(Struct, frozen=True, kw_only=True):
    """What to do with a stored page.

    `hit`: serve it. `stale`: serve it, and fetch a fresh one behind the caller's back. `revalidate`: ask the
    origin with `etag` and `last_modified`; on 304 the stored body holds. `miss`: fetch anew.
    """

    action: Action
    age_s: float
    etag: str | None = None
    last_modified: str | None = None


def personal_header(caller_headers: Mapping[str, str]) -> str | None:
    """The caller's header, if any, for whose sake the answer is nobody else's: a cookie, a key, an unknown one."""
    return next((name.lower() for name in caller_headers if name.lower() not in _IMPERSONAL), None)


def not_storable_reason(
    *, store: bool, caller_headers: Mapping[str, str], status: int, headers: Mapping[str, str]
) -> str | None:
    """Why a response may not be kept; None when it may. The one place that decides it.

    Args:
        store: whether the caller lets it be kept.
        caller_headers: those the caller added to the request.
        status: the response's.
        headers: the response's, merged with those that led to it; `set-cookie` present means that one was sent.
    Source: RFC 9111 3.
    """
    if not store:
        return "store is false"
    if name := personal_header(caller_headers):
        return f"the request carried {name}"
    if status not in _STORABLE:
        return f"status {status}"
    control = read_cache_control(headers.get("cache-control", ""))
    if "no-store" in control:
        return "no-store"
    if "private" in control:
        return "private"
    if "set-cookie" in headers:
        return "set-cookie"
    if "*" in _vary_names(headers):
        return "vary: *"
    return None


def merge_cache_headers(earlier: Sequence[Mapping[str, str]], last: Mapping[str, str]) -> dict[str, str]:
    """The headers by which a response is judged that is kept together with those that led to it.

    Each keeps its say, as if it were stored alone: what one forbids is forbidden, and the shortest lifetime counts.
    A redirect that says nothing sets no limit.

    Args:
        earlier: headers of redirects, and of a page in whose place its site's own markdown is kept.
        last: headers of the response whose body is kept.
    """
    if not earlier:
        return dict(last)
    every = [*earlier, last]
    control: dict[str, str] = {}
    for headers in every:
        control |= read_cache_control(headers.get("cache-control", ""))
    lifetimes_s = [lifetime_s for headers in every if (lifetime_s := lifetime(headers)) is not None]
    if lifetimes_s:
        control["max-age"] = f"{min(lifetimes_s):.0f}"
        if "s-maxage" in control:
            control["s-maxage"] = control["max-age"]
    merged = dict(last)
    if control:
        merged["cache-control"] = ", ".join(f'{name}="{value}"' for name, value in control.items())
    if vary := ", ".join(headers["vary"] for headers in every if "vary" in headers):
        merged["vary"] = vary
    if any("set-cookie" in headers for headers in every):
        merged["set-cookie"] = ""
    return merged


def judge_freshness(
    *,
    headers: Mapping[str, str],
    stored_at_s: float,
    now_s: float,
    max_age_s: float,
) -> Verdict:
    """Decide about a stored page.

    Args:
        headers: as stored.
        stored_at_s: when it was fetched or last revalidated, epoch.
        now_s: the present, epoch.
        max_age_s: the oldest the caller takes; 0 wants the origin asked.
    Source: RFC 9111 4.2 and 4.3; stale-while-revalidate, RFC 5861 3.
    """
    age_s = current_age_s(headers, stored_at_s=stored_at_s, now_s=now_s)
    control = read_cache_control(headers.get("cache-control", ""))
    limit_s = _limit_s(headers, control, max_age_s=max_age_s)
    if age_s < limit_s:
        return _verdict("hit", age_s, headers)
    strict = not {"no-cache", "must-revalidate", "proxy-revalidate", "s-maxage"}.isdisjoint(control)
    if limit_s > 0 and not strict:
        grace_s = min(limit_s * GRACE_SHARE, MAX_GRACE_S)
        if age_s < limit_s + max(grace_s, _offered_grace_s(control, age_s=age_s, max_age_s=max_age_s)):
            return _verdict("stale", age_s, headers)
    conditional = "etag" in headers or "last-modified" in headers
    return _verdict("revalidate" if conditional else "miss", age_s, headers)


def fresh_until_s(*, headers: Mapping[str, str], stored_at_s: float, max_age_s: float) -> float:
    """Until when `judge_freshness` says `hit`, epoch; the arguments are the same."""
    control = read_cache_control(headers.get("cache-control", ""))
    age_s = current_age_s(headers, stored_at_s=stored_at_s, now_s=stored_at_s)
    return stored_at_s + _limit_s(headers, control, max_age_s=max_age_s) - age_s


def _limit_s(headers: Mapping[str, str], control: Mapping[str, str], *, max_age_s: float) -> float:
    """The age up to which a page is fresh: the caller's limit or the origin's, whichever is lower."""
    if "no-cache" in control or ("no-cache" in headers.get("pragma", "") and not control):
        return 0.0
    lifetime_s = lifetime(headers)
    return max_age_s if lifetime_s is None else min(max_age_s, lifetime_s)


def current_age_s(headers: Mapping[str, str], *, stored_at_s: float, now_s: float) -> float:
    """Seconds since the origin made or confirmed the response: its Age, and the time it was kept here."""
    age = headers.get("age", "").strip()
    started_s = float(age[:10]) if age.isascii() and age.isdigit() else 0.0
    return started_s + max(0.0, now_s - stored_at_s)


def lifetime(headers: Mapping[str, str]) -> float | None:
    """How long the origin calls the response fresh, in seconds; None when it does not say.

    Source: RFC 9111 4.2.1. What cannot be read counts as already stale.
    """
    control = read_cache_control(headers.get("cache-control", ""))
    for name in ("s-maxage", "max-age"):
        if name in control:
            return _seconds(control[name])
    if "expires" not in headers:
        return None
    expires, made = _date_s(headers["expires"]), _date_s(headers.get("date", ""))
    return max(0.0, expires - made) if expires is not None and made is not None else 0.0


def after_not_modified(stored: Mapping[str, str], fresh: Mapping[str, str]) -> dict[str, str]:
    """The stored response's headers once a 304 has confirmed it.

    Source: RFC 9111 3.2: the 304's headers replace the stored ones, but those of the body's own form.
    """
    kept = {name: value for name, value in stored.items() if name != "age"}
    body_form = {"content-type", "content-encoding", "content-length", "content-range"}
    return kept | {name: value for name, value in fresh.items() if name not in body_form}


def read_cache_control(header: str) -> dict[str, str]:
    """Directives, lower-case, with their arguments or "". Commas inside quotes are kept together."""
    directives: dict[str, str] = {}
    for part in _split_outside_quotes(header):
        name, _, value = part.partition("=")
        if name.strip():
            directives.setdefault(name.strip().lower(), value.strip().strip('"'))
    return directives


def _split_outside_quotes(header: str) -> list[str]:
    if '"' not in header:
        return header.split(",")
    pieces, quoted = [""], False
    for char in header:
        quoted ^= char == '"'
        if char == "," and not quoted:
            pieces.append("")
        else:
            pieces[-1] += char
    return pieces


def _verdict(action: Action, age_s: float, headers: Mapping[str, str]) -> Verdict:
    return Verdict(
        action=action, age_s=age_s, etag=headers.get("etag"), last_modified=headers.get("last-modified")
    )


def _offered_grace_s(control: Mapping[str, str], *, age_s: float, max_age_s: float) -> float:
    """The origin's own stale-while-revalidate, which does not override what the caller takes."""
    offered = _seconds(control.get("stale-while-revalidate", "0"))
    return offered if age_s < max_age_s else 0.0


def _vary_names(headers: Mapping[str, str]) -> set[str]:
    names = {name.strip().lower() for name in headers.get("vary", "").split(",")}
    # always sent alike, and undone before anything is kept
    return names - {"", "accept-encoding"}


def _seconds(text: str) -> float:
    return float(text[:10]) if text.isascii() and text.isdigit() else 0.0


def _date_s(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None

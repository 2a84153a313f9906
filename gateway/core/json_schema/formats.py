"""The formats that strings are checked for; any other `format` is a note to the reader.

Source: JSON Schema Validation 2020-12, 7.3; RFC 3339 for dates, times and durations.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from ipaddress import IPv6Address

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(
    r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)
_CLOCK = r"T([0-9]+H([0-9]+M([0-9]+S)?)?|[0-9]+M([0-9]+S)?|[0-9]+S)"
_CALENDAR = r"([0-9]+Y([0-9]+M([0-9]+D)?)?|[0-9]+M([0-9]+D)?|[0-9]+D)"
_DURATION = re.compile(rf"P([0-9]+W|{_CLOCK}|{_CALENDAR}({_CLOCK})?)")
_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"({_OCTET}\.){{3}}{_OCTET}")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
# letters beyond ASCII are let pass: that is how addresses stand in pages
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20\x7f<>\"{}|\\^`]*")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_date_time(text: str) -> bool:
    return text[10:11] in ("T", "t") and _is_date(text[:10]) and bool(_TIME.fullmatch(text[11:]))


def _is_email(text: str) -> bool:
    local, _, domain = text.rpartition("@")
    return bool(local and domain) and domain.isprintable() and " " not in domain


def _is_hostname(text: str) -> bool:
    return len(text) <= 253 and all(_LABEL.fullmatch(label) for label in text.split("."))


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return "%" not in text


FORMATS: Mapping[str, Callable[[str], bool]] = {
    "date": _is_date,
    "time": lambda text: bool(_TIME.fullmatch(text)),
    "date-time": _is_date_time,
    "duration": lambda text: bool(_DURATION.fullmatch(text)),
    "email": _is_email,
    "hostname": _is_hostname,
    "ipv4": lambda text: bool(_IPV4.fullmatch(text)),
    "ipv6": _is_ipv6,
    "uri": lambda text: bool(_URI.fullmatch(text)),
    "uuid": lambda text: bool(_UUID.fullmatch(text)),
}

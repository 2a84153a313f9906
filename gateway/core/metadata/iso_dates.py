"""Dates of pages as ISO 8601, and what is said of each: published, updated, or another day in its life."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Literal, cast

from msgspec import Struct

from gateway.core.text.dates import find_dates
from gateway.core.text.patterns import compile_pattern

Said = Literal["published", "", "updated", "other"]

_ISO = re.compile(
    r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T ]+(\d{1,2}:\d\d(?::\d\d)?)(?:[.,]\d+)?\s*(Z|[+-]\d\d(?::?\d\d)?)?)?(?!\d)",
    re.I,
)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T?\d{4}(?:\d\d)?Z?)?$")
_EPOCH = re.compile(r"(\d{10})(?:\d{3})?")
_MAIL_CLOCK = re.compile(r"(?<!\d)(\d{1,2}:\d\d(?::\d\d)?) (GMT|UTC|Z|[+-]\d{4})\b")
_ADDRESS_DATE = re.compile(r"/((?:19|20)\d\d)[/-](0?[1-9]|1[0-2])[/-](0?[1-9]|[12]\d|3[01])(?=[/_-])")
# what every date has
_YEAR_LONG = re.compile(r"\d{4}")
_LEADING = re.compile(r"(\d+)(\D)")
_TWO_NUMBERS = re.compile(r"(?<!\d)(\d{1,2})[/](\d{1,2})[/]\d{4}(?!\d)")
# as one automaton: text is searched for all of these words at once
_LABELS = compile_pattern(
    r"(?i)(?P<updated>updat|modif|edit|revis|aktualis|geändert|bearbeitet|mis[e]? à jour|actualiz|atualiz|aggiornat"
    r"|bijgewerkt|gewijzigd|oppdater|uppdater|opdater|aktualiz|zaktual|обновл|измен|ενημέρ|güncel|更新|更新日|수정|تحديث|עודכן)"
    r"|(?P<published>publi|posted|first online|released|erschienen|veröffentlich|erstellt am|pubblicat|geplaatst"
    r"|gepubliceerd|опубл|δημοσ|yayın|發布|发布|發佈|公開|公开|掲載|発表|投稿|게시|등록|입력|نشر|פורסם|đăng|diterbitkan|julkaistu)"
    r"|(?P<other>receiv|accept|submitted|expire|valid until|retriev|access|copyright|©|born|event|starts?\b|ends?\b"
    r"|deadline|eingegangen|angenommen|reçu|accepté|since|founded)",
    max_bytes=1_000_000,
)
_FIRST_YEAR, _LAST_YEAR = 1990, 2100
_MAX_TEXT_CHARACTERS = 600
_DAY_FIRST_HOSTS = re.compile(r"\.(?:uk|au|nz|ie|za|in|sg|my|ng|ke|eu)$")


class Dated(Struct, frozen=True):
    """A date and what the words before it say of it."""

    iso: str
    said: Said


def date_of_address(url: str) -> str | None:
    """The date in an address such as /2025/09/04/title."""
    found = _ADDRESS_DATE.search(url)
    return _day(int(found[1]), int(found[2]), int(found[3])) if found else None


def reads_month_first(language: str | None, *, locale: str, host: str, texts: Iterable[str]) -> bool:
    """How to read 4/5/2025 on a page.

    Args:
        language: the page's, BCP 47.
        locale: og:locale or another that names a country, "" without one.
        host: the site's host: that of a country says more than `en`.
        texts: what is marked as a date; 25/12/2025 settles it.
    """
    for text in texts:
        for first, second in _TWO_NUMBERS.findall(text):
            if (int(first) > 12) != (int(second) > 12):
                return int(second) > 12
    if language not in (None, "en", "en-US"):
        return False
    if language != "en-US" and (
        locale.replace("_", "-")[:3] == "en-" and not locale[3:].lower().startswith("us")
    ):
        return False
    return language == "en-US" or not _DAY_FIRST_HOSTS.search(host)


def said_of(text: str) -> Said:
    """What the words before a date say of it; the last word counts."""
    said: Said = ""
    for match in _LABELS.finditer(text.encode("utf-8", "replace")):
        said = cast(Said, match.lastgroup.decode())
    return said


def dates_in(text: str, *, month_first: bool, before: str = "") -> list[Dated]:
    """The dates of a text in order, each with what is said of it.

    Args:
        text: a line of the page, or what is marked as a date; its first 600 characters are read.
        month_first: how to read 4/5/2025.
        before: the line before, which labels the first date where this one begins with it.
    """
    text = text.strip()[:_MAX_TEXT_CHARACTERS]
    if not _YEAR_LONG.search(text):
        return []
    found: list[Dated] = []
    at = 0
    spans = sorted({span for date_found, span in find_dates(text) if date_found.day})
    for span in spans:
        end = min((other.start for other in spans if other.start > span.start), default=len(text))
        label = text[at : span.start]
        if iso := to_iso(text[span.start : end], month_first=month_first):
            found.append(Dated(iso, said_of(label if label.strip() or found else before)))
        at = span.end
    if not found and (iso := to_iso(text, month_first=month_first)):
        found.append(Dated(iso, said_of(before)))
    return found


def to_iso(text: str, *, month_first: bool) -> str | None:
    """A date or date-time as ISO 8601, out of any of the notations pages use.

    Args:
        text: ISO, RFC 2822, seconds since 1970, or a date in one of the notations and languages of `find_dates`.
        month_first: how to read 4/5/2025.
    Returns:
        None for what is no date or only one relative to today; the clock only with the zone that was given,
        except where ISO gives none.
    """
    text = text.strip()[:_MAX_TEXT_CHARACTERS]
    if not _YEAR_LONG.search(text):
        return None
    if found := _ISO.search(text) or _COMPACT.match(text):
        day = _day(int(found[1]), int(found[2]), int(found[3]))
        clock, zone = (found[4], found[5]) if found.re is _ISO else (None, None)
        return _with_clock(day, clock, zone) if day else None
    if found := _EPOCH.fullmatch(text):
        moment = datetime.fromtimestamp(int(found[1]), UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if _FIRST_YEAR <= moment.year <= _LAST_YEAR else None
    dated = [(found, span) for found, span in find_dates(text) if found.day]
    if not dated:
        return None
    first = [found for found, span in dated if span == dated[0][1]]
    if len(first) > 1:
        # a numeric date that may be read in two ways
        leading = _LEADING.match(text, dated[0][1].start)
        if leading and leading[2] == "/":
            first.sort(key=lambda found: (found.month == int(leading[1])) != month_first)
        elif leading:
            # 4.5.2025 and 4-5-2025 put the day first everywhere
            first.sort(key=lambda found: found.day != int(leading[1]))
    day = next((day for found in first if (day := _day(*found))), None)
    clock_found = _MAIL_CLOCK.match(text[dated[0][1].end :].lstrip(" ,")) if day else None
    if day is None or clock_found is None:
        return day
    zone = "Z" if clock_found[2] in ("GMT", "UTC") else clock_found[2]
    return _with_clock(day, clock_found[1], zone)


def _with_clock(day: str, clock: str | None, zone: str | None) -> str:
    if (
        clock is None
        or int(clock.split(":")[0]) > 23
        or int(clock[-2:]) > 59
        or int(clock.split(":")[1]) > 59
    ):
        return day
    clock = clock.zfill(5 if len(clock) < 6 else 8)
    zone = (zone or "").upper()
    if zone not in ("", "Z"):
        zone = f"{zone[:3]}:{zone[3:].lstrip(':') or '00'}"
    return f"{day}T{clock}{zone}"


def _day(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat() if _FIRST_YEAR <= year <= _LAST_YEAR else None
    except ValueError:
        return None

"""Who wrote a page and when, as its visible text and the attributes of its elements say."""

import re
from datetime import date

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dates import find_dates

_MARKED = (
    'time,[itemprop],[rel~="author"],a[href*="/author"],.username,[class*="author" i],[class*="byline" i],'
    '[class*="publish" i],[class*="date" i],[class*="posted" i]'
)
_AUTHOR_NAME = re.compile(r"author[-_]{0,2}name", re.I)
_DATED = re.compile(r"publish|date|posted|byline", re.I)
_MAX_NAME_CHARACTERS = 100
_MAX_TRIED = 40
_MAX_MARKED = 300

_BY = re.compile(
    r"^\W*(?:(?:written|posted|published|story|words|text|article|reviewed)\s+)?(?:by|von|par|por|di|door|av|автор)\b[:\s]+",
    re.I,
)
_NAME_END = re.compile(
    r"\s*(?:[|•·—–\n]|\s-\s|,?\s+(?:on|at|in|published|updated|posted|last)\s|,?\s\d{1,2}[\s,./-]"
    r"|,?\s(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+\d).*$",
    re.I | re.S,
)
_NO_NAME = re.compile(
    r"https?:|www\.|@|\d{3}|[{}<>=]|^(?:authors?|admin|about|more|share|follow|view|read|see|all|by|posts?|comments?)\b"
    r"|^anonymous$",
    re.I,
)
_ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}:\d\d(?::\d\d)?)(?:[.,]\d+)?\s*(Z|[+-]\d\d(?::?\d\d)?)?)?",
    re.I,
)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T?\d{4,6}Z?)?$")
_ADDRESS_DATE = re.compile(r"/((?:19|20)\d\d)[/-](0?[1-9]|1[0-2])[/-](0?[1-9]|[12]\d|3[01])(?=[/_-])")
_UPDATED = re.compile(r"updat|modif|edit|revis|aktualis|mise à jour|обновл", re.I)
_FIRST_YEAR, _LAST_YEAR = 1990, 2100
_MAX_DATE_CHARACTERS = 200


def clean_name(text: str) -> str | None:
    """A name out of a byline, or None where the text is no name: an address, a call to read more."""
    text = _NAME_END.sub("", _BY.sub("", " ".join(text.split()))).strip(" ,;:|-–—")
    return None if not text or len(text) > _MAX_NAME_CHARACTERS or _NO_NAME.search(text) else text


class Bylines:
    """The elements of a page that are marked as its author or its date; looked for when first asked."""

    def __init__(self, tree: LexborHTMLParser) -> None:
        self._tree = tree
        self._found: list[LexborNode] | None = None

    def author(self) -> str | None:
        """The name in the elements that pages mark as their author, the most telling first."""
        tiers: tuple[list[LexborNode], ...] = ([], [], [], [], [])
        for node in self._nodes():
            attributes = node.attrs
            classes = attributes.get("class") or ""
            marked = "author" in classes.lower()
            if attributes.get("rel") and "author" in (attributes.get("rel") or ""):
                tiers[0].append(node)
            elif "username" in classes.split() or attributes.get("itemprop") == "author":
                tiers[1].append(node)
            elif node.tag == "a" and (marked or "/author" in (attributes.get("href") or "")):
                tiers[2].append(node)
            elif marked and (link := node.css_first("a")) is not None:
                tiers[2].append(link)
            elif _AUTHOR_NAME.search(classes):
                tiers[3].append(node)
            elif marked or "byline" in classes.lower():
                tiers[4].append(node)
        names = (
            clean_name((node.text(separator=" ") or "")[:300]) for tier in tiers for node in tier[:_MAX_TRIED]
        )
        return next((name for name in names if name), None)

    def published(self, *, month_first: bool) -> str | None:
        """The first date in the elements that pages mark as their date; updates are passed over."""
        for node in self._nodes():
            attributes = node.attrs
            classes, prop = attributes.get("class") or "", attributes.get("itemprop") or ""
            if node.tag != "time" and prop != "datePublished" and not _DATED.search(classes):
                continue
            text = (node.text(separator=" ") or "")[:_MAX_DATE_CHARACTERS]
            if _UPDATED.search(f"{classes} {prop} {text}"):
                continue
            stated = attributes.get("datetime") or attributes.get("content") or ""
            if found := to_iso(stated, month_first=month_first) or to_iso(text, month_first=month_first):
                return found
        return None

    def _nodes(self) -> list[LexborNode]:
        if self._found is None:
            self._found = self._tree.css(_MARKED)[:_MAX_MARKED]
        return self._found


def date_of_address(url: str) -> str | None:
    """The date in an address such as /2025/09/04/title."""
    found = _ADDRESS_DATE.search(url)
    return _day(int(found[1]), int(found[2]), int(found[3])) if found else None


def to_iso(text: str, *, month_first: bool) -> str | None:
    """A date or date-time as ISO 8601, out of any of the notations pages use.

    Args:
        text: ISO, RFC 2822, or a date in one of the notations and languages of `dates`.
        month_first: how to read 4/5/2025.
    """
    text = text.strip()[:_MAX_DATE_CHARACTERS]
    if found := _ISO.search(text) or _COMPACT.match(text):
        day = _day(int(found[1]), int(found[2]), int(found[3]))
        clock, zone = (found[4], found[5]) if found.re is _ISO else (None, None)
        return _with_clock(day, clock, zone) if day else None
    dated = [(found, span) for found, span in find_dates(text) if found.day]
    if not dated:
        return None
    first = [found for found, span in dated if span == dated[0][1]]
    if len(first) > 1:  # a numeric date that may be read in two ways
        leading = re.match(r"\d+", text[dated[0][1].start :])
        first.sort(key=lambda found: (found.month == int(leading[0] if leading else 0)) != month_first)
    return next((day for found in first if (day := _day(*found))), None)


def _with_clock(day: str, clock: str | None, zone: str | None) -> str:
    if clock is None or int(clock.split(":")[0]) > 23 or int(clock[-2:]) > 59:
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

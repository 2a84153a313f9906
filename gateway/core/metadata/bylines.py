"""Who wrote a page and when, as its visible text and the attributes of its elements say."""

import re
from collections.abc import Iterator
from datetime import date
from itertools import islice

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom.landmarks import Mark, select
from gateway.core.text.dates import find_dates

# What else pages call a date ("published", "posted-on") was not worth its selectors: on 1,491 pages not one more
# date was right for it.
_MARKED = (
    'time,[itemprop],[rel~="author"],a[href*="/author"],.username,[class*="author" i],[class*="byline" i],'
    '[class*="date" i]'
)
_AUTHOR_NAME = re.compile(r"author[-_]{0,2}name", re.I)
_DATED = re.compile(r"publish|date|posted|byline", re.I)
_MAX_NAME_CHARACTERS = 100
_MAX_TRIED = 40
_MAX_MARKED = 120
_MAX_PARENTS = 8
_SPARSE = 5  # characters read for each that is wanted: many are white space
_MAX_AROUND_CHARACTERS, _AFTER_CHARACTERS, _BEFORE_CHARACTERS = 20_000, 600, 100

_BY = re.compile(
    r"^\W*(?:(?:written|posted|published|story|words|text|article|reviewed)\s+)?(?:by|von|par|por|di|door|av|автор)\b[:\s]+",
    re.I,
)
_BY_NAME = re.compile(r"(?:^|\W)(?:[Bb]y|BY|von|[Aa]uthor):? ((?:[A-Z][\w.'’-]{0,30}(?: |$)){2,4})")
_NAME_END = re.compile(  # in a text whose white space is single spaces
    r"[|•·—–]| - |,? (?:on|at|in|published|updated|posted|last) |,? \d{1,2}[ ,./-]"
    r"|,? (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*+\.? \d",
    re.I,
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
_LEADING = re.compile(r"(\d+)(\D)")
_FIRST_YEAR, _LAST_YEAR = 1990, 2100
_MAX_DATE_CHARACTERS = 200
_MAX_TEXT_CHARACTERS = 600


def clean_name(text: str) -> str | None:
    """A name out of a byline, or None where the text is no name: an address, a call to read more."""
    text = _NAME_END.split(_BY.sub("", " ".join(text.split())), maxsplit=1)[0].strip(" ,;:|-–—")
    return None if not text or len(text) > _MAX_NAME_CHARACTERS or _NO_NAME.search(text) else text


class Bylines:
    """The elements of a page that are marked as its author or its date; looked for when first asked."""

    def __init__(self, tree: LexborHTMLParser) -> None:
        self._tree = tree
        self._found: list[Mark] | None = None

    def author(self) -> str | None:
        """The name in the elements that pages mark as their author, the most telling first."""
        tiers: tuple[list[LexborNode], ...] = ([], [], [], [], [])
        for node, attributes in self._marks():
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
        for node, attributes in self._marks():
            classes, prop = attributes.get("class") or "", attributes.get("itemprop") or ""
            if node.tag != "time" and prop != "datePublished" and not _DATED.search(classes):
                continue
            text = (node.text(separator=" ") or "")[:_MAX_DATE_CHARACTERS]
            text = text[max(0, text.lower().find("publish")) :]  # … updated then, published now
            if _UPDATED.search(f"{classes} {prop} {text.lower().partition('publish')[0]}"):
                continue
            stated = attributes.get("datetime") or attributes.get("content") or ""
            if found := to_iso(stated, month_first=month_first) or to_iso(text, month_first=month_first):
                return found
        return None

    def _marks(self) -> list[Mark]:
        if self._found is None:
            self._found = list(islice(select(self._tree, _MARKED), _MAX_MARKED))
        return self._found


class Surroundings:
    """The text right after and right before a heading, where names and dates stand that nothing marks."""

    def __init__(self, heading: LexborNode) -> None:
        self._heading = heading
        self._around: list[str] | None = None

    def author(self) -> str | None:
        """A name of two to four capitalised words after "by"."""
        names = (clean_name(found[1]) for text in self._texts() if (found := _BY_NAME.search(text)))
        return next((name for name in names if name), None)

    def published(self, *, month_first: bool) -> str | None:
        """The first date; an update's if there is no other."""
        dates = (to_iso(text, month_first=month_first) for text in self._texts())
        return next((found for found in dates if found), None)

    def _texts(self) -> list[str]:
        if self._around is None:
            self._around = list(self._read_around())
        return self._around

    def _read_around(self) -> Iterator[str]:
        title = self._heading.text(separator=" ") or " "
        parent = self._heading.parent
        for _ in range(_MAX_PARENTS):
            if parent is None or parent.tag in ("html", "body"):
                return
            around = (parent.text(separator=" ") or "")[:_MAX_AROUND_CHARACTERS]
            before, _, after = around.partition(title)
            before = _fold(before[-_SPARSE * _BEFORE_CHARACTERS :])
            after = _fold(after[: _SPARSE * _AFTER_CHARACTERS])
            yield f"{after[:_AFTER_CHARACTERS]} \n {before[-_BEFORE_CHARACTERS:]}"
            if len(after) > _AFTER_CHARACTERS:
                return
            parent = parent.parent


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
    text = text.strip()[:_MAX_TEXT_CHARACTERS]
    if found := _ISO.search(text) or _COMPACT.match(text):
        day = _day(int(found[1]), int(found[2]), int(found[3]))
        clock, zone = (found[4], found[5]) if found.re is _ISO else (None, None)
        return _with_clock(day, clock, zone) if day else None
    dated = [(found, span) for found, span in find_dates(text) if found.day]
    if not dated:
        return None
    first = [found for found, span in dated if span == dated[0][1]]
    if len(first) > 1:  # a numeric date that may be read in two ways
        leading = _LEADING.match(text, dated[0][1].start)
        if leading and leading[2] == "/":
            first.sort(key=lambda found: (found.month == int(leading[1])) != month_first)
        elif leading:  # 4.5.2025 and 4-5-2025 put the day first everywhere
            first.sort(key=lambda found: found.day != int(leading[1]))
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


def _fold(text: str | None) -> str:
    return " ".join((text or "").split())

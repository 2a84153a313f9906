"""Dates as they are written on pages, with where they stand; one that can be read in two ways yields both."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from gateway.core.text.words import LETTER, Span

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar jänner janvier janv enero ene gennaio gen janeiro januari"
            " ianuarie января январь січня stycznia ledna ocak tammikuuta tammikuu ιανουαρίου يناير januára ינואר",
            "february feb februar février fevrier févr febrero febbraio fevereiro fev februari"
            " februarie февраля февраль лютого lutego února şubat helmikuuta φεβρουαρίου فبراير פברואר februári",
            "march mar märz maerz mrz mars marzo março marco maart"
            " martie maret marts марта март березня marca března mart maaliskuuta μαρτίου مارس מרץ",
            "april apr avril avr abril abr aprile"
            " aprilie апреля апрель квітня kwietnia dubna nisan huhtikuuta απριλίου أبريل ابريل אפריל",
            "may mai mayo maggio mag maio mei maj мая май травня května mayıs toukokuuta μαΐου مايو מאי",
            "june jun juni juin junio giugno giu junho"
            " iunie июня июнь червня czerwca června haziran kesäkuuta ιουνίου يونيو יוני",
            "july jul juli juillet juil julio luglio lug julho"
            " iulie июля июль липня lipca července temmuz heinäkuuta ιουλίου يوليو יולי",
            "august aug août aout agosto ago augustus augusti"
            " августа август серпня sierpnia srpna ağustos elokuuta αυγούστου أغسطس אוגוסט",
            "september sept sep septembre septiembre settembre set setembro"
            " septembrie сентября сентябрь вересня września září eylül syyskuuta σεπτεμβρίου سبتمبر ספטמבר",
            "october oct oktober okt octobre octubre ottobre ott outubro out"
            " octombrie октября октябрь жовтня października října ekim lokakuuta οκτωβρίου أكتوبر אוקטובר",
            "november nov novembre noviembre novembro"
            " noiembrie ноября ноябрь листопада listopada listopadu kasım marraskuuta νοεμβρίου نوفمبر נובמבר",
            "december dec dezember dez décembre decembre déc diciembre dic dicembre dezembro desember"
            " decembrie декабря декабрь грудня grudnia prosince aralık joulukuuta δεκεμβρίου ديسمبر דצמבר",
        ),
        1,
    )
    for name in names.split()
}
_YEAR = re.compile(r"(?<!\d)(?:1[5-9]|2[01])\d\d(?!\d)")
_NUMERIC_TAIL = re.compile(
    r"([-/.])(\d{1,2})(?:\1(\d{1,2}))?(?![\d])|\s?[年년]\s?(\d{1,2})\s?[月월](?:\s?(\d{1,2})\s?[日일])?"
)
_NUMERIC_HEAD = re.compile(r"(?<!\d)(\d{1,2})([-/.])(\d{1,2})\2$")
_ORDINAL = r"(\d{1,2})(?:st|nd|rd|th|er|º|\.)?"
_NAMED_HEAD = re.compile(
    rf"(?:(?<!\d){_ORDINAL}[\s-]+(?:(?:of|de)\s+)?)?({LETTER}{{3,12}})\.?(?:\s+{_ORDINAL})?,?[\s-]+"
    r"(?:(?:de|del)\s+)?$",
    re.IGNORECASE,
)
_DATETIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::\d\d(?:\.\d+)?)?\s?(?:Z|[+-]\d\d:?\d\d)?")


class Date(NamedTuple):
    """A day, or with `day` 0 a month."""

    year: int
    month: int
    day: int

    def as_month(self) -> "Date":
        """The month it lies in: a day states that too."""
        return self._replace(day=0)


class Moment(NamedTuple):
    """A date and the clock time claimed with it, "HH:MM" or "" when there is none or it is midnight."""

    date: Date
    clock: str


def find_dates(text: str) -> Iterator[tuple[Date, Span]]:
    """Dates with a year of four digits: ISO, numeric in either order, month names of seventeen languages, CJK."""
    for match in _YEAR.finditer(text):
        start, end, year = match.start(), match.end(), int(match[0])
        if tail := _NUMERIC_TAIL.match(text, end):
            month, day = int(tail[2] or tail[4]), int(tail[3] or tail[5] or 0)
            if _is_date(month, day) and (day or tail[4] or tail[1] == "-"):
                yield Date(year, month, day), Span(start, tail.end())
                continue
        head_start = max(0, start - 32)
        head = text[head_start:start]
        if numeric := _NUMERIC_HEAD.search(head):
            span = Span(head_start + numeric.start(), end)
            first, second = int(numeric[1]), int(numeric[3])
            for month, day in {(second, first), (first, second)}:
                if day and _is_date(month, day):
                    yield Date(year, month, day), span
        elif (named := _NAMED_HEAD.search(head)) and (month := _MONTHS.get(named[2].lower(), 0)):
            day = int(named[1] or named[3] or 0)
            if _is_date(month, day):
                yield Date(year, month, day), Span(head_start + named.start(), end)


def read_moments(text: str) -> list[Moment]:
    """What a text that is a date, or a date with a time, may mean; empty when it is not one."""
    clock = ""
    if stamp := _DATETIME.fullmatch(text):
        text, clock = stamp[1], "" if stamp[2] == "00:00" else stamp[2]
    return [Moment(date, clock) for date, span in find_dates(text) if span == (0, len(text))]


def _is_date(month: int, day: int) -> bool:
    return 1 <= month <= 12 and 0 <= day <= 31

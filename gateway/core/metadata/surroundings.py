"""Names and dates that nothing marks: in the lines right after a page's headline, and right before it."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from gateway.core.metadata.iso_dates import Dated, dates_in
from gateway.core.metadata.lines import Line, line_before, lines_after
from gateway.core.metadata.names import clean_name, follows_credit, is_person, names_in
from gateway.core.metadata.teasers import Teasers

_BY_WORD = (
    r"(?:[Bb]y|BY|[Vv]on|[Pp]ar|[Pp]or|[Dd]oor|[Aa]v|[Aa]f|[Pp]rzez|[Aa]utor(?:in)?:|[Aa]uthor:|[Аа]втор:?)"
)
_BY = re.compile(
    rf"^\W{{0,3}}(?:(?:[Ww]ritten|[Pp]osted|[Pp]ublished|[Ss]tory|[Ww]ords|[Tt]ext) )?{_BY_WORD}(?::(?: |$)| |$)"
    r"|^(?:作者|文|記者|记者|글|بقلم|מאת)\s?[:：/ ]?"
)
_BY_NAME = re.compile(
    rf"(?:^|\W){_BY_WORD}:? ((?:[^\W\d_a-zà-ÿ][\w.'’-]{{0,30}} )"
    r"(?:(?:[^\W\d_a-zà-ÿ][\w.'’-]{0,30}|von|van|de|der|di|da|la|al)(?: |$)){1,4})"
)
# scripts without letters of two cases: a label anywhere in a line
_LABELLED_NAME = re.compile(
    r"(?:作者|撰文|記者|记者|著者|執筆者?|筆者|글쓴이|기자)\s?[:：・]\s?([\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af·]{2,12})"
)
_SHORT_LINE_CHARACTERS = 120


class Surroundings:
    """The lines around a headline; read when first asked."""

    def __init__(self, heading: LexborNode, teasers: Teasers) -> None:
        self._heading = heading
        self._teasers = teasers
        self._lines: list[Line] | None = None

    @property
    def leads_elsewhere(self) -> bool:
        """Whether the headline is that of another page."""
        return self._teasers.leads_elsewhere(self._heading)

    def authors(self) -> Iterator[str]:
        """Names after "by", then those that stand before a date and nothing else."""
        lines = self._read()
        for at, line in enumerate(lines):
            in_prose = len(line.text) > _SHORT_LINE_CHARACTERS
            for place, piece in enumerate(line.pieces):
                found = _BY.match(piece)
                if found is None:
                    if name := _name_in(piece):
                        yield name
                    continue
                following = line.pieces[place + 1 : place + 4]
                if not following and at + 1 < len(lines):
                    following = lines[at + 1].pieces[:3]
                if name := _after_by(piece, found.end(), following, in_prose=in_prose):
                    yield name
        for place, line in enumerate(lines[:4]):
            if len(line.text) > _SHORT_LINE_CHARACTERS:
                continue
            rest = " ".join(line.pieces[1:]) or (lines[place + 1].text if place + 1 < len(lines) else "")
            if not _begins_with_date(rest):
                continue
            name = clean_name(line.pieces[0])
            if name == line.pieces[0].strip() and is_person(name):
                yield name

    def dates(self, *, month_first: bool) -> Iterator[Dated]:
        """The dates in short lines, each with what is said of it; then those in prose."""
        lines = self._read()
        for short in (True, False):
            before = ""
            for line in lines:
                text = line.text
                if (len(text) <= _SHORT_LINE_CHARACTERS) == short:
                    yield from dates_in(text, month_first=month_first, before=before)
                before = text if len(text) < 30 else ""

    def _read(self) -> list[Line]:
        if self._lines is None:
            self._lines = [*lines_after(self._heading, self._teasers), *line_before(self._heading)]
        return self._lines


def _after_by(piece: str, end: int, following: list[str], *, in_prose: bool) -> str | None:
    """The name in a text that begins with "by", or in what follows it.

    Args:
        end: where the "by" ends.
    """
    if not piece[end:].strip():
        name = names_in(following)
        return name if name and (is_person(name) or not in_prose) else None
    if name := clean_name(piece):
        if is_person(name) or (
            not in_prose and " " not in name and piece.rstrip().endswith((name, f"{name},"))
        ):
            return name
        return None
    return _name_in(piece)


def _name_in(piece: str) -> str | None:
    """The name behind a "by" in the middle of a text."""
    named = _BY_NAME.search(piece) if _may_have_by(piece) else None
    if named is None and not piece.isascii():
        named = _LABELLED_NAME.search(piece)
    if named and follows_credit(piece[: named.start()]):
        return None
    name = clean_name(named[1]) if named else None
    return name if name and is_person(name) else None


def _may_have_by(text: str) -> bool:
    """Whether there may be one of _BY_WORD in a text, with more behind it."""
    low = text.lower()
    # a loop takes four times as long; a colon may stand behind it
    return (
        "by " in low
        or ":" in low
        or "von " in low
        or "par " in low
        or "por " in low
        or "door " in low
        or "av " in low
        or "af " in low
        or "przez " in low
        or "автор " in low
    )


def _begins_with_date(text: str) -> bool:
    return len(text) <= 60 and bool(dates_in(text[:40], month_first=True))

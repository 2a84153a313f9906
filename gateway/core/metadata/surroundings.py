"""Names and dates that nothing marks: in the lines right after a page's headline, and right before it."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from gateway.core.dom.tags import TEXT, ids
from gateway.core.metadata.iso_dates import Dated, dates_in
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
_INLINE = ids(
    "a abbr b bdi bdo cite code data dfn em font i img ins kbd mark q s small span strong sub sup svg time u"
)
_HEADINGS = ids("h2 h3 h4")
_UNSEEN = frozenset(
    ("style", "script", "noscript", "template", "title", "desc", "textarea", "option", "button")
)
_MAX_NODES, _MAX_CHARACTERS, _MAX_LINE_CHARACTERS = 500, 600, 300
_MAX_PARENTS, _BEFORE_CHARACTERS = 8, 100
_SHORT_LINE_CHARACTERS = 120


class _Line:
    """A line of the page.

    Args:
        pieces: the texts of its nodes.
    """

    __slots__ = ("pieces", "text")

    def __init__(self, pieces: list[str]) -> None:
        self.pieces = pieces
        self.text = " ".join(pieces)


class Surroundings:
    """The lines around a headline; read when first asked."""

    def __init__(self, heading: LexborNode, teasers: Teasers) -> None:
        self._heading = heading
        self._teasers = teasers
        self._lines: list[_Line] | None = None

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

    def _read(self) -> list[_Line]:
        if self._lines is None:
            self._lines = [*_lines_after(self._heading, self._teasers), *_line_before(self._heading)]
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


def _lines_after(heading: LexborNode, teasers: Teasers) -> Iterator[_Line]:
    pieces: list[str] = []
    seen = 0
    for place, node in enumerate(_nodes_after(heading)):
        if place > _MAX_NODES or seen > _MAX_CHARACTERS:
            break
        number = node.tag_id
        if number == TEXT:
            # half of them are white space
            if node.is_empty_text_node or not (
                text := (node.text_content or "")[: 4 * _MAX_LINE_CHARACTERS].strip()
            ):
                continue
            parent = node.parent
            if parent is not None and parent.tag in _UNSEEN:
                continue
            text = " ".join(text.split())[:_MAX_LINE_CHARACTERS]
            seen += len(text)
            pieces.append(text)
        elif number in _HEADINGS and teasers.begin_at(node):
            # another story begins
            break
        elif pieces and number not in _INLINE and "-" not in (node.tag or ""):
            yield _Line(pieces)
            pieces = []
    if pieces:
        yield _Line(pieces)


def _nodes_after(heading: LexborNode) -> Iterator[LexborNode]:
    node: LexborNode | None = heading
    for _ in range(_MAX_PARENTS):
        if node is None or node.tag in ("html", "body"):
            return
        sibling = node.next
        while sibling is not None:
            yield from sibling.traverse(include_text=True)
            sibling = sibling.next
        node = node.parent


def _line_before(heading: LexborNode) -> Iterator[_Line]:
    """The last words before the headline, where dates and names stand too."""
    node: LexborNode | None = heading
    for _ in range(2):
        if node is None or node.tag in ("html", "body"):
            return
        previous = node.prev
        while previous is not None and (previous.tag or "") in (*_UNSEEN, "-comment"):
            previous = previous.prev
        text = (previous.text(separator=" ") or "") if previous is not None else ""
        if text := " ".join(text[-5 * _BEFORE_CHARACTERS :].split())[-_BEFORE_CHARACTERS:]:
            yield _Line([text])
            return
        node = node.parent

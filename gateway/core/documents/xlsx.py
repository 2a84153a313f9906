"""Workbooks as HTML: a heading and a table a sheet, with the values that formulas were last computed to.

Our own, since openpyxl's reading in pieces knows neither links nor merged cells, and python-calamine gives every cell
between the first and the last memory, so that two cells at a sheet's corners take half a terabyte.
"""

import io
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import escape
from xml.etree import ElementTree

from msgspec import Struct

from gateway.core.documents.office import Content, link_html, office_type, read_properties
from gateway.core.documents.package import (
    Package,
    Relation,
    damaged,
    local,
    main_part,
    relation_id,
)
from gateway.wire import Notice

MAX_CELLS = 100_000
_MAX_MERGES = 10_000
_MAX_SHEETS = 500
# HTML's own
_MAX_SPAN = 1000
_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")
# ECMA-376, part 1, 18.8.30: the formats of dates and times that no file spells out
_DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_PERCENT_FORMATS = frozenset({9, 10})
_QUOTED = re.compile(r'"[^"]*+"|\[[^\[\]]*+\]|\\.|_.|\*.')
_OF_DATES = re.compile(r"[ymdhs]", re.IGNORECASE)
_ON = frozenset({"1", "true"})


class _Style(Struct, frozen=True):
    """What a cell's style says of its value."""

    date: bool = False
    percent: bool = False
    bold: bool = False


_PLAIN = _Style()


class _Book:
    """What the sheets share: texts, styles, and the day that dates are counted from."""

    def __init__(self, package: Package) -> None:
        self.name = main_part(package)
        tree = package.tree(self.name)
        if tree is None:
            raise damaged("it holds no workbook")
        self.relations = package.relations(self.name)
        parts = {
            relation.kind: relation.target for relation in self.relations.values() if not relation.external
        }
        self.sheets = tree.findall(f"{_S}sheets/{_S}sheet")
        properties = tree.find(f"{_S}workbookPr")
        is_1904 = properties is not None and properties.get("date1904") in _ON
        # 1900 is taken for a leap year, so the days of that calendar begin two days early
        self.epoch = datetime(1904, 1, 1) if is_1904 else datetime(1899, 12, 30)
        shared = package.tree(parts.get("sharedStrings", ""))
        self.texts = [_text_of(node) for node in shared] if shared is not None else []
        styles = package.tree(parts.get("styles", ""))
        self.styles = _read_styles(styles) if styles is not None else []


class _Cell(Struct, frozen=True):
    column: int
    html: str


class _Row(Struct, frozen=True):
    number: int
    hidden: bool
    cells: list[_Cell]


class _Span(Struct, frozen=True):
    """A merged cell: the columns and rows with content that it covers."""

    columns: list[int]
    rows: list[int]


def _to_content(package: Package) -> Content:
    book = _Book(package)
    parts: list[str] = []
    left = MAX_CELLS
    left_out = 0
    for sheet in book.sheets[:_MAX_SHEETS]:
        relation = book.relations.get(relation_id(sheet))
        if relation is None or relation.external or relation.kind != "worksheet":
            continue
        text = package.text(relation.target)
        if text is None:
            continue
        reader = _SheetReader(book, package.relations(relation.target), max_cells=left)
        table = reader.read(text)
        left -= reader.cells
        left_out += reader.left_out
        hidden = " hidden" if sheet.get("state", "visible") != "visible" else ""
        if table:
            heading = f"<h2>{escape(sheet.get('name', ''), quote=False)}</h2>"
            parts.append(f"<section{hidden}>{heading}<table>{table}</table></section>")
    warnings = []
    if left_out:
        message = f"the first {MAX_CELLS} cells of the workbook are here; the rest was left out"
        warnings.append(Notice(code="cells_cut", message=message, count=left_out))
    return Content(
        body="".join(parts), properties=read_properties(package, "docProps/core.xml"), warnings=warnings
    )


class _SheetReader:
    """Reads a sheet row by row, so that no tree of the whole is held."""

    def __init__(self, book: _Book, relations: dict[str, Relation], *, max_cells: int) -> None:
        self._book = book
        self._relations = relations
        # row and column -> address on the web
        self._links: dict[tuple[int, int], str] = {}
        self._max_cells = max_cells
        self._rows: list[_Row] = []
        self._hidden_columns: list[tuple[int, int]] = []
        self._merges: list[tuple[int, int, int, int]] = []
        self.cells = 0
        self.left_out = 0

    def read(self, text: str) -> str:
        """The rows of the sheet as HTML."""
        data: ElementTree.Element | None = None
        try:
            for event, node in ElementTree.iterparse(io.BytesIO(text.encode()), ("start", "end")):
                name = local(node)
                if event == "start":
                    data = node if name == "sheetData" else data
                elif name == "row":
                    self._row(node)
                    if data is not None:
                        data.clear()
                elif name == "col" and node.get("hidden") in _ON:
                    low, high = node.get("min", ""), node.get("max", "")
                    if low.isdecimal() and high.isdecimal():
                        self._hidden_columns.append((int(low[:6]), int(high[:6])))
                elif name == "hyperlink":
                    self._link(node)
                elif name == "mergeCell" and (area := _area(node.get("ref", ""))):
                    self._merges.append(area)
        except (ElementTree.ParseError, ValueError) as exc:
            raise damaged("a sheet is no valid XML") from exc
        return "".join(self._html())

    def _row(self, node: ElementTree.Element) -> None:
        cells: list[_Cell] = []
        number = node.get("r", "")
        at = int(number) if number.isdecimal() and len(number) < 8 else len(self._rows) + 1
        column = 0
        for cell in node:
            if local(cell) != "c":
                continue
            place = _REFERENCE.fullmatch(cell.get("r", ""))
            column = _column(place[1]) if place else column + 1
            if value := self._value(cell):
                if self.cells >= self._max_cells:
                    self.left_out += 1
                    continue
                self.cells += 1
                cells.append(_Cell(column, value))
        if cells:
            self._rows.append(_Row(at, node.get("hidden") in _ON, cells))

    def _link(self, node: ElementTree.Element) -> None:
        relation = self._relations.get(relation_id(node))
        area = _area(node.get("ref", ""))
        if relation is not None and relation.external and area:
            self._links[area[1], area[0]] = relation.target

    def _value(self, cell: ElementTree.Element) -> str:
        kind = cell.get("t", "n")
        style = self._style(cell)
        if kind == "inlineStr":
            inline = cell.find(f"{_S}is")
            text = _text_of(inline) if inline is not None else ""
        else:
            raw = cell.findtext(f"{_S}v") or ""
            formula = cell.findtext(f"{_S}f")
            # a program that computes nothing leaves the formula alone
            text = self._shown(raw, kind, style) if raw else f"={formula}" if formula else ""
        inner = escape(text, quote=False).replace("\n", "<br>")
        return f"<strong>{inner}</strong>" if style.bold and text.strip() else inner

    def _shown(self, raw: str, kind: str, style: _Style) -> str:
        if kind == "s":
            index = int(raw) if raw.isdecimal() and len(raw) < 10 else -1
            return self._book.texts[index] if 0 <= index < len(self._book.texts) else ""
        if kind == "b":
            return "TRUE" if raw == "1" else "FALSE"
        if kind != "n" or not (style.date or style.percent):
            return raw
        try:
            number = float(raw)
            return f"{number * 100:.10g}%" if style.percent else self._date(number)
        except (ValueError, OverflowError):
            return raw

    def _date(self, days: float) -> str:
        """A date, a time or both, in ISO 8601."""
        moment = self._book.epoch + timedelta(seconds=round(days * 86_400))
        if days < 1:
            return moment.time().isoformat()
        return moment.date().isoformat() if days == int(days) else moment.isoformat(" ")

    def _style(self, cell: ElementTree.Element) -> _Style:
        index = cell.get("s", "")
        styles = self._book.styles
        return (
            styles[int(index)]
            if index.isdecimal() and len(index) < 7 and int(index) < len(styles)
            else _PLAIN
        )

    def _html(self) -> Iterator[str]:
        columns = sorted({cell.column for row in self._rows for cell in row.cells})
        # where filling the gaps would make many times the cells, columns do not stand below each other
        filled = len(self._rows) * len(columns) <= 4 * self.cells + 1000
        spans = self._spans(columns) if filled else {}
        hidden = {
            column
            for column in columns
            if any(low <= column <= high for low, high in self._hidden_columns[:_MAX_MERGES])
        }
        covered: dict[int, set[int]] = {}
        for row in self._rows:
            values = {cell.column: cell.html for cell in row.cells}
            passed = covered.get(row.number, set())
            cells = []
            for column in columns if filled else values:
                if column in passed:
                    continue
                attributes = " hidden" if column in hidden else ""
                if span := spans.get((row.number, column)):
                    attributes += f' colspan="{len(span.columns)}" rowspan="{len(span.rows)}"'
                    passed = passed | set(span.columns)
                    for number in span.rows[1:]:
                        covered.setdefault(number, set()).update(span.columns)
                inner = values.get(column, "")
                if link := self._links.get((row.number, column)):
                    inner = link_html(inner, link)
                cells.append(f"<td{attributes}>{inner}</td>")
            yield f"<tr{' hidden' if row.hidden else ''}>{''.join(cells)}</tr>"

    def _spans(self, columns: list[int]) -> dict[tuple[int, int], _Span]:
        """Row and column of a merged cell's first place -> what it covers, as far as there is content."""
        numbers = sorted({row.number for row in self._rows})
        spans = {}
        left = MAX_CELLS
        for first_column, first_row, last_column, last_row in self._merges[:_MAX_MERGES]:
            its_columns = columns[bisect_left(columns, first_column) : bisect_right(columns, last_column)]
            its_rows = numbers[bisect_left(numbers, first_row) : bisect_right(numbers, last_row)]
            left -= len(its_columns) * len(its_rows)
            if left < 0:
                break
            if its_columns and its_rows:
                spans[its_rows[0], its_columns[0]] = _Span(its_columns[:_MAX_SPAN], its_rows[:_MAX_SPAN])
        return spans


def _text_of(node: ElementTree.Element) -> str:
    """A shared or inline text: its runs, without the phonetic ones."""
    return "".join(
        part.text or ""
        for child in node
        if local(child) in ("t", "r")
        for part in child.iter()
        if local(part) == "t"
    )


def _read_styles(tree: ElementTree.Element) -> list[_Style]:
    codes = {
        node.get("numFmtId", ""): node.get("formatCode", "")
        for node in tree.iterfind(f"{_S}numFmts/{_S}numFmt")
    }
    fonts = [
        bold is not None and bold.get("val", "1") in _ON
        for font in tree.iterfind(f"{_S}fonts/{_S}font")
        for bold in [font.find(f"{_S}b")]
    ]
    styles = []
    for node in tree.iterfind(f"{_S}cellXfs/{_S}xf"):
        format_id, font = node.get("numFmtId", "0"), node.get("fontId", "0")
        number = int(format_id) if format_id.isdecimal() and len(format_id) < 6 else 0
        code = _QUOTED.sub("", codes.get(format_id, ""))
        styles.append(
            _Style(
                date=number in _DATE_FORMATS or _OF_DATES.search(code) is not None,
                percent=number in _PERCENT_FORMATS or "%" in code,
                bold=font.isdecimal() and int(font[:6]) < len(fonts) and fonts[int(font[:6])],
            )
        )
    return styles


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _area(reference: str) -> tuple[int, int, int, int] | None:
    """First column, first row, last column and last row of a reference such as `A1:C2`."""
    first, _, last = reference.partition(":")
    begin, end = _REFERENCE.fullmatch(first), _REFERENCE.fullmatch(last or first)
    if begin is None or end is None:
        return None
    return _column(begin[1]), int(begin[2]), _column(end[1]), int(end[2])


XLSX = office_type("xlsx", _to_content)

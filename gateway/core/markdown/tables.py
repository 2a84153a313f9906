"""Tables: gathered cell by cell, then written as a GFM table, or taken apart when they only lay out a page.

A value that spans rows stands in each of them; of columns that a cell spans the first has it and the others are
empty. Columns and rows that hold nothing are left out, which is also what disarms `colspan="1000"`. Lines, items
and blocks of a cell are kept apart by `<br>`, the only line break that a GFM table has.
"""

import re
from typing import NamedTuple

from gateway.core.markdown.drafts import Draft, join
from gateway.core.markdown.line import BREAK

# HTML's own limit for colspan
_MAX_SPAN = 1000
# empty cells a grid may hold beyond a share of the real ones
_SPARE_CELLS = 10_000
# a cell with more text than this is no datum
_LONG_CHARS = 600
# one with less may have any number of lines
_SHORT_CHARS = 240
_UNWRAPPING = frozenset(("heading", "table", "quote", "rule"))
# rows
_HEADER_WITHIN = 3
# a longer value is written once, whatever it spans
_REPEATED_CHARS = 300
# characters that repetition may add beyond a multiple of the table's own
_SPARE_REPEATS = 2000
_NUMBERED = re.compile(r" *(\d{1,9})[.)] ")


class Cell:
    """A cell: the drafts inside it, and how far it reaches."""

    __slots__ = ("columns", "drafts", "is_header", "rows")

    def __init__(self, *, is_header: bool, columns: str | None, rows: str | None) -> None:
        self.drafts: list[Draft] = []
        self.is_header = is_header
        self.columns = _span(columns, zero=1)
        # none at all: down to the last row
        self.rows = _span(rows, zero=_MAX_SPAN)

    def line(self) -> str:
        """Its markdown on one line, safe between pipes."""
        line = "<br>".join([_number_of(draft) + draft.line for draft in self.drafts if draft.line])
        if "\n" in line:
            line = " ".join(line.replace(BREAK.markdown, "<br>").split())
        return line.replace("|", "\\|") if "|" in line else line

    def text(self) -> str:
        return " ".join(" ".join([_number_of(draft) + draft.text for draft in self.drafts]).split())

    def chars(self) -> int:
        return sum([len(draft.text) for draft in self.drafts])

    def to_html(self, *, rows: int, columns: int) -> str:
        """As an HTML cell that spans what is there at most."""
        tag = "th" if self.is_header else "td"
        across, down = min(self.columns, columns), min(self.rows, rows)
        spans = f' colspan="{across}"' * (across > 1) + f' rowspan="{down}"' * (down > 1)
        return f"<{tag}{spans}>{''.join([draft.html for draft in self.drafts])}</{tag}>"


def _span(value: str | None, *, zero: int) -> int:
    if not value or not value.isascii() or not value.isdigit():
        return 1
    return min(int(value[:6]), _MAX_SPAN) or zero


def _number_of(draft: Draft) -> str:
    """What stands before an item of a numbered list, which a cell has no list for."""
    numbered = _NUMBERED.match(draft.markdown) if draft.kind == "item" else None
    return f"{numbered[1]}. " if numbered else ""


class Table:
    """The rows of a table, in order."""

    def __init__(self, *, presentational: bool) -> None:
        self.rows: list[list[Cell]] = []
        self.caption: list[Draft] = []
        self.presentational = presentational

    def add_cell(self, cell: Cell) -> None:
        if not self.rows:
            self.rows.append([])
        self.rows[-1].append(cell)

    def to_drafts(self, *, html: bool, as_html: bool = False) -> list[Draft]:
        """One draft for a data table, those of the cells for a layout table.

        Args:
            html: fill the drafts' HTML.
            as_html: the cells' drafts have HTML, and a table that GFM has no words for is written in it.
        """
        grid = None if self._is_layout() else _place(self.rows)
        if grid is None:
            return [*self.caption, *(draft for row in self.rows for cell in row for draft in cell.drafts)]
        draft = self._to_draft(grid, html=html)
        if as_html and any(map(_exceeds_gfm, (cell for row in self.rows for cell in row))):
            draft.markdown = self._to_html()
        return [draft]

    def _to_html(self) -> str:
        """The table with its spans, and without a blank line, which would end it for CommonMark."""
        _, _, caption = join(self.caption)
        lines = ["<table>", *([f"<caption>{caption}</caption>"] if caption else [])]
        left = len(self.rows)
        widest = sum(cell.columns for cell in max(self.rows, key=len))
        for row in self.rows:
            cells = "".join([cell.to_html(rows=left, columns=widest) for cell in row])
            lines.append(f"<tr>{cells}</tr>")
            left -= 1
        return "\n".join([line.replace("\n", "&#10;") for line in [*lines, "</table>"]])

    def _is_layout(self) -> bool:
        rows = [[cell for cell in row if cell.drafts] for row in self.rows]
        rows = [row for row in rows if row]
        cells = [cell for row in rows for cell in row]
        if self.presentational or max(map(len, rows), default=0) < 2:
            return True
        if len(rows) == 1 and not any(cell.is_header for cell in cells):
            return True
        heavy = sum(map(_is_heavy, cells))
        has_header = any(all(cell.is_header for cell in row) for row in rows[:_HEADER_WITHIN])
        return heavy * 2 > len(cells) if has_header else heavy > 0

    def _to_draft(self, grid: "list[_Row]", *, html: bool) -> Draft:
        grid = [row for row in grid if any(cell.drafts for cell in row.own.values())]
        columns = sorted({column for row in grid for column, cell in row.own.items() if cell.drafts})
        _repeat(grid)
        rows = [[row.own.get(column) or row.covered.get(column) for column in columns] for row in grid]
        header = _find_header(grid, len(columns))
        titles = [cell for row in rows[:header] for cell in row if cell]
        body = rows[header:]
        cells = [[cell.line() if cell else "" for cell in row] for row in body]
        texts = ["\t".join([cell.text() if cell else "" for cell in row]) for row in body]
        above = [*self.caption, *(draft for cell in titles for draft in cell.drafts)]
        title, title_text, title_html = join(above)
        lines = ["| " + " | ".join(row) + " |" for row in cells]
        lines.insert(1, "|" + "---|" * len(columns))
        caption = f"<caption>{title_html}</caption>" if title else ""
        return Draft(
            kind="table",
            markdown=(title + "\n\n" if title else "") + "\n".join(lines),
            text=(title_text + "\n" if title_text else "") + "\n".join(texts),
            html=f"<table>{caption}{_html(body)}</table>" if html else "",
            line="<br>".join(
                [
                    *(draft.line for draft in above),
                    *(" ".join(filter(None, row)).replace("\\|", "|") for row in cells),
                ]
            ),
        )


class _Row(NamedTuple):
    """A row of the grid: its own cells by column, and those from above that reach into it."""

    own: dict[int, Cell]
    covered: dict[int, Cell]


def _exceeds_gfm(cell: Cell) -> bool:
    drafts = cell.drafts
    return bool(drafts) and (
        cell.rows > 1
        or cell.columns > 1
        or len(drafts) > 1
        or any(draft.kind not in ("paragraph", "figure", "heading") for draft in drafts)
    )


def _repeat(grid: list[_Row]) -> None:
    """Take back what rows would repeat too often or at too great a length."""
    room = 4 * sum(cell.chars() for row in grid for cell in row.own.values()) + _SPARE_REPEATS
    for row in grid:
        for column, cell in list(row.covered.items()):
            chars = cell.chars()
            room -= chars
            if chars > _REPEATED_CHARS or room < 0:
                del row.covered[column]


def _is_heavy(cell: Cell) -> bool:
    chars = cell.chars()
    return (
        chars > _LONG_CHARS
        or (len(cell.drafts) > 3 and chars > _SHORT_CHARS)
        or any(
            draft.kind in _UNWRAPPING and not (cell.is_header and draft.kind == "heading")
            for draft in cell.drafts
        )
    )


def _find_header(grid: list[_Row], columns: int) -> int:
    """The row to head the table: the first that is more than a title across it."""
    for index, row in enumerate(grid[:_HEADER_WITHIN]):
        filled = [cell for cell in row.own.values() if cell.drafts]
        across = len(row.own) == 1 or filled[0].columns > 1 or columns > _HEADER_WITHIN
        if len(filled) + len(row.covered) > 1 or not across:
            return index
    return 0


def _place(rows: list[list[Cell]]) -> list[_Row] | None:
    """Every row with its cells in their columns, spans respected; None when the grid is out of all proportion."""
    cells = sum(map(len, rows))
    limit = 20 * cells + _SPARE_CELLS
    # column -> last row that a cell from above reaches into
    taken: dict[int, int] = {}
    # column -> the cell that reaches down, to which row
    tall: dict[int, tuple[Cell, int]] = {}
    grid: list[_Row] = []
    steps = 0
    for number, row in enumerate(rows):
        column = 0
        placed: dict[int, Cell] = {}
        covered: dict[int, Cell] = {}
        for at, (cell, last) in list(tall.items()):
            if last < number:
                del tall[at]
            else:
                covered[at] = cell
        steps += len(covered)
        for cell in row:
            while taken.get(column, -1) >= number:
                column += 1
                steps += 1
            placed[column] = cell
            if cell.rows > 1:
                steps += cell.columns
                if cell.drafts:
                    tall[column] = cell, number + cell.rows - 1
                for reached in range(column, column + cell.columns):
                    taken[reached] = number + cell.rows - 1
            column += cell.columns
        grid.append(_Row(placed, covered))
        if steps > limit:
            return None
    columns = {column for row in grid for column, cell in row.own.items() if cell.drafts}
    return grid if len(columns) * len(rows) <= limit else None


def _html(rows: list[list[Cell | None]]) -> str:
    head = 1 if all(cell is not None and cell.is_header for cell in rows[0]) else 0
    parts = ["<thead>", *map(_html_row, rows[:head]), "</thead>"] if head else []
    return "".join([*parts, "<tbody>", *map(_html_row, rows[head:]), "</tbody>"])


def _html_row(row: list[Cell | None]) -> str:
    parts = []
    for cell in row:
        tag = "th" if cell and cell.is_header else "td"
        parts.append(f"<{tag}>{''.join([draft.html for draft in cell.drafts]) if cell else ''}</{tag}>")
    return f"<tr>{''.join(parts)}</tr>"

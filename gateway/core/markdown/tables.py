"""Tables: gathered cell by cell, then written as a GFM table, or taken apart when they only lay out a page.

A spanned cell is written once, in its first place; the others it covers are empty, so every word appears
once. Columns and rows that hold nothing are left out, which is also what disarms `colspan="1000"`.
"""

from gateway.core.markdown.drafts import Draft, join

_MAX_SPAN = 1000  # HTML's own limit for colspan
_SPARE_CELLS = 10_000  # empty cells a grid may hold beyond a share of the real ones
_LONG_CHARS = 600  # a cell with more text than this is no datum
_UNWRAPPING = frozenset(("heading", "table", "quote", "rule"))
_HEADER_WITHIN = 3  # rows


class Cell:
    """A cell: the drafts inside it, and how far it reaches."""

    __slots__ = ("columns", "drafts", "is_header", "rows")

    def __init__(self, *, is_header: bool, columns: str | None, rows: str | None) -> None:
        self.drafts: list[Draft] = []
        self.is_header = is_header
        self.columns = _span(columns)
        self.rows = _span(rows)

    def line(self) -> str:
        """Its markdown on one line, safe between pipes."""
        line = " ".join([draft.line for draft in self.drafts])
        if "\n" in line:
            line = " ".join(line.split())
        return line.replace("|", "\\|") if "|" in line else line

    def text(self) -> str:
        return " ".join(" ".join([draft.text for draft in self.drafts]).split())


def _span(value: str | None) -> int:
    if not value or not value.isascii() or not value.isdigit():
        return 1
    return min(int(value[:6]), _MAX_SPAN) or 1


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

    def to_drafts(self, *, html: bool) -> list[Draft]:
        """One draft for a data table, those of the cells for a layout table."""
        grid = None if self._is_layout() else _place(self.rows)
        if grid is None:
            return [*self.caption, *(draft for row in self.rows for cell in row for draft in cell.drafts)]
        return [self._to_draft(grid, html=html)]

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

    def _to_draft(self, grid: list[dict[int, Cell]], *, html: bool) -> Draft:
        columns = sorted({column for row in grid for column, cell in row.items() if cell.drafts})
        rows = [[row.get(column) for column in columns] for row in grid]
        rows = [row for row in rows if any(cell and cell.drafts for cell in row)]
        header = _find_header(rows)
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
            line=" ".join(
                [*(draft.line for draft in above), *(line for row in cells for line in row if line)]
            ),
        )


def _is_heavy(cell: Cell) -> bool:
    return (
        len(cell.drafts) > 3
        or any(draft.kind in _UNWRAPPING for draft in cell.drafts)
        or sum(len(draft.text) for draft in cell.drafts) > _LONG_CHARS
    )


def _find_header(rows: list[list[Cell | None]]) -> int:
    """The row to head the table: the first that is more than a title across it."""
    for index, row in enumerate(rows[:_HEADER_WITHIN]):
        if sum(bool(cell and cell.drafts) for cell in row) > 1:
            return index
    return 0


def _place(rows: list[list[Cell]]) -> list[dict[int, Cell]] | None:
    """Column -> cell, for every row, spans respected; None when the grid is out of all proportion."""
    cells = sum(map(len, rows))
    limit = 20 * cells + _SPARE_CELLS
    taken: dict[int, int] = {}  # column -> last row that a cell from above reaches into
    grid: list[dict[int, Cell]] = []
    steps = 0
    for number, row in enumerate(rows):
        column = 0
        placed: dict[int, Cell] = {}
        for cell in row:
            while taken.get(column, -1) >= number:
                column += 1
                steps += 1
            placed[column] = cell
            if cell.rows > 1:
                steps += cell.columns
                for covered in range(column, column + cell.columns):
                    taken[covered] = number + cell.rows - 1
            column += cell.columns
        grid.append(placed)
        if steps > limit:
            return None
    columns = {column for row in grid for column, cell in row.items() if cell.drafts}
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

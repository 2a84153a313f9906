"""Tables that a page draws with `<div>`s, as the roles of these say.

Data grids of applications have no `<table>`. The elements of one are put inside those with such roles, around what
they hold: the elements themselves stay, and with them whatever is known of these (what is hidden, for one).

Source: WAI-ARIA 1.2, 5.4 (table, grid, treegrid; row; cell, gridcell, columnheader, rowheader).
"""

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom.landmarks import Landmarks

_TABLE, _ROW = frozenset(("table", "grid", "treegrid")), frozenset(("row",))
_CELLS = {"cell": "td", "gridcell": "td", "columnheader": "th", "rowheader": "th"}
_CELL = ",".join(f'[role="{role}"]' for role in _CELLS)
_SPANS = {"aria-colspan": "colspan", "aria-rowspan": "rowspan"}
# of a table that is one
_TAGS = frozenset(("table", "thead", "tbody", "tfoot", "tr", "td", "th"))
_LEAST_ROWS, _LEAST_COLUMNS = 2, 2
_MOST_ROWS, _MOST_CELLS = 5000, 50_000
# elements between a table and its rows, and between a row and its cells
_MOST_BETWEEN = 8

# elements by the mem_id of what is around them
Inner = dict[int, list[LexborNode]]


def draw_tables(tree: LexborHTMLParser, marks: Landmarks) -> bool:
    """Put `<table>`, `<tr>` and `<td>` where roles say that a table, a row and a cell are; whether there was any.

    Args:
        tree: the parsed page; nodes are added, none is taken away.
        marks: `find_marks(tree)`.
    """
    rows = [node for node, attributes in marks.concealed if attributes.get("role") == "row"]
    if not rows:
        return False
    has_drawn = False
    tables, rows_in = _by_outer(rows[:_MOST_ROWS], _TABLE)
    _, cells_in = _by_outer(tree.css(_CELL)[:_MOST_CELLS], _ROW)
    for table in tables:
        drawn = [(row, cells_in[row.mem_id]) for row in rows_in[table.mem_id] if row.mem_id in cells_in]
        if len(drawn) < _LEAST_ROWS or max(len(cells) for _, cells in drawn) < _LEAST_COLUMNS:
            continue
        has_drawn = True
        _put_inside(tree, table, "table")
        for row, cells in drawn:
            _put_inside(tree, row, "tr")
            for cell in cells:
                attributes = cell.attributes
                inner = _put_inside(tree, cell, _CELLS[attributes["role"] or ""])
                for name, html_name in _SPANS.items():
                    if span := attributes.get(name):
                        inner.attrs[html_name] = span
    return has_drawn


def _by_outer(nodes: list[LexborNode], roles: frozenset[str]) -> tuple[list[LexborNode], Inner]:
    """The nearest elements around these that have such a role, and by their mem_ids what they are around."""
    outers: list[LexborNode] = []
    inner: Inner = {}
    for node in nodes:
        outer = _outer(node, roles) if node.tag not in _TAGS else None
        if outer is None:
            continue
        if outer.mem_id not in inner:
            outers.append(outer)
        inner.setdefault(outer.mem_id, []).append(node)
    return outers, inner


def _outer(node: LexborNode, roles: frozenset[str]) -> LexborNode | None:
    outer = node.parent
    for _ in range(_MOST_BETWEEN):
        if outer is None or not outer.is_element_node:
            return None
        if (outer.attributes.get("role") or "") in roles:
            return outer if outer.tag not in _TAGS else None
        outer = outer.parent
    return None


def _put_inside(tree: LexborHTMLParser, node: LexborNode, tag: str) -> LexborNode:
    """A new element that takes what a node holds, as the only thing in it."""
    inner = tree.create_node(tag)
    while (child := node.first_child) is not None:
        inner.insert_child(child, move=True)
    node.insert_child(inner, move=True)
    return inner

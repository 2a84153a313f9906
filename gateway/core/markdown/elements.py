"""What the walk does at block-level elements: headings, lists, quotes, code, definitions, tables, figures."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from gateway.core.dom.tags import CELLS, HEADINGS, ID, ids
from gateway.core.markdown.actions import Close, end_block, skip
from gateway.core.markdown.code import is_code_table
from gateway.core.markdown.drafts import Draft, indent, join
from gateway.core.markdown.embeds import permalink_of
from gateway.core.markdown.equations import add_equations, is_equation_table
from gateway.core.markdown.flow import Item, List
from gateway.core.markdown.listings import add_code, open_button
from gateway.core.markdown.tables import Cell, Table
from gateway.core.markdown.walk import Opener, Start, Walk

# tables and quotes below this depth are read as plain blocks: each level is written anew
_MAX_NESTED = 8
_CALLOUT_TITLE = '[class*="title" i],[class*="heading" i],summary'
# the kind at the start of the text
_SAID = re.compile(r"\*\*(\w{3,9}) ?:?\*\*:? +(?=\S)")
_CALLOUT_WORDS = frozenset(
    "note tip important warning caution info danger hint attention error success".split()
)
# a longer quote goes on in a second one, so that a budget can cut it
_QUOTE_CHARS = 4000


def open_paragraph(walk: Walk) -> Close:
    if walk.flow.item is not None:
        walk.flow.item.list.loose = True
    return end_block


def _heading(level: int) -> Start:
    def open_heading(walk: Walk) -> Close:
        flow = walk.flow
        flow.heading, flow.headed, flow.bold = level, None, False
        return walk.end_heading

    return open_heading


def open_summary(walk: Walk) -> Close:
    opened = walk.line.open("strong")

    def close() -> None:
        if opened:
            walk.line.close()
        walk.flush()

    return close


def add_rule(walk: Walk) -> Close:
    walk.flow.add_rule()
    return skip


def open_quote(walk: Walk, node: LexborNode) -> Close:
    outer = walk.flow
    if outer.nested >= _MAX_NESTED:
        walk.flush()
        return end_block
    if (kind := walk.callouts.get(node.mem_id)) and not outer.cell:
        return open_callout(walk, node, kind)
    post = permalink_of(walk, node)
    _, end = walk.open_flow(cell=outer.cell)

    def close() -> None:
        walk.flush()
        if post and post.partition("?")[0] not in {url.partition("?")[0] for url, _ in walk.style.found}:
            walk.add_link("Post", post)
        for drafts in _groups(end()):
            markdown, text, html = join(drafts)
            line = "<br>".join([draft.line for draft in drafts if draft.line])
            quoted = "> " + indent(markdown, "> ")
            outer.add(Draft("quote", quoted, text, f"<blockquote>{html}</blockquote>", line))

    return close


def open_callout(walk: Walk, node: LexborNode, kind: str) -> Close:
    """A box that the page marks as a note or a warning: a quotation that says so in its first line."""
    outer = walk.flow
    named = node.css_first(_CALLOUT_TITLE)
    title = " ".join(named.text(deep=True).split()) if named is not None else ""
    _, end = walk.open_flow(cell=False)

    def close() -> None:
        drafts = end()
        lead = ""
        if drafts and drafts[0].kind == "paragraph":
            said = drafts[0].text.strip(" :!*")
            if said.upper() == kind or (said == title and said.lower() in _CALLOUT_WORDS):
                lead = f"{drafts.pop(0).text}\n"
            elif said and said == title.strip(" :!*") and not drafts[0].markdown.startswith("**"):
                drafts[0].markdown = f"**{drafts[0].markdown}**"
            elif (word := _SAID.match(drafts[0].markdown)) and word[1].upper() == kind:
                drafts[0].markdown = drafts[0].markdown[word.end() :]
        for group in _groups(drafts):
            markdown, text, html = join(group)
            quoted = "> " + indent(f"[!{kind}]\n{markdown}", "> ")
            outer.add(Draft("quote", quoted, lead + text, f"<blockquote>{html}</blockquote>", ""))
            lead = ""

    return close


def _groups(drafts: list[Draft]) -> Iterator[list[Draft]]:
    """The blocks of a quote, in as many quotes as its length asks for."""
    group: list[Draft] = []
    size = 0
    for draft in drafts:
        if group and size + len(draft.markdown) > _QUOTE_CHARS:
            yield group
            group, size = [], 0
        group.append(draft)
        size += len(draft.markdown)
    if group:
        yield group


def open_figure(walk: Walk) -> Close:
    flow = walk.flow
    start = len(flow.out)

    def close() -> None:
        walk.flush()
        flow.join_figure(start)

    return close


def open_caption(walk: Walk) -> Close:
    flow = walk.flow
    flow.kind = "figure"

    def close() -> None:
        walk.flush()
        flow.kind = "paragraph"

    return close


def open_list(walk: Walk, node: LexborNode) -> Close:
    walk.flush()
    ordered = node.tag_id == ID["ol"]
    attributes = node.attributes
    counts_down = ordered and "reversed" in attributes
    number = _number(attributes.get("start"), _count_items(node) if counts_down else 1) if ordered else 0
    named = f"{attributes.get('class') or ''} {attributes.get('data-type') or ''}"
    tasks = "task" in named or "to-do" in named or "check" in named
    name = "ol" if ordered else "ul"
    start_tag = f'<ol start="{number}">' if number > 1 else f"<{name}>"
    if counts_down:
        start_tag = f'<ol reversed start="{number}">'
    list_ = List(ordered=ordered, number=number, step=-1 if counts_down else 1, tasks=tasks)
    end = walk.flow.open_list(list_, start_tag)

    def close() -> None:
        walk.flush()
        end(f"</{name}>")

    return close


def _count_items(node: LexborNode) -> int:
    count = 0
    child = node.first_child
    while child is not None:
        count += child.tag_id == ID["li"]
        child = child.next
    return count


def open_item(walk: Walk, node: LexborNode) -> Close:
    walk.flush()
    list_ = walk.flow.list or List(ordered=False, number=0)
    if list_.ordered:
        list_.number = _number(node.attributes.get("value"), list_.number)
    item = Item(list_)
    if list_.tasks:
        item.task = _task_of(node)
    walk.flow.open_item(item)
    return walk.end_item


def _task_of(node: LexborNode) -> str:
    """The box of an item of a task list that has no `<input>`, by the marks of common editors."""
    attributes = node.attributes
    state = (
        attributes.get("data-checked") or attributes.get("aria-checked") or attributes.get("data-task") or ""
    )
    classes = f" {attributes.get('class') or ''} "
    box = node.first_child
    if box is not None and box.is_element_node:
        classes += box.attributes.get("class") or ""
    if state in ("true", "x") or " checked " in classes or "checkbox-on" in classes:
        return "[x] "
    if (
        state == "false"
        or "data-inline-task-id" in attributes
        or "checkbox-off" in classes
        or "unchecked" in classes
    ):
        return "[ ] "
    return ""


def _number(value: str | None, default: int) -> int:
    """The number of a list item: CommonMark takes up to nine digits and no sign."""
    digits = (value or "").strip()
    return int(digits[:9]) if digits.isascii() and digits.isdecimal() else default


def open_definitions(walk: Walk) -> Close:
    flow = walk.flow
    flow.end_term()

    def close() -> None:
        walk.flush()
        flow.end_definition()

    return close


def _definition(part: str) -> Start:
    def open_part(walk: Walk) -> Close:
        flow = walk.flow
        flow.defining = part

        def close() -> None:
            walk.flush()
            if flow.defining == "dd":
                # it says nothing
                flow.end_definition()
            flow.defining = ""

        return close

    return open_part


def open_table(walk: Walk, node: LexborNode) -> Close:
    walk.flush()
    flow = walk.flow
    if flow.nested >= _MAX_NESTED:
        return end_block
    if is_code_table(node):
        return add_code(walk, node)
    if is_equation_table(node):
        return add_equations(walk, node)
    outer = flow.table
    flow.table = table = Table(presentational=node.attributes.get("role") in ("presentation", "none"))

    def close() -> None:
        walk.flush()
        flow.table = outer
        for draft in table.to_drafts(html=walk.style.html, as_html=walk.options.tables == "html"):
            flow.add(draft)

    return close


def open_row(walk: Walk) -> Close:
    if walk.flow.table is not None:
        walk.flow.table.rows.append([])
    return end_block


def open_cell(walk: Walk, node: LexborNode) -> Close:
    table = walk.flow.table
    if table is None:
        walk.flush()
        return end_block
    attributes = node.attributes
    is_header = node.tag_id == ID["th"]
    cell = Cell(is_header=is_header, columns=attributes.get("colspan"), rows=attributes.get("rowspan"))
    table.add_cell(cell)
    flow, end = walk.open_flow(cell=True)
    flow.bold = not is_header

    def close() -> None:
        cell.drafts = end()

    return close


def open_table_caption(walk: Walk, node: LexborNode) -> Close:
    table = walk.flow.table
    if table is None:
        walk.flush()
        return end_block
    _, end = walk.open_flow(cell=True)

    def close() -> None:
        table.caption += end()

    return close


STARTS: dict[int, Start] = {
    ID["p"]: open_paragraph,
    ID["hr"]: add_rule,
    ID["summary"]: open_summary,
    ID["figure"]: open_figure,
    ID["figcaption"]: open_caption,
    ID["dl"]: open_definitions,
    ID["dt"]: _definition("dt"),
    ID["dd"]: _definition("dd"),
    ID["tr"]: open_row,
    **{tag: _heading(level) for tag, level in HEADINGS.items()},
}
BLOCKS: dict[int, Opener] = {
    ID["button"]: open_button,
    ID["blockquote"]: open_quote,
    ID["li"]: open_item,
    ID["table"]: open_table,
    ID["caption"]: open_table_caption,
    **dict.fromkeys(CELLS, open_cell),
    **dict.fromkeys(ids("ul ol menu dir"), open_list),
    **dict.fromkeys(ids("pre xmp listing plaintext"), add_code),
}

"""Where finished blocks go: a run of them that belongs together, with the lists open in it.

The page is a flow, and so is everything that needs its blocks whole before it can be written: a quote, the
cell of a table. A list is not: its items get their marker and indent as they are written, so an item deep
in nested lists costs no more than one at the top.
"""

from collections.abc import Callable

from gateway.core.markdown.drafts import Draft, indent
from gateway.core.markdown.escape import STARTERS, escape, escape_heading, escape_lines
from gateway.core.markdown.tables import Table
from gateway.core.model.page import BlockKind

# deeper lists are written at this level: indents would outgrow the text
_MAX_LEVEL = 10
# in one definition
_MAX_TERMS = 20
_MAX_FIGURE_BLOCKS = 4
# of one that consists of several blocks: an unclosed one would swallow the page
_MAX_HEADING_CHARS = 200


class List:
    """An open `<ul>` or `<ol>`."""

    __slots__ = (
        "delimiter",
        "last",
        "lead",
        "level",
        "loose",
        "number",
        "ordered",
        "owner",
        "step",
        "tasks",
        "written",
    )

    def __init__(self, *, ordered: bool, number: int, step: int = 1, tasks: bool = False) -> None:
        self.ordered = ordered
        # of the next item
        self.number = number
        # to the number of the one after it
        self.step = step
        # before the marker
        self.lead = ""
        self.level = 1
        self.loose = False
        # its items may have boxes to tick
        self.tasks = tasks
        # chosen when the first item is written
        self.delimiter = ""
        # the item it stands in
        self.owner: Item | None = None
        self.last: Item | None = None
        # the last that has a block
        self.written: Item | None = None


class Item:
    """An open `<li>`."""

    __slots__ = ("broken", "draft", "indent", "list", "more", "number", "outer", "task")

    def __init__(self, list_: List) -> None:
        self.list = list_
        self.number = list_.number
        self.indent = ""
        # its block, once it has one
        self.draft: Draft | None = None
        # to be joined to it
        self.more: list[Draft] = []
        self.outer: Item | None = None
        # a heading inside ended the list as far as markdown goes
        self.broken = False
        self.task = ""

    def join_more(self) -> None:
        """Join to the item's block what followed it."""
        draft, more = self.draft, self.more
        if draft is not None and more:
            gap = "\n\n" + self.indent
            draft.markdown = gap.join(
                [draft.markdown, *(indent(part.markdown, self.indent) for part in more)]
            )
            draft.text = "\n".join([draft.text, *(part.text for part in more)])
            draft.line = "<br>".join([line for line in (draft.line, *(part.line for part in more)) if line])
            draft.html = "".join([draft.html, *(part.html for part in more)])
            self.more = []


class Flow:
    """Blocks in reading order, and how the next one is to be written."""

    __slots__ = (
        *(
            "_latest",
            "_tags",
            "_term",
            "bold",
            "cell",
            "defining",
            "headed",
            "heading",
            "item",
            "kind",
            "list",
        ),
        *("nested", "out", "table"),
    )

    def __init__(self, *, nested: int = 0, cell: bool = False) -> None:
        self.out: list[Draft] = []
        # flows around this one
        self.nested = nested
        self.cell = cell
        # level of the open heading
        self.heading = 0
        # its block, once it has one
        self.headed: Draft | None = None
        # whether strong emphasis says anything here
        self.bold = True
        # of the next block of text
        self.kind: BlockKind = "paragraph"
        # "dt" or "dd", until it has a line of text
        self.defining = ""
        self.table: Table | None = None
        self.list: List | None = None
        self.item: Item | None = None
        # lead -> the list whose item was written last
        self._latest: dict[str, List] = {}
        # a definition that is still being gathered
        self._term: Draft | None = None
        # HTML start tags that wait for the next block
        self._tags: list[str] = []

    def add_run(self, run: Draft, *, html: bool) -> None:
        """Add a block of text, as `Style.finish` gives it: a heading, a part of a definition, a paragraph."""
        markdown = run.markdown
        if self.heading and (self.headed is None or self._extend_heading(self.headed, run)):
            if self.headed is None:
                self.headed = _heading(self.heading, run, html=html)
                self.add(self.headed)
        elif self.defining and (self.defining == "dt" or self._term is not None):
            self._define(run)
        else:
            item = self.item
            if html and not (self.cell or (item is not None and item.draft is None and not item.broken)):
                run.html = f"<p>{run.html}</p>"
            if markdown[0] in STARTERS or "\n" in markdown:
                run.markdown = escape_lines(markdown)
            run.kind = self.kind
            if self._term is not None:
                self.end_term()
            self._write(run)

    def _extend_heading(self, heading: Draft, run: Draft) -> bool:
        """Go on with a heading in which a block ended; False where that would be no heading any more."""
        first = heading.line
        if first == escape(heading.text, alone=True):
            # it is not alone any more
            first = escape(heading.text)
        line = f"{first} {run.markdown}"
        if self.out[-1] is not heading or len(line) > _MAX_HEADING_CHARS:
            return False
        heading.line = line
        heading.markdown = f"{'#' * heading.level} {escape_heading(line)}"
        heading.text = heading.heading = f"{heading.text} {run.text}"
        if heading.html:
            end = len(heading.html) - len("</h1>")
            heading.html = f"{heading.html[:end]} {run.html}{heading.html[end:]}"
        return True

    def _define(self, run: Draft) -> None:
        term = self._term
        if self.defining == "dt":
            html = f"<dt>{run.html}</dt>"
            if term is None or term.level >= _MAX_TERMS:
                self.end_definition()
                markdown = escape_lines(run.markdown)
                self._term = Draft("definition", markdown, run.text, html, run.markdown, level=1)
                return
            term.markdown += "\n" + escape_lines(run.markdown)
            term.level += 1
        else:
            assert term is not None
            html = f"<dd>{run.html}</dd>"
            term.markdown += "\n: " + escape_lines(run.markdown)
            # the next term starts a block of its own
            term.level = _MAX_TERMS
            self.defining = ""
        term.text += "\n" + run.text
        term.line += "<br>" + run.markdown
        term.html += html

    def end_term(self) -> None:
        """Write the term whose definition begins with something else than a line of text."""
        if self._term is not None:
            if self.defining == "dd":
                self._term.markdown += "\n:"
            self.end_definition()
        self.defining = ""

    def end_definition(self) -> None:
        """Write the definition that is being gathered."""
        term, self._term = self._term, None
        if term is not None:
            term.level = 0
            term.html = f"<dl>{term.html}</dl>"
            self._write(term)

    def add(self, draft: Draft) -> None:
        """Write a block, with the marker or indent of the list item it stands in."""
        if self._term is not None:
            self.end_term()
        self._write(draft)

    def add_rule(self) -> None:
        """Write a thematic break where it separates something at the top of the page."""
        if not self.nested and self.item is None and self.out and self.out[-1].kind != "rule":
            self.add(Draft("rule", "---", "---", "<hr>", ""))

    def _write(self, draft: Draft) -> None:
        if self._tags:
            draft.html = "".join(self._tags) + draft.html
            self._tags.clear()
        item = self.item
        if draft.kind == "heading":
            self._break_out()
        if item is None or item.broken:
            if self._latest:
                self._latest.clear()
            self.out.append(draft)
        elif item.draft is None:
            self._write_item(item, draft)
        elif self.out[-1] is item.draft:
            self._forget_below(item.list.lead)
            item.more.append(draft)
        else:
            # the item goes on after a list inside it
            self._forget_below(item.list.lead)
            item.join_more()
            draft.markdown = item.indent + indent(draft.markdown, item.indent)
            draft.kind, draft.level, draft.gap = "item", item.list.level, "\n\n"
            item.draft = draft
            self.out.append(draft)

    def _break_out(self) -> None:
        # a heading ends the items around it: it belongs to the page's outline, not behind a bullet
        item = self.item
        while item is not None and not item.broken:
            item.join_more()
            item.broken = True
            item = item.outer

    def _write_item(self, item: Item, draft: Draft) -> None:
        list_ = item.list
        list_.written = item
        lead = list_.lead
        latest = self._latest
        before = latest.get(lead)
        if before is not list_:
            latest[lead] = list_
        if len(latest) > 1:
            self._forget_below(lead)
        gap = "\n\n"
        if not list_.delimiter:
            follows = before is not None and before.ordered == list_.ordered
            first, second = (".", ")") if list_.ordered else ("-", "*")
            list_.delimiter = second if follows and before and before.delimiter == first else first
            # a list inside an item needs no blank line, unless it starts with another number than 1
            if lead and self.out and not list_.loose and (not list_.ordered or item.number == 1):
                gap = "\n"
        elif before is list_ and not list_.loose:
            gap = "\n"
        marker = f"{item.number}{list_.delimiter} " if list_.ordered else f"{list_.delimiter} "
        item.indent = lead + " " * len(marker)
        draft.markdown = f"{lead}{marker}{item.task}{indent(draft.markdown, item.indent)}"
        draft.kind, draft.level, draft.gap = "item", list_.level, gap
        item.draft = draft
        self.out.append(draft)

    def _forget_below(self, lead: str) -> None:
        for deeper in [other for other in self._latest if len(other) > len(lead)]:
            del self._latest[deeper]

    def open_list(self, list_: List, tag: str) -> Callable[[str], None]:
        """Start a list; returns what ends it, given the end tag."""
        if self._term is not None:
            self.end_term()
        outer = self.list
        item = self.item
        if outer is not None and outer.owner is item and outer.last is not None:
            # a list directly inside a list belongs to the item before it
            item = outer.last
        if item is not None and item.draft is None and self._latest.get(item.list.lead) is item.list:
            # so does one in an item that holds nothing else
            item = item.list.written
        list_.owner = self.item
        if item is not None and not item.broken:
            nested = item.draft is not None and item.list.level < _MAX_LEVEL
            list_.lead = item.indent if nested else item.list.lead
            list_.level = item.list.level + nested
        self.list = list_
        self._tags.append(tag)

        def close(end_tag: str) -> None:
            self.list = outer
            list_.last = list_.written = (
                # they name each other, which would keep them until the next collection
                None
            )
            self._end_tag(end_tag)

        return close

    def open_item(self, item: Item) -> None:
        """Start an item."""
        item.outer = self.item
        list_ = item.list
        # CommonMark has no sign for numbers below zero
        list_.number = max(0, list_.number + list_.step)
        list_.last = item
        self.item = item
        self._tags.append("<li>")

    def end_item(self) -> None:
        """End the innermost item."""
        item = self.item
        assert item is not None
        self.end_definition()
        item.join_more()
        self.item = item.outer
        self._end_tag("</li>")

    def _end_tag(self, tag: str) -> None:
        if self._tags:
            # nothing was written inside
            self._tags.pop()
        elif self.out:
            self.out[-1].html += tag

    def join_figure(self, start: int) -> None:
        """Make one block of an image and its caption."""
        parts = self.out[start:]
        if self.item is not None or not 1 < len(parts) <= _MAX_FIGURE_BLOCKS:
            return
        if all(part.kind in ("paragraph", "figure") for part in parts):
            self.out[start:] = [
                Draft(
                    "figure",
                    "\n\n".join([part.markdown for part in parts]),
                    "\n".join([part.text for part in parts]),
                    f"<figure>{''.join([part.html for part in parts])}</figure>",
                    "<br>".join([part.line for part in parts if part.line]),
                )
            ]


def _heading(level: int, run: Draft, *, html: bool) -> Draft:
    return Draft(
        "heading",
        f"{'#' * level} {escape_heading(run.markdown)}",
        run.text,
        f"<h{level}>{run.html}</h{level}>" if html else "",
        run.markdown,
        level=level,
        heading=run.text,
    )

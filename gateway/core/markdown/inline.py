"""The tokens of a line as markdown, plain text and HTML, all at once.

Emphasis whose delimiters CommonMark would not read as such where they stand is left out: the words matter
more than their weight. A link's text, a formula or a footnote cannot end early, whatever characters it has.

Source: CommonMark 0.31 sections 6.2 (emphasis), 6.3 (links), 6.4 (images), 6.5 (autolinks).
"""

import re
from html import escape as escape_html

from gateway.core.markdown.certain import AFTER, DELIMITERS, join_certain
from gateway.core.markdown.drafts import Draft
from gateway.core.markdown.emphasis import (
    BRACKETS,
    Pair,
    ends_in_backslash,
    find_misread,
    flanks,
    leading_marks,
    trailing_marks,
)
from gateway.core.markdown.escape import code_span, escape, is_space, may_need_escape
from gateway.core.markdown.line import BREAK, CLOSE, Code, Mark, Token
from gateway.wire import Link, LinkStyle

# what a page may put around a reference to a footnote
_AROUND = "\\[]() "
# to find which emphasis of a line is misread
_MAX_TRIES = 8
_TAGS = frozenset((*DELIMITERS, "sub", "sup"))
# superscripts that read better on the line than as a tag
_ORDINAL = re.compile(r"st|nd|rd|th|er|ère|ème|re|es?|o|a|[ºª°®©™rc]|tm|sm", re.I)


class Style:
    """How lines are written on one page; collects its links and numbers its references."""

    __slots__ = ("found", "has_formula", "html", "links", "references")

    def __init__(self, links: LinkStyle, *, html: bool) -> None:
        self.links = links
        # in the line that is being gathered
        self.has_formula = False
        self.html = html
        # address and text of every link, in order
        self.found: dict[tuple[str, str], None] = {}
        # address -> number
        self.references: dict[str, int] = {}

    def found_links(self) -> list[Link]:
        return [Link(url=url, text=text) for url, text in self.found]

    def link(self, url: str) -> tuple[str, str]:
        """What stands before and after the text of a link."""
        if self.links == "none":
            return "", ""
        if self.links == "inline":
            return "[", f"]({url})"
        return "[", f"][{self.references.setdefault(url, len(self.references) + 1)}]"

    def finish(
        self,
        tokens: list[Token],
        plain: bool,
        *,
        signed: bool = True,
        bold: bool,
        alone: bool,
        cell: bool = False,
    ) -> Draft | None:
        """Render the tokens of a block, without its syntax and escapes for its start; None when nothing is left of it.

        Args:
            tokens: from `Line.take`.
            plain: all of them are strings.
            signed: whether one of these may need an escape.
            bold: whether strong emphasis says anything here (not in a heading).
            alone: no other line ends up in the same block of markdown.
            cell: it may stand in the cell of a table, where `<br>` breaks lines.
        """
        if plain:
            text = "".join(tokens)  # type: ignore[arg-type]
            if not text:
                return None
            markdown = text
            if signed and may_need_escape(text):
                markdown = escape(text, alone=alone, in_link=self.links == "reference")
            html = escape_html(text, quote=False) if self.html else ""
            return Draft("paragraph", markdown, text, html, markdown)
        while tokens and (tokens[-1] is BREAK or tokens[-1] == " "):
            tokens.pop()
        if not tokens:
            return None
        markdown, text = (
            self._lone(tokens, bold=bold)
            or (
                None
                if self.has_formula
                else join_certain(tokens, self.links, self.link, self.found, signed=signed, bold=bold)
            )
            or _Marked(self, tokens, bold=bold, cell=cell).join()
        )
        if not markdown:
            return None
        html = html_of(tokens, linked=self.links != "none") if self.html else ""
        return Draft("paragraph", markdown, text, html, markdown)

    def _lone(self, tokens: list[Token], *, bold: bool) -> tuple[str, str] | None:
        """Markdown and text of a line that is one link, or one emphasis, of plain text: most lines with marks are."""
        if len(tokens) != 3:
            return None
        mark, text, end = tokens
        if not (isinstance(mark, Mark) and isinstance(text, str) and end is CLOSE):
            return None
        said = text.strip()
        if mark.kind == "a":
            url = mark.url
            self.found[url, said] = None
            if text == url and self.links == "inline":
                return f"<{url}>", said
            before, after = self.link(url)
            return f"{before}{escape(text, in_link=True)}{after}".strip(), said
        if mark.kind not in DELIMITERS or said != text or not said:
            return None
        delimiter = DELIMITERS[mark.kind] if bold or mark.kind != "strong" else ""
        return f"{delimiter}{escape(text, in_link=self.links == 'reference')}{delimiter}", said


class _Marked:
    """The tokens of one block with marks in it, half-way to markdown."""

    __slots__ = ("bold", "cell", "codes", "linked", "open", "pairs", "pieces", "plain", "style", "texts")

    def __init__(self, style: Style, tokens: list[Token], *, bold: bool, cell: bool) -> None:
        self.style = style
        self.bold = bold
        self.cell = cell
        self.linked = 0
        # markdown; delimiters are filled in when both sides are known
        self.pieces: list[str] = []
        self.texts: list[str] = []
        # with the lengths of pieces and texts
        self.open: list[tuple[Mark, int, int]] = []
        # pieces to hold delimiters, inner ones first
        self.pairs: list[tuple[int, int, int, str]] = []
        # piece -> its text
        self.codes: dict[int, str] = {}
        # pieces that are text and nothing else
        self.plain: set[int] = set()
        pieces, texts, plain, opened = self.pieces, self.texts, self.plain, self.open
        brackets = style.links == "reference"
        for token in tokens:
            if isinstance(token, str):
                if may_need_escape(token):
                    plain.add(len(pieces))
                    pieces.append(escape(token, in_link=brackets or self.linked > 0))
                else:
                    if token != " ":
                        plain.add(len(pieces))
                    pieces.append(token)
                texts.append(token)
            elif token is CLOSE:
                self._close(*opened.pop())
            elif isinstance(token, Mark):
                opened.append((token, len(pieces), len(texts)))
                pieces.append("")
                if token.kind == "a":
                    self.linked += 1
            elif isinstance(token, Code):
                self.codes[len(pieces)] = token.text
                pieces.append(code_span(token.text))
                texts.append(token.text)
            else:
                pieces.append(token.markdown)
                texts.append(token.text)
        if style.has_formula:
            # beside a formula a price's dollar would open another
            style.has_formula = False
            for at in plain:
                pieces[at] = pieces[at].replace("$", "\\$")

    def join(self) -> tuple[str, str]:
        """Markdown and text."""
        if self.pairs:
            self._place_delimiters()
        if len(self.codes) > 1:
            self._merge_codes()
        return "".join(self.pieces).strip(), "".join(self.texts).strip()

    def _close(self, mark: Mark, at: int, at_text: int) -> None:
        kind = mark.kind
        if kind == "a":
            self.linked -= 1
            self._link(mark.url, at, "".join(self.texts[at_text:]))
        elif kind in DELIMITERS:
            if kind != "strong" or self.bold:
                around = next((at for mark, at, _ in reversed(self.open) if mark.kind in DELIMITERS), -1)
                self.pairs.append((at, len(self.pieces), around, DELIMITERS[kind]))
                self.pieces.append("")
        elif kind in ("sub", "sup"):
            self._raise(kind, at, at_text)

    def _link(self, url: str, at: int, text: str) -> None:
        self.style.found[url, text.strip()] = None
        if text == url and len(self.pieces) == at + 2 and self.style.links == "inline":
            self.pieces[at + 1] = f"<{url}>"
            self.plain.discard(at + 1)
            self.codes.pop(at + 1, None)
            return
        self.pieces[at], end = self.style.link(url)
        self.pieces.append(end)
        before = at - 1
        while before >= 0 and not self.pieces[before]:
            before -= 1
        if before >= 0 and self.pieces[before][-1] == "!" and end:
            # would make an image of the link
            self.pieces[before] = self.pieces[before][:-1] + "\\!"

    def _raise(self, kind: str, at: int, at_text: int) -> None:
        inside = self.pieces[at + 1 :]
        if any(
            piece.startswith("[^")
            for piece in inside
            # references to footnotes are raised by themselves
        ):
            self.pieces[at + 1 :] = [
                piece if piece.startswith("[^") else piece.strip(_AROUND) for piece in inside
            ]
            texts = self.texts[at_text:]
            self.texts[at_text:] = [
                text if text[:1] == "[" != text else text.strip(_AROUND) for text in texts
            ]
        elif not _ORDINAL.fullmatch("".join(self.texts[at_text:]).strip()):
            self.pieces[at] = f"<{kind}>"
            self.pieces.append(f"</{kind}>")

    def _place_delimiters(self) -> None:
        placed = self._try_delimiters(touching=True)
        wrong = None if placed.certain else self._find_misread(placed)
        if wrong is not None and placed.touching:
            for at, piece in placed.before.items():
                self.pieces[at] = piece
            placed = self._try_delimiters(touching=False)
            wrong = self._find_misread(placed)
        tries = 0
        while wrong is not None:
            # emphasis that is read as something else is left out, and all of it where that goes on and on
            tries += 1
            for pair in placed.pairs[wrong : wrong + 1] if tries < _MAX_TRIES else placed.pairs:
                self._drop(pair)
            del placed.pairs[wrong]
            wrong = self._find_misread(placed) if tries < _MAX_TRIES else None

    def _find_misread(self, placed: "_Placed") -> int | None:
        wrong = find_misread(self.pieces, placed.pairs)
        if wrong is None and self.cell and BREAK.markdown in self.pieces:
            in_cell = ["<br>" if piece == BREAK.markdown else piece for piece in self.pieces]
            wrong = find_misread(in_cell, placed.pairs)
        return wrong

    def _drop(self, pair: Pair) -> None:
        """Take the delimiters of a pair out again."""
        first, lead, last, delimiter = pair
        self.pieces[first] = self.pieces[first][:lead]
        self.pieces[last] = self.pieces[last][len(delimiter) :]

    def _try_delimiters(self, *, touching: bool) -> "_Placed":
        """Fill in the delimiters that will be read as such.

        Args:
            touching: also where emphasis begins or ends at the edge of another, which may be read otherwise.
        """
        pieces = self.pieces
        opening: dict[int, str] = {}
        closing: dict[int, str] = {}
        placed = _Placed()
        for first, last, around, delimiter in self.pairs:
            inner, tail, before, after = first + 1, last - 1, first - 1, last + 1
            while not pieces[inner] and inner < last:
                inner += 1
            if inner == last:
                continue
            while not pieces[tail]:
                tail -= 1
            while before >= 0 and not pieces[before]:
                before -= 1
            while after < len(pieces) and not pieces[after]:
                after += 1
            left = pieces[before][-1] if before >= 0 else ""
            right = pieces[after][0] if after < len(pieces) else ""
            # `*a***b**` can pair in more than one way, and what opens here could close what is around it
            if before in closing or (before > around >= 0 and not is_space(left)):
                if not touching:
                    continue
                placed.touching = True
            # `***` is one run: what flanks the inner delimiter flanks the outer one
            starts = flanks(left, pieces[inner][0]) or opening.get(inner, " ")[0] == delimiter[0]
            ends = flanks(right, pieces[tail][-1]) or closing.get(tail, " ")[0] == delimiter[0]
            lead = end = ""
            if not (starts and ends):
                lead, end = self._outside(inner, tail, starts=starts, ends=ends)
                if not (lead or end):
                    continue
                for at in (inner, tail):
                    placed.before.setdefault(at, pieces[at])
                pieces[inner] = pieces[inner][len(lead) :]
                pieces[tail] = pieces[tail][: len(pieces[tail]) - len(end)]
            placed.before |= {first: "", last: ""}
            pieces[first], pieces[last] = lead + delimiter, delimiter + end
            if not lead:
                opening[first] = delimiter
            if not end:
                closing[last] = delimiter
            placed.pairs.append((first, len(lead), last, delimiter))
            # one that can only open there, and only close here, with none in between
            placed.certain &= (
                around < 0
                and left in ("", " ")
                and right in AFTER
                and pieces[inner][0].isalnum()
                and pieces[tail][-1].isalnum()
            )
        placed.certain |= len(placed.pairs) < 2
        return placed

    def _outside(self, inner: int, tail: int, *, starts: bool, ends: bool) -> tuple[str, str]:
        """The punctuation at the edges of an emphasis that must stand outside of it, or it would not be read."""
        pieces = self.pieces
        lead = end = ""
        if not starts and inner in self.plain:
            lead = pieces[inner][: leading_marks(pieces[inner])]
        if not ends and tail in self.plain:
            end = pieces[tail][trailing_marks(pieces[tail], whole=inner != tail) :]
        if inner == tail and inner in self.plain:
            text = pieces[inner]
            if lead and not end and text[-1] == BRACKETS.get(lead[-1]):
                end = text[-1]
            elif end and not lead and BRACKETS.get(text[0]) == end[0]:
                lead = text[0]
        if (not starts and not lead) or (not ends and not end):
            return "", ""
        inside = "".join(pieces[inner : tail + 1])
        inside = inside[len(lead) : len(inside) - len(end)]
        if not inside or ends_in_backslash(lead) or ends_in_backslash(inside):
            return "", ""
        if (lead and not flanks(lead[-1], inside[0])) or (end and not flanks(end[0], inside[-1])):
            return "", ""
        return lead, end

    def _merge_codes(self) -> None:
        # two spans that touch would be read as one with odd fences
        group: list[int] = []
        for at in [*self.codes, len(self.pieces)]:
            if group and (at == len(self.pieces) or any(self.pieces[group[-1] + 1 : at])):
                if len(group) > 1:
                    self.pieces[group[0]] = code_span("".join([self.codes[code] for code in group]))
                    for code in group[1:]:
                        self.pieces[code] = ""
                group = []
            group.append(at)


class _Placed:
    """The delimiters of a line: each pair, what was there before, and whether some of them touch."""

    __slots__ = ("before", "certain", "pairs", "touching")

    def __init__(self) -> None:
        # readers cannot but pair them as they are meant
        self.certain = True
        self.pairs: list[Pair] = []
        self.before: dict[int, str] = {}
        self.touching = False


def html_of(tokens: list[Token], *, linked: bool) -> str:
    """The tokens of a line as HTML: no tag, attribute or address but those that markdown has too."""
    parts: list[str] = []
    ends: list[str] = []
    for token in tokens:
        if isinstance(token, str):
            parts.append(escape_html(token, quote=False))
        elif token is CLOSE:
            parts.append(ends.pop())
        elif isinstance(token, Mark):
            if token.kind == "a" and linked:
                parts.append(f'<a href="{escape_html(token.url)}">')
                ends.append("</a>")
            elif token.kind in _TAGS:
                parts.append(f"<{token.kind}>")
                ends.append(f"</{token.kind}>")
            else:
                ends.append("")
        elif isinstance(token, Code):
            parts.append(f"<code>{escape_html(token.text, quote=False)}</code>")
        else:
            parts.append(token.html)
    return "".join(parts)

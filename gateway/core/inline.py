"""One line of text on its way from DOM nodes to markdown, plain text and HTML.

A `Line` gathers tokens while the walk goes through inline elements: strings (white space already folded)
and marks around them. `Style.finish` turns the tokens into the three renderings at once. Rules:
 - white space never stands inside an emphasis or link at its edges: it is held back until the next text;
 - emphasis whose delimiters CommonMark would not read as such where they stand is left out, the words stay;
 - a link is written once, around the first text it has, even when blocks inside it break the line.
"""

import re
from html import escape as escape_html
from typing import NamedTuple

from gateway.core.escape import certainly_separates, code_span, escape, is_punctuation, is_space
from gateway.wire import Link, LinkStyle

_DELIMITERS = {"strong": "**", "em": "*", "del": "~~"}
# superscripts that read better on the line than as a tag
_ORDINAL = re.compile(r"st|nd|rd|th|er|ère|ème|re|es?|o|a|[ºª°®©™rc]|tm|sm", re.I)


class Mark:
    """The start of an emphasis, a link (`url`) or a reference to a footnote (`target`)."""

    __slots__ = ("kind", "target", "url")

    def __init__(self, kind: str, *, url: str = "", target: str = "") -> None:
        self.kind = kind
        self.url = url
        self.target = target


class Code:
    """Inline code."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Atom(NamedTuple):
    """Something whose renderings are ready: an image, a formula."""

    markdown: str
    text: str
    html: str


class Run(NamedTuple):
    """A finished line: no block syntax, no escapes for the start of a line."""

    markdown: str
    text: str
    html: str


BREAK = Atom("  \n", "\n", "<br>")
_CLOSE = None  # ends the innermost mark
Token = str | Mark | Code | Atom | None


class Line:
    """The tokens of one block of text."""

    __slots__ = ("_code", "_code_depth", "_marks", "_plain", "_space", "_tokens")

    def __init__(self) -> None:
        self._tokens: list[Token] = []
        self._marks: list[Mark] = []  # open ones, outermost first
        self._plain = True  # only strings so far
        self._space = False  # white space held back
        self._code_depth = 0
        self._code: Code | None = None  # what the innermost code element has so far

    def add_text(self, raw: str) -> None:
        """Add a text node."""
        words = raw.split()
        if not words:
            self._space = True
            return
        text = " ".join(words)
        space = self._space or raw[0].isspace()
        self._space = raw[-1].isspace()
        if self._code_depth:
            self._add_code(text, space)
        else:
            if space:
                self._write_space()
            self._tokens.append(text)

    def add_space(self) -> None:
        """Keep what comes next apart from what came before."""
        self._space = True

    def add_atom(self, atom: Atom) -> None:
        """Add something ready-made."""
        if self._space:
            self._write_space()
            self._space = False
        self._plain = False
        self._tokens.append(atom)

    def add_break(self) -> bool:
        """Add a hard line break; False when there is one already, so that the two end a paragraph."""
        if not self._tokens or isinstance(self._tokens[-1], Mark):
            return True  # means nothing at the start
        if self._tokens[-1] is BREAK:
            return False
        self._space = self._plain = False
        self._tokens.append(BREAK)
        return True

    def open(self, kind: str, *, url: str = "", target: str = "") -> bool:
        """Open a mark; False (and then no `close` is due) when one of its kind is open already."""
        if self._code_depth or self.is_open(kind):
            return False
        mark = Mark(kind, url=url, target=target)
        self._tokens.append(mark)
        self._marks.append(mark)
        self._plain = False
        return True

    def close(self) -> None:
        """Close the innermost mark."""
        self._marks.pop()
        if self._tokens and isinstance(self._tokens[-1], Mark):
            self._tokens.pop()  # nothing inside
        else:
            self._tokens.append(_CLOSE)

    def is_open(self, kind: str) -> bool:
        """Whether a mark of this kind is open."""
        return any(mark.kind == kind for mark in self._marks)

    @property
    def is_empty(self) -> bool:
        """Whether the block has no text yet."""
        return all(isinstance(token, Mark) for token in self._tokens)

    def add_glyph(self, glyph: str, *, before: bool) -> None:
        """Add punctuation that stands directly before or after a text."""
        if before and self._space:
            self._write_space()
            self._space = False
        self._tokens.append(glyph)

    def open_code(self) -> None:
        """Start inline code."""
        self._code_depth += 1
        self._plain = False

    def close_code(self) -> None:
        """End inline code."""
        self._code_depth -= 1
        if not self._code_depth:
            self._code = None

    def _add_code(self, text: str, space: bool) -> None:
        last = self._tokens[-1] if self._tokens else None
        if isinstance(last, Code) and (not space or last is self._code):
            last.text += " " * space + text  # two spans that touch would be read as one with odd fences
            return
        if space:
            self._write_space()
        self._code = Code(text)
        self._tokens.append(self._code)

    def _write_space(self) -> None:
        # before the marks that were just opened
        tokens = self._tokens
        at = len(tokens)
        while at and isinstance(tokens[at - 1], Mark):
            at -= 1
        if at and tokens[at - 1] is not BREAK:
            tokens.insert(at, " ")

    def take(self) -> tuple[list[Token], bool]:
        """End the block: its tokens, all marks closed, and whether they are all strings.

        Open emphasis goes on in the next block; a link only when it has no text yet.
        """
        tokens, plain = self._tokens, self._plain
        if not tokens:
            self._space = False
            return tokens, plain
        self._tokens, self._space, self._code = [], False, None
        self._plain = not (self._marks or self._code_depth)
        carried: list[Token] = []
        for index in range(len(self._marks) - 1, -1, -1):
            mark = self._marks[index]
            if isinstance(tokens[-1], Mark):
                tokens.pop()
            else:
                tokens.append(_CLOSE)
                kind = "spent" if mark.kind in ("a", "note") else mark.kind
                mark = self._marks[index] = Mark(kind)
            carried.append(mark)
        self._tokens = carried[::-1]
        return tokens, plain


class Style:
    """How lines are written on one page; numbers its reference links."""

    __slots__ = ("_labels", "found", "html", "links", "notes", "references")

    def __init__(self, links: LinkStyle, *, html: bool) -> None:
        self.links = links
        self.html = html
        self.references: dict[str, int] = {}  # address -> number
        self.found: dict[Link, None] = {}
        self.notes: dict[str, str] = {}  # target of a reference to a footnote -> its label
        self._labels: dict[str, str] = {}  # label -> target

    def note(self, target: str, label: str) -> bool:
        """Remember a reference to a footnote; False when its label cannot be one or is taken."""
        if not label.isalnum() or self._labels.setdefault(label, target) != target:
            return False
        return self.notes.setdefault(target, label) == label

    def finish(self, tokens: list[Token], plain: bool, *, bold: bool = True) -> Run | None:
        """Render the tokens of a block; None when nothing is left of it.

        Args:
            tokens: from `Line.take`.
            plain: all of them are strings.
            bold: whether strong emphasis says anything here (not in a heading).
        """
        if plain:
            text = "".join(tokens)  # type: ignore[arg-type]
            if not text:
                return None
            markdown = escape(text, alone=True, in_link=self.links == "reference")
            return Run(markdown, text, escape_html(text, quote=False) if self.html else "")
        while tokens and (tokens[-1] is BREAK or tokens[-1] == " "):
            tokens.pop()
        return _Marked(self, tokens, bold).run() if tokens else None


class _Marked:
    """The tokens of one block with marks in it, half-way to markdown."""

    def __init__(self, style: Style, tokens: list[Token], bold: bool) -> None:
        self.style = style
        self.bold = bold
        self.pieces: list[str] = []  # markdown; delimiters are filled in when both sides are known
        self.texts: list[str] = []
        self.html: list[str] = []
        self.open: list[tuple[Mark, int, int, int]] = []  # with the lengths of the three lists
        self.pairs: list[tuple[int, int, str]] = []  # pieces to hold delimiters, inner ones first
        self.linked = 0
        self.brackets = style.links == "reference"
        for token in tokens:
            self._add(token)

    def run(self) -> Run | None:
        self._place_delimiters()
        text = "".join(self.texts).strip()
        markdown = "".join(self.pieces).strip()
        return Run(markdown, text, "".join(self.html)) if markdown else None

    def _add(self, token: Token) -> None:
        if isinstance(token, str):
            self.pieces.append(escape(token, in_link=self.linked > 0 or self.brackets))
            self.texts.append(token)
            self.html.append(escape_html(token, quote=False))
        elif token is _CLOSE:
            self._close(*self.open.pop())
        elif isinstance(token, Mark):
            self.open.append((token, len(self.pieces), len(self.texts), len(self.html)))
            self.pieces.append("")
            self.html.append("")
            self.linked += token.kind == "a"
        elif isinstance(token, Code):
            self.pieces.append(code_span(token.text))
            self.texts.append(token.text)
            self.html.append(f"<code>{escape_html(token.text, quote=False)}</code>")
        else:
            self.pieces.append(token.markdown)
            self.texts.append(token.text)
            self.html.append(token.html)

    def _close(self, mark: Mark, at: int, at_text: int, at_html: int) -> None:
        kind = mark.kind
        if kind in _DELIMITERS:
            if kind != "strong" or self.bold:
                self.pairs.append((at, len(self.pieces), _DELIMITERS[kind]))
            self.pieces.append("")
            self._wrap(at_html, f"<{kind}>", f"</{kind}>")
        elif kind in ("sub", "sup"):
            if self.pieces[at + 1][:1] == "\0":  # a reference to a footnote, raised only if it stays text
                _, target, plain, _ = self.pieces[at + 1].split("\0")
                self.pieces[at + 1] = f"\0{target}\0<{kind}>{plain}</{kind}>\0"
            elif not _ORDINAL.fullmatch("".join(self.texts[at_text:]).strip()):
                self.pieces[at] = f"<{kind}>"
                self.pieces.append(f"</{kind}>")
            self._wrap(at_html, f"<{kind}>", f"</{kind}>")
        elif kind == "a":
            self.linked -= 1
            self._link(mark.url, at, "".join(self.texts[at_text:]))
            self._wrap(at_html, f'<a href="{escape_html(mark.url)}">', "</a>")
        elif kind == "note":
            self._note(mark.target, at, "".join(self.texts[at_text:]))

    def _wrap(self, at: int, start: str, end: str) -> None:
        self.html[at] = start
        self.html.append(end)

    def _link(self, url: str, at: int, text: str) -> None:
        self.style.found[Link(url=url, text=text.strip())] = None
        if self.style.links == "none":
            return
        if text == url and len(self.pieces) == at + 2:
            self.pieces[at + 1] = f"<{url}>"
            return
        before = self._filled(at, -1)
        if before is not None and self.pieces[before].endswith("!"):
            self.pieces[before] = self.pieces[before][:-1] + "\\!"  # would make an image of the link
        self.pieces[at] = "["
        if self.style.links == "reference":
            number = self.style.references.setdefault(url, len(self.style.references) + 1)
            self.pieces.append(f"][{number}]")
        else:
            self.pieces.append(f"]({url})")

    def _note(self, target: str, at: int, text: str) -> None:
        if self.style.note(target, text.strip("[]() ")):
            plain = "".join(self.pieces[at + 1 :])
            self.pieces[at:] = [f"\0{target}\0{plain}\0", *[""] * (len(self.pieces) - at - 1)]

    def _filled(self, start: int, step: int) -> int | None:
        """The nearest piece that is not empty."""
        at = start + step
        while 0 <= at < len(self.pieces):
            if self.pieces[at]:
                return at
            at += step
        return None

    def _place_delimiters(self) -> None:
        opening: dict[int, str] = {}
        closing: dict[int, str] = {}
        for first, last, delimiter in self.pairs:
            before, inner = self._filled(first, -1), self._filled(first, 1)
            tail, after = self._filled(last, -1), self._filled(last, 1)
            if inner is None or tail is None or inner >= last:
                continue
            if before in closing:
                continue  # `*a***b**` could pair in more than one way
            # `***` is one run: what flanks the inner delimiter flanks the outer one
            starts = opening.get(inner, " ")[0] == delimiter[0] or _flanks(
                self._edge(before, -1), self.pieces[inner][0]
            )
            ends = closing.get(tail, " ")[0] == delimiter[0] or _flanks(
                self._edge(after, 0), self.pieces[tail][-1]
            )
            if starts and ends:
                self.pieces[first] = self.pieces[last] = opening[first] = closing[last] = delimiter

    def _edge(self, piece: int | None, index: int) -> str:
        return "" if piece is None else self.pieces[piece][index]


def _flanks(outside: str, inside: str) -> bool:
    """Whether a delimiter between these characters opens (or closes) emphasis: CommonMark 6.2."""
    return not is_space(inside) and (not is_punctuation(inside) or certainly_separates(outside))

"""A line of text on its way out of the DOM: strings, marks around them, and things that are ready.

White space is folded as CSS folds it, and held back until text follows: so none ever stands at the edge of
a block, an emphasis or a link, where markdown has no use for it.
"""

from msgspec import Struct


class Mark:
    """The start of an emphasis or a link (`url`)."""

    __slots__ = ("kind", "url")

    def __init__(self, kind: str, *, url: str = "") -> None:
        self.kind = kind
        self.url = url


class Code:
    """Inline code."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Atom(Struct, frozen=True):
    """Something whose renderings are ready: an image, a formula."""

    markdown: str
    text: str
    html: str


BREAK = Atom("  \n", "\n", "<br>")
# ends the innermost mark
CLOSE = None
# two of them that touch are written as one
_GROWING = frozenset(("strong", "em", "del", "a"))
Token = str | Mark | Code | Atom | None


class Line:
    """The tokens of the block that the walk is in.

    `tokens` is empty as long as there is nothing to end; `space` is the white space held back; `signed` says that
    there may be characters in it that markdown reads as its own; `plain`, that there were no marks in it, nor code.
    """

    __slots__ = ("_closed", "_code", "_code_depth", "_marks", "plain", "signed", "space", "tokens")

    def __init__(self) -> None:
        self.tokens: list[Token] = []
        self.space = self.signed = False
        self.plain = True
        # open ones, outermost first
        self._marks: list[Mark] = []
        # what the last CLOSE ended
        self._closed: Mark | None = None
        self._code_depth = 0
        # what the innermost code element has so far
        self._code: Code | None = None

    def add_text(self, raw: str) -> None:
        """Add a text node."""
        words = raw.split()
        if not words:
            self.space = True
            return
        self.signed = True
        text = " ".join(words)
        space = self.space or raw[0].isspace()
        self.space = raw[-1].isspace()
        if self._code_depth:
            self._add_code(text, space)
            return
        if space and self.tokens:
            self._write_space()
        self.tokens.append(text)

    def add_folded(self, pieces: list[str] | tuple[str, ...]) -> None:
        """Add texts whose white space is folded, with " " between those that do not touch."""
        if self._code_depth:
            for piece in pieces:
                if piece == " ":
                    self.space = True
                else:
                    self._add_code(piece, self.space)
                    self.space = False
            return
        tokens = self.tokens
        if self.space:
            if tokens:
                if isinstance(tokens[-1], str):
                    tokens.append(" ")
                else:
                    self._write_space()
            self.space = False
        tokens += pieces

    def add_glyph(self, glyph: str) -> None:
        """Add punctuation that touches the text before or after it."""
        if self.space and len(self.tokens) > len(self._marks):
            self._write_space()
        self.space = False
        self.tokens.append(glyph)

    def open_parenthesis(self) -> int:
        """Start what stands in parentheses; gives what `close_parenthesis` needs."""
        if not self.tokens or self._code_depth:
            return -1
        self.tokens.append("(")
        return len(self.tokens)

    def close_parenthesis(self, at: int) -> None:
        """End it; nothing in between, no parentheses."""
        tokens = self.tokens
        if at < 0 or len(tokens) < at or tokens[at - 1] != "(":
            # a block ended in between
            return
        if len(tokens) == at:
            tokens.pop()
        elif all(isinstance(token, str) for token in tokens[at:]):
            tokens[at - 1 :] = [f"({''.join(map(str, tokens[at:]))})"]
        else:
            tokens.append(")")
        self.space = False

    def add_atom(self, atom: Atom) -> None:
        """Add something ready-made."""
        if self.space:
            self._write_space()
            self.space = False
        self.plain = False
        self.tokens.append(atom)

    def add_break(self) -> bool:
        """Add a hard line break; False when there is one already, so that the two end a paragraph."""
        tokens = self.tokens
        at = len(tokens)
        while at and isinstance(tokens[at - 1], Mark):
            at -= 1
        if not at:
            # means nothing at the start
            return True
        if tokens[at - 1] is BREAK:
            return at < len(tokens)
        self.space = self.plain = False
        # before the marks that were just opened
        tokens.insert(at, BREAK)
        return True

    def open(self, kind: str, *, url: str = "") -> bool:
        """Open a mark; False (and then no `close` is due) when one of its kind is open already."""
        if self._code_depth or (self._marks and self.is_open(kind)):
            return False
        closed = self._closed
        if (
            closed is not None
            and closed.kind == kind
            and closed.url == url
            and kind in _GROWING
            and self.tokens
            and self.tokens[-1] is CLOSE
            and not self.space
        ):
            # one goes on
            self.tokens.pop()
            self._marks.append(closed)
            self._closed = None
            return True
        mark = Mark(kind, url=url)
        self.tokens.append(mark)
        self._marks.append(mark)
        self.plain = False
        return True

    def close(self) -> None:
        """Close the innermost mark."""
        mark = self._marks.pop()
        tokens = self.tokens
        last = tokens[-1] if tokens else CLOSE
        if isinstance(last, Mark):
            # nothing inside
            tokens.pop()
        elif last is BREAK:
            # a line that breaks at the end of a mark breaks after it
            tokens[-1] = CLOSE
            tokens.append(BREAK)
        else:
            tokens.append(CLOSE)
            self._closed = mark

    def is_open(self, kind: str) -> bool:
        """Whether a mark of this kind is open."""
        return bool(self._marks) and any(mark.kind == kind for mark in self._marks)

    @property
    def in_code(self) -> bool:
        """Whether inline code is open."""
        return self._code_depth > 0

    def open_code(self) -> None:
        """Start inline code."""
        self._code_depth += 1
        self.plain = False

    def close_code(self) -> None:
        """End inline code."""
        self._code_depth -= 1
        if not self._code_depth:
            self._code = None

    def _add_code(self, text: str, space: bool) -> None:
        last = self.tokens[-1] if self.tokens else None
        if last is self._code and isinstance(last, Code):
            last.text += " " * space + text
            return
        if space:
            self._write_space()
        self._code = Code(text)
        self.tokens.append(self._code)

    def _write_space(self) -> None:
        # before the marks that were just opened
        tokens = self.tokens
        at = len(tokens)
        while at and isinstance(tokens[at - 1], Mark):
            at -= 1
        if at and tokens[at - 1] is not BREAK:
            tokens.insert(at, " ")

    def take(self) -> tuple[list[Token], bool]:
        """End the block: its tokens, all marks closed, and whether they are all strings.

        Open emphasis goes on in the next block; a link only when it has no text yet.
        """
        tokens = self.tokens
        self.tokens, self.space = [], False
        if self.plain:
            # neither marks nor code are open
            return tokens, True
        self._code = self._closed = None
        self.plain = not (self._marks or self._code_depth)
        while tokens and tokens[-1] is BREAK:
            tokens.pop()
        if tokens and self._marks:
            carried: list[Token] = []
            for index in range(len(self._marks) - 1, -1, -1):
                mark = self._marks[index]
                if isinstance(tokens[-1], Mark):
                    tokens.pop()
                else:
                    tokens.append(CLOSE)
                    mark = Mark("spent" if mark.kind == "a" else mark.kind)
                    self._marks[index] = mark
                carried.append(mark)
            self.tokens = carried[::-1]
        return tokens, False


def drop_brackets(tokens: list[Token]) -> None:
    """Take brackets out of the end of a line that hold nothing any more: `[`, ` `, `|`, `]`."""
    at = len(tokens)
    while at and isinstance(token := tokens[at - 1], str) and not token.strip("[]| "):
        at -= 1
    if "".join(token for token in tokens[at:] if isinstance(token, str)).strip("| ").startswith("["):
        del tokens[at:]

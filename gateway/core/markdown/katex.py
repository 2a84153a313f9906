"""What KaTeX drew, turned back into TeX as far as the drawing tells: for pages that leave its MathML out.

Scripts, fractions and roots are columns of boxes (`vlist`), written from the lowest to the highest.
"""

from selectolax.lexbor import LexborNode

from gateway.core.markdown.tex_rows import group_argument, join_row
from gateway.core.markdown.tex_tokens import Part, read_token
from gateway.core.markdown.tex_tree import read_tree

_LEFT_OUT = frozenset("strut pstrut vlist-s frac-line hide-tail nulldelimiter katex-mathml".split())
_BUILT = ("mfrac", "msupsub", "sqrt")


def tex_of_katex(drawing: LexborNode) -> str:
    """The TeX of a `.katex-html`."""
    return read_tree(drawing, _Frame(""))


class _Frame:
    """A span whose children are being read."""

    __slots__ = ("name", "parts", "reaches_below")

    def __init__(self, name: str) -> None:
        self.name = name
        self.parts: list[Part] = []
        # the column goes below the line: its first box is a subscript
        self.reaches_below = False

    def add_text(self, text: str) -> None:
        """Add the characters of a box."""
        self.parts += _read(text)

    def open(self, node: LexborNode) -> "_Frame | None":
        """The frame of a span below; None of one that only draws."""
        classes = (node.attributes.get("class") or "").split()
        if node.tag == "svg" or not _LEFT_OUT.isdisjoint(classes):
            return None
        name = next((name for name in _BUILT if name in classes), "")
        if "vlist-t2" in classes:
            self.reaches_below = True
        if self.name == "vlist":
            name = "box"
        elif "vlist" in classes or "vlist-t" in classes or "vlist-r" in classes:
            name = "vlist" if "vlist" in classes else "column"
        elif "base" in classes:
            # a line may be broken between two of them
            name = "column"
        return _Frame(name)

    def end(self, outer: "_Frame") -> None:
        """Give what it became to the span around it."""
        if self.name in ("vlist", "column"):
            outer.parts += self.parts
            outer.reaches_below = outer.reaches_below or self.reaches_below
        else:
            outer.parts.append(self.build())

    def build(self) -> Part:
        """What the span becomes."""
        parts = [part for part in self.parts if part.tex]
        boxes = [part.tex for part in parts if part.kind == "box"]
        if self.name == "mfrac" and len(boxes) == 2:
            return Part(f"\\frac{{{boxes[1]}}}{{{boxes[0]}}}", "mfrac")
        if self.name == "msupsub" and 1 <= len(boxes) <= 2:
            marks = "_^" if len(boxes) == 2 else "_" if self.reaches_below else "^"
            scripts = [mark + group_argument(tex) for mark, tex in zip(marks, boxes, strict=True)]
            return Part("".join(scripts), "script")
        if len(parts) == 1 and not self.name:
            return parts[0]
        tex = join_row(parts)
        return Part(f"\\sqrt{{{tex}}}", "msqrt") if self.name == "sqrt" else Part(tex, self.name)


def _read(text: str) -> list[Part]:
    """The characters of a box: an operator, a number, letters."""
    text = text.strip()
    if not text:
        return []
    if text.isdecimal():
        return [Part(text, "mn")]
    if len(text) > 1 and text.isascii() and text.isalpha():
        return [read_token("mi", text, {})]
    return [read_token("mi" if char.isalnum() else "mo", char, {}) for char in text if not char.isspace()]

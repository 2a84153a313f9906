"""What KaTeX drew, turned back into TeX as far as the drawing tells: for pages that leave its MathML out.

Scripts, fractions and roots are columns of boxes (`vlist`), written from the lowest to the highest.
"""

from selectolax.lexbor import LexborNode

from gateway.core.dom.tags import TEXT
from gateway.core.markdown.mathml import group_argument, join_row
from gateway.core.markdown.tex_tokens import Part, read_token

_LEFT_OUT = frozenset("strut pstrut vlist-s frac-line hide-tail nulldelimiter katex-mathml".split())
_BUILT = ("mfrac", "msupsub", "sqrt")
_MAX_DEPTH = 300
_MAX_NODES = 20_000


class _Frame:
    """A span whose children are being read."""

    __slots__ = ("name", "parts", "reaches_below")

    def __init__(self, name: str) -> None:
        self.name = name
        self.parts: list[Part] = []
        # the column goes below the line: its first box is a subscript
        self.reaches_below = False

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


def tex_of_katex(drawing: LexborNode) -> str:
    """The TeX of a `.katex-html`."""
    seen = 0
    stack = [_Frame("")]
    waiting: list[LexborNode | None] = [drawing.first_child]
    while True:
        node = waiting[-1]
        if node is None or seen > _MAX_NODES:
            waiting.pop()
            frame = stack.pop()
            if not stack:
                return frame.build().tex
            _end(frame, stack[-1])
            continue
        waiting[-1] = node.next
        seen += 1
        if node.tag_id == TEXT:
            stack[-1].parts += _read(node.text_content or "")
        elif node.is_element_node and len(stack) < _MAX_DEPTH and node.tag != "svg":
            classes = (node.attrs.get("class") or "").split()
            if not _LEFT_OUT.isdisjoint(classes):
                continue
            name = next((name for name in _BUILT if name in classes), "")
            if "vlist-t2" in classes:
                stack[-1].reaches_below = True
            if stack[-1].name == "vlist":
                name = "box"
            elif "vlist" in classes or "vlist-t" in classes or "vlist-r" in classes:
                name = "vlist" if "vlist" in classes else "column"
            elif "base" in classes:
                # a line may be broken between two of them
                name = "column"
            stack.append(_Frame(name))
            waiting.append(node.first_child)


def _end(frame: _Frame, outer: _Frame) -> None:
    if frame.name in ("vlist", "column"):
        outer.parts += frame.parts
        outer.reaches_below = outer.reaches_below or frame.reaches_below
    else:
        outer.parts.append(frame.build())


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

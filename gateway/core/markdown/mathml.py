"""Presentation MathML to TeX, by tables: what each element becomes, what each character is called.

The packages that do this read strict XML, recurse once for each nesting and lose the fences of matrices; a page
may leave elements open and nest them as deep as it likes. Here the tree is the page's own, and a stack is kept.
MathJax's drawn output, whose elements are named after MathML's, is read by the same tables.
"""

import re

from selectolax.lexbor import LexborNode

from gateway.core.markdown.mathml_elements import ELEMENTS, REDRAWN
from gateway.core.markdown.tex_rows import join_row
from gateway.core.markdown.tex_tokens import Part, read_token
from gateway.core.markdown.tex_tree import read_tree

_INVISIBLE = dict.fromkeys(
    map(ord, "\u2061\u2062\u2063\u2064\u200b\u200c\u200d\u200e\u200f\ufeff\u2060\ufe0e\ufe0f")
)
_CODE_POINT = re.compile(r"\bmjx-c([0-9A-F]{2,6})\b")
_LEFT_OUT = frozenset(
    "annotation annotation-xml surd nstrut dstrut tstrut strut line spacer style assistive-mml".split()
)
# which MathJax draws by a style sheet
_CHARACTERS = frozenset(("c", "stretchy-v", "stretchy-h"))
# of MathJax's
_TRANSPARENT = frozenset("frac dbox dtable row itable table sqrt script".split())
_PLACES = frozenset("num den base over under root box".split())
_TOKENS = frozenset("mi mn mo mtext ms".split())


def tex_of_mathml(math: LexborNode) -> str:
    """The TeX of a `<math>`, or of the tree that MathJax drew from one."""
    return read_tree(math, _Frame("mrow", {}, is_drawn=False))


def _char(code: str) -> str:
    number = int(code, 16)
    return chr(number) if number <= 0x10FFFF and not 0xD800 <= number < 0xE000 else ""


class _Frame:
    """An element whose children are being read."""

    __slots__ = ("attributes", "is_drawn", "name", "parts", "text")

    def __init__(self, name: str, attributes: dict[str, str | None], *, is_drawn: bool) -> None:
        self.name = name
        self.attributes = attributes
        # by MathJax
        self.is_drawn = is_drawn
        self.parts: list[Part] = []
        # of a token
        self.text: list[str] = []

    def add_text(self, text: str) -> None:
        """Add a text node, or a character that is drawn."""
        if self.name in _TOKENS or self.name == "utext":
            self.text.append(text)
        elif not text.isspace():
            self.parts.append(read_token("mtext" if len(text.strip()) > 1 else "mi", text, {}))

    def open(self, node: LexborNode) -> "_Frame | None":
        """The frame of an element below; a character that is drawn has none."""
        tag = (node.tag or "").rpartition(":")[2]
        name = tag.removeprefix("mjx-")
        if name in _LEFT_OUT:
            return None
        attributes = node.attributes
        if name in _CHARACTERS and (drawn := _CODE_POINT.search(attributes.get("class") or "")):
            self.add_text(_char(drawn[1]))
            return None
        return _Frame(name, attributes, is_drawn=name != tag)

    def end(self, outer: "_Frame") -> None:
        """Give what it became to the element around it."""
        if outer.name in _TOKENS:
            outer.text += self.text or [part.tex for part in self.parts]
        elif self.is_drawn and self.name in _TRANSPARENT:
            outer.parts += self.parts
        else:
            outer.parts.append(self.build())

    def build(self) -> Part:
        """What the element becomes, now that all below it is known."""
        name, parts = self.name, self.parts
        if name in _TOKENS or name == "utext":
            return read_token(name, "".join(self.text).translate(_INVISIBLE), self.attributes)
        if self.is_drawn and name in REDRAWN:
            return Part(REDRAWN[name](parts, self.attributes), name)
        if build := ELEMENTS.get(name):
            return Part(build(parts, self.attributes), name)
        said = [part for part in parts if part.tex]
        if len(said) != 1:
            return Part(join_row(said), name)
        return Part(said[0].tex, name, said[0].symbol) if name in _PLACES else said[0]

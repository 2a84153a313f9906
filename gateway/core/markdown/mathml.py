"""Presentation MathML to TeX, by tables: what each element becomes, what each character is called.

The packages that do this read strict XML, recurse once for each nesting and lose the fences of matrices; a page
may leave elements open and nest them as deep as it likes. Here the tree is the page's own, and a stack is kept.
MathJax's drawn output, whose elements are named after MathML's, is read by the same tables.

Source: MathML Core (presentation elements), MathML 3 (mfenced, menclose, mlabeledtr); TeX names of characters as
in the package unicode-math.
"""

import re
from collections.abc import Callable

from selectolax.lexbor import LexborNode

from gateway.core.dom.tags import TEXT
from gateway.core.markdown.tex_names import ARROWS, LIMITS, MATRICES, OVER, UNDER
from gateway.core.markdown.tex_tokens import COMMAND_END, Part, read_operator, read_token

# what nests deeper is left out
_MAX_DEPTH = 500
# and so is what comes later
_MAX_NODES = 20_000

_INVISIBLE = dict.fromkeys(
    map(ord, "\u2061\u2062\u2063\u2064\u200b\u200c\u200d\u200e\u200f\ufeff\u2060\ufe0e\ufe0f")
)
_ONE = re.compile(r"\\?[A-Za-z]|\\[A-Za-z]+|[^\\{}^_'\s]|\\[^A-Za-z\s]|\\[a-zA-Z]+\{[^{}]*\}")
_TALL = re.compile(r"\\(?:frac|sum|prod|int|begin|binom|over|under|sqrt|left|big)")
_LOOSE = re.compile(r" ([=+-]) ")
_CODE_POINT = re.compile(r"\bmjx-c([0-9A-F]{2,6})\b")
_EM = re.compile(r"\s*(\d{1,4}(?:\.\d{0,9})?)em")


Build = Callable[[list[Part], dict[str, str | None]], str]


def tex_of_mathml(math: LexborNode) -> str:
    """The TeX of a `<math>`, or of the tree that MathJax drew from one."""
    seen = 0
    stack = [_Frame("mrow", {}, is_drawn=False)]
    waiting: list[LexborNode | None] = [math.first_child]
    while True:
        node = waiting[-1]
        if node is None or seen > _MAX_NODES:
            waiting.pop()
            frame = stack.pop()
            if not stack:
                return frame.build().tex
            frame.end(stack[-1])
            continue
        waiting[-1] = node.next
        seen += 1
        if node.tag_id == TEXT:
            stack[-1].add_text(node.text_content or "")
        elif node.is_element_node and len(stack) <= _MAX_DEPTH:
            tag = (node.tag or "").rpartition(":")[2]
            name = tag.removeprefix("mjx-")
            if name in _LEFT_OUT:
                continue
            attributes = node.attributes
            if name in _CHARACTERS and (drawn := _CODE_POINT.search(attributes.get("class") or "")):
                stack[-1].add_text(_char(drawn[1]))
                continue
            stack.append(_Frame(name, attributes, is_drawn=name != tag))
            waiting.append(node.first_child)


_LEFT_OUT = frozenset(
    "annotation annotation-xml surd nstrut dstrut tstrut strut line spacer style assistive-mml".split()
)
# which MathJax draws by a style sheet
_CHARACTERS = frozenset(("c", "stretchy-v", "stretchy-h"))
# of MathJax's
_TRANSPARENT = frozenset("frac dbox dtable row itable table sqrt script".split())
_PLACES = frozenset("num den base over under root box".split())
_TOKENS = frozenset("mi mn mo mtext ms".split())


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
        if self.is_drawn and name in _REDRAWN:
            return Part(_REDRAWN[name](parts, self.attributes), name)
        if build := _ELEMENTS.get(name):
            return Part(build(parts, self.attributes), name)
        said = [part for part in parts if part.tex]
        if len(said) != 1:
            return Part(join_row(said), name)
        return Part(said[0].tex, name, said[0].symbol) if name in _PLACES else said[0]


def join_row(parts: list[Part]) -> str:
    """Parts side by side, the fences around a matrix joined to it."""
    parts = [part for part in parts if part.tex]
    if len(parts) == 1:
        return parts[0].tex
    parts = _join_matrices(parts)
    _stretch(parts)
    pieces: list[str] = []
    last = ""
    for index, part in enumerate(parts):
        tex = part.tex
        if part.kind == "infix":
            is_first = index == 0 or parts[index - 1].kind in ("infix", "open", "comma")
            tex = tex if is_first else f" {tex} "
            if is_first and part.symbol not in "+-−±∓":
                tex += " "
        elif part.kind == "comma":
            tex += " "
        if last and tex and _would_run_on(last, tex):
            pieces.append(" ")
        pieces.append(tex)
        last = tex
    return "".join(pieces).strip()


def _would_run_on(last: str, tex: str) -> bool:
    """Whether two pieces need a space between them to be read, or are read more easily with one."""
    if tex[0] == "\\":
        return (last[-1].isalnum() or last[-1] == "}") and not tex.startswith("\\right")
    return (tex[0].isalpha() and bool(COMMAND_END.search(last))) or (last[-1].isdigit() and tex[0].isdigit())


def _join_matrices(parts: list[Part]) -> list[Part]:
    joined: list[Part] = []
    at = 0
    while at < len(parts):
        part = parts[at]
        before = joined[-1].symbol if joined and joined[-1].kind in ("open", "fence") else ""
        after = (
            parts[at + 1].symbol if at + 1 < len(parts) and parts[at + 1].kind in ("close", "fence") else ""
        )
        if part.kind == "mtable" and (name := MATRICES.get((before, after))):
            joined.pop()
            joined.append(
                Part(
                    part.tex.replace("{matrix}", f"{{{name}}}").replace("{aligned}", f"{{{name}}}"), "mtable"
                )
            )
            at += 1 if after else 0
        elif part.kind == "mfrac" and part.tex.startswith("{") and (before, after) == ("(", ")"):
            joined.pop()
            top, _, bottom = part.tex[1:-1].partition(" \\atop ")
            joined.append(Part(f"\\binom{{{top}}}{{{bottom}}}", "mfrac"))
            at += 1
        else:
            joined.append(part)
        at += 1
    return joined


def _stretch(parts: list[Part]) -> None:
    """Let the fences around something tall grow with it."""
    opened: list[int] = []
    tall = [bool(_TALL.search(part.tex)) for part in parts]
    count = [0]
    for is_tall in tall:
        count.append(count[-1] + is_tall)
    for at, part in enumerate(parts):
        if part.kind == "open":
            opened.append(at)
        elif part.kind == "close" and opened:
            start = opened.pop()
            if count[at] - count[start]:
                parts[start].tex = f"\\left{parts[start].tex}"
                part.tex = f"\\right{part.tex}"


def group_argument(tex: str) -> str:
    """An argument of a script: bare when it is one token."""
    tex = _LOOSE.sub(r"\1", tex)
    return tex if len(tex) == 1 and tex.isalnum() else f"{{{tex}}}"


def _base(part: Part) -> str:
    tex = part.tex
    if tex.startswith("(") and tex.endswith(")"):
        return tex
    return (
        tex if not tex or _ONE.fullmatch(tex) or part.kind in ("mi", "mn", "large", "close") else f"{{{tex}}}"
    )


def _get(parts: list[Part], index: int) -> Part:
    return parts[index] if index < len(parts) else Part("")


def _of(parts: list[Part], kind: str, index: int) -> Part:
    """An argument by MathJax's name for it, or by its place."""
    return next((part for part in parts if part.kind == kind), None) or _get(parts, index)


def _fraction(parts: list[Part], attributes: dict[str, str | None]) -> str:
    top, bottom = _of(parts, "num", 0).tex, _of(parts, "den", 1).tex
    if (attributes.get("linethickness") or "").strip() in ("0", "0px", "0pt", "0em", "0.0pt"):
        return f"{{{top} \\atop {bottom}}}"
    if attributes.get("bevelled") == "true":
        return f"{{{top}}}/{{{bottom}}}"
    return f"\\frac{{{top}}}{{{bottom}}}"


def _script(base: Part, sub: str, sup: Part | None) -> str:
    tex = _base(base) or "{}"
    if sub:
        tex += f"_{group_argument(sub)}"
    if sup is not None and sup.tex:
        tex += sup.tex if not sup.tex.strip("'") else f"^{group_argument(sup.tex)}"
    return tex


def _sub(parts: list[Part], attributes: dict[str, str | None]) -> str:
    return _script(_get(parts, 0), _get(parts, 1).tex, None)


def _sup(parts: list[Part], attributes: dict[str, str | None]) -> str:
    return _script(_get(parts, 0), "", _get(parts, 1))


def _sub_sup(parts: list[Part], attributes: dict[str, str | None]) -> str:
    return _script(_get(parts, 0), _get(parts, 1).tex, _get(parts, 2))


def _has_limits(base: Part) -> bool:
    return base.tex.removeprefix("\\") in LIMITS or base.tex.startswith(("\\underbrace", "\\overbrace"))


def _over(parts: list[Part], attributes: dict[str, str | None]) -> str:
    return _under_over([_of(parts, "base", 0), Part(""), _of(parts, "over", 1)], attributes)


def _under(parts: list[Part], attributes: dict[str, str | None]) -> str:
    return _under_over([_of(parts, "base", 0), _of(parts, "under", 1), Part("")], attributes)


def _under_over(parts: list[Part], attributes: dict[str, str | None]) -> str:
    base, under, over = _of(parts, "base", 0), _of(parts, "under", 1), _of(parts, "over", 2)
    tex = base.tex
    if (arrow := ARROWS.get(tex.removeprefix("\\"))) and (under.tex or over.tex):
        return f"\\{arrow}{f'[{under.tex}]' if under.tex else ''}{{{over.tex}}}"
    if _has_limits(base):
        tex += f"_{group_argument(under.tex)}" if under.tex else ""
        return tex + (f"^{group_argument(over.tex)}" if over.tex else "")
    if under.tex:
        name = UNDER.get(under.symbol)
        tex = f"\\{name}{{{tex}}}" if name else f"\\underset{{{under.tex}}}{{{tex}}}"
    if over.tex:
        names = OVER.get(over.symbol)
        accent = names[0 if _ONE.fullmatch(tex) else 1] if names else f"overset{{{over.tex}}}"
        tex = f"\\{accent}{{{tex}}}"
    return tex


def _multi(parts: list[Part], attributes: dict[str, str | None]) -> str:
    at = next((index for index, part in enumerate(parts) if part.kind == "mprescripts"), len(parts))
    after, before = parts[1:at], parts[at + 1 :]
    tex = "".join(_pairs(before))
    return (f"{{}}{tex}" if tex else "") + (_base(_get(parts, 0)) or "{}") + "".join(_pairs(after))


def _pairs(parts: list[Part]) -> list[str]:
    pieces = []
    for index, part in enumerate(parts):
        if part.tex:
            pieces.append(f"{'^' if index % 2 else '_'}{group_argument(part.tex)}")
    return pieces


def _table(parts: list[Part], attributes: dict[str, str | None]) -> str:
    align = (attributes.get("columnalign") or "").split()
    name = "aligned" if align[:2] == ["right", "left"] else "matrix"
    rows = " \\\\ ".join([part.tex for part in parts])
    return f"\\begin{{{name}}} {rows} \\end{{{name}}}"


def _cells(parts: list[Part], attributes: dict[str, str | None]) -> str:
    return " & ".join([part.tex for part in parts])


def _labeled(parts: list[Part], attributes: dict[str, str | None]) -> str:
    return _cells(parts[1:], attributes)


def _fenced(parts: list[Part], attributes: dict[str, str | None]) -> str:
    opening, closing = attributes.get("open", "("), attributes.get("close", ")")
    separators = (attributes.get("separators", ",") or "").replace(" ", "")
    inside: list[Part] = []
    for index, part in enumerate(parts):
        if index and separators:
            mark = separators[min(index - 1, len(separators) - 1)]
            inside.append(read_operator(mark))
        inside.append(part)
    opened, closed = read_operator(opening or ""), read_operator(closing or "")
    if opened.tex == ".":
        opened.tex = ""
    if closed.tex == ".":
        closed.tex = ""
    return join_row([opened, *inside, closed])


def _enclosed(parts: list[Part], attributes: dict[str, str | None]) -> str:
    inner = join_row(parts)
    for notation in (attributes.get("notation") or "longdiv").split():
        if name := _NOTATIONS.get(notation):
            return f"\\{name}{{{inner}}}"
    return inner


_NOTATIONS = {"box": "boxed", "roundedbox": "boxed", "updiagonalstrike": "cancel", "downdiagonalstrike": "bcancel",
              "horizontalstrike": "cancel", "top": "overline", "bottom": "underline", "radical": "sqrt"}  # fmt: skip


def _space(parts: list[Part], attributes: dict[str, str | None]) -> str:
    width = _EM.match(attributes.get("width") or "")
    if width is None:
        return ""
    ems = float(width[1])
    return "\\qquad " if ems >= 2 else "\\quad " if ems >= 1 else "\\ " if ems > 0.3 else ""


def _first(parts: list[Part], attributes: dict[str, str | None]) -> str:
    return _get(parts, 0).tex


def _drawn_scripts(parts: list[Part], attributes: dict[str, str | None]) -> str:
    """The upper one stands first."""
    return _script(_get(parts, 0), _get(parts, 2).tex, _get(parts, 1))


def _drawn_under_over(parts: list[Part], attributes: dict[str, str | None]) -> str:
    over = next((part for part in parts if part.kind == "over"), None)
    box = next((part for part in parts if part.kind == "box"), None)
    if over is None or box is None:
        return _drawn_scripts(parts, attributes)
    is_limit = box.tex[1:].partition("_")[0] in LIMITS
    return f"{box.tex}^{group_argument(over.tex)}" if is_limit else f"\\overset{{{over.tex}}}{{{box.tex}}}"


_REDRAWN: dict[str, Build] = {
    "msubsup": _drawn_scripts,
    "munderover": _drawn_under_over,
    "mroot": lambda parts, _: f"\\sqrt[{_of(parts, 'root', 0).tex}]{{{_of(parts, 'box', 1).tex}}}",
}
_ELEMENTS: dict[str, Build] = {
    "mfrac": _fraction,
    "msqrt": lambda parts, _: f"\\sqrt{{{join_row(parts)}}}",
    "mroot": lambda parts, _: f"\\sqrt[{_get(parts, 1).tex}]{{{_get(parts, 0).tex}}}",
    "msub": _sub,
    "msup": _sup,
    "msubsup": _sub_sup,
    "munder": _under,
    "mover": _over,
    "munderover": _under_over,
    "mmultiscripts": _multi,
    "mtable": _table,
    "mtr": _cells,
    "mlabeledtr": _labeled,
    "mfenced": _fenced,
    "menclose": _enclosed,
    "mspace": _space,
    "mphantom": lambda parts, _: "",
    "maction": _first,
    "semantics": _first,
    "none": lambda parts, _: "",
}

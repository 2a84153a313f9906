"""What each element of MathML becomes, and those that MathJax draws in another order.

Source: MathML Core (presentation elements), MathML 3 (mfenced, menclose, mlabeledtr).
"""

import re
from collections.abc import Callable

from gateway.core.markdown.tex_names import ARROWS, LIMITS, OVER, UNDER
from gateway.core.markdown.tex_rows import group_argument, join_row
from gateway.core.markdown.tex_tokens import Part, read_operator

_ONE = re.compile(r"\\?[A-Za-z]|\\[A-Za-z]+|[^\\{}^_'\s]|\\[^A-Za-z\s]|\\[a-zA-Z]+\{[^{}]*\}")
_EM = re.compile(r"\s*(\d{1,4}(?:\.\d{0,9})?)em")

Build = Callable[[list[Part], dict[str, str | None]], str]


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


REDRAWN: dict[str, Build] = {
    "msubsup": _drawn_scripts,
    "munderover": _drawn_under_over,
    "mroot": lambda parts, _: f"\\sqrt[{_of(parts, 'root', 0).tex}]{{{_of(parts, 'box', 1).tex}}}",
}
ELEMENTS: dict[str, Build] = {
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

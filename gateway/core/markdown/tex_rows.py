"""Pieces of TeX side by side: the spaces between them, fences that grow, the brackets of matrices."""

import re

from gateway.core.markdown.tex_names import MATRICES
from gateway.core.markdown.tex_tokens import COMMAND_END, Part

_TALL = re.compile(r"\\(?:frac|sum|prod|int|begin|binom|over|under|sqrt|left|big)")
_LOOSE = re.compile(r" ([=+-]) ")


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

"""Formulas: the TeX that a page carries, or MathML turned into TeX."""

import re

from selectolax.lexbor import LexborNode

# TeX ignores the space that keeps markdown from seeing an entity, emphasis, a link, strikethrough
_MISREAD = re.compile(r"&(?=#?\w+;)|(?<![^\W_])_(?=\S)|\](?=[(\[:])|~(?=~)")


def tex_of(math: LexborNode) -> str:
    """TeX of a `<math>` element: its annotation, its `alttext`, or a plain reading of the MathML."""
    for annotation in math.css("annotation"):
        if "tex" in (annotation.attrs.get("encoding") or "").lower():
            return fold(annotation.text(deep=True))
    if alternative := math.attrs.get("alttext"):
        return fold(alternative)
    return fold(math.text(deep=True, separator=" "))


def fold(tex: str) -> str:
    """One line, without the delimiters or anything that markdown would read as its own."""
    tex = " ".join(tex.split())
    for start, end in (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]")):
        if len(tex) > len(start) + len(end) and tex.startswith(start) and tex.endswith(end):
            tex = tex[len(start) : -len(end)].strip()
    if tex.startswith("{\\displaystyle ") and tex.endswith("}"):
        tex = tex[len("{\\displaystyle ") : -1].strip()
    tex = tex.replace("$", "\\$").replace("<", " \\lt ").replace("*", " * ").replace("`", "'")
    tex = _MISREAD.sub(lambda match: match[0] + " ", tex)
    return " ".join(tex.split()).rstrip("\\")  # which would escape the closing delimiter

"""Formulas: the TeX that a page carries, or what it draws turned into TeX."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from msgspec import Struct
from selectolax.lexbor import LexborNode

from gateway.core.markdown.katex import tex_of_katex
from gateway.core.markdown.mathml import tex_of_mathml

# TeX ignores the space that keeps markdown from seeing an entity, emphasis, a link, strikethrough
_MISREAD = re.compile(r"&(?=#?\w+;)|(?<![^\W_])_(?=\S)|\](?=[(\[:])|~(?=~)")
# the name of an environment ends in a star that TeX wants there
_MARKS = re.compile(r"\\(?:begin|end)\{[A-Za-z]{1,20}\*\}|\\.|[$<*`]")
_WRITTEN = {"$": "\\$", "<": " \\lt ", "*": " * ", "`": "'"}
_DELIMITERS = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"))
_NAMED = re.compile(r"(?:^|[\s_-])(?:math|latex|tex|equations?|formulas?|eqn?|mathml)(?:$|[\s_-])")
_IN_TEX = re.compile(r"[\\^_={}<>+]")
_LIKE_TEX = re.compile(r"[\\^_={}<>+]|^[\w.,()]{1,4}$")
_SERVICE = re.compile(r"latex|equation|mathtex|mimetex|cht=tx|[?&](?:tex|chl)=")
_DISPLAY_STYLE = re.compile(r"^\\displaystyle(?![A-Za-z])\s*")
_SURELY_TEX = re.compile(r"\\[A-Za-z{}]|[\^_]")
# that MathJax draws where they stand
_ENVIRONMENTS = "equation align gather multline eqnarray alignat flalign".split()
_DELIMITER = re.compile(rf"(\\[()\[\]]|(?<!\\)\$\$?|\\(?:begin|end)\{{(?:{'|'.join(_ENVIRONMENTS)})\*?\}})")
_CLOSING = {"\\(": "\\)", "\\[": "\\]", "$$": "$$", "$": "$"} | {
    f"\\begin{{{name}{star}}}": f"\\end{{{name}{star}}}" for name in _ENVIRONMENTS for star in ("", "*")
}
# characters between dollars
_MAX_DOLLARS = 2000
_QUERY_NAMES = ("latex", "tex", "chl", "eq", "formula")
_MAX_SOURCE_CHARS = 4000


def tex_of(math: LexborNode) -> str:
    """TeX of a `<math>` element or of what MathJax drew: its annotation, its `alttext`, or its MathML read as TeX."""
    for annotation in math.css("annotation"):
        if "tex" in (annotation.attrs.get("encoding") or "").lower():
            return fold(annotation.text(deep=True))
    if alternative := math.attrs.get("alttext"):
        return fold(alternative)
    source = math if math.tag == "math" else math.css_first("math") or math
    return fold(tex_of_mathml(source)) or fold(source.text(deep=True, separator=" "))


def is_lone_drawing(node: LexborNode) -> bool:
    """Whether it is KaTeX's drawing of a formula, and no MathML stands before it."""
    return node.prev is None and "katex-html" in (node.attrs.get("class") or "")


def is_drawn_apart(drawing: LexborNode) -> bool:
    """Whether KaTeX's drawing is a block."""
    outer = drawing.parent.parent if drawing.parent is not None else None
    return outer is not None and "katex-display" in (outer.attrs.get("class") or "")


def tex_of_drawing(drawing: LexborNode) -> str:
    """TeX of what KaTeX drew, where its MathML is not on the page."""
    return fold(tex_of_katex(drawing))


def tex_of_image(attributes: Mapping[str, str | None]) -> str:
    """TeX of an image that shows a formula, from its `alt` or its address; "" for any other image."""
    source = attributes.get("src") or attributes.get("data-src") or ""
    classes = attributes.get("class") or ""
    address = source[:_MAX_SOURCE_CHARS].lower()
    hints = f"{classes.lower()} {address}"
    if not (
        "eq" in hints
        or "tex" in hints
        or "math" in hints
        or "formula" in hints
        or "cht=tx" in hints
        or "chl=" in hints
    ):
        # as nearly all of them
        return ""
    is_served = _SERVICE.search(address) is not None
    if not is_served and not _NAMED.search(classes.lower()):
        return ""
    alt = (attributes.get("alt") or "").strip()
    if alt and (_LIKE_TEX.search(alt) or "mwe-math" in classes or "latex" in classes.split()):
        return fold(alt)
    if not is_served or len(source) > _MAX_SOURCE_CHARS:
        return ""
    try:
        query = urlsplit(source).query
    except ValueError:
        return ""
    for name, value in parse_qsl(query, max_num_fields=50) if query.count("&") < 50 else ():
        if name in _QUERY_NAMES:
            return fold(value)
    # codecogs: all of the query is TeX
    bare = unquote_plus(query.replace("&space;", " "))
    return fold(bare) if _LIKE_TEX.search(bare) and "=" not in query.partition("\\")[0] else ""


class Piece(Struct):
    """A piece of running text: words, or a formula between delimiters."""

    text: str
    # that opens the formula
    delimiter: str = ""


def split_formulas(text: str) -> list[Piece]:
    """Running text apart from the formulas that a script was to draw.

    They stand in `\\(…\\)`, `\\[…\\]`, `$$…$$`, `$…$`, or in an environment: `\\begin{align}…\\end{align}`.
    Dollars are prices far more often: between two of them must stand what only TeX has.
    """
    # text, delimiter, text, …, delimiter, text
    pieces = _DELIMITER.split(text)
    found: list[Piece] = []
    plain, at = [pieces[0]], 1
    while at + 2 < len(pieces):
        opening, end = pieces[at], at + 2
        while not _is_environment(opening) and end < len(pieces) - 2 and _is_environment(pieces[end]):
            # a part of the formula
            end += 2
        inner, closing, after = "".join(pieces[at + 1 : end]), pieces[end], pieces[end + 1]
        if _CLOSING.get(opening) == closing and _is_formula(opening, inner, before=plain[-1], after=after):
            formula = f"{opening}{inner}{closing}" if _is_environment(opening) else inner
            found += [Piece("".join(plain)), Piece(formula, opening)]
            plain = [after]
            at = end + 2
        else:
            plain += pieces[at : at + 2]
            at += 2
    plain += pieces[at:]
    return [*found, Piece("".join(plain))]


def _is_environment(delimiter: str) -> bool:
    return delimiter[-1] == "}"


def _is_formula(delimiter: str, inner: str, *, before: str, after: str) -> bool:
    if not inner or inner.isspace():
        return False
    if delimiter == "$$":
        return len(inner) < _MAX_DOLLARS and (len(inner.strip()) == 1 or _IN_TEX.search(inner) is not None)
    if delimiter == "$":
        return (
            len(inner) < _MAX_DOLLARS
            and not (inner[0].isspace() or inner[-1].isspace())
            and not (before[-1:].isalnum() or after[:1].isalnum())
            and _SURELY_TEX.search(inner) is not None
        )
    return True


def fold(tex: str) -> str:
    """One line, without the delimiters or anything that markdown would read as its own."""
    tex = " ".join(tex.split())
    for start, end in _DELIMITERS:
        if len(tex) > len(start) + len(end) and tex.startswith(start) and tex.endswith(end):
            tex = tex[len(start) : -len(end)].strip()
    if tex.startswith("{\\displaystyle ") and tex.endswith("}"):
        tex = tex[len("{\\displaystyle ") : -1].strip()
    tex = _DISPLAY_STYLE.sub("", tex)
    tex = _MARKS.sub(lambda match: _WRITTEN.get(match[0], match[0]), tex)
    tex = _MISREAD.sub(lambda match: match[0] + " ", tex)
    # which would escape the closing delimiter
    return " ".join(tex.split()).rstrip("\\")

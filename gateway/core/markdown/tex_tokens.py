"""A letter, number, operator or text of MathML as a piece of TeX."""

import re
import unicodedata

from msgspec import Struct

from gateway.core.markdown.tex_names import (
    CLOSING,
    FUNCTIONS,
    INFIX,
    LARGE,
    LETTERS,
    OPENING,
    STYLES,
    VARIANTS,
)

_ESCAPES = str.maketrans({
    "\\": "\\backslash ", "{": "\\{", "}": "\\}", "#": "\\#", "%": "\\%", "&": "\\&", "_": "\\_", "^": "\\wedge ",
})  # fmt: skip
_TEXT_ESCAPES = str.maketrans({
    "\\": "\\textbackslash ", "{": "\\{", "}": "\\}", "#": "\\#", "%": "\\%", "&": "\\&", "_": "\\_", "^": "\\^{}",
    "~": "\\~{}",
})  # fmt: skip
PRIMES = {"′": "'", "'": "'", "″": "''", "‴": "'''", "⁗": "''''", "''": "''", "′′": "''", "′′′": "'''"}
# a letter after it would be read as part of its name
COMMAND_END = re.compile(r"\\[A-Za-z]+\Z")


class Part(Struct):
    """A piece of TeX, and what kind of MathML it came from."""

    tex: str
    # name of the element, "infix", "open", "close", "blank"
    kind: str = ""
    # the character of an operator
    symbol: str = ""


def read_token(name: str, text: str, attributes: dict[str, str | None]) -> Part:
    """A token element: its name, its text without invisible characters, its attributes."""
    if name in ("mtext", "utext"):
        inner = " ".join(text.split())
        if not inner:
            return Part("\\ " if text else "", "blank")
        before, after = " " * (text[0].isspace()), " " * (text[-1].isspace())
        return Part(f"\\text{{{before}{inner.translate(_TEXT_ESCAPES)}{after}}}", name)
    text = " ".join(text.split())
    if name == "mo":
        return read_operator(text)
    if name == "ms":
        return Part(f'\\text{{"{text.translate(_TEXT_ESCAPES)}"}}', name)
    if not text:
        return Part("", name)
    variant = VARIANTS.get((attributes.get("mathvariant") or "").lower(), "")
    if name == "mi" and (named := text.replace(" ", "")) in FUNCTIONS:
        return Part("\\" + named, name)
    if text in PRIMES:
        return Part(PRIMES[text], "mo", text)
    plain, style = _letters(text)
    if name == "mi" and not (style or variant) and len(text) > 1 and text.isalpha() and text.isascii():
        variant = "mathrm"
    style = variant or style
    if style == "mathrm" and not text.isascii():
        style = ""
    return Part(f"\\{style}{{{plain}}}" if style else plain, name)


def _letters(text: str) -> tuple[str, str]:
    """TeX of letters and digits, and the alphabet that all of them are of."""
    pieces: list[str] = []
    styles: set[str] = set()
    for char in text:
        style = ""
        if char not in LETTERS and ord(char) > 0x2100:
            known = unicodedata.name(char, "")
            if "MATHEMATICAL" in known or 0x2100 < ord(char) < 0x2150:
                style = next((tex for name, tex in STYLES if name in known), "")
                folded = unicodedata.normalize("NFKC", char)
                char = folded if len(folded) == 1 else char
        styles.add(style)
        name = LETTERS.get(char) or INFIX.get(char) or LARGE.get(char)
        piece = char.translate(_ESCAPES) if name is None else name if name == "-" else "\\" + name
        if pieces and COMMAND_END.search(pieces[-1]) and piece[:1].isalpha():
            pieces.append(" ")
        pieces.append(piece)
    return "".join(pieces).rstrip(), styles.pop() if len(styles) == 1 else ""


def read_operator(text: str) -> Part:
    """An operator, with what kind it is."""
    if text in PRIMES:
        return Part(PRIMES[text], "mo", text)
    if not text:
        return Part("")
    if (named := text.replace(" ", "")) in FUNCTIONS:
        return Part("\\" + named, "mi")
    if name := LARGE.get(text):
        return Part("\\" + name, "large", text)
    if name := INFIX.get(text):
        return Part(name if name == "-" else "\\" + name, "infix", text)
    if text in ("+", "-", "=", ":=", "::", ":", "/", "*", "=="):
        return Part(text, "infix" if text != "/" else "mo", text)
    if text in OPENING and text in CLOSING:
        return Part(OPENING[text], "fence", text)
    if text in OPENING:
        return Part(OPENING[text], "open", text)
    if text in CLOSING:
        return Part(CLOSING[text], "close", text)
    if text in (",", ";"):
        return Part(text, "comma", text)
    if len(text) > 1 and text.isalpha():
        return Part(f"\\mathrm{{{text}}}" if text.isascii() else text, "mi")
    return Part(_letters(text)[0], "mo", text)

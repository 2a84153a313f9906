"""Lines with marks that no reader can take for anything else, written in one go: most of those that have any.

What is written here, `inline.py` would write the same, after a closer look at what stands around each mark.
"""

from collections.abc import Callable

from gateway.core.markdown.emphasis import flanks
from gateway.core.markdown.escape import code_span, escape, may_need_escape
from gateway.core.markdown.line import CLOSE, Code, Mark, Token
from gateway.wire import LinkStyle

DELIMITERS = {"strong": "**", "em": "*", "del": "~~"}
# may follow an emphasis that ends in a letter, and leaves no doubt that it ends there
AFTER = frozenset(("", " ", ".", ",", ";", ":", "!", "?", ")"))


def join_certain(
    tokens: list[Token],
    links: LinkStyle,
    link: Callable[[str], tuple[str, str]],
    found: dict[tuple[str, str], None],
    *,
    signed: bool,
    bold: bool,
) -> tuple[str, str] | None:
    """Markdown and text of a line; None where it takes a closer look.

    That is where emphasis stands inside of another or could be read otherwise, where code touches code, where a link
    follows an exclamation mark or says its address, and where something is raised.

    Args:
        link: what stands before and after the text of a link, by its address.
        found: gets the links, by address and text.
        signed: whether a text may need an escape.
        bold: whether strong emphasis says anything here.
    """
    pieces: list[str] = []
    texts: list[str] = []
    # with the pieces and texts before them
    opened: list[tuple[Mark, int, int]] = []
    brackets, linked, in_emphasis = links == "reference", False, False
    # the last piece but delimiters; the character that an emphasis ends in that nothing has followed yet
    last = end = ""
    pairs, certain, last_code = 0, True, -2
    for token in tokens:
        if isinstance(token, str):
            text = piece = token
            if signed and may_need_escape(token):
                piece = escape(token, in_link=brackets or linked)
        elif token is CLOSE:
            mark, at, at_text = opened.pop()
            if mark.kind == "a":
                linked = False
                text, url = "".join(texts[at_text:]), mark.url
                if text == url:
                    return None
                found[url, text.strip()] = None
                if last := link(url)[1]:
                    pieces.append(last)
                    certain = certain and (not end or end.isalnum())
            elif mark.kind in DELIMITERS and (bold or mark.kind != "strong"):
                in_emphasis = False
                if len(pieces) == at + 1:
                    pieces.pop()
                    continue
                left = pieces[at - 1][-1] if at else ""
                first, end = pieces[at + 1][0], pieces[-1][-1]
                if not flanks(left, first):
                    return None
                pairs += 1
                # it ends nothing where it opens
                certain = certain and left in ("", " ")
                pieces[at] = DELIMITERS[mark.kind]
                pieces.append(pieces[at])
            continue
        elif isinstance(token, Mark):
            opened.append((token, len(pieces), len(texts)))
            kind = token.kind
            if kind == "a":
                if linked or last.endswith("!"):
                    return None
                linked = True
                if links == "none":
                    continue
                text, piece = "", "["
            elif kind in DELIMITERS:
                if bold or kind != "strong":
                    if in_emphasis:
                        return None
                    in_emphasis = True
                    pieces.append("")
                continue
            elif kind == "spent":
                continue
            else:
                return None
        elif isinstance(token, Code):
            if last_code == len(pieces) - 1:
                return None
            last_code = len(pieces)
            text, piece = token.text, code_span(token.text)
        else:
            text, piece = token.text, token.markdown
            if not piece:
                return None
        if end:
            if not flanks(piece[0], end):
                return None
            # it opens nothing where it ends
            certain = certain and (piece[0] == " " or (piece[0] in AFTER and end.isalnum()))
            end = ""
        pieces.append(piece)
        texts.append(text)
        last = piece
    if (end and not flanks("", end)) or not (certain or pairs < 2):
        return None
    return "".join(pieces).strip(), "".join(texts).strip()

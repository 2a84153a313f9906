r"""What must be escaped so that CommonMark reads text as text, and no more than that.

CommonMark reads most punctuation as itself: `5 * 3`, `snake_case`, `[1]` and `a < b` need nothing. A
backslash costs the reader a token and the eye a stumble, so each rule below asks whether the character
could be misread where it stands.

Source: CommonMark 0.31 sections 2.4 (backslash escapes), 4 (leaf blocks), 6 (inlines); GFM tables.
"""

import re
import unicodedata

# without any of them nothing needs an escape
SIGNS = "\\`*_[]<&~"
SPECIAL = re.compile(f"[{re.escape(SIGNS)}]")
_SHORT_CHARS = 40
_RISKS = r"""
    \\(?=[!-/:-@\[-`{-~]|$)            # escapes what follows
  | `
  | (?<!\s)\* | \*(?!\s)               # opens or closes emphasis
  | (?<![^\W_])_ | _(?![^\W_])         # the same, but never inside a word
  | <(?=[A-Za-z/!?{or_end})            # a tag or an autolink
  | &(?=\#?\w{1,32};)                  # an entity
  | ~(?=~) | (?<=~)~ {or_tilde}        # strikethrough
"""
# the text of a link, footnote, definition
_OPENING = r"| \[(?!(?:[^\[\]^][^\[\]]*)?\](?![(\[:{or_end}))"


def _risks(more: str, *, edges: bool) -> str:
    # `edges`: another token may follow, so the end of the text is as good as the worst character
    pattern = (_RISKS + more).replace("{or_end}", "]|$" if edges else "]")
    return pattern.replace("{or_tilde}", "| ^~ | ~$" if edges else "")


_IN_BLOCK = re.compile(_risks(_OPENING, edges=False), re.X)
_IN_TOKEN = re.compile(_risks(_OPENING, edges=True), re.X)
_IN_LINK = re.compile(_risks(r"| [\[\]]", edges=True), re.X)

_BLOCK_START = re.compile(
    r"""
      \#{1,6}(?=\s|$)
    | >
    | [-+*](?=\s|$)
    | \d{1,9}(?=[.)](?:\s|$))
    | =++\s*+$ | -++\s*+$
    | (?:-[ \t]*+){3,}+$ | (?:_[ \t]*+){3,}+$
    | ~~~
    | [|:][-:|\s]*+$ | -(?=[^|]*+\|)[-:|\s]*+$
    """,
    re.X,
)
_FENCE_RUN = re.compile(r"`+")


def may_need_escape(text: str) -> bool:
    """Whether a text holds any of the characters that may need one."""
    if len(text) < _SHORT_CHARS:
        return SPECIAL.search(text) is not None
    # a look for one character takes hardly more time in a long text
    return (
        "_" in text
        or "&" in text
        or "*" in text
        or "[" in text
        or "]" in text
        or "`" in text
        or "<" in text
        or "~" in text
        or "\\" in text
    )


def escape(text: str, *, alone: bool = False, in_link: bool = False) -> str:
    """Escape running text (for the start of a line, see `escape_start`).

    Args:
        text: white space folded.
        alone: nothing else stands in the block, so a lone delimiter has no partner to pair with.
        in_link: escape every bracket, as a link's text needs, and a page with reference definitions.
    """
    if not may_need_escape(text):
        return text
    lone = {mark for mark in "*_`" if text.count(mark) == 1} if alone else ()
    at_risk = (_IN_LINK if in_link else _IN_BLOCK if alone else _IN_TOKEN).match

    def escape_one(special: re.Match[str]) -> str:
        mark = special[0]
        return mark if mark in lone or not at_risk(text, special.start()) else "\\" + mark

    # each of the rules asks for one of these characters: to try them at all others took most of the time
    return SPECIAL.sub(escape_one, text)


def escape_part(text: str, in_link: bool) -> str:
    """`escape` for a text beside marks."""
    return escape(text, in_link=in_link)


def escape_start(line: str) -> str:
    """Escape a line of markdown that begins like a heading, list, quote, rule, fence or table row."""
    if line[:1] not in STARTERS:
        return line
    match = _BLOCK_START.match(line)
    if match is None:
        return line
    if line[0].isdigit():
        return f"{match[0]}\\{line[match.end() :]}"
    return "\\" + line


# of a line that may be read otherwise
STARTERS = frozenset("#>-+*=_~|:0123456789") | {""}


def escape_lines(markdown: str) -> str:
    """`escape_start` for every line of a paragraph."""
    if "\n" not in markdown:
        return escape_start(markdown) if markdown[:1] in STARTERS else markdown
    return "\n".join([escape_start(line) for line in markdown.split("\n")])


def escape_heading(markdown: str) -> str:
    """Escape what an ATX heading would take for its closing sequence of `#`."""
    bare = markdown.rstrip("#")
    if bare != markdown and (not bare or bare[-1] == " "):
        return f"{bare}\\{markdown[len(bare) :]}"
    return markdown


def longest_run(text: str) -> int:
    """Length of the longest run of backticks."""
    return max(map(len, _FENCE_RUN.findall(text)), default=0) if "`" in text else 0


def code_span(text: str) -> str:
    """Inline code, with a fence that the code does not contain."""
    if "`" not in text and text[0] != " ":
        return f"`{text}`"
    runs = set(map(len, _FENCE_RUN.findall(text))) if "`" in text else set()
    fence = "`" * next(size for size in range(1, len(runs) + 2) if size not in runs)
    # CommonMark strips one space from both ends when both are there and something else is too
    pad = " " if text[0] == "`" or text[-1] == "`" or (text[0] == text[-1] == " " != text) else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def is_space(char: str) -> bool:
    """Whether emphasis sees white space; the edge of a block ("") counts."""
    return not char or char.isspace()


def is_punctuation(char: str) -> bool:
    """Whether any version of CommonMark takes it for punctuation (0.31 added symbols)."""
    return unicodedata.category(char)[0] in "PS"


def certainly_separates(char: str) -> bool:
    """White space or what every version of CommonMark takes for punctuation."""
    return is_space(char) or unicodedata.category(char)[0] == "P" or char in "$+<=>^`|~"

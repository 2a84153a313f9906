"""Code blocks: exact white space, one line a line, and nothing that the page drew around the code.

Line numbers are known by what they are called (`lineno`, `gutter`) or by what is said of them (not to be
selected, not to be read aloud), and in both cases by being numbers: a prompt that cannot be selected stays.
"""

import re
from collections.abc import Callable

from msgspec import Struct
from selectolax.lexbor import LexborNode

from gateway.core.dom.tags import ID, TEXT, ids
from gateway.core.markdown.escape import longest_run
from gateway.core.markdown.languages import is_label

_GUTTER = re.compile(
    r"(?:^|[\s_-])(?:linenodiv|gutters?|blob-num|lno|lnt?|crayon-nums?)(?:$|[\s_-])"
    r"|lines?[-_]?(?:no|num)|[\s_-]lnum(?:$|\s)",
    re.I,
)
_LINE = re.compile(
    r"(?:^|\s)(?:line|code-?line|token-line|view-line|cm-line|codemirror-line|ace_line|crayon-line"
    r"|react-code-line-contents|line_content|blob-code-inner)(?:$|\s)",
    re.I,
)
_COPY = re.compile(r"(?:^|[\s_-])(?:copy|clipboard|copybtn|copybutton)|copy-?(?:button|btn|code)", re.I)
_UNSELECTABLE = re.compile(
    r"(?:^|[\s:])(?:user-)?select-none(?:$|\s)|(?:^|\s)(?:unselectable|noselect)(?:$|\s)"
)
_NUMBER = re.compile(r"[\d\s.:|│┃⋮…▸▾▼▶]*")
_COPY_WORDS = frozenset(
    ("copy", "copy code", "copy link", "copied", "copied!", "copy to clipboard", "copy snippet", "copy text",
     "kopieren", "copier", "copiar", "copia", "复制", "复制代码", "コピー", "复制成功")
)  # fmt: skip
_LINES = ids("div p li tr pre")
_SKIPPED = ids("script style button template svg")
_ROWS = ids("tbody thead tr")
_BR, _CODE, _TD = ID["br"], ID["code"], ID["td"]
_CODE_CELL = re.compile(r"(?:^|[\s_-])code(?:$|[\s_-])")
_COPY_END = re.compile(r" (?:copy|copy code|copied!?)$", re.I)
_MAX_LABEL = 60
_MAX_CAPTION = 200
_TELLING = _LINES | {_CODE}
_DISPLAYED = re.compile("none|block")
_SPEAKING = {"class": (_COPY, _UNSELECTABLE, _GUTTER, _LINE), "style": (_DISPLAYED,)}
# of a line number
_MAX_DIGITS = 7
# characters read to tell line numbers from code; beyond, the name alone decides
_MAX_READ = 200_000


def fence(code: str, language: str) -> str:
    """A fenced code block; the fence is longer than any run of backticks inside."""
    marks = "`" * max(3, longest_run(code) + 1)
    return f"{marks}{language}\n{code}\n{marks}"


class Listing(Struct):
    """A block of code, and the text that the page has above it inside the same element (a file's name)."""

    code: str
    caption: str = ""


def read_code(
    pre: LexborNode, *, skip: Callable[[LexborNode], bool], in_cell: bool, language: str = ""
) -> Listing:
    """The text of a `<pre>` with its white space, one line a line.

    Args:
        skip: elements and text nodes to leave out.
        in_cell: it stands in a table, where a column of line numbers is not worth a word.
        language: what `language_of` found; a label that repeats it is left out.
    """
    reader = _Reader(skip)
    reader.read(pre)
    before, code = reader.split()
    code = _strip_blank_start(code.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ").rstrip())
    if in_cell and (_is_counting(code) or _is_number_cell(pre, code)):
        code = ""
    lines = [line.strip() for line in before.split("\n")]
    return Listing(code, " ".join([line for line in lines if line and not is_beside_code(line, language)]))


class _Reader:
    """Reads one block of code."""

    __slots__ = ("_end", "_is_split", "_parts", "_plain", "_read_chars", "_skip", "_start")

    def __init__(self, skip: Callable[[LexborNode], bool]) -> None:
        self._skip = skip
        self._parts: list[str] = []
        self._read_chars = 0
        # an attribute -> whether it says nothing here
        self._plain: dict[tuple[str, str | None], bool] = {}
        # where the only `<code>` begins and ends among the parts
        self._start = self._end = -1
        self._is_split = True

    def read(self, pre: LexborNode) -> None:
        """Gather all lines below the element."""
        parts, skip = self._parts, self._skip
        codes_are_lines = _has_code_lines(pre)
        # next sibling, whether the element is a line, whether it is a `<code>`
        stack: list[tuple[LexborNode | None, bool, bool]] = []
        # a line has ended, and what comes next must not stand on it
        due = False
        node = pre.first_child
        while True:
            if node is None:
                if not stack:
                    break
                node, is_line, is_code = stack.pop()
                if is_code:
                    self._end = len(parts)
                due = due or (is_line and self._is_in_line())
                continue
            tag = node.tag_id
            if tag == TEXT:
                text = node.text_content or ""
                if text.isspace():
                    if due and _begins_line(node.next):
                        text = "\n" * text.count("\n")
                elif not text or skip(node):
                    text = ""
                elif not stack:
                    # code stands beside the `<code>`
                    self._is_split = False
                if text:
                    if due and text[0] != "\n":
                        parts.append("\n")
                    due = False
                    parts.append(text)
            elif tag == _BR:
                parts.append("\n\n" if due else "\n")
                due = False
            elif tag not in _SKIPPED and node.is_element_node and not skip(node):
                attributes = node.attributes
                if tag not in _TELLING and self._is_plain(attributes):
                    stack.append((node.next, False, False))
                    node = node.first_child
                    continue
                if attributes and self._is_left_out(node, tag, attributes):
                    node = node.next
                    continue
                is_code = tag == _CODE
                is_line = _is_line(tag, attributes) or (codes_are_lines and is_code)
                if is_line:
                    if due or self._is_in_line():
                        parts.append("\n")
                    due = False
                if is_code:
                    self._is_split = self._is_split and self._start < 0 and (due or not self._is_in_line())
                    self._start = len(parts)
                if marker := attributes.get("data-code-marker"):
                    # "+" or "-", which a style sheet shows
                    parts.append(marker[:1])
                stack.append((node.next, is_line, is_code))
                node = node.first_child
                continue
            node = node.next

    def split(self) -> tuple[str, str]:
        """What stands above the code, where that is short and set apart, and the code."""
        if self._is_split and self._start > 0:
            before = "".join(self._parts[: self._start])
            after = "".join(self._parts[self._end :])
            if len(before) <= _MAX_CAPTION and (not after.strip() or is_beside_code(after, "")):
                return before, "".join(self._parts[self._start : self._end])
        return "", "".join(self._parts)

    def _is_plain(self, attributes: dict[str, str | None]) -> bool:
        """Whether the element only colours its text, as nearly all of them do."""
        if not attributes:
            return True
        if len(attributes) > 1:
            return False
        (only,) = attributes.items()
        known = self._plain.get(only)
        if known is None:
            name, value = only
            known = name in _SPEAKING and not any(pattern.search(value or "") for pattern in _SPEAKING[name])
            self._plain[only] = known
        return known

    def _is_in_line(self) -> bool:
        return bool(self._parts) and not self._parts[-1].endswith("\n")

    def _is_left_out(self, node: LexborNode, tag: int, attributes: dict[str, str | None]) -> bool:
        classes = attributes.get("class") or ""
        is_button = attributes.get("role") == "button" or bool(classes and _COPY.search(classes))
        if is_button and is_copy_button(self._text(node)):
            return True
        if tag == _CODE:
            return False
        if classes and _GUTTER.search(classes):
            return _NUMBER.fullmatch(self._text(node)) is not None
        if is_unread(attributes, classes):
            text = self._text(node).strip()
            return bool(text) and _NUMBER.fullmatch(text) is not None
        return False

    def _text(self, node: LexborNode) -> str:
        if self._read_chars > _MAX_READ:
            return ""
        text = node.text(deep=True)
        self._read_chars += len(text)
        return text


def is_unread(attributes: dict[str, str | None], classes: str) -> bool:
    """Whether an element is not to be selected, or not to be read aloud, or counts the lines."""
    style = attributes.get("style")
    return (
        (bool(style) and "select:none" in (style or "").replace(" ", ""))
        or attributes.get("aria-hidden") == "true"
        or "data-line-number" in attributes
        or "unselectable" in attributes
        or bool(classes and _UNSELECTABLE.search(classes))
    )


def _is_line(tag: int, attributes: dict[str, str | None]) -> bool:
    """Whether an element is a line of its own, by its tag or because a style sheet shows it so."""
    if tag in _LINES:
        return True
    if not attributes:
        return False
    classes = attributes.get("class")
    return (
        "data-line" in attributes
        or bool(classes and _LINE.search(classes))
        or is_shown_as_block(attributes.get("style"))
    )


def _begins_line(node: LexborNode | None) -> bool:
    if node is None:
        return True
    return node.is_element_node and _is_line(node.tag_id, node.attributes)


def is_shown_as_block(style: str | None) -> bool:
    """Whether a style attribute makes a block of an inline element."""
    return bool(style and "block" in style and "display:block" in style.replace(" ", ""))


def _has_code_lines(pre: LexborNode) -> bool:
    """Whether each line is a `<code>` of its own, with nothing between them."""
    count = 0
    node = pre.first_child
    while node is not None:
        if node.tag_id == ID["code"]:
            count += 1
        elif node.tag_id != TEXT or (node.text_content or "").strip(" "):
            return False
        node = node.next
    return count > 1


def _strip_blank_start(code: str) -> str:
    start = 0
    while (end := code.find("\n", start)) >= 0 and not code[start:end].strip():
        start = end + 1
    return code[start:]


def is_gutter(attributes: dict[str, str | None]) -> bool:
    """Whether an element is called what line numbers are called."""
    classes = attributes.get("class")
    return bool(classes and _GUTTER.search(classes))


def is_code_table(table: LexborNode) -> bool:
    """Whether it lays out code: its first cell is a line's number, and the code stands beside it."""
    cell = table.first_child
    while cell is not None and cell.tag_id != _TD:
        cell = cell.first_child if cell.tag_id in _ROWS else cell.next
    if cell is None or not is_gutter(attributes := cell.attributes):
        return False
    beside = cell.next
    while beside is not None and beside.tag_id != _TD:
        beside = beside.next
    if beside is None:
        return False
    number = cell.text(deep=True).strip()
    if not _NUMBER.fullmatch(number):
        return False
    # emails call the space beside their columns a gutter
    return bool(
        number or "data-line-number" in attributes or _CODE_CELL.search(beside.attrs.get("class") or "")
    )


def is_copy_button(text: str) -> bool:
    """Whether a text beside code only offers to copy it."""
    return text.strip().lower() in _COPY_WORDS


def is_beside_code(text: str, language: str) -> bool:
    """Whether a text right above or below code only names its language, counts its lines or offers to copy it."""
    if text[:1].isdecimal() and _is_counting(text):
        return True
    if len(text) > _MAX_LABEL:
        return False
    text = " ".join(text.split())
    if is_copy_button(text) or is_label(text, language):
        return True
    label = _COPY_END.sub("", text)
    return label != text and is_label(label, language)


def _is_counting(code: str) -> bool:
    """Whether the lines are nothing but consecutive numbers: the gutter beside the real code."""
    lines = code.split()
    if len(lines) < 2 or not lines[0].isdecimal() or len(lines[0]) > _MAX_DIGITS:
        return False
    first = int(lines[0])
    return all(line == str(first + index) for index, line in enumerate(lines))


def _is_number_cell(pre: LexborNode, code: str) -> bool:
    """Whether it is one number, in a cell that is called a gutter."""
    if not code.isdecimal() or len(code) > _MAX_DIGITS:
        return False
    node: LexborNode | None = pre
    while node is not None and node.is_element_node:
        if is_gutter(node.attributes):
            return True
        if node.tag_id == ID["td"]:
            return False
        node = node.parent
    return False

"""Code blocks: exact white space, the language from class names, line numbers left out."""

import re
from collections.abc import Callable

from selectolax.lexbor import LexborNode

from gateway.core.dom.tags import ID, TEXT, ids
from gateway.core.markdown.escape import longest_run

_LANGUAGE = re.compile(
    r"(?:^|\s)(?:(?:language|lang|highlight-source|highlight-text|highlight|code|src|syntax)[-_]|brush:\s*"
    r"|sourceCode\s+)([a-z][\w+#.-]*)",
    re.I,
)
_NO_LANGUAGE = re.compile(
    r"block|box|container|wrap(?:per)?|inner|toolbar|lines?|numbers|highlight(?:er)?|source|text|default"
    r"|example|snippet|pre|code|content|plain(?:text)?|none|copy|title|body|notranslate",
    re.I,
)
_GUTTER = re.compile(
    r"(?:^|[\s_-])(?:line-?(?:nos?|num|numbers?|nums)|linenodiv|gutter|blob-num|lno)(?:$|[\s_-])", re.I
)
_NOT_IN_NAME = re.compile(r"[^\w+#.-]")
_LINES = ids("div p li tr")
_SKIPPED = ids("script style button template")
_BR = ID["br"]
_MAX_DIGITS = 7  # of a line number
_NUMBERED = ids("span a td div code i b em")


def fence(code: str, language: str) -> str:
    """A fenced code block; the fence is longer than any run of backticks inside."""
    marks = "`" * max(3, longest_run(code) + 1)
    return f"{marks}{language}\n{code}\n{marks}"


def language_of(pre: LexborNode) -> str:
    """The language that a `<pre>`, its `<code>` or the two elements around it name, or ""."""
    child = pre.first_child
    while child is not None and child.tag_id == TEXT:
        child = child.next
    parent = pre.parent
    for node in (child, pre, parent, parent.parent if parent is not None else None):
        if node is None or not node.is_element_node:
            continue
        attributes = node.attributes
        if named := attributes.get("data-lang") or attributes.get("data-language"):
            return _word(named)
        classes = attributes.get("class")
        if classes:
            for match in _LANGUAGE.finditer(classes):
                if not _NO_LANGUAGE.fullmatch(match[1]):
                    return _word(match[1])
    return ""


def _word(name: str) -> str:
    return _NOT_IN_NAME.sub("", name)[:30].lower()


def read_code(pre: LexborNode, *, skip: Callable[[LexborNode], bool], in_cell: bool) -> str:
    """The text of a `<pre>` with its white space, one line a line.

    Args:
        skip: elements and text nodes to leave out.
        in_cell: it stands in a table, where a column of line numbers is not worth a word.
    """
    parts: list[str] = []
    stack: list[tuple[LexborNode | None, bool]] = []  # next sibling, whether the element is a line
    node = pre.first_child
    while True:
        if node is None:
            if not stack:
                break
            node, is_line = stack.pop()
            if is_line and parts and not parts[-1].endswith("\n"):
                parts.append("\n")
            continue
        tag = node.tag_id
        if tag == TEXT:
            text = node.text_content
            if text and (text.isspace() or not skip(node)):
                parts.append(text)
        elif tag == _BR:
            parts.append("\n")
        elif tag not in _SKIPPED and node.is_element_node and not skip(node) and not _is_gutter(node, tag):
            is_line = tag in _LINES
            if is_line and parts and not parts[-1].endswith("\n"):
                parts.append("\n")
            stack.append((node.next, is_line))
            node = node.first_child
            continue
        node = node.next
    code = "".join(parts).replace("\r\n", "\n").replace("\r", "\n").rstrip()
    code = _strip_blank_start(code)
    return "" if in_cell and _is_counting(code) else code


def _strip_blank_start(code: str) -> str:
    start = 0
    while (end := code.find("\n", start)) >= 0 and not code[start:end].strip():
        start = end + 1
    return code[start:]


def _is_gutter(node: LexborNode, tag: int) -> bool:
    if tag not in _NUMBERED:
        return False
    classes = node.attrs.get("class")
    return bool(classes and _GUTTER.search(classes))


def _is_counting(code: str) -> bool:
    """Whether the lines are nothing but consecutive numbers: the gutter beside the real code."""
    lines = code.split()
    if len(lines) < 2 or not lines[0].isdecimal() or len(lines[0]) > _MAX_DIGITS:
        return False
    first = int(lines[0])
    return all(line == str(first + index) for index, line in enumerate(lines))

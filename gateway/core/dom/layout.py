"""What a page's markup says of how elements stand in a line: inline or block level, side by side or apart.

There is no cascade here: style sheets are not read. A `style` attribute, the usual names of classes and the
elements around one tell most of it.
"""

import re

from selectolax.lexbor import LexborNode

from gateway.core.dom.tags import COMMENT, HEADINGS, ID, PLAIN, SKIPPED, TEXT, ids

# a tag that is not among them is a custom element, or one of MathML
KNOWN = frozenset(ID.values())
_PHRASES = PLAIN | ids(
    "a abbr acronym b br code del em i img input kbd math q rt s samp script strike strong sub sup svg tt var"
)
_TEXT_BLOCKS = (
    ids("p dt summary figcaption caption button a b em i strong span label small font") | HEADINGS.keys()
)
_LABELS = ids("span a time label small b strong button abbr data output")
# keys, and the labels of buttons to choose from
_EACH_APART = ids("kbd label")
# looked at below a custom element
_MOST_NODES = 40
# custom elements below each other
_MOST_NESTED = 4
_MOST_SIBLINGS = 24
# elements around the text that one begins with
_MOST_DEEP = 8

_BLOCK_STYLE = re.compile(r"display:(?:block|flex|grid|table|list-item|flow-root)(?:$|[;! ])")
_APART_STYLE = re.compile(
    r"(?:^|;)(?:display:inline-(?:block|flex|grid|table)|float:(?:left|right)|margin(?:-(?:left|right|inline\b))?:[^0;]"
    r"|padding(?:-(?:left|right|inline\b))?:[^0;])"
)
_SPREAD_STYLE = re.compile(r"display:(?:inline-)?(?:flex|grid)|(?:^|;)(?:column-)?gap:|justify-content:")
_APART_CLASS = re.compile(
    r"(?:^|\s)(?:d-)?(?:block|flex|grid|inline-block|inline-flex|table-cell|btn|button|badge|chip|pill|tag|cell"
    r"|col|column|(?:ml|mr|mx|ms|me|pl|pr|px)-[1-9]\d{0,2})(?:$|\s|-(?:sm|md|lg|xl|\d))",
)
_SPREAD_CLASS = re.compile(
    r"(?:^|[\s_-])(?:d-)?(?:inline-)?(?:flex|grid|row|gap-\S{1,9}|space-x-\d{1,2}|justify-\w{1,12}|buttons|btn-group"
    r"|toolbar|tags|badges|chips|breadcrumbs?|columns|cols|tabs)(?:$|[\s_-])",
)


def is_inline(node: LexborNode) -> bool:
    """Whether a custom element is part of a line of text, as browsers show it unless a style says otherwise.

    A style sheet often makes a block of one that holds nothing but phrases (a card, a row of a list), so one
    counts as inline only beside other phrases or inside a paragraph.
    """
    tag = node.tag or ""
    if tag.startswith("mjx-"):
        # MathJax 3 wraps a formula in such elements
        return True
    style = _style_of(node)
    if _BLOCK_STYLE.search(style):
        return False
    if not _holds_phrases(node):
        return False
    parent = node.parent
    if "display:inline" in style or (
        parent is not None and (parent.tag_id in _TEXT_BLOCKS or parent.tag_id not in KNOWN)
    ):
        return True
    return _is_beside_phrase(node.prev, tag, forward=False) or _is_beside_phrase(node.next, tag, forward=True)


def _style_of(node: LexborNode) -> str:
    style = node.attributes.get("style")
    return style.replace(" ", "").lower() if style else ""


def _holds_phrases(node: LexborNode) -> bool:
    """Whether there is text below it, and no block among what is near."""
    seen = 0
    has_text = False
    stack: list[tuple[LexborNode | None, int]] = [(node.first_child, 1)]
    while stack:
        child, depth = stack.pop()
        while child is not None:
            seen += 1
            if seen > _MOST_NODES:
                return False
            tag = child.tag_id
            if tag == TEXT:
                has_text = has_text or not child.is_empty_text_node
            elif tag not in KNOWN or tag in _PHRASES:
                if depth >= _MOST_NESTED:
                    return False
                stack.append((child.first_child, depth + 1))
            elif tag not in SKIPPED and tag != COMMENT:
                return False
            child = child.next
    return has_text


def _is_beside_phrase(sibling: LexborNode | None, name: str, *, forward: bool) -> bool:
    """Whether what is next to it in this direction is text, or an element of a line that has another name."""
    for _ in range(_MOST_SIBLINGS):
        if sibling is None:
            return False
        tag = sibling.tag_id
        if tag == TEXT:
            if not sibling.is_empty_text_node and not (sibling.text_content or "").isspace():
                return True
        elif tag != COMMENT:
            return tag in _PHRASES or (tag not in KNOWN and sibling.tag != name and _holds_phrases(sibling))
        sibling = sibling.next if forward else sibling.prev
    return False


class Gaps:
    """Which elements a page sets apart in its lines: each class, and each element between two, is looked at once."""

    __slots__ = ("_apart", "_last", "_parent", "_spread")

    def __init__(self) -> None:
        # a `class` -> what it says
        self._apart: dict[str, bool] = {}
        self._spread: dict[str, bool] = {}
        # mem_id of the element looked at last, and of the last parent -> what they say
        self._last = self._parent = (0, False)

    def is_before(self, node: LexborNode) -> bool:
        """Whether a page shows a gap before a text or an element of a line that no white space is before."""
        before = node.prev
        if node.tag_id == TEXT:
            return before is not None and before.tag_id in PLAIN and shows_as_block(before)
        while before is not None and before.tag_id == COMMENT:
            before = before.prev
        if before is None:
            return False
        tag = before.tag_id
        if tag == TEXT:
            return shows_as_block(node)
        if tag == ID["br"] or tag == ID["wbr"]:
            return False
        parent = node.parent
        if parent is None or parent.tag_id == ID["code"]:
            return False
        if self._stands_apart(before) or self._stands_apart(node):
            return True
        if node.tag_id == tag and tag in _EACH_APART:
            return True
        if tag not in _LABELS or node.tag_id not in _LABELS:
            return False
        if self._spreads(parent):
            return len(_edge_text(before, last=True)) > 1 or len(_edge_text(node, last=False)) > 1
        if node.tag_id == tag == ID["a"]:
            href = node.attributes.get("href") or "#"
            return href[0] != "#" and href != before.attributes.get("href")
        return (
            parent.tag_id not in _TEXT_BLOCKS
            and parent.tag_id in KNOWN
            and _reads_apart(before, node, parent)
        )

    def _stands_apart(self, node: LexborNode) -> bool:
        mem_id = node.mem_id
        if mem_id != self._last[0]:
            self._last = mem_id, self._says_apart(node.attributes)
        return self._last[1]

    def _says_apart(self, attributes: dict[str, str | None]) -> bool:
        if style := attributes.get("style"):
            style = style.replace(" ", "").lower()
            if _BLOCK_STYLE.search(style) or _APART_STYLE.search(style):
                return True
        classes = attributes.get("class")
        if not classes:
            return False
        known = self._apart.get(classes)
        if known is None:
            known = self._apart[classes] = _APART_CLASS.search(classes.lower()) is not None
        return known

    def _spreads(self, parent: LexborNode) -> bool:
        mem_id = parent.mem_id
        if mem_id != self._parent[0]:
            self._parent = mem_id, self._says_spread(parent)
        return self._parent[1]

    def _says_spread(self, parent: LexborNode) -> bool:
        attributes = parent.attributes
        if (style := attributes.get("style")) and _SPREAD_STYLE.search(style.replace(" ", "").lower()):
            return True
        classes = attributes.get("class")
        if not classes or parent.tag_id in HEADINGS or parent.tag_id == ID["p"]:
            return False
        known = self._spread.get(classes)
        if known is None:
            known = self._spread[classes] = _SPREAD_CLASS.search(classes.lower()) is not None
        return known


def shows_as_block(node: LexborNode) -> bool:
    """Whether its `style` makes a block of an inline element."""
    style = node.attributes.get("style")
    return style is not None and _BLOCK_STYLE.search(style.replace(" ", "").lower()) is not None


def _reads_apart(before: LexborNode, node: LexborNode, parent: LexborNode) -> bool:
    """Whether two elements read as two texts: their parent holds nothing but such, and no word goes on."""
    child = parent.first_child
    for _ in range(_MOST_SIBLINGS):
        if child is None:
            break
        if child.tag_id == TEXT and not child.is_empty_text_node and not (child.text_content or "").isspace():
            return False
        child = child.next
    left, right = _edge_text(before, last=True), _edge_text(node, last=False)
    if len(left) < 2 or len(right) < 2:
        # a drop cap, a currency sign
        return False
    one, two = left[-1], right[0]
    if not (one.isascii() and two.isascii() and one.isalnum() and two.isalnum()):
        return False
    if two.isupper() or one.isdigit() != two.isdigit():
        return True
    # names of their own, outside of a paragraph
    return one.isalpha() and bool(before.attributes.get("class") and node.attributes.get("class"))


def _edge_text(node: LexborNode, *, last: bool) -> str:
    """The text node that an element begins or ends with."""
    child: LexborNode | None = node
    for _ in range(_MOST_DEEP):
        if child is None:
            return ""
        if child.tag_id == TEXT:
            return child.text_content or ""
        child = child.last_child if last else child.first_child
    return ""

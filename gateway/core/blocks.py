"""One walk over the Lexbor tree into parallel lists: the elements that make blocks, and the blocks.

A block is a run of text that no block-level tag interrupts: a paragraph, a list item, a table row whose
cells hold no blocks. Inline tags are not registered and their attributes are never read; that, and reading
no text twice, is what keeps the walk as cheap as half a parse. The stack is explicit: pages nest as deep as
they like.
"""

from collections.abc import Container, Sequence

from selectolax.lexbor import LexborNode

from gateway.core.markdown.tags import COMMENT, ID, TEXT, ids
from gateway.core.page import Kept

# What happens at a tag. A number that is in no table is a custom element's, and that counts as block level.
_BLOCK, _CELL, _INLINE, _LINK, _BOLD, _SKIPPED, _BREAK, _IMAGE = range(
    8
)  # from _SKIPPED on: nothing is below
_ACTIONS = (
    dict.fromkeys(
        ids(
            "script style svg template select datalist input textarea iframe object embed video audio canvas"
            " head title meta link map area param source track noscript"
        ),
        _SKIPPED,
    )
    | dict.fromkeys(
        ids(
            "abbr acronym bdi bdo big cite code data del dfn em font i ins kbd label mark math nobr output q rp"
            " rt ruby s samp small span strike sub sup time tt u var wbr picture"
        ),
        _INLINE,
    )
    | dict.fromkeys(ids("b strong"), _BOLD)
    | dict.fromkeys(ids("td th"), _CELL)
    | {ID["a"]: _LINK, ID["br"]: _BREAK, ID["img"]: _IMAGE, COMMENT: _SKIPPED}
)
_TAGS = {number: tag for tag, number in ID.items()}

# Inherited facts about where a block stands, one bit each: by tag, by ARIA role, by attribute.
_TAG_FLAGS = (
    "nav header footer aside main article section form table ul ol dl li figure blockquote pre details button "
    "dialog address label h1 h2 h3"
).split()
_ROLE_FLAGS = ("navigation banner contentinfo complementary main dialog search menu list tabpanel").split()
_OTHER_FLAGS = ("linked", "hidden", "undisplayed", "aria_hidden", "itemscope")
FLAGS = (*_TAG_FLAGS, *(f"role_{role}" for role in _ROLE_FLAGS), *_OTHER_FLAGS)
_BIT = {name: 1 << index for index, name in enumerate(FLAGS)}
_BY_TAG = {tag: _BIT[tag] for tag in _TAG_FLAGS}
_BY_ROLE = {role: _BIT[f"role_{role}"] for role in _ROLE_FLAGS}
_TELLING = frozenset(("id", "data-testid", "itemprop", "role", "hidden", "aria-hidden", "itemscope", "style"))
_LINKED, _HIDDEN, _UNDISPLAYED = _BIT["linked"], _BIT["hidden"], _BIT["undisplayed"]
_ARIA_HIDDEN, _ITEMSCOPE = _BIT["aria_hidden"], _BIT["itemscope"]


class Blocks:
    """Parallel lists over block-level elements (in document order) and over blocks (in reading order)."""

    __slots__ = (
        "bold_chars",
        "chars",
        "depths",
        "firsts",
        "flags",
        "images",
        "lasts",
        "link_chars",
        "links",
        "mem_ids",
        "names",
        "nodes",
        "owners",
        "parents",
        "tags",
        "texts",
        "truncated",
    )

    def __init__(
        self,
        elements: Sequence[tuple[str, int, int, str, int, int, int]],
        lasts: list[int],
        blocks: Sequence[tuple[str, int, int, int, int, int, int, list[int]]],
        *,
        truncated: bool,
    ) -> None:
        # by element
        self.tags: tuple[str, ...]
        self.parents: tuple[int, ...]  # -1 for the root
        self.depths: tuple[int, ...]
        self.names: tuple[str, ...]  # class, id, data-testid, itemprop and role, as written
        self.flags: tuple[int, ...]  # bits of FLAGS, the ancestors' included
        self.mem_ids: tuple[int, ...]
        self.firsts: tuple[int, ...]  # blocks [first, last) stand inside
        self.tags, self.parents, self.depths, self.names, self.flags, self.mem_ids, self.firsts = zip(
            *elements, strict=True
        )
        self.lasts = lasts
        # by block
        self.texts: tuple[str, ...]  # white space folded, never empty
        self.owners: tuple[int, ...]  # innermost registered element
        self.chars: tuple[int, ...]  # before folding; what the two below are shares of
        self.link_chars: tuple[int, ...]
        self.bold_chars: tuple[int, ...]
        self.links: tuple[int, ...]
        self.images: tuple[int, ...]  # images since the block before
        self.nodes: tuple[list[int], ...]  # mem_ids of its text nodes
        (
            self.texts,
            self.owners,
            self.chars,
            self.link_chars,
            self.bold_chars,
            self.links,
            self.images,
            self.nodes,
        ) = zip(*blocks, strict=True) if blocks else ((),) * 8
        self.truncated = truncated  # `read_blocks` left something out


def read_blocks(
    root: LexborNode, *, left_out: Container[int] = (), max_depth: int = 512, max_blocks: int = 50_000
) -> Blocks:
    """Walk the tree below `root` once.

    Args:
        root: usually the body.
        left_out: mem_ids of elements to leave out, with all below them.
        max_depth: elements nested deeper are left out, and `truncated` is set.
        max_blocks: the walk ends there, and `truncated` is set.
    """
    actions = _ACTIONS
    blocks: list[tuple[str, int, int, int, int, int, int, list[int]]] = []  # in the order of Blocks' lists
    name, bits = _read_attributes(root.attributes)
    elements = [(root.tag or "", -1, 0, name, bits, root.mem_id, 0)]
    lasts = [0]
    current = depth = 0  # the innermost registered element
    truncated = False

    parts: list[str] = []  # the block being gathered; it begins with its first character
    nodes: list[int] = []
    chars = link_chars = bold_chars = links = images = breaks = 0
    link_depth = bold_depth = 0

    def flush() -> None:
        nonlocal parts, nodes, chars, link_chars, bold_chars, images, breaks
        text = " ".join("".join(parts).split())
        blocks.append((text, current, chars, link_chars, bold_chars, links, images, nodes))
        parts, nodes = [], []
        chars = link_chars = bold_chars = images = breaks = 0

    # of each open element: what follows it, what it is, and the flags, element and depth around it
    stack: list[tuple[LexborNode | None, int, int, int, int]] = []
    node = root.first_child
    while True:
        if node is None:
            if not stack:
                break
            ended = current
            node, action, bits, current, depth = stack.pop()
            if action == _LINK:
                link_depth -= 1
            elif action == _BOLD:
                bold_depth -= 1
            elif action != _INLINE:
                if action == _CELL:
                    if chars:
                        parts.append("\t")
                else:
                    if chars:
                        current, outer = ended, current
                        flush()
                        current = outer
                    links = 0
                if elements[ended][-1] < len(blocks):
                    lasts[ended] = len(blocks)
                else:  # without text nobody will ask for it, and it was the last one registered
                    elements.pop()
                    lasts.pop()
            continue
        number = node.tag_id
        if number == TEXT:  # three nodes in five, most of them white space
            if node.is_empty_text_node or (text := node.text_content or "").isspace():
                if chars:
                    parts.append(" ")
            else:
                parts.append(text)
                nodes.append(node.mem_id)
                size = len(text)
                chars += size
                breaks = 0
                if link_depth:
                    link_chars += size
                if bold_depth:
                    bold_chars += size
            node = node.next
            continue
        action = actions.get(number, _BLOCK)
        if action == _SKIPPED or (mem_id := node.mem_id) in left_out:
            node = node.next
            continue
        if action > _SKIPPED:
            if action == _IMAGE:
                images += 1
            elif chars:
                breaks += 1
                if breaks == 2:
                    flush()
                    links = 0
                else:
                    parts.append("\n")
            node = node.next
            continue
        if action == _BLOCK:
            if chars:
                flush()
            links = 0
            if len(blocks) >= max_blocks:
                truncated = True
                break
        below = node.first_child
        if below is None:
            node = node.next
            continue
        if len(stack) >= max_depth:
            truncated = True
            node = node.next
            continue
        stack.append((node.next, action, bits, current, depth))
        if action <= _CELL:
            tag = _TAGS.get(number) or node.tag or ""
            name, said = _read_attributes(node.attributes)
            bits |= said | _BY_TAG.get(tag, 0)
            if link_depth:
                bits |= _LINKED
            depth += 1
            elements.append((tag, current, depth, name, bits, mem_id, len(blocks)))
            current = len(lasts)
            lasts.append(0)
        elif action == _LINK:
            link_depth += 1
            links += 1
        elif action == _BOLD:
            bold_depth += 1
        node = below
    if chars:
        flush()
    while current >= 0:
        lasts[current] = len(blocks)
        current = elements[current][1]
    return Blocks(elements, lasts, blocks, truncated=truncated)


def _read_attributes(attributes: dict[str, str | None]) -> tuple[str, int]:
    """An element's names as one text, and the flags that its attributes set."""
    name = attributes.get("class") or ""
    if _TELLING.isdisjoint(attributes):
        return name, 0
    bits = 0
    if value := attributes.get("id"):
        name += " " + value
    if value := attributes.get("data-testid"):
        name += " " + value
    if value := attributes.get("itemprop"):
        name += " itemprop " + value
    if value := attributes.get("role"):
        name += " role " + value
        bits |= _BY_ROLE.get(value, 0)
    if "hidden" in attributes:
        bits |= _HIDDEN
    if attributes.get("aria-hidden") == "true":
        bits |= _ARIA_HIDDEN
    if "itemscope" in attributes:
        bits |= _ITEMSCOPE
    style = attributes.get("style")
    if style and "none" in style and "display:none" in style.replace(" ", ""):
        bits |= _UNDISPLAYED
    return name, bits


def keep(blocks: Blocks, chosen: Sequence[int]) -> Kept:
    """The chosen blocks (indices) as sets of nodes: their texts, and the block-level elements around them."""
    texts: set[int] = set()
    elements: set[int] = set()
    mem_ids, parents = blocks.mem_ids, blocks.parents
    for index in chosen:
        texts.update(blocks.nodes[index])
        element = blocks.owners[index]
        while element >= 0 and mem_ids[element] not in elements:
            elements.add(mem_ids[element])
            element = parents[element]
    return Kept(texts, elements)

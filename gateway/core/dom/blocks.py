"""One walk over the Lexbor tree into parallel lists: the elements that make blocks, and the blocks.

A block is a run of text that no block-level tag interrupts: a paragraph, a list item, a table row whose
cells hold no blocks. Inline tags are not registered and their attributes are never read; that, and reading
no text twice, is what keeps the walk as cheap as half a parse. The stack is explicit: pages nest as deep as
they like.
"""

from collections.abc import Container, MutableSequence, Sequence

from selectolax.lexbor import LexborNode

from gateway.core.dom.embeds import CUSTOM_EMBEDS, EMBEDS, path_to_content
from gateway.core.dom.layout import KNOWN, is_inline
from gateway.core.dom.tags import COMMENT, ID, TEXT, ids
from gateway.core.model.page import KeptNodes

# What happens at a tag. A known one that is in no table is block level; `is_inline` decides on a custom element.
_BLOCK, _CELL, _INLINE, _LINK, _BOLD, _SKIPPED, _BREAK, _IMAGE = range(
    8
    # from _SKIPPED on: nothing is below
)
ACTIONS = (
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

# what `judge` says of an element that is in no table
_AS_BLOCK, _AS_INLINE, _AS_FORMULA, _AS_PICTURE, _AS_EMBED = range(5)

# Inherited facts about where a block stands, one bit each: by tag, by ARIA role, by attribute.
_TAG_FLAGS = (
    "nav header footer aside main article section form table ul ol dl li figure blockquote pre details button "
    "dialog address label h1 h2 h3"
).split()
_ROLE_FLAGS = ("navigation banner contentinfo complementary main dialog search menu list tabpanel").split()
_OTHER_FLAGS = ("linked", "hidden", "undisplayed", "aria_hidden", "itemscope")
FLAGS = (*_TAG_FLAGS, *(f"role_{role}" for role in _ROLE_FLAGS), *_OTHER_FLAGS)
BIT = {name: 1 << index for index, name in enumerate(FLAGS)}
SCRIPT = ID["script"]
# a tag and the flag it sets
NAMED = {number: (tag, BIT.get(tag, 0)) for tag, number in ID.items()}
BY_ROLE = {role: BIT[f"role_{role}"] for role in _ROLE_FLAGS}
_TELLING = frozenset(("id", "data-testid", "itemprop", "role", "hidden", "aria-hidden", "itemscope", "style"))
_LINKED, _HIDDEN, _UNDISPLAYED = BIT["linked"], BIT["hidden"], BIT["undisplayed"]
_ARIA_HIDDEN, _ITEMSCOPE = BIT["aria_hidden"], BIT["itemscope"]


# columns of numbers that are read as arrays
ELEMENT_NUMBERS = ("parents", "depths", "flags", "firsts", "lasts")
BLOCK_NUMBERS = ("owners", "chars", "link_chars", "bold_chars", "links", "images")

# an element, its tag's number, its mem_id, the links around it
Waiting = tuple[LexborNode, int, int, int]


# a column of numbers: a list, or from C an array, which has no object for each
Numbers = MutableSequence[int]


class Blocks:
    """Parallel lists over block-level elements (in document order) and over blocks (in reading order).

    Columns of plain values and not an object for each row: a page has thousands of rows, which the garbage
    collector would go through time and again.
    """

    __slots__ = (
        "bold_chars",
        "chars",
        "depths",
        "embeds",
        "firsts",
        "flags",
        "images",
        "lasts",
        "link_chars",
        "links",
        "mem_ids",
        "names",
        "node_ends",
        "nodes",
        "owners",
        "packed",
        "parents",
        "pictures",
        "tags",
        "texts",
        "truncated",
    )

    def __init__(self, root: LexborNode) -> None:
        name, flags = _read_attributes(root.attributes)
        # by element, the root first
        self.tags = [root.tag or ""]
        self.parents: Numbers = [-1]
        self.depths: Numbers = [0]
        # class, id, data-testid, itemprop and role, as written
        self.names = [name]
        # bits of FLAGS, the ancestors' included
        self.flags: Numbers = [flags]
        self.mem_ids: Numbers = [root.mem_id]
        # blocks [first, last) stand inside
        self.firsts: Numbers = [0]
        self.lasts: Numbers = [0]
        # by block
        # white space folded, never empty
        self.texts: list[str] = []
        # innermost registered element
        self.owners: Numbers = []
        # before folding; what the two below are shares of
        self.chars: Numbers = []
        self.link_chars: Numbers = []
        self.bold_chars: Numbers = []
        self.links: Numbers = []
        # images since the block before
        self.images: Numbers = []
        # its text nodes are `nodes` from where those of the block before end
        self.node_ends: Numbers = []
        # mem_ids of text nodes
        self.nodes: Numbers = []
        # what shows other sites, and the blocks before it
        self.embeds: list[tuple[int, LexborNode]] = []
        # images, and the blocks before them
        self.pictures: list[tuple[int, LexborNode]] = []
        # `read_blocks` left something out
        self.truncated = False
        # from C, ELEMENT_NUMBERS and BLOCK_NUMBERS one behind the other, in eight bytes each
        self.packed = b""

    def register(self, elements: Sequence[Waiting], parent: int) -> int:
        """Add elements that a block is about to be in, the outermost first; the number of the innermost."""
        bits, depth = self.flags[parent], self.depths[parent]
        first = len(self.texts)
        for node, number, mem_id, link_depth in elements:
            tag, named_bits = NAMED.get(number) or (node.tag or "", 0)
            bits |= named_bits
            attributes = node.attributes
            name = attributes.get("class") or ""
            if not _TELLING.isdisjoint(attributes):
                name, attribute_bits = _read_attributes(attributes)
                bits |= attribute_bits
            if link_depth:
                bits |= _LINKED
            depth += 1
            self.tags.append(tag)
            self.parents.append(parent)
            self.depths.append(depth)
            self.names.append(name)
            self.flags.append(bits)
            self.mem_ids.append(mem_id)
            self.firsts.append(first)
            parent = len(self.lasts)
            self.lasts.append(0)
        return parent


def read_blocks(
    root: LexborNode,
    *,
    left_out: Container[int] = (),
    formulas: Container[int] = (),
    max_depth: int = 512,
    max_blocks: int = 50_000,
) -> Blocks:
    """Walk the tree below `root` once.

    Args:
        root: usually the body.
        left_out: mem_ids of elements to leave out, with all below them.
        formulas: mem_ids of scripts that hold one: their source is text.
        max_depth: elements nested deeper are left out, and `truncated` is set.
        max_blocks: the walk ends there, and `truncated` is set.
    """
    actions = ACTIONS
    blocks = Blocks(root)
    texts, nodes, lasts = blocks.texts, blocks.nodes, blocks.lasts
    # the innermost registered element
    current = 0
    # of each open element: what follows it, and what it is
    stack: list[tuple[LexborNode | None, int]] = []
    # The innermost of them hold no block yet. Many never will, and then nobody asks for them: the first block
    # registers them.
    waiting: list[Waiting] = []

    # the block being gathered; it begins with its first character
    parts: list[str] = []
    chars = link_chars = bold_chars = links = images = breaks = 0
    link_depth = bold_depth = 0

    def flush() -> None:
        nonlocal current, chars, link_chars, bold_chars, images, breaks
        if waiting:
            current = blocks.register(waiting, current)
            waiting.clear()
        texts.append(" ".join("".join(parts).split()))
        blocks.owners.append(current)
        blocks.chars.append(chars)
        blocks.link_chars.append(link_chars)
        blocks.bold_chars.append(bold_chars)
        blocks.links.append(links)
        blocks.images.append(images)
        blocks.node_ends.append(len(nodes))
        parts.clear()
        chars = link_chars = bold_chars = images = breaks = 0

    node = root.first_child
    while True:
        if node is None:
            if not stack:
                break
            node, action = stack.pop()
            if action <= _CELL:
                if action == _BLOCK:
                    if chars:
                        flush()
                    links = 0
                elif chars:
                    parts.append("\t")
                if waiting:
                    waiting.pop()
                else:
                    lasts[current] = len(texts)
                    current = blocks.parents[current]
            elif action == _LINK:
                link_depth -= 1
            elif action == _BOLD:
                bold_depth -= 1
            continue
        number = node.tag_id
        if number == TEXT:
            # three nodes in five, most of them white space
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
        if action == _BLOCK and number not in KNOWN:
            kind = judge(node)
            if kind == _AS_FORMULA:
                parts.append(read_formula(node))
                nodes.append(node.mem_id)
                chars += len(parts[-1])
                node = node.next
                continue
            if kind == _AS_PICTURE:
                blocks.pictures.append((len(texts) + (chars > 0), node))
                node = node.next
                continue
            if kind == _AS_EMBED:
                blocks.embeds.append((len(texts) + (chars > 0), node))
            elif kind == _AS_INLINE:
                action = _INLINE
        if action == _SKIPPED or (mem_id := node.mem_id) in left_out:
            if number in EMBEDS:
                blocks.embeds.append((len(texts) + (chars > 0), node))
            if number == SCRIPT and node.mem_id in formulas:
                parts.append(read_formula(node))
                nodes.append(node.mem_id)
                chars += len(parts[-1])
            node = node.next
            continue
        if action > _SKIPPED:
            if action == _IMAGE:
                images += 1
                blocks.pictures.append((len(texts) + (chars > 0), node))
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
            if len(texts) >= max_blocks:
                blocks.truncated = True
                break
        below = node.first_child
        if below is None:
            node = node.next
            continue
        if len(stack) >= max_depth:
            blocks.truncated = True
            node = node.next
            continue
        stack.append((node.next, action))
        if action <= _CELL:
            waiting.append((node, number, mem_id, link_depth))
        elif action == _LINK:
            link_depth += 1
            links += 1
        elif action == _BOLD:
            bold_depth += 1
        node = below
    if chars:
        flush()
    while current >= 0:
        lasts[current] = len(texts)
        current = blocks.parents[current]
    return blocks


def judge(node: LexborNode) -> int:
    """What an element is that no table has."""
    tag = node.tag
    if tag == "mjx-container":
        return _AS_FORMULA
    if tag == "amp-img":
        return _AS_PICTURE
    if tag in CUSTOM_EMBEDS:
        return _AS_EMBED
    return _AS_INLINE if is_inline(node) else _AS_BLOCK


def read_formula(node: LexborNode) -> str:
    """The source of a formula, which MathJax may draw without any text: never blank, as no block is."""
    source = node.text(deep=True)
    return source if source.strip() else "x"


def _read_attributes(attributes: dict[str, str | None]) -> tuple[str, int]:
    """An element's names as one text, and the flags that its attributes set."""
    name = attributes.get("class") or ""
    bits = 0
    if value := attributes.get("id"):
        name += " " + value
    if value := attributes.get("data-testid"):
        name += " " + value
    if value := attributes.get("itemprop"):
        name += " itemprop " + value
    if value := attributes.get("role"):
        name += " role " + value
        bits |= BY_ROLE.get(value, 0)
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


def keep(blocks: Blocks, chosen: Sequence[int]) -> KeptNodes:
    """The chosen blocks (indices) as sets of nodes: their texts, and the block-level elements around them."""
    texts: set[int] = set()
    elements: set[int] = set()
    mem_ids, parents, owners = blocks.mem_ids, blocks.parents, blocks.owners
    nodes, ends = blocks.nodes, blocks.node_ends
    above = -1
    for index in chosen:
        texts.update(nodes[ends[index - 1] if index else 0 : ends[index]])
        element = owners[index]
        if element == above:
            continue
        above = element
        while element >= 0 and (mem_id := mem_ids[element]) not in elements:
            elements.add(mem_id)
            element = parents[element]
    if blocks.embeds:
        kept = set(chosen)
        for at, embed in blocks.embeds:
            path = path_to_content(embed, elements, before=at - 1 in kept, after=at in kept)
            elements.update(path or ())
    return KeptNodes(texts, elements)

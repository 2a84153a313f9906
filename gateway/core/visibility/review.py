"""What became of every part of a page, for a person to look at: what was kept, what was left out, and why."""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from selectolax.lexbor import LexborNode

from gateway.core.dom.blocks import Blocks
from gateway.core.dom.selection import DRAWN, REMOVED
from gateway.core.visibility.unicode import strip_invisible
from gateway.wire import DropReason, JudgedBlock

# of a page; the main process holds them as objects
MAX_BLOCKS = 5_000
# of a block's text
MAX_CHARACTERS = 600
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))


def review(
    root: LexborNode,
    blocks: Blocks,
    *,
    hidden: Mapping[int, str],
    kept: Collection[int] | None,
    dropped: Mapping[int, DropReason],
    otherwise: DropReason,
    probabilities: Sequence[float] = (),
    headline: str | None = None,
) -> list[JudgedBlock]:
    """The blocks of a page and its hidden texts, in the order of the page.

    Args:
        hidden: mem_id -> why, of the elements that `blocks` were read without.
        kept: mem_ids of the text nodes that are content; None: all are.
        dropped: why, by index of a block.
        otherwise: why of the other blocks that were not kept.
        probabilities: by block, how likely it is content; empty where nothing was chosen by likelihood.
        headline: the heading that the content begins with, whichever blocks were kept.
    Returns:
        At most MAX_BLOCKS, their texts cut at MAX_CHARACTERS.
    """
    block_of = {
        node: index
        for index, (start, end) in enumerate(pairwise([0, *blocks.node_ends]))
        for node in blocks.nodes[start:end]
    }
    judged: list[JudgedBlock] = []
    seen = -1
    # elements below a hidden one
    below: set[int] = set()
    for node in root.traverse(include_text=True):
        if len(judged) == MAX_BLOCKS:
            break
        mem_id = node.mem_id
        index = block_of.get(mem_id, -1)
        if index > seen:
            seen = index
            is_kept = kept is None or mem_id in kept
            if blocks.texts[index] == headline and blocks.tags[blocks.owners[index]] in _HEADINGS:
                is_kept, headline = True, None
            likely = round(probabilities[index], 3) if probabilities else None
            reason = None if is_kept else dropped.get(index, otherwise)
            judged.append(JudgedBlock(text=_cut(blocks.texts[index]), reason=reason, probability=likely))
        elif index < 0 and not node.is_text_node and hidden:
            parent = node.parent
            if parent is not None and parent.mem_id in below:
                below.add(mem_id)
            elif (why := hidden.get(mem_id)) is not None:
                below.add(mem_id)
                text = "" if why == DRAWN else _cut(" ".join(strip_invisible(node.text() or "").text.split()))
                if text and why == REMOVED:
                    judged.append(JudgedBlock(text=text, reason="removed"))
                elif text:
                    judged.append(JudgedBlock(text=text, reason="hidden", hidden_by=why))
    return judged


def _cut(text: str) -> str:
    return f"{text[: MAX_CHARACTERS - 1]}…" if len(text) > MAX_CHARACTERS else text

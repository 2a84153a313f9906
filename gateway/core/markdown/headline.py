"""The page's headline as the first heading of its content, once."""

from collections.abc import Sequence
from html import escape as escape_html

from msgspec import structs

from gateway.core.markdown.escape import escape, escape_heading
from gateway.core.metadata.title import key
from gateway.core.model.page import Block

# a heading with so many times the headline's words says more than the headline
_MOST = 2


def with_headline(blocks: Sequence[Block], title: str, *, html: bool) -> list[Block]:
    """The content with its headline: unchanged where a heading says it, else under a new first heading.

    The new heading has no plain text: it stands in no place of the content, and a page's title is known beside it.

    Args:
        title: the headline, white space folded.
        html: also write the heading's HTML.
    """
    if not blocks or not key(title) or _is_first_heading(blocks[0]) or _find(blocks, title) is not None:
        return list(blocks)
    markdown = "# " + escape_heading(escape(title, alone=True))
    written = f"<h1>{escape_html(title, quote=False)}</h1>" if html else ""
    first = Block(kind="heading", gap="", markdown=markdown, text="", html=written, level=1, heading=title)
    return [first, _after(blocks[0], "\n\n"), *blocks[1:]]


def without_headline(blocks: Sequence[Block], title: str) -> list[Block]:
    """The content without the heading that says its headline."""
    index = _find(blocks, title)
    if index is None:
        return list(blocks)
    rest = [*blocks[:index], *blocks[index + 1 :]]
    return [_after(rest[0], ""), *rest[1:]] if index == 0 and rest else rest


def _is_first_heading(block: Block) -> bool:
    return block.kind == "heading" and block.level == 1


def _find(blocks: Sequence[Block], title: str) -> int | None:
    """Where the first heading is that says the headline, and little else."""
    said = key(title)
    for index, block in enumerate(blocks):
        if block.kind != "heading" or not said:
            continue
        if _MOST * len(block.heading) <= len(said) and block.heading.isascii():
            # its words are no more letters
            continue
        if _says(key(block.heading), said):
            return index
    return None


def _says(heading: str, said: str) -> bool:
    longer, shorter = (heading, said) if len(heading) > len(said) else (said, heading)
    return bool(shorter) and f" {shorter} " in f" {longer} " and len(longer) < _MOST * len(shorter)


def _after(block: Block, gap: str) -> Block:
    return structs.replace(block, gap=gap)

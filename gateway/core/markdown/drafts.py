"""A block while it is still being written: it may yet gain a marker, a prefix or a second paragraph."""

from msgspec import Struct

from gateway.core.model.page import Block, BlockKind


class Draft(Struct, gc=False):
    """What becomes a `Block`; `line` is its markdown on one line, for the cell of a table."""

    kind: BlockKind
    markdown: str
    text: str
    html: str
    line: str
    gap: str = "\n\n"
    level: int = 0
    heading: str = ""


def to_blocks(drafts: list[Draft], *, html: bool) -> list[Block]:
    """The finished blocks; with `html`, what was gathered of them is HTML and not bare tags."""
    if drafts:
        drafts[0].gap = ""
    return [
        Block(
            kind=draft.kind,
            gap=draft.gap,
            markdown=draft.markdown,
            text=draft.text,
            html=draft.html if html else "",
            level=draft.level,
            heading=draft.heading,
        )
        for draft in drafts
    ]


def indent(markdown: str, prefix: str) -> str:
    """Put `prefix` before every line but the first, and none on blank lines."""
    if not prefix or "\n" not in markdown:
        return markdown
    bare = prefix.rstrip()
    first, *rest = markdown.split("\n")
    return "\n".join([first, *(prefix + line if line else bare for line in rest)])


def join(drafts: list[Draft]) -> tuple[str, str, str]:
    """Markdown, text and HTML of consecutive drafts as one piece."""
    markdown, text, html = [], [], []
    for index, draft in enumerate(drafts):
        gap = draft.gap if index else ""
        markdown += [gap, draft.markdown]
        text += [gap, draft.text]
        html.append(draft.html)
    return "".join(markdown), "".join(text), "".join(html)

"""Bytes or text of a page in, `Page` out: the one door of the core."""

from selectolax.lexbor import LexborHTMLParser

from gateway.core.page import Block, CleanOptions, Page
from gateway.wire import Metadata

_DEFAULTS = CleanOptions()


def clean(html: str | bytes, *, url: str | None = None, options: CleanOptions = _DEFAULTS) -> Page:
    """Turn a page into its content."""
    text = html.decode("utf-8", "replace") if isinstance(html, bytes) else html
    tree = LexborHTMLParser(text)
    title = tree.css_first("title")
    blocks = [
        Block(kind="paragraph", gap="\n\n" if index else "", markdown=line, text=line)
        for index, line in enumerate(
            " ".join(node.text().split())
            for node in tree.css("h1,h2,h3,h4,h5,h6,p,li,td,pre")
            if node.text().strip()
        )
    ]
    return Page(
        blocks=blocks,
        title=title.text().strip() if title else None,
        metadata=Metadata(),
        confidence=0.5,
        links=[],
        images=[],
        structured=[],
        warnings=[],
    )

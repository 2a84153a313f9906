"""Bytes or text of a page in, `Page` out: the one door of the core."""

from selectolax.lexbor import LexborHTMLParser

from gateway.core.markdown import render
from gateway.core.page import CleanOptions, Page
from gateway.wire import Metadata

_DEFAULTS = CleanOptions()


def clean(html: str | bytes, *, url: str | None = None, options: CleanOptions = _DEFAULTS) -> Page:
    """Turn a page into its content."""
    text = html.decode("utf-8", "replace") if isinstance(html, bytes) else html
    tree = LexborHTMLParser(text)
    title = tree.css_first("title")
    root = tree.body or tree.root
    assert root is not None  # a parsed document always has one
    rendered = render(root, kept=None, hidden={}, base_url=url, options=options)
    return Page(
        blocks=rendered.blocks,
        title=title.text().strip() if title else None,
        metadata=Metadata(),
        confidence=0.5,
        links=rendered.links,
        images=rendered.images,
        structured=[],
        warnings=[],
        appendix=rendered.appendix,
    )

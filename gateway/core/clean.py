"""Bytes or text of a page in, `Page` out: the one door of the core."""

from selectolax.lexbor import LexborHTMLParser

from gateway.core.markdown import render
from gateway.core.metadata import read_metadata
from gateway.core.page import CleanOptions, Page
from gateway.core.structured import read_structured

_DEFAULTS = CleanOptions()


def clean(html: str | bytes, *, url: str | None = None, options: CleanOptions = _DEFAULTS) -> Page:
    """Turn a page into its content."""
    text = html.decode("utf-8", "replace") if isinstance(html, bytes) else html
    tree = LexborHTMLParser(text)
    structured = read_structured(tree, base_url=url)
    facts = read_metadata(tree, structured, url=url)
    root = tree.body or tree.root
    assert root is not None  # a parsed document always has one
    rendered = render(root, kept=None, hidden={}, base_url=url, options=options)
    return Page(
        blocks=rendered.blocks,
        title=facts.title,
        metadata=facts.metadata,
        confidence=0.5,
        links=rendered.links,
        images=rendered.images,
        structured=structured,
        warnings=[],
        appendix=rendered.appendix,
    )

"""How the tests of the renderer write a page and read it back as a CommonMark reader would."""

import re

from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from gateway.core.markdown import Rendered, render
from gateway.core.model.page import CleanOptions, KeptNodes

BASE = "https://example.org/guide/page.html"
READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_TAG = re.compile(r"<[^>]*>")


def rendered(
    html: str, /, *, url: str | None = BASE, kept: KeptNodes | None = None, **options: object
) -> Rendered:
    """Everything a reader sees of a page."""
    tree = LexborHTMLParser(html)
    root = tree.body or tree.root
    assert root is not None
    return render(root, kept=kept, hidden={}, base_url=url, options=CleanOptions(**options))  # type: ignore[arg-type]


def markdown_of(html: str, /, *, url: str | None = BASE, **options: object) -> str:
    return joined(rendered(html, url=url, **options))


def joined(page: Rendered) -> str:
    return "".join(block.gap + block.markdown for block in page.blocks) + page.appendix


def text_of(page: Rendered) -> str:
    return "".join(block.gap + block.text for block in page.blocks)


def html_of(markdown: str) -> str:
    """What the markdown means, as HTML."""
    return READER.render(markdown)


def read_back(markdown: str) -> str:
    """The text that a CommonMark and GFM reader finds: words, code, link texts, cells."""
    parts: list[str] = []
    for token in READER.parse(markdown):
        if token.type == "inline":
            for child in token.children or []:
                if child.type in ("text", "code_inline"):
                    parts.append(child.content)
                elif child.type in ("softbreak", "hardbreak"):
                    parts.append("\n")
            parts.append("\n")
        elif token.type in ("fence", "code_block"):
            parts.append(token.content + "\n")
        elif token.type == "html_block":
            parts.append(_TAG.sub("", token.content) + "\n")
    return "".join(parts)

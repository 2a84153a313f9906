"""The output formats: a page's content in each, cut where it may be cut."""

from collections.abc import Callable

from msgspec import Struct

from gateway.core.model.page import Page
from gateway.wire import Format


class OutputFormat(Struct, kw_only=True, frozen=True):
    """`parts` cuts a page's content at every place where it may be cut; joined, they are the content."""

    parts: Callable[[Page], list[str]]
    # of the content alone, as an answer's whole body
    media_type: str


def parts_of(page: Page, format: Format = "markdown") -> list[str]:
    """A page's content in a format, in parts. Each ends with the white space before the next."""
    return FORMATS[format].parts(page)


def _markdown_parts(page: Page) -> list[str]:
    """The blocks, and after the last one the definitions of reference-style links, one a part."""
    definitions = page.appendix.lstrip("\n").splitlines()
    gap = page.appendix[: len(page.appendix) - len(page.appendix.lstrip("\n"))]
    gaps = [block.gap for block in page.blocks]
    gaps += [gap, *["\n"] * (len(definitions) - 1)] if definitions else []
    return _with_gaps([*(block.markdown for block in page.blocks), *definitions], gaps)


def _text_parts(page: Page) -> list[str]:
    texts = page.texts
    return _with_gaps([text for _, text in texts], [gap for gap, _ in texts])


def _html_parts(page: Page) -> list[str]:
    return _with_gaps([block.html for block in page.blocks], ["", *["\n"] * (len(page.blocks) - 1)])


def _with_gaps(pieces: list[str], gaps: list[str]) -> list[str]:
    return [piece + gap for piece, gap in zip(pieces, [*gaps[1:], ""], strict=False)]


FORMATS: dict[Format, OutputFormat] = {
    "markdown": OutputFormat(parts=_markdown_parts, media_type="text/markdown"),
    "text": OutputFormat(parts=_text_parts, media_type="text/plain"),
    # as plain text: a stranger's markup is not to be rendered from the gateway's own origin
    "html": OutputFormat(parts=_html_parts, media_type="text/plain"),
}

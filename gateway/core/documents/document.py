"""What a document is, before and after it is read, and what a type of documents has to tell."""

from collections.abc import Callable
from html import escape
from typing import Literal
from urllib.parse import urlsplit

from msgspec import Struct

from gateway.wire import Notice

Kind = Literal[
    "html", "markdown", "text", "json", "xml", "pdf", "docx", "xlsx", "pptx", "odt", "epub", "archive"
]
# types of servers that know no better: the first bytes tell
UNTYPED = frozenset(
    {"", "application/octet-stream", "binary/octet-stream", "application/unknown", "unknown/unknown"}
)

# what office programs write; servers send tables of HTML and CSV under these names too
OFFICE_TYPES = (
    *("application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument.text"),
    *("application/epub+zip", "application/msword", "application/vnd.ms-"),
)
# of an archive, by what is in it
PackageKind = Literal["docx", "xlsx", "pptx", "odt", "epub", "zip"]


class Received(Struct, frozen=True, kw_only=True):
    """A body as it was received, and the Content-Type header that came with it."""

    body: bytes
    content_type: str


class Looked(Struct, frozen=True, kw_only=True):
    """What a type is recognised by."""

    body: bytes
    # the type of the Content-Type header, in lower case, without parameters
    essence: str
    # of the address, in lower case; empty without one
    path: str
    # None where the body is no archive
    package: PackageKind | None = None

    @property
    def is_untyped(self) -> bool:
        """Whether the header tells nothing that could be relied on: the first bytes tell."""
        return self.essence in UNTYPED or self.essence.startswith(OFFICE_TYPES)


class Document(Struct, frozen=True, kw_only=True):
    """A body that can be cleaned.

    `text` is the body as received, decoded; of a PDF, the text in it. `html` is what to clean: the same for
    an HTML page. Only HTML has a main content to choose; the rest is content from end to end. `guessed_charset`
    is WHATWG's name of the encoding where nothing valid declares it.
    """

    kind: Kind
    text: str
    html: str
    guessed_charset: str | None = None
    warnings: list[Notice] = []


class DocumentType(Struct, frozen=True, kw_only=True):
    """A type of documents: how it is recognised, and how it becomes HTML.

    `read` takes the body and the Content-Type header; it may raise UnsupportedContent.
    """

    kind: Kind
    recognises: Callable[[Looked], bool]
    read: Callable[[Received], Document]


def page_html(
    body: str,
    *,
    title: str = "",
    author: str = "",
    published: str = "",
    language: str = "",
    description: str = "",
) -> str:
    """A body as a page, with what is known of it in the head."""
    head = f"<title>{escape(title)}</title>" if title else ""
    metas = {"author": author, "date": published, "description": description}
    head += "".join(
        f'<meta name="{name}" content="{escape(value)}">' for name, value in metas.items() if value
    )
    said = f' lang="{escape(language)}"' if language else ""
    return f"<!doctype html><html{said}><head>{head}</head><body>{body}</body></html>"


def code_html(text: str, language: str) -> str:
    """A text as a page that is one block of code."""
    return page_html(f'<pre><code class="language-{language}">{escape(text, quote=False)}</code></pre>')


def path_of(url: str | None) -> str:
    """The path of an address, in lower case."""
    try:
        return urlsplit(url or "").path.lower()
    except ValueError:
        return ""

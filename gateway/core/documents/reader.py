"""What a body is, by its type and its first bytes; and every kind of it as HTML.

Text, markdown, JSON, feeds and PDF become HTML first and then go the one way through `clean`, so that
links, budgets, hidden text and escaping are everywhere the same.
"""

import json
import re
from collections.abc import Mapping
from html import escape
from typing import Literal
from urllib.parse import urljoin, urlsplit

from msgspec import Struct

from gateway.core.documents.charset import decode
from gateway.core.documents.feeds import feed_html
from gateway.core.documents.pdf import read_pdf
from gateway.errors import UnsupportedContent

Kind = Literal["html", "markdown", "text", "json", "xml", "pdf"]

_MARKDOWN = frozenset({"text/markdown", "text/x-markdown", "application/markdown"})
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_JSON = frozenset({"application/json", "application/x-ndjson", "application/jsonl", "text/json"})
_XML = frozenset({"application/xml", "text/xml"})
_TEXT = frozenset({"application/javascript", "application/x-yaml", "application/yaml", "application/toml"})
_UNTYPED = frozenset(
    {"", "application/octet-stream", "binary/octet-stream", "application/unknown", "unknown/unknown"}
)
_LOOKS_HTML = re.compile(
    rb"\s*+(?:<!--(?>.*?-->)\s*+)*+"  # each comment is passed over once
    rb"<(?:!doctype html|html|head|body|title|meta|link|script|style|table|div|p|a|h1|br)\b",
    re.IGNORECASE | re.DOTALL,
)
_LINK_TAG = re.compile(r"<link\s[^<>]{0,2000}+>", re.IGNORECASE)
_ATTRIBUTE = re.compile(  # a name is tried from its beginning only
    r"""(?<![a-z-])([a-z-]++)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++))""", re.IGNORECASE
)
_LINK_HEADER = re.compile(r"<([^<>]{1,2000}+)>([^,<]{0,500}+)")
_LAID_OUT = re.compile(r"^[ \t]{2,}\S|\S {3,}\S|\t", re.MULTILINE)
_BLANK_LINE = re.compile(r"\n[ \t]*+\n")
_FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*+\r?\n")
_FRONT_MATTER_END = re.compile(r"\n(?:---|\.\.\.)[ \t]*+(?:\r?\n|$)")
_MAX_FRONT_MATTER_CHARS = 20_000
_TITLE = re.compile(r"^title:[ \t]*+(.+)$", re.MULTILINE)
_MARKDOWN_TYPE = "text/markdown"
HEAD_BYTES = 65_536
_LINK_HEADER_CHARS = 16_384


class Received(Struct, frozen=True, kw_only=True):
    """A body as it was received, and the Content-Type header that came with it."""

    body: bytes
    content_type: str


class Document(Struct, frozen=True, kw_only=True):
    """A body that can be cleaned.

    `text` is the body as received, decoded; of a PDF, the text in it. `html` is what to clean: the same for
    an HTML page. Only HTML has a main content to choose; the rest is content from end to end.
    """

    kind: Kind
    text: str
    html: str


def read_document(body: bytes, *, content_type: str, url: str | None) -> Document:
    """Make a body ready for `clean`.

    Args:
        body: as fetched, content coding undone.
        content_type: the header, parameters included; empty when there was none.
        url: where it came from; its suffix tells markdown that is served as plain text.
    Raises:
        UnsupportedContent: nothing here turns this type into markdown, or a PDF is encrypted or scanned.
    """
    kind = kind_of(body, content_type=content_type, url=url)
    if kind == "pdf":
        pdf = read_pdf(body)
        return Document(kind=kind, text=pdf.text, html=pdf.html)
    text = decode(body, content_type=content_type)
    match kind:
        case "html":
            return Document(kind=kind, text=text, html=text)
        case "markdown":
            html = markdown_html(text)
        case "json":
            html = _code_html(_pretty_json(text), "json")
        case "xml":
            html = feed_html(text) or _code_html(text, "xml")
        case _:
            html = text_html(text)
    return Document(kind=kind, text=text, html=html)


def kind_of(body: bytes, *, content_type: str, url: str | None) -> Kind:
    """Which kind of document a body is; a PDF and an untyped page are known by their first bytes.

    Nothing at all, without a type, is an empty page.
    """
    essence = content_type.partition(";")[0].strip().lower()
    if b"%PDF-" in body[:1024]:
        return "pdf"
    if essence in _HTML or (essence in _UNTYPED and (not body or _LOOKS_HTML.match(body[:4096]))):
        return "html"
    if essence in _MARKDOWN or (essence == "text/plain" and _path(url).endswith((".md", ".markdown"))):
        return "markdown"
    if essence in _JSON or essence.endswith("+json"):
        return "json"
    if essence in _XML or (essence.endswith("+xml") and not essence.startswith("image/")):
        return "xml"
    if essence.startswith("text/") or essence in _TEXT or (essence in _UNTYPED and _is_text(body)):
        return "text"
    named = essence or "a body without a type that is no text"
    raise UnsupportedContent(f"nothing here turns {named[:100]} into markdown", content_type=essence[:100])


def may_offer_markdown(body: bytes, *, headers: Mapping[str, str]) -> bool:
    """Whether the type's name stands where an offer could: one search through 64 KiB of body and 16 of header."""
    header = headers.get("link", "")[:_LINK_HEADER_CHARS]
    return _MARKDOWN_TYPE in header.lower() or _MARKDOWN_TYPE.encode() in body[:HEAD_BYTES]


def markdown_alternate(body: bytes, *, headers: Mapping[str, str], url: str) -> str | None:
    """The address of the page's own markdown, where it offers one on its own origin.

    Args:
        body: the page's HTML; what `may_offer_markdown` looks at is looked at here.
        headers: the response's, names in lower case.
        url: the page's final address.
    """
    header, head = headers.get("link", "")[:_LINK_HEADER_CHARS], body[:HEAD_BYTES]
    offers = []
    if _MARKDOWN_TYPE in header.lower():
        for target, parameters in _LINK_HEADER.findall(header):
            offers.append((_attributes_of(parameters), target))
    if _MARKDOWN_TYPE.encode() in head:
        for tag in _LINK_TAG.findall(head.decode("utf-8", "replace")):
            attributes = _attributes_of(tag)
            offers.append((attributes, attributes.get("href", "")))
    for attributes, target in offers:
        is_markdown = attributes.get("type", "").partition(";")[0].strip().lower() == _MARKDOWN_TYPE
        if is_markdown and "alternate" in attributes.get("rel", "").lower().split() and target:
            return _same_origin(url, target)
    return None


def _attributes_of(text: str) -> dict[str, str]:
    """The attributes of a tag, or parameters of a header; none unless markdown is spoken of there."""
    if _MARKDOWN_TYPE not in text.lower():
        return {}
    return {name.lower(): a or b or c for name, a, b, c in _ATTRIBUTE.findall(text)}


def markdown_html(text: str) -> str:
    """Markdown as HTML, front matter taken off; raw HTML in it is kept for `clean` to judge."""
    from markdown_it import MarkdownIt  # 40 ms of import that few processes need

    title, text = _front_matter(text)
    body = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)
    return _page_html(str(body), title=title)


def text_html(text: str) -> str:
    """Plain text as HTML: paragraphs between blank lines, verbatim where it is laid out by spaces."""
    parts = []
    for part in _BLANK_LINE.split(text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")):
        if not part.strip():
            continue
        tag = "pre" if _LAID_OUT.search(part) else "p"
        inner = escape(part, quote=False)
        parts.append(f"<{tag}>{inner if tag == 'pre' else inner.strip().replace(chr(10), '<br>')}</{tag}>")
    return _page_html("\n".join(parts))


def _code_html(text: str, language: str) -> str:
    return _page_html(f'<pre><code class="language-{language}">{escape(text, quote=False)}</code></pre>')


def _page_html(body: str, *, title: str = "") -> str:
    head = f"<title>{escape(title)}</title>" if title else ""
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"


def _pretty_json(text: str) -> str:
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=1)
    except (ValueError, RecursionError):  # JSON lines, JSON with comments, or no JSON after all
        return text


def _front_matter(text: str) -> tuple[str, str]:
    """Title and rest of a document that begins with a YAML block between `---` lines."""
    begin = _FRONT_MATTER.match(text)
    end = begin and _FRONT_MATTER_END.search(text, begin.end())
    if not begin or not end or end.start() - begin.end() > _MAX_FRONT_MATTER_CHARS:
        return "", text
    title = _TITLE.search(text, begin.end(), end.start())
    return (title[1].strip().strip("\"'") if title else ""), text[end.end() :]


def _is_text(body: bytes) -> bool:
    sample = body[:4096]
    if not sample or any(byte < 32 and byte not in b"\t\n\f\r\x1b" for byte in sample):
        return False
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as exc:
        return exc.start > len(sample) - 4  # a character cut by the sample's end
    return True


def _path(url: str | None) -> str:
    try:
        return urlsplit(url or "").path.lower()
    except ValueError:
        return ""


def _same_origin(url: str, target: str) -> str | None:
    try:
        absolute = urljoin(url, target.strip())
        here, there = urlsplit(url), urlsplit(absolute)
    except ValueError:
        return None
    return absolute if here[:2] == there[:2] and absolute != url else None

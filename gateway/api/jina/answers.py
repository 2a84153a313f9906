"""Pages as Jina Reader's text and JSON."""

import base64
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct

from gateway.api.reader_headers import ReaderOptions
from gateway.wire import ScrapeResponse


class Usage(Struct, kw_only=True, frozen=True):
    """What the answer costs to read."""

    tokens: Annotated[int, Meta(description="Tokens of the content.")]


class ReaderPage(Struct, kw_only=True, frozen=True, omit_defaults=True, rename="camel"):
    """A page in the form asked for."""

    title: Annotated[str, Meta(description="The page's title.")]
    description: Annotated[str, Meta(description="The page's summary of itself.")]
    url: Annotated[str, Meta(description="The address that was asked for.")]
    usage: Annotated[Usage, Meta(description="What the answer costs to read.")]
    content: Annotated[str | None, Meta(description="The content as markdown.")] = None
    html: Annotated[str | None, Meta(description="The page as received.")] = None
    text: Annotated[str | None, Meta(description="The page as plain text.")] = None
    screenshot_url: Annotated[str | None, Meta(description="The page as PNG, a data: URL.")] = None
    published_time: Annotated[str | None, Meta(description="When it was published, ISO 8601.")] = None
    links: Annotated[dict[str, str] | None, Meta(description="Addresses by the text of their links.")] = None
    images: Annotated[dict[str, str] | None, Meta(description="Addresses by what the pictures show.")] = None
    metadata: Annotated[dict[str, str] | None, Meta(description="What the page says of itself.")] = None
    warning: Annotated[str | None, Meta(description="What is to be known of the page.")] = None


class ReaderMeta(Struct, kw_only=True, frozen=True):
    """About the answer."""

    usage: Annotated[Usage, Meta(description="What the answer costs to read.")]


class ReaderAnswer(Struct, kw_only=True, frozen=True):
    """The answer to `Accept: application/json`."""

    code: Annotated[int, Meta(description="Always 200.")]
    status: Annotated[int, Meta(description="Always 20000.")]
    data: Annotated[ReaderPage, Meta(description="The page.")]
    meta: Annotated[ReaderMeta, Meta(description="About the answer.")]


class ReaderFailure(Struct, kw_only=True, frozen=True, rename="camel"):
    """The body of every error under these routes."""

    data: Annotated[None, Meta(description="Always null.")]
    code: Annotated[int, Meta(description="HTTP status.")]
    name: Annotated[str, Meta(description="Stable name of the error.")]
    status: Annotated[int, Meta(description="HTTP status and two digits.")]
    message: Annotated[str, Meta(description="What happened, where, and what to do next.")]
    readable_message: Annotated[str, Meta(description="Name and message.")]


def to_page(page: ScrapeResponse, options: ReaderOptions) -> ReaderPage:
    """A page in the form asked for."""
    known = page.metadata
    facts: dict[str, Any] = {
        "author": known.author,
        "lang": known.language,
        "og:site_name": known.site_name,
        "og:image": known.image,
    }
    content = page.content
    forms: dict[str, Any] = {}
    match options.form:
        case "html":
            forms["html"] = page.raw_html or ""
        case "text":
            forms["text"] = content
        case "screenshot":
            picture = base64.b64encode(page.screenshot or b"").decode()
            forms["screenshot_url"] = f"data:image/png;base64,{picture}"
        case _:
            forms["content"] = content
    if options.links_summary and page.links is not UNSET:
        forms["links"] = {_flat(link.text) or link.url: link.url for link in page.links}
    if options.images_summary and page.images is not UNSET:
        forms["images"] = {
            f"Image {number}: {_flat(image.alt)}".removesuffix(": "): image.url
            for number, image in enumerate(page.images, 1)
        }
    return ReaderPage(
        title=page.title or "",
        description=known.description or "",
        url=page.url or "",
        usage=Usage(tokens=page.tokens.content),
        published_time=known.published,
        metadata={name: value for name, value in facts.items() if value} or None,
        warning="\n".join(dict.fromkeys(notice.message for notice in page.warnings)) or None,
        **forms,
    )


def to_answer(page: ReaderPage) -> ReaderAnswer:
    """The JSON around a page."""
    return ReaderAnswer(code=200, status=20_000, data=page, meta=ReaderMeta(usage=page.usage))


def to_text(page: ReaderPage) -> str:
    """The page as plain text, under a head; HTML and text are bare."""
    if page.content is None:
        return to_bare(page)
    head = [f"Title: {_flat(page.title)}", f"URL Source: {page.url}"]
    if page.published_time:
        head.append(f"Published Time: {page.published_time}")
    if page.warning:
        head.append("\n".join(f"Warning: {line}" for line in page.warning.splitlines()))
    return "\n\n".join(head) + f"\n\nMarkdown Content:\n{to_bare(page)}\n"


def to_bare(page: ReaderPage) -> str:
    """The page in its form, and the summaries asked for."""
    parts = [page.content or page.html or page.text or ""]
    if page.images is not None:
        listed = [f"- ![{name}]({url})" for name, url in page.images.items()]
        parts.append("\n".join(["Images:", *(listed or ["This page has no images."])]))
    if page.links is not None:
        listed = [f"- [{name}]({url})" for name, url in page.links.items()]
        parts.append("\n".join(["Links/Buttons:", *(listed or ["This page has no links."])]))
    return "\n\n".join(parts)


def _flat(text: str) -> str:
    """On one line, without brackets that would end a link."""
    return " ".join(text.replace("[", "(").replace("]", ")").split())

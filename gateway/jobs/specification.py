"""What a job keeps of its request."""

import msgspec
from msgspec import Struct

from gateway.core.crawling.scope import Scope
from gateway.core.http.caller_headers import filter_headers
from gateway.errors import InvalidRequest
from gateway.wire import encode_json
from gateway.wire.jobs import PageQuestion, SitemapUse, Webhook
from gateway.wire.scrape import ScrapeOptions

MAX_METADATA_BYTES = 16 * 1024
# of the gateway in every format
_SIGNATURES = frozenset({"webhook-id", "webhook-timestamp", "webhook-signature", "x-firecrawl-signature"})


class Specification(Struct, kw_only=True, frozen=True):
    """How the pages of a job are read. A `scope` makes it a crawl."""

    scrape: ScrapeOptions
    extract: PageQuestion | None = None
    webhook: Webhook | None = None
    robots: bool = True
    delay_s: float = 0
    scope: Scope | None = None
    sitemap: SitemapUse = "skip"


def pack(specification: Specification) -> bytes:
    """The specification as bytes that `unpack` reads.

    Raises:
        InvalidRequest: a value is beyond the bounds of its type, or a schema has a number of more than 64 bits.
    """
    try:
        content = msgspec.msgpack.encode(specification)
        # constructors check no bounds; a job that cannot be read would be found out by its runners
        _decode(content)
    except (msgspec.DecodeError, OverflowError) as exc:
        raise InvalidRequest(f"the job cannot be kept: {exc}; change the value and send it again") from exc
    return content


def checked_webhook(webhook: Webhook) -> Webhook:
    """The webhook as it may be kept, the names of its headers in lower case.

    Raises:
        InvalidRequest: a header is none, or the gateway's to set; or the metadata is too long.
    """
    headers = filter_headers(webhook.headers)
    for name in webhook.headers:
        if name.lower() not in headers or name.lower() in _SIGNATURES:
            raise InvalidRequest(
                f"`webhook.headers`: {name} is set by the gateway itself; leave it out", field="webhook"
            )
    if len(encode_json(webhook.metadata)) > MAX_METADATA_BYTES:
        raise InvalidRequest(
            f"`webhook.metadata`: is more than {MAX_METADATA_BYTES} bytes of JSON; send an identifier in its place",
            field="webhook",
        )
    return msgspec.structs.replace(webhook, headers=headers)


def unpack(content: bytes) -> Specification | None:
    """The specification that `pack` made bytes of; None where this version cannot read it."""
    try:
        return _decode(content)
    except msgspec.DecodeError:
        return None


_decode = msgspec.msgpack.Decoder(Specification).decode

"""What a job keeps of its request."""

import msgspec
from msgspec import Struct

from gateway.core.crawling.scope import Scope
from gateway.wire.jobs import PageQuestion, SitemapUse, Webhook
from gateway.wire.scrape import ScrapeOptions


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
    """The specification as bytes."""
    return msgspec.msgpack.encode(specification)


def unpack(content: bytes) -> Specification:
    """The specification that `pack` made bytes of."""
    return _decode(content)


_decode = msgspec.msgpack.Decoder(Specification).decode

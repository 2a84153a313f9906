"""Webhooks as Firecrawl's clients ask for them, and the events of jobs as Firecrawl sends them.

A receiver that knows Firecrawl's header x-firecrawl-signature finds it: an HMAC-SHA256 of the body, in hexadecimal
digits.
"""

import hmac
from collections.abc import Mapping
from functools import partial
from typing import Any, get_args

import msgspec
from msgspec import UNSET, Struct

from gateway.api.bodies import checked
from gateway.api.firecrawl.answers import Document, DocumentMetadata
from gateway.api.firecrawl.documents import document_of_job
from gateway.api.firecrawl.types import WebhookBody
from gateway.jobs.webhooks import Message, Occurrence, Writer
from gateway.wire import encode_json
from gateway.wire.jobs import JobEvent, JobKind, JobOptions, JobResult, Webhook

_NAMES: dict[JobKind, str] = {"crawl": "crawl", "batch": "batch_scrape"}


class EventBody(Struct, kw_only=True, frozen=True, omit_defaults=True, rename="camel"):
    """What is posted. `data` is the page of the event, if it is about one; `webhook_id` is the same in each try."""

    success: bool
    type: str
    id: str
    webhook_id: str
    data: list[Document]
    metadata: dict[str, Any]
    error: str | None = None


def to_webhook(asked: str | WebhookBody | None, *, kind: JobKind, is_v1: bool) -> Webhook | None:
    """A webhook as jobs take it. Raises InvalidRequest."""
    if not asked:
        return None
    if isinstance(asked, str):
        asked = WebhookBody(url=asked)
    # `crawl.page` is what `page` is called in an event
    names: list[Any] = [name.removeprefix(f"{_NAMES[kind]}.") for name in asked.events or get_args(JobEvent)]
    webhook = Webhook(
        url=asked.url,
        events=list(dict.fromkeys(names)),
        format="firecrawl-v1" if is_v1 else "firecrawl-v2",
        headers=asked.headers or {},
        metadata=asked.metadata or {},
    )
    return checked(JobOptions(webhook=webhook)).webhook


def write_event(occurrence: Occurrence, secret: str | None, *, is_v1: bool) -> Message:
    """An event in Firecrawl's words.

    Args:
        secret: signs it.
    """
    data: list[Document] = []
    error = None
    if occurrence.result is not None:
        result = msgspec.json.decode(occurrence.result, type=JobResult)
        page = document_of_job(
            result, options=occurrence.specification.scrape, now=occurrence.event.created_at, is_v1=is_v1
        )
        data.append(page or Document(metadata=DocumentMetadata(source_url=result.url)))
        error = None if result.error is UNSET else result.error.detail
    elif occurrence.event.kind == "failed":
        counts = ", ".join(f"{code} ({count})" for code, count in occurrence.job.per_error.items())
        error = f"not one page could be read: {counts}"
    body = encode_json(
        EventBody(
            success=error is None,
            type=f"{_NAMES[occurrence.job.kind]}.{occurrence.event.kind}",
            id=occurrence.job.id,
            webhook_id=occurrence.event.name,
            data=data,
            metadata=occurrence.webhook.metadata,
            error=error,
        )
    )
    if not secret:
        return Message(body=body)
    signature = hmac.digest(secret.encode(), body, "sha256").hex()
    return Message(body=body, headers={"x-firecrawl-signature": f"sha256={signature}"})


WRITERS: Mapping[str, Writer] = {
    "firecrawl-v1": partial(write_event, is_v1=True),
    "firecrawl-v2": partial(write_event, is_v1=False),
}

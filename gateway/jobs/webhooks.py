"""Sends the events of jobs to the addresses that their owners named: signed, at least once, for a day.

Source: Standard Webhooks 1.0 (https://www.standardwebhooks.com): the headers webhook-id, webhook-timestamp and
webhook-signature, an HMAC-SHA256 over `id.timestamp.body`.
"""

import asyncio
import base64
import binascii
import contextlib
import hmac
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from urllib.parse import urlsplit

from msgspec import Struct

from gateway.errors import GatewayError, JobsUnavailable
from gateway.fetch.base import Poster
from gateway.jobs.frontier import Event, Frontier, Job
from gateway.jobs.jobs import report
from gateway.jobs.page_reader import unpack_result
from gateway.jobs.specification import Specification, unpack
from gateway.primitives.ending import end
from gateway.wire import encode_json
from gateway.wire.jobs import Webhook

TIMEOUT_S = 15.0
POLL_S = 1.0
# waits between the tries, a day together; the last is followed by no other
BACKOFF_S = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 10_800.0, 21_600.0, 43_200.0)
_AT_ONCE = 32
# an address that did not answer is left alone so long: what it is to get counts as tried, and holds up nobody else's
SILENT_S = 60.0
_SILENT_KEPT = 1_000
# longer than a try takes, so that nobody else sends the event meanwhile
_LEASE_S = TIMEOUT_S * 2
_SECRET_PREFIX = "whsec_"
_log = logging.getLogger("winnow.jobs")


class Occurrence(Struct, kw_only=True, frozen=True):
    """What a webhook is about: an event, its job as it stands, and of a page its result as JSON."""

    event: Event
    job: Job
    specification: Specification
    webhook: Webhook
    result: bytes | None


class Message(Struct, kw_only=True, frozen=True):
    """What is posted."""

    body: bytes
    headers: dict[str, str] = {}


# what has happened, and the secret that signs it -> what is posted
Writer = Callable[[Occurrence, str | None], Message]


class Webhooks:
    """Delivers events; one in every process of the service.

    Args:
        poster: goes through the address policy.
        writers: write events in other formats than the gateway's own, by the names that webhooks have for them.
        secret: signs the events of webhooks that have none of their own.
        on_failure: is called for every try that failed (metrics).
    """

    def __init__(
        self,
        *,
        frontier: Frontier,
        poster: Poster,
        writers: Mapping[str, Writer] | None = None,
        secret: str | None = None,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        self._frontier = frontier
        self._poster = poster
        self._writers = {"winnow": write_event} | dict(writers or {})
        self._secret = secret
        self._on_failure = on_failure
        # owner and host of those that did not answer last -> until when it is left alone
        self._silent: dict[tuple[str, str], float] = {}

    @contextlib.asynccontextmanager
    async def deliver(self) -> AsyncIterator[None]:
        """Deliver while the block lasts."""
        task = asyncio.create_task(self._deliver())
        try:
            yield
        finally:
            await end(task)

    async def _deliver(self) -> None:
        """Keep `_AT_ONCE` places filled: one that waits for its answer holds up no other."""
        sending: set[asyncio.Task[None]] = set()
        try:
            while True:
                events: list[Event] = []
                try:
                    if room := _AT_ONCE - len(sending):
                        events = await self._frontier.claim_events(limit=room, lease_s=_LEASE_S)
                except JobsUnavailable as exc:
                    _log.warning("%s", exc.detail)
                except Exception:
                    _log.exception("events of jobs could not be looked for")
                sending |= {asyncio.create_task(self._send_logged(event)) for event in events}
                if len(sending) == _AT_ONCE:
                    _, sending = await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
                elif not events:
                    await asyncio.sleep(POLL_S)
                sending = {task for task in sending if not task.done()}
        finally:
            if sending:
                await end(*sending)

    async def _send_logged(self, event: Event) -> None:
        try:
            await self._send(event)
        except JobsUnavailable as exc:
            _log.warning("%s", exc.detail)
        except Exception:
            _log.exception("an event of a job could not be sent")

    async def _send(self, event: Event) -> None:
        job = await self._frontier.find(event.job_id)
        specification = None if job is None else unpack(job.specification)
        if job is None or specification is None or specification.webhook is None:
            await self._frontier.end_event(event)
            return
        try:
            occurrence = Occurrence(
                event=event,
                job=job,
                specification=specification,
                webhook=specification.webhook,
                result=await self._result(event),
            )
            fault = await self._post(occurrence)
        except JobsUnavailable:
            raise
        except Exception:
            # a try like any other: an update may mend it, and there are only so many
            _log.exception("webhook of job %s, event %s: it could not be written", job.id, event.kind)
            fault = "the gateway failed to write it"
        if fault is None:
            await self._frontier.end_event(event)
            return
        self._on_failure()
        tries_left = event.attempt <= len(BACKOFF_S)
        _log.warning(
            "webhook of job %s, event %s, try %d: %s%s",
            job.id,
            event.kind,
            event.attempt,
            fault,
            "" if tries_left else "; it is given up",
        )
        retry_after_s = BACKOFF_S[event.attempt - 1] if tries_left else None
        await self._frontier.end_event(event, retry_after_s=retry_after_s)

    async def _post(self, occurrence: Occurrence) -> str | None:
        """Post an event once. Returns what went wrong, None where it arrived."""
        webhook = occurrence.webhook
        # nobody's silent receiver is to hold up those of others at the same host
        host = (occurrence.job.owner, urlsplit(webhook.url).netloc.lower())
        if not self._may_try(host):
            return "its host did not answer a moment ago"
        message = self._writers[webhook.format](occurrence, webhook.secret or self._secret)
        headers = {"content-type": "application/json"} | webhook.headers | message.headers
        try:
            status = await self._poster.post(
                webhook.url, body=message.body, headers=headers, timeout_s=TIMEOUT_S
            )
        except GatewayError as exc:
            self._silent[host] = time.monotonic() + SILENT_S
            return exc.detail
        self._silent.pop(host, None)
        return None if 200 <= status < 300 else f"it answered {status}"

    def _may_try(self, host: tuple[str, str]) -> bool:
        """Whether an owner's host answered when last tried, or it is time to try it once more."""
        now = time.monotonic()
        if (until := self._silent.get(host)) is None:
            return True
        if now < until:
            return False
        # the others wait for what becomes of this try
        self._silent[host] = now + SILENT_S
        if len(self._silent) > _SILENT_KEPT:
            self._silent = {each: until for each, until in self._silent.items() if until > now}
        return True

    async def _result(self, event: Event) -> bytes | None:
        if event.sequence is not None:
            for found in await self._frontier.results(event.job_id, after=event.sequence - 1, limit=1):
                return unpack_result(found.content, sequence=found.sequence)
        return None


def write_event(occurrence: Occurrence, secret: str | None) -> Message:
    """An event in the gateway's own words, signed where there is a secret."""
    event = occurrence.event
    head = {"type": event.kind, "job": occurrence.job.id, "timestamp": event.created_at}
    if occurrence.webhook.metadata:
        head["metadata"] = occurrence.webhook.metadata
    body = (
        encode_json(head)[:-1]
        + b',"data":'
        + (occurrence.result or encode_json(report(occurrence.job)))
        + b"}"
    )
    timestamp = str(int(time.time()))
    headers = {"webhook-id": event.name, "webhook-timestamp": timestamp}
    if secret:
        headers["webhook-signature"] = sign(body, event_id=event.name, timestamp=timestamp, secret=secret)
    return Message(body=body, headers=headers)


def sign(body: bytes, *, event_id: str, timestamp: str, secret: str) -> str:
    """The value of webhook-signature.

    Args:
        secret: base64 after `whsec_`, as Standard Webhooks has it; any other text is taken as it is.
    """
    key = secret.encode()
    if secret.startswith(_SECRET_PREFIX):
        with contextlib.suppress(binascii.Error):
            key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    digest = hmac.digest(key, f"{event_id}.{timestamp}.".encode() + body, "sha256")
    return f"v1,{base64.b64encode(digest).decode()}"

"""Events are delivered, or given up after so many tries, whatever goes wrong with them."""

import asyncio

import pytest

from gateway.errors import FetchTimeout
from gateway.jobs.frontier import Frontier, NewJob
from gateway.jobs.specification import Specification, pack
from gateway.jobs.webhooks import Message, Occurrence, Webhooks
from gateway.wire.jobs import Webhook
from gateway.wire.scrape import ScrapeOptions
from tests.leaks import eventually

HOOK = "https://a.test/hook"


class Receiver:
    """Takes what is posted."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    async def post(self, url: str, *, body: bytes, headers: dict[str, str], timeout_s: float) -> int:
        self.taken.append(body)
        return 200


async def create(frontier: Frontier, name: str, webhook: Webhook) -> None:
    specification = pack(Specification(scrape=ScrapeOptions(), webhook=webhook))
    await frontier.create(
        NewJob(
            id=name, owner="ann", kind="batch", specification=specification, page_limit=1, events=["started"]
        ),
        [],
    )


@pytest.mark.anyio
async def test_event_that_cannot_be_written_is_given_up_and_holds_up_no_other(
    frontier: Frontier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.jobs.webhooks.BACKOFF_S", (0.0,) * 3)
    monkeypatch.setattr("gateway.jobs.webhooks.POLL_S", 0.02)
    tries: list[int] = []
    failures: list[None] = []

    def fail(occurrence: Occurrence, secret: str | None) -> Message:
        tries.append(occurrence.event.attempt)
        raise ValueError("not for this page")

    await create(frontier, "broken", Webhook(url=HOOK, format="firecrawl-v2"))
    await create(frontier, "whole", Webhook(url=HOOK))
    receiver = Receiver()
    webhooks = Webhooks(
        frontier=frontier,
        poster=receiver,
        writers={"firecrawl-v2": fail},
        on_failure=lambda: failures.append(None),
    )
    async with webhooks.deliver():
        await eventually(lambda: len(failures) == 4)
        # time for a try more, were there one
        await asyncio.sleep(0.2)
    assert tries == [1, 2, 3, 4]
    assert len(receiver.taken) == 1 and b'"job":"whole"' in receiver.taken[0]
    assert await frontier.claim_events(limit=10, lease_s=30) == []


class Hung(Receiver):
    """One host never answers, the others do."""

    def __init__(self) -> None:
        super().__init__()
        self.tried = 0

    async def post(self, url: str, *, body: bytes, headers: dict[str, str], timeout_s: float) -> int:
        if url != HOOK:
            self.tried += 1
            await asyncio.sleep(0.5)
            raise FetchTimeout("no answer")
        return await super().post(url, body=body, headers=headers, timeout_s=timeout_s)


@pytest.mark.anyio
async def test_host_that_never_answers_holds_up_no_other(
    frontier: Frontier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.jobs.webhooks.POLL_S", 0.02)
    for number in range(100):
        await create(frontier, f"hung{number}", Webhook(url=f"https://hung.test/{number}"))
    await create(frontier, "whole", Webhook(url=HOOK))
    receiver = Hung()
    failures: list[None] = []
    webhooks = Webhooks(frontier=frontier, poster=receiver, on_failure=lambda: failures.append(None))
    async with webhooks.deliver():
        await eventually(lambda: len(receiver.taken) == 1)
        await eventually(lambda: len(failures) == 100)
    # the others counted as tried
    assert receiver.tried < 40


@pytest.mark.anyio
async def test_host_that_answers_again_gets_its_events(
    frontier: Frontier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.jobs.webhooks.POLL_S", 0.02)
    monkeypatch.setattr("gateway.jobs.webhooks.SILENT_S", 0.1)
    monkeypatch.setattr("gateway.jobs.webhooks.BACKOFF_S", (0.2,) * 9)

    class Late(Receiver):
        tries = 0

        async def post(self, url: str, *, body: bytes, headers: dict[str, str], timeout_s: float) -> int:
            self.tries += 1
            if self.tries == 1:
                raise FetchTimeout("no answer")
            return await super().post(url, body=body, headers=headers, timeout_s=timeout_s)

    for number in range(3):
        await create(frontier, f"job{number}", Webhook(url=HOOK))
    receiver = Late()
    async with Webhooks(frontier=frontier, poster=receiver).deliver():
        await eventually(lambda: len(receiver.taken) == 3)

"""What every frontier promises, held against each of them."""

import asyncio
from typing import Any

import pytest

from gateway.jobs.frontier import Address, Claim, Frontier, Job, NewJob, Outcome

pytestmark = pytest.mark.anyio
EVENTS = ["started", "page", "completed", "failed"]


def address(name: str, *, host: str = "a.test", depth: int = 0) -> Address:
    return Address(key=f"key-{host}-{name}", url=f"https://{host}/{name}", host=host, depth=depth)


async def create(frontier: Frontier, *names: str, **fields: Any) -> Job:
    job = {"id": "job-1", "owner": "ann", "kind": "crawl", "specification": b"{}", "page_limit": 100}
    return await frontier.create(NewJob(**job | fields), [address(name) for name in names])


async def claim(
    frontier: Frontier, *, limit: int = 10, lease_s: float = 30, per_host: int = 100
) -> list[Claim]:
    return (await frontier.claim(limit=limit, lease_s=lease_s, per_host=per_host)).claims


def done(name: str = "page", **fields: Any) -> Outcome:
    return Outcome(result=name.encode(), **fields)


async def contents(frontier: Frontier, job_id: str = "job-1") -> list[bytes]:
    return [result.content for result in await frontier.results(job_id, after=0, limit=1000)]


async def test_frontier_runs_a_job_to_its_end(frontier: Frontier) -> None:
    job = await create(frontier, "1", "2")
    assert (job.status, job.total, job.queued) == ("running", 2, 2)
    first, second = await claim(frontier)
    assert first.address == address("1")
    assert await frontier.finish(first, done("one"))
    found = await frontier.find("job-1")
    assert found is not None and (found.status, found.done, found.leased) == ("running", 1, 1)
    assert await frontier.finish(second, Outcome(result=b"two", error="fetch_timeout"))
    found = await frontier.find("job-1")
    assert found is not None
    assert (found.status, found.done, found.failed, found.per_error) == (
        "completed",
        1,
        1,
        {"fetch_timeout": 1},
    )
    assert found.finished_at is not None and found.expires_at == pytest.approx(found.finished_at + 86_400)
    results = await frontier.results("job-1", after=0, limit=10)
    assert [(result.sequence, result.content) for result in results] == [(1, b"one"), (2, b"two")]
    assert [result.content for result in await frontier.results("job-1", after=1, limit=10)] == [b"two"]
    assert await claim(frontier) == []


async def test_frontier_of_a_job_without_addresses_is_over_at_once(frontier: Frontier) -> None:
    assert (await create(frontier)).status == "completed"


async def test_frontier_job_whose_every_page_failed_has_failed(frontier: Frontier) -> None:
    await create(frontier, "1")
    [only] = await claim(frontier)
    await frontier.finish(only, Outcome(result=b"", error="dns_failed"))
    found = await frontier.find("job-1")
    assert found is not None and found.status == "failed"


async def test_frontier_takes_one_address_of_a_key(frontier: Frontier) -> None:
    assert (await create(frontier, "1", "1", "2")).total == 2


async def test_frontier_follows_what_pages_lead_to_breadth_first(frontier: Frontier) -> None:
    await create(frontier, "root")
    [root] = await claim(frontier)
    deeper, level = address("deep", depth=2), [address("1", depth=1), address("2", depth=1)]
    await frontier.finish(root, done(found=[deeper, *level, address("root"), level[0]]))
    order = [each.address.url.rpartition("/")[2] for each in await claim(frontier)]
    assert order == ["1", "2", "deep"]


async def test_frontier_stops_at_the_limit_of_pages(frontier: Frontier) -> None:
    await create(frontier, "1", "2", "3", "4", page_limit=2)
    first, second = await claim(frontier)
    assert await claim(frontier) == []
    await frontier.finish(first, done())
    assert await claim(frontier) == []
    await frontier.finish(second, done())
    found = await frontier.find("job-1")
    assert found is not None and (found.status, found.done, found.total) == ("completed", 2, 2)


async def test_frontier_drops_addresses_beyond_what_a_job_may_know(frontier: Frontier) -> None:
    await create(frontier, "root", page_limit=1)
    [root] = await claim(frontier)
    await frontier.finish(root, done(found=[address(str(n), depth=1) for n in range(1100)]))
    found = await frontier.find("job-1")
    assert found is not None and found.dropped > 0 and found.queued < 1100


async def test_frontier_bounds_addresses_of_one_pattern(frontier: Frontier) -> None:
    await create(frontier, "root", pattern_limit=2)
    [root] = await claim(frontier)
    days = [address(f"day/{n}", depth=1) for n in range(5)]
    found = [Address(key=day.key, url=day.url, host=day.host, depth=1, pattern="day") for day in days]
    await frontier.finish(root, done(found=[*found, address("other", depth=1)]))
    job = await frontier.find("job-1")
    assert job is not None and (job.queued, job.alike) == (3, 3)
    for each in await claim(frontier):
        await frontier.finish(each, done(each.address.url, found=found))
    job = await frontier.find("job-1")
    assert job is not None and (job.done, job.status) == (4, "completed")


async def test_frontier_page_that_may_not_be_read_takes_none_of_the_limit(frontier: Frontier) -> None:
    await create(frontier, "1", "2", "3", page_limit=1)
    [first] = await claim(frontier)
    await frontier.finish(first, done("one", error="robots_denied", counts=False))
    found = await frontier.find("job-1")
    assert found is not None and (found.status, found.failed, found.total) == ("running", 1, 2)
    [second] = await claim(frontier)
    await frontier.finish(second, done("two"))
    found = await frontier.find("job-1")
    assert found is not None and (found.status, found.done, found.failed) == ("completed", 1, 1)
    assert await contents(frontier) == [b"one", b"two"]


async def test_frontier_duplicate_takes_none_of_the_limit(frontier: Frontier) -> None:
    await create(frontier, "1", "2", "3", page_limit=2)
    first, second = await claim(frontier)
    await frontier.finish(first, done("one", aliases=["content-x"]))
    await frontier.finish(second, done("two", aliases=["content-x"]))
    [third] = await claim(frontier)
    await frontier.finish(third, done("three", aliases=["content-y"]))
    assert await contents(frontier) == [b"one", b"three"]
    found = await frontier.find("job-1")
    assert found is not None and (found.status, found.done, found.duplicates) == ("completed", 2, 1)


async def test_frontier_job_of_nothing_but_duplicates_ends(frontier: Frontier) -> None:
    await create(frontier, *map(str, range(300)), page_limit=50)
    read = 0
    while claims := await claim(frontier, limit=20):
        for each in claims:
            read += await frontier.finish(each, done(aliases=["content-of-all"]))
    job = await frontier.find("job-1")
    assert job is not None and (job.status, job.done, job.is_spent) == ("completed", 1, True)
    assert 150 < read <= 170


async def test_frontier_alias_takes_a_queued_address_out(frontier: Frontier) -> None:
    """A page that redirects to one in the queue is that one."""
    await create(frontier, "old", "new")
    [old] = await claim(frontier, limit=1)
    await frontier.finish(old, done("moved", aliases=[address("new").key]))
    found = await frontier.find("job-1")
    assert found is not None and (found.status, found.done, found.duplicates) == ("completed", 1, 1)


async def test_frontier_alias_under_way_is_a_duplicate_when_it_ends(frontier: Frontier) -> None:
    await create(frontier, "old", "new")
    old, new = await claim(frontier)
    await frontier.finish(old, done("moved", aliases=[address("new").key]))
    await frontier.finish(new, done("new", aliases=[address("new").key]))
    assert await contents(frontier) == [b"moved"]


async def test_frontier_failed_page_is_no_ground_for_a_duplicate(frontier: Frontier) -> None:
    await create(frontier, "1", "2")
    first, second = await claim(frontier)
    await frontier.finish(first, Outcome(result=b"failed", error="fetch_timeout"))
    await frontier.finish(second, done("two", aliases=[address("1").key]))
    assert await contents(frontier) == [b"failed", b"two"]


async def test_frontier_expired_lease_is_claimed_again_and_the_late_answer_refused(
    frontier: Frontier,
) -> None:
    await create(frontier, "1")
    [dead] = await claim(frontier, lease_s=0.02)
    await asyncio.sleep(0.05)
    [alive] = await claim(frontier)
    assert (alive.address, alive.attempt) == (dead.address, 2)
    assert await frontier.extend([dead, alive], lease_s=30) == [dead]
    assert not await frontier.finish(dead, done("late"))
    assert await frontier.finish(alive, done("right"))
    assert not await frontier.finish(alive, done("twice"))
    assert await contents(frontier) == [b"right"]


async def test_frontier_extended_lease_holds(frontier: Frontier) -> None:
    await create(frontier, "1")
    held = await claim(frontier, lease_s=0.05)
    assert await frontier.extend(held, lease_s=30) == []
    await asyncio.sleep(0.1)
    assert await claim(frontier) == []


async def test_frontier_released_address_costs_no_attempt(frontier: Frontier) -> None:
    await create(frontier, "1")
    [first] = await claim(frontier)
    await frontier.release(first)
    [second] = await claim(frontier)
    assert second.attempt == 1 and second.token != first.token
    assert not await frontier.finish(first, done())


async def test_frontier_bounds_a_host_over_all_runners_and_jobs(frontier: Frontier) -> None:
    await create(frontier, "1", "2", "3")
    await create(frontier, "4", id="job-2")
    held = await claim(frontier, per_host=2)
    assert len(held) == 2
    assert await claim(frontier, per_host=2) == []
    await frontier.finish(held[0], done())
    assert len(await claim(frontier, per_host=2)) == 1


async def test_frontier_keeps_the_gap_of_a_host(frontier: Frontier) -> None:
    await create(frontier, "1", "2", "3")
    [first] = await claim(frontier, limit=1)
    await frontier.finish(first, done(host_gap_s=0.3))
    waiting = await frontier.claim(limit=10, lease_s=30, per_host=100)
    assert waiting.claims == [] and waiting.wait_s is not None and 0 < waiting.wait_s <= 0.3
    await asyncio.sleep(waiting.wait_s + 0.02)
    assert len(await claim(frontier)) == 1
    assert await claim(frontier) == []


async def test_frontier_gap_outlives_a_lease(frontier: Frontier) -> None:
    await create(frontier, "1", "2")
    [first] = await claim(frontier, limit=1)
    await frontier.finish(first, done(host_gap_s=30))
    await create(frontier, "3", id="job-2")
    assert await claim(frontier) == []


async def test_frontier_hosts_do_not_hold_up_each_other(frontier: Frontier) -> None:
    await frontier.create(
        NewJob(id="job-1", owner="ann", kind="batch", specification=b"", page_limit=10),
        [address("1"), address("2"), address("1", host="b.test")],
    )
    hosts = [each.address.host for each in await claim(frontier, per_host=1)]
    assert sorted(hosts) == ["a.test", "b.test"]


async def test_frontier_serves_jobs_by_turns(frontier: Frontier) -> None:
    await create(frontier, *"123456")
    await frontier.create(
        NewJob(id="job-2", owner="bob", kind="batch", specification=b"", page_limit=10),
        [address(name, host="b.test") for name in "12"],
    )
    jobs = [each.job_id for each in await claim(frontier, limit=4)]
    assert sorted(jobs) == ["job-1", "job-1", "job-2", "job-2"]


async def test_frontier_cancelled_job_gives_no_more_results(frontier: Frontier) -> None:
    await create(frontier, "1", "2", "3")
    first, second = await claim(frontier, limit=2)
    await frontier.finish(first, done("kept"))
    cancelled = await frontier.cancel("job-1")
    assert cancelled is not None and cancelled.status == "cancelled"
    assert await frontier.extend([second], lease_s=30) == [second]
    assert not await frontier.finish(second, done("late"))
    await frontier.release(second)
    assert await claim(frontier) == []
    assert await contents(frontier) == [b"kept"]
    again = await frontier.cancel("job-1")
    assert again is not None and again.finished_at == cancelled.finished_at
    assert await frontier.cancel("no-such-job") is None


@pytest.mark.parametrize("is_swept", [False, True])
async def test_frontier_cancelled_job_leaves_its_hosts(frontier: Frontier, is_swept: bool) -> None:
    await create(frontier, "1", "2", "3")
    assert len(await claim(frontier, lease_s=3600, per_host=2)) == 2
    await frontier.cancel("job-1", hold_s=0)
    while is_swept and await frontier.sweep():
        pass
    await create(frontier, "1", "2", "3", id="job-2")
    claims = await claim(frontier, per_host=2)
    assert [each.job_id for each in claims] == ["job-2", "job-2"]
    assert await claim(frontier, per_host=2) == []


async def test_frontier_cancelled_job_holds_its_hosts_until_runners_know(frontier: Frontier) -> None:
    await create(frontier, "1", "2")
    await claim(frontier, lease_s=3600)
    await create(frontier, "3", id="job-2")
    await frontier.cancel("job-1", hold_s=3600)
    assert await claim(frontier, per_host=2) == []
    assert [each.job_id for each in await claim(frontier, per_host=3)] == ["job-2"]


async def test_frontier_cancel_lengthens_no_lease(frontier: Frontier) -> None:
    await create(frontier, "1")
    await claim(frontier, lease_s=0)
    await create(frontier, "2", id="job-2")
    await frontier.cancel("job-1", hold_s=3600)
    [found] = await claim(frontier, per_host=1)
    assert found.job_id == "job-2"


async def test_frontier_cancel_leaves_the_leases_of_others(frontier: Frontier) -> None:
    await create(frontier, "1")
    await create(frontier, "2", id="job-2")
    [other] = [each for each in await claim(frontier) if each.job_id == "job-2"]
    await frontier.cancel("job-1", hold_s=0)
    assert await claim(frontier, per_host=1) == []
    assert await frontier.finish(other, done())


async def test_frontier_idempotency_key_finds_the_first_job(frontier: Frontier) -> None:
    first = await create(frontier, "1", idempotency_key="once")
    assert (await create(frontier, "2", id="job-2", idempotency_key="once")).id == first.id
    assert (await create(frontier, "2", id="job-3", owner="bob", idempotency_key="once")).id == "job-3"
    assert await frontier.find("job-2") is None


async def test_frontier_lists_an_owners_jobs_newest_first(frontier: Frontier) -> None:
    for number in range(3):
        await create(frontier, "1", id=f"job-{number}")
        await asyncio.sleep(0.005)
    await create(frontier, "1", id="other", owner="bob")
    assert [job.id for job in await frontier.list_jobs("ann", limit=2)] == ["job-2", "job-1"]
    assert await frontier.count_running("ann") == 3
    await frontier.cancel("job-0")
    assert await frontier.count_running("ann") == 2


async def test_frontier_notes_the_events_that_a_job_wants(frontier: Frontier) -> None:
    await create(frontier, "1", events=EVENTS)
    await create(frontier, id="silent")
    [only] = await claim(frontier)
    await frontier.finish(only, done())
    events = await frontier.claim_events(limit=10, lease_s=30)
    assert [(event.kind, event.sequence, event.attempt) for event in events] == [
        ("started", None, 1),
        ("page", 1, 1),
        ("completed", None, 1),
    ]
    assert await frontier.claim_events(limit=10, lease_s=30) == []
    await frontier.end_event(events[0])
    await frontier.end_event(events[1], retry_after_s=0)
    [again] = await frontier.claim_events(limit=10, lease_s=30)
    assert (again.id, again.attempt) == (events[1].id, 2)


async def test_frontier_event_never_passes_for_an_earlier_one(frontier: Frontier) -> None:
    await create(frontier, "1", "2", events=EVENTS)
    seen = []
    for _ in range(2):
        # each is delivered before there is another
        [event] = await frontier.claim_events(limit=10, lease_s=30)
        await frontier.end_event(event)
        seen.append(event)
        [read, *_] = await claim(frontier, limit=1)
        await frontier.finish(read, done())
    # whoever was late with the first one ends no other
    await frontier.end_event(seen[0])
    seen += await frontier.claim_events(limit=10, lease_s=30)
    assert [event.kind for event in seen] == ["started", "page", "page", "completed"]
    assert len({event.id for event in seen}) == len({event.name for event in seen}) == 4


async def test_frontier_event_of_a_dead_process_comes_again(frontier: Frontier) -> None:
    await create(frontier, "1", events=["started"])
    assert len(await frontier.claim_events(limit=10, lease_s=0.01)) == 1
    await asyncio.sleep(0.03)
    assert len(await frontier.claim_events(limit=10, lease_s=30)) == 1


async def test_frontier_sweeps_what_nobody_needs(frontier: Frontier) -> None:
    await create(frontier, *map(str, range(25)), keep_s=0, events=EVENTS)
    for each in await claim(frontier, limit=100):
        await frontier.finish(each, done())
    await asyncio.sleep(0.01)
    while await frontier.sweep(limit=10):
        pass
    assert await frontier.find("job-1") is None
    assert await contents(frontier) == []
    assert await frontier.list_jobs("ann", limit=10) == []


async def test_frontier_sweep_keeps_results_of_a_job_that_ended(frontier: Frontier) -> None:
    await create(frontier, "1")
    [only] = await claim(frontier)
    await frontier.finish(only, done("kept"))
    while await frontier.sweep():
        pass
    assert await contents(frontier) == [b"kept"]


async def test_frontier_concurrent_runners_finish_every_address_once(frontier: Frontier) -> None:
    await create(frontier, *map(str, range(60)))

    async def run() -> int:
        ended = 0
        while claims := await claim(frontier, limit=3):
            for each in claims:
                ended += await frontier.finish(each, done(each.address.url))
        return ended

    assert sum(await asyncio.gather(*(run() for _ in range(5)))) == 60
    assert len(set(await contents(frontier))) == 60


async def test_frontier_that_works_is_well(frontier: Frontier) -> None:
    assert await frontier.health() is None


async def test_frontier_unknown_job_has_nothing(frontier: Frontier) -> None:
    assert await frontier.find("no-such-job") is None
    assert await frontier.results("no-such-job", after=0, limit=10) == []


async def test_frontier_counts_what_is_left(frontier: Frontier) -> None:
    assert await frontier.stats() == {"running": 0, "queued": 0, "leased": 0}
    await create(frontier, "1", "2", "3")
    await claim(frontier, limit=1)
    assert await frontier.stats() == {"running": 1, "queued": 2, "leased": 1}

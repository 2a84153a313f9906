"""The frontier of a fleet: jobs on a Valkey or Redis server that all gateways share.

The server must not evict what it holds (`maxmemory-policy noeviction`), and should write its data to disk
(`appendonly yes`): unlike a cache, a job cannot be made again.
"""

import json
from importlib.resources import files
from typing import Any

import msgspec

from gateway.cache.valkey_server import FAULTS, connect
from gateway.errors import JobsUnavailable
from gateway.jobs.frontier import (
    GIVEN_UP_S,
    KNOWN_PER_PAGE,
    SPARE_ADDRESSES,
    SPARE_DUPLICATES,
    Address,
    Claim,
    Claims,
    Event,
    Job,
    NewJob,
    Outcome,
    Result,
)

TIMEOUT_S = 5.0
_PREFIX = "winnow:{jobs}:"
_SCRIPT = files("gateway.jobs").joinpath("frontier.lua").read_text("utf-8")
_COUNTS = ("page_limit", "queued", "leased", "done", "failed", "duplicates", "unread", "dropped", "alike")


class ValkeyFrontier:
    """`Frontier` on a Valkey or Redis server. Its clock is the one that counts.

    Args:
        url: as CACHE_URL's.
    Raises:
        ValueError: the URL is not understood.
        JobsUnavailable: from every method, when the server cannot be reached or refuses to write.
    """

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._client, self._place = connect(url, timeout_s=timeout_s, setting="JOBS_URL")
        self._script = self._client.register_script(_SCRIPT)

    async def create(self, job: NewJob, addresses: list[Address]) -> Job:
        found = await self._call(
            "create",
            id=job.id,
            owner=job.owner,
            kind=job.kind,
            page_limit=job.page_limit,
            keep_s=job.keep_s,
            events=",".join(job.events),
            addresses=[_packed(address) for address in addresses],
            **({} if job.idempotency_key is None else {"idempotency_key": job.idempotency_key}),
            **({} if job.pattern_limit is None else {"pattern_limit": job.pattern_limit}),
            content=job.specification,
        )
        created = _job(found)
        assert created is not None
        return created

    async def find(self, job_id: str) -> Job | None:
        return _job(await self._call("find", id=job_id))

    async def list_jobs(self, owner: str, *, limit: int) -> list[Job]:
        found = [_job(each) for each in await self._call("list_jobs", owner=owner, limit=limit)]
        return [job for job in found if job]

    async def count_running(self, owner: str) -> int:
        return int(await self._call("count_running", owner=owner))

    async def cancel(self, job_id: str, *, hold_s: float = GIVEN_UP_S) -> Job | None:
        return _job(await self._call("cancel", id=job_id, hold_s=hold_s))

    async def claim(self, *, limit: int, lease_s: float, per_host: int) -> Claims:
        answer = json.loads(await self._call("claim", limit=limit, lease_s=lease_s, per_host=per_host))
        claims = [
            Claim(
                job_id=each["job_id"],
                address=Address(key=each["key"], url=each["url"], host=each["host"], depth=each["depth"]),
                token=each["token"],
                attempt=each["attempt"],
            )
            for each in _listed(answer["claims"])
        ]
        return Claims(claims=claims, wait_s=answer.get("wait_s"))

    async def extend(self, claims: list[Claim], *, lease_s: float) -> list[Claim]:
        lost = await self._call("extend", claims=list(map(_lease, claims)), lease_s=lease_s)
        return [claims[index] for index in lost]

    async def finish(self, claim: Claim, outcome: Outcome) -> bool:
        ended = await self._call(
            "finish",
            claim=_lease(claim),
            found=[_packed(address) for address in outcome.found],
            aliases=outcome.aliases,
            host_gap_s=outcome.host_gap_s,
            unread=not outcome.counts,
            **({} if outcome.error is None else {"error": outcome.error}),
            content=outcome.result,
        )
        return bool(ended)

    async def release(self, claim: Claim) -> None:
        await self._call("release", **_lease(claim))

    async def results(self, job_id: str, *, after: int, limit: int) -> list[Result]:
        name = f"{_PREFIX}results:{job_id}"
        try:
            found = await self._client.lrange(name, after, after + limit - 1)
        except FAULTS as exc:
            raise self._unavailable(exc) from exc
        return [Result(sequence=number, content=content) for number, content in enumerate(found, after + 1)]

    async def claim_events(self, *, limit: int, lease_s: float) -> list[Event]:
        answer = json.loads(await self._call("claim_events", limit=limit, lease_s=lease_s))
        return [
            Event(
                id=each["id"],
                job_id=each["job"],
                kind=each["kind"],
                sequence=each["sequence"] or None,
                created_at=each["created_at"],
                attempt=each["attempt"],
            )
            for each in _listed(answer["events"])
        ]

    async def end_event(self, event: Event, *, retry_after_s: float | None = None) -> None:
        await self._call(
            "end_event", id=event.id, retry_after_s=-1 if retry_after_s is None else retry_after_s
        )

    async def sweep(self, *, limit: int = 5_000) -> bool:
        return bool(await self._call("sweep", limit=limit))

    async def stats(self) -> dict[str, int | float | str]:
        return dict(zip(("running", "queued", "leased"), await self._call("stats"), strict=True))

    async def health(self) -> str | None:
        try:
            await self._client.ping()
            policy = (await self._client.info("memory")).get("maxmemory_policy", "noeviction")
        except FAULTS as exc:
            return self._unavailable(exc).detail
        if policy != "noeviction":
            return (
                f"the store of jobs at {self._place} may evict jobs (maxmemory-policy {policy}); set it to "
                "noeviction, or let JOBS_URL name another server"
            )
        return None

    async def aclose(self) -> None:
        try:
            await self._client.aclose()
        except FAULTS:
            # it is gone already
            pass

    async def _call(self, command: str, *, content: bytes = b"", **arguments: Any) -> Any:
        arguments |= {
            "known_per_page": KNOWN_PER_PAGE,
            "spare_addresses": SPARE_ADDRESSES,
            "spare_duplicates": SPARE_DUPLICATES,
        }
        try:
            return await self._script(keys=[_PREFIX], args=[command, json.dumps(arguments), content])
        except FAULTS as exc:
            raise self._unavailable(exc) from exc

    def _unavailable(self, exc: Exception) -> JobsUnavailable:
        reason = str(exc)[:200] or type(exc).__name__
        return JobsUnavailable(
            f"the store of jobs at {self._place} cannot be used: {reason}; see the setting JOBS_URL",
            retry_after_s=5,
        )


def _packed(address: Address) -> dict[str, Any]:
    return {
        "key": address.key,
        "url": address.url,
        "host": address.host,
        "depth": address.depth,
        "pattern": address.pattern,
    }


def _lease(claim: Claim) -> dict[str, Any]:
    return {"job_id": claim.job_id, "key": claim.address.key, "token": claim.token}


def _listed(value: Any) -> list[Any]:
    """A list from Lua, which cannot tell an empty one from an empty table."""
    return value or []


def _job(found: Any) -> Job | None:
    if not found:
        return None
    fields, errors = map(_pairs, found)
    text = {name.decode(): value for name, value in fields.items()}
    values: dict[str, Any] = {name: text[name].decode() for name in ("id", "owner", "kind", "status")}
    # one that an older gateway created does not have them all
    values |= {name: text.get(name, b"0").decode() for name in _COUNTS}
    values |= {
        name: text[name].decode() for name in ("created_at", "finished_at", "expires_at") if name in text
    }
    values["per_error"] = {name.decode(): int(count) for name, count in errors.items()}
    values["specification"] = text["specification"]
    return msgspec.convert({"finished_at": None, "expires_at": None} | values, Job, strict=False)


def _pairs(flat: list[bytes]) -> dict[bytes, bytes]:
    return dict(zip(flat[::2], flat[1::2], strict=True))

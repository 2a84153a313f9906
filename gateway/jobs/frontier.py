"""What is left to fetch, who is fetching it, and what came of it: the protocol of the stores behind jobs.

A frontier is a table of addresses. An address is queued, leased to a runner, or has ended. A runner claims addresses
for a limited time, extends its leases while it works, and finishes each in one step that writes the result, the
addresses found on the page and the job's counters together. A runner that dies loses its leases: others claim the
addresses again, and a late answer of the dead one is refused, so that every result is there once.
"""

from typing import Protocol

from msgspec import Struct

from gateway.wire.jobs import JobEvent, JobKind, JobStatus

# addresses known of a job beyond its limit of pages: duplicates take none of the limit
SPARE_ADDRESSES = 1_000
KNOWN_PER_PAGE = 20
# a job ends when it has met so many more duplicates than it has pages to read: a site may have addresses without end
# for the same pages
SPARE_DUPLICATES = 100
# within which runners have noticed that a job was cancelled, and ask its hosts no more
GIVEN_UP_S = 1.5


class Address(Struct, kw_only=True, frozen=True):
    """A page wanted.

    `key` identifies it within its job, `host` is what politeness counts by, `depth` is 0 for the first addresses,
    `pattern` is equal for addresses that one template makes ("": of none).
    """

    key: str
    url: str
    host: str
    depth: int = 0
    pattern: str = ""


class NewJob(Struct, kw_only=True, frozen=True):
    """A job as it is created; `specification` is opaque to the frontier."""

    id: str
    owner: str
    kind: JobKind
    specification: bytes
    page_limit: int
    # addresses of one pattern at most
    pattern_limit: int | None = None
    # the job of an earlier request with the same owner and key is returned instead of a new one
    idempotency_key: str | None = None
    # kept for this long after its end, with its results
    keep_s: float = 86_400
    events: list[JobEvent] = []


class Job(Struct, kw_only=True, frozen=True):
    """A job as it stands. Times are Unix seconds of the store's clock."""

    id: str
    owner: str
    kind: JobKind
    specification: bytes
    status: JobStatus
    page_limit: int
    queued: int
    leased: int
    done: int
    failed: int
    duplicates: int
    # failed pages that take none of the limit
    unread: int
    # addresses that were not taken, because the job knew too many already
    dropped: int
    # addresses that were not taken, because the job knew too many of their pattern
    alike: int
    per_error: dict[str, int]
    created_at: float
    finished_at: float | None
    expires_at: float | None

    @property
    def is_spent(self) -> bool:
        """Whether the job has met more duplicates than it may."""
        return self.duplicates >= self.page_limit + SPARE_DUPLICATES

    @property
    def total(self) -> int:
        """Pages that the job will have fetched when it ends, as far as is known now."""
        if self.is_spent:
            return self.leased + self.done + self.failed
        return min(self.page_limit + self.unread, self.queued + self.leased + self.done + self.failed)


class Claim(Struct, kw_only=True, frozen=True):
    """An address leased to a runner. `token` tells this lease from every other; `attempt` counts from 1."""

    job_id: str
    address: Address
    token: int
    attempt: int


class Claims(Struct, kw_only=True, frozen=True):
    """What a runner got, and in how many seconds at the earliest there may be more (None: nobody knows)."""

    claims: list[Claim]
    wait_s: float | None = None


class Outcome(Struct, kw_only=True, frozen=True):
    """What came of an address.

    `aliases` are further keys of the same page (its final address, its canonical one, its content): a page that
    another address of the job has led to already is a duplicate and gives no result. Without any it never is one.
    """

    result: bytes
    error: str | None = None
    # whether the result is one of the pages that the job may read
    counts: bool = True
    found: list[Address] = []
    aliases: list[str] = []
    # least time between two pages of the host, from now on
    host_gap_s: float = 0


class Result(Struct, kw_only=True, frozen=True):
    """One result of a job; `sequence` counts from 1 in the order of their coming."""

    sequence: int
    content: bytes


class Event(Struct, kw_only=True, frozen=True):
    """An event for a job's webhook; `sequence` is that of the page's result."""

    id: int
    job_id: str
    kind: JobEvent
    sequence: int | None
    created_at: float
    attempt: int

    @property
    def name(self) -> str:
        """Tells this event from every other, of whatever job, for as long as anybody remembers it."""
        return "-".join(map(str, filter(None, (self.job_id, self.kind, self.sequence))))


class Frontier(Protocol):
    """Stores jobs. Several processes may use one store at once.

    Every method raises JobsUnavailable when the store cannot be reached or is full.
    """

    async def create(self, job: NewJob, addresses: list[Address]) -> Job:
        """Create a job with its first addresses; those beyond the first of one key are left out."""
        ...

    async def find(self, job_id: str) -> Job | None: ...

    async def list_jobs(self, owner: str, *, limit: int) -> list[Job]:
        """The owner's jobs, the newest first."""
        ...

    async def count_running(self, owner: str) -> int: ...

    async def cancel(self, job_id: str, *, hold_s: float = GIVEN_UP_S) -> Job | None:
        """End a job that runs. Its results stay; pages under way give none.

        Args:
            hold_s: how long their hosts still count as asked, at most for as long as their leases.
        """
        ...

    async def claim(self, *, limit: int, lease_s: float, per_host: int) -> Claims:
        """Lease up to `limit` addresses: jobs by turns, the shallowest and oldest address of a host first.

        Args:
            per_host: most addresses of one host that are leased at once, to all runners together.
        """
        ...

    async def extend(self, claims: list[Claim], *, lease_s: float) -> list[Claim]:
        """Hold on to leases. Returns those that are lost: expired and claimed by others, or of a job that ended."""
        ...

    async def finish(self, claim: Claim, outcome: Outcome) -> bool:
        """End an address. False if the lease was lost: then nothing is written."""
        ...

    async def release(self, claim: Claim) -> None:
        """Give an address back unfetched; it counts as no attempt."""
        ...

    async def results(self, job_id: str, *, after: int, limit: int) -> list[Result]:
        """The results beyond sequence number `after`, in order."""
        ...

    async def claim_events(self, *, limit: int, lease_s: float) -> list[Event]:
        """Events that are due; another process gets them once the lease has passed."""
        ...

    async def end_event(self, event: Event, *, retry_after_s: float | None = None) -> None:
        """Drop an event, or deliver it again later."""
        ...

    async def sweep(self, *, limit: int = 5_000) -> bool:
        """Delete up to `limit` rows that nobody needs any more. True if there are more."""
        ...

    async def stats(self) -> dict[str, int | float | str]:
        """`running`: jobs; `queued`, `leased`: addresses of all of them."""
        ...

    async def health(self) -> str | None:
        """None when well, else one line that names the fault."""
        ...

    async def aclose(self) -> None: ...


def most_known(page_limit: int) -> int:
    """How many addresses a job of `page_limit` pages may know."""
    return page_limit * KNOWN_PER_PAGE + SPARE_ADDRESSES

"""The limit of open files and sockets, and how it is divided.

When the limit is reached everything fails at once: no client is accepted, no page fetched, no worker started, no
cache opened. So it is divided beforehand, and whatever would go beyond its share waits or is refused.
"""

import resource

from msgspec import Struct
from msgspec.structs import replace

from gateway.settings import Settings, SettingsError

# the loop, logs, database files, a local model: 25 measured; and what is open for a moment
RESERVE = 32
LEAST = 64
# connections to origins, for each request that runs
FETCHES_PER_WORK = 4
# those, as many of clients, and two of workers
_PER_WORK = 10
# itself, three in the slow lane, a warm spare, one in the background
_PER_WORKER = 6


class Shares(Struct, frozen=True, kw_only=True):
    """What a process may have at once."""

    # of clients
    connections: int
    # requests that run
    work: int
    # requests that wait; beyond it there is room for those that are refused, and for probes
    queue: int
    workers: int


def raise_limit() -> int:
    """Raise this process's limit to the most the system allows; returns that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 2**20 if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < most:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        except (OSError, ValueError):
            # macOS has a lower one of its own
            return soft
    return most


def share(limit: int) -> Shares:
    """Divide `limit` descriptors.

    Raises:
        SettingsError: they are too few to serve with.
    """
    if limit < LEAST:
        raise SettingsError(
            f"this process may open {limit} files and sockets, and needs at least {LEAST} (a thousand to serve "
            f"many): `ulimit -n 1024`, LimitNOFILE= of systemd, or --ulimit nofile=1024 of docker"
        )
    work = (limit - RESERVE) // _PER_WORK
    connections = FETCHES_PER_WORK * work
    return Shares(
        connections=connections,
        work=work,
        queue=connections * 3 // 4 - work,
        workers=max(1, 2 * work // _PER_WORKER),
    )


def fitted(settings: Settings, shares: Shares) -> Settings:
    """`settings` with no more at once than there is room for."""
    return replace(
        settings,
        max_concurrency=min(settings.max_concurrency, shares.work),
        queue_limit=min(settings.queue_limit, shares.queue),
        clean_workers=min(settings.clean_workers, shares.workers),
    )

"""The copies that a page's address gave before: which are remembered, and which is compared with."""

import math

from msgspec import Struct


class Version(Struct, kw_only=True, frozen=True):
    """A copy that is no longer the last: its digest, and the Unix seconds it came at."""

    digest: str
    came_at: float


def thin_out(versions: list[Version], *, now_s: float) -> list[Version]:
    """Forget versions so that few are left and there is one of every age: a day-old one, a week-old one.

    Args:
        versions: the newest first. It stays, and the oldest of all that are between 2^n and 2^(n+1) seconds old.
    """
    by_age: dict[int, Version] = {}
    for version in versions:
        by_age[int(math.log2(max(now_s - version.came_at, 1)))] = version
    kept = set(by_age.values()) | set(versions[:1])
    return [version for version in versions if version in kept]


def to_compare(versions: list[Version], *, age_s: float | None, now_s: float) -> list[Version]:
    """Versions to compare a page with, the best first: those that are old enough, then those that are not.

    Args:
        versions: the newest first.
        age_s: how old it is to be at least; None takes the newest.
    """
    if age_s is None:
        return versions
    old_enough = [version for version in versions if now_s - version.came_at >= age_s]
    return old_enough + versions[: len(versions) - len(old_enough)][::-1]

"""Nothing a stranger sends may stop the service: every vector over real sockets to one that really runs.

`bench/hostile.py` measures the same vectors at their full size, and their memory. The pages of
`fixtures/hostile.py` have a test of their own, with the workers alone.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from fixtures.attack import Attack, allowed_s, attack, ordinary_failures, quiet_health, target_service
from fixtures.hostile_requests import VECTORS, Vector
from fixtures.service import Service
from fixtures.site import Site

DEADLINE_S = 2.0  # the promise holds for whichever is set
MARGIN_S = 40.0  # a busy machine is slow with everything; a frozen service never answers
WORKERS, AT_ONCE = 2, 4
HEALTH_S, HEALTH_RATIO, TRIES = 0.25, 15.0, 3


class Target:
    """A running service, replaced after a test that it may not have survived."""

    def __init__(self, folder: Path, site: Site) -> None:
        self.site = site
        self._folder = folder
        self._running = contextlib.ExitStack()
        self._service: Service | None = None
        self._started = 0

    def service(self) -> Service:
        if self._service is None:
            self._started += 1
            settings = {"WINNOW_CLEAN_TIMEOUT_S": str(DEADLINE_S), "WINNOW_CLEAN_WORKERS": str(WORKERS)}
            running = target_service(self._folder / str(self._started), self.site, **settings)
            self._service = self._running.enter_context(running)
            assert not ordinary_failures(self._service)  # it has loaded all it needs
        return self._service

    def stop(self) -> None:
        self._running.close()
        self._service = None


@pytest.fixture(scope="module")
def target(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    target = Target(tmp_path_factory.mktemp("hostile"), site)
    yield target
    target.stop()


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "vector",
    [vector for vector in VECTORS if not vector.name.startswith("page-")],
    ids=lambda each: each.name,
)
def test_hostile_request_delays_only_itself(vector: Vector, target: Target) -> None:
    vector = msgspec.structs.replace(vector, times=min(vector.times, AT_ONCE))
    service = target.service()
    allowed = allowed_s(vector, workers=WORKERS, deadline_s=DEADLINE_S) + MARGIN_S
    try:
        for left in reversed(range(TRIES)):
            ran = attack(service, target.site, vector, patience_s=allowed)
            for end in ran.ends:
                assert end.is_typed, f"ended as {end}"
                assert end.seconds < allowed
            unkept = unkept_by(ran, vector, service)
            if not unkept:
                break
            assert left, unkept
        assert not ordinary_failures(service)
    except BaseException:
        target.stop()
        raise


def unkept_by(ran: Attack, vector: Vector, service: Service) -> list[str]:
    """What a busy machine breaks now and then, and a fault each time."""
    expected = {"any": {True, False}, "result": {True}, "refused": {False}}[vector.end]
    unkept = [f"ended as {end}" for end in ran.ends if (end.status == 200) not in expected]
    worst = max(ran.health_s)
    if worst > HEALTH_S and worst > HEALTH_RATIO * max(quiet_health(service, 0.5)):
        unkept.append(f"health took {worst:.2f} s")
    return unkept

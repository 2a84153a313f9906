"""The circuit breaker, on a clock of the test's own."""

from gateway.primitives.breaker import Breaker


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_breaker_opens_at_its_threshold_and_lets_one_try_after_the_cooldown() -> None:
    clock = Clock()
    breaker = Breaker(cooldown_s=2, threshold=3, clock=clock)
    for _ in range(3):
        assert breaker.allows()
        breaker.failed("no answer")
    assert not breaker.allows()
    assert (breaker.failures, breaker.retry_in_s) == (3, 2)
    clock.now += 2
    assert breaker.allows()
    assert not breaker.allows(), "one trial at a time"
    breaker.worked()
    assert breaker.allows() and breaker.allows()


def test_breaker_stays_closed_when_failures_are_not_in_a_row() -> None:
    breaker = Breaker(threshold=2)
    for _ in range(10):
        breaker.failed("no answer")
        breaker.worked()
    assert breaker.allows()


def test_fault_is_named_while_it_lasts_and_a_little_longer() -> None:
    clock = Clock()
    breaker = Breaker(remember_s=5, clock=clock)
    assert breaker.fault is None
    breaker.failed("disk full")
    clock.now += 60
    assert breaker.fault == "disk full"
    breaker.failed("disk full")
    breaker.worked()
    assert breaker.fault == "disk full"
    clock.now += 5
    assert breaker.fault is None

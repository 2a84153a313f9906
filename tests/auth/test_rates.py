"""Rates refill with time."""

import pytest

from gateway.auth.keys import Key
from gateway.auth.rates import Rates
from gateway.errors import RateLimited

pytestmark = pytest.mark.anyio


async def test_rates_refill_with_time() -> None:
    now = 0.0
    rates = Rates(clock=lambda: now)
    key = Key(name="k", sha256="", requests_per_minute=2)
    first = rates.take(key)
    assert first is not None and (first.limit, first.remaining) == (2, 1)
    rates.take(key)
    with pytest.raises(RateLimited) as caught:
        rates.take(key)
    assert caught.value.retry_after_s == pytest.approx(30)
    now = 30.0
    assert rates.take(key) is not None
    assert rates.take(Key(name="free", sha256="")) is None

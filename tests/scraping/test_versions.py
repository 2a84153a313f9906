"""Which earlier copies of a page are remembered and compared with."""

import pytest

from gateway.scraping.versions import Version, thin_out, to_compare

DAY_S = 86_400.0
NOW = 100 * DAY_S


def versions(*ages_s: float) -> list[Version]:
    return [Version(digest=str(age_s), came_at=NOW - age_s) for age_s in ages_s]


def test_few_versions_are_left_of_many_and_of_every_age() -> None:
    kept: list[Version] = []
    # a page that changes with every hour of a month
    for hour in range(24 * 30):
        now_s = NOW + hour * 3600
        kept = thin_out([Version(digest=str(hour), came_at=now_s), *kept], now_s=now_s)
    assert len(kept) < 20 and kept[0].digest == str(24 * 30 - 1)
    ages = [(now_s - version.came_at) / DAY_S for version in kept]
    assert all(any(age / 2 <= other <= age * 2 for other in ages) for age in (1, 2, 4, 8, 16))


@pytest.mark.parametrize(
    ("age_s", "order"),
    [
        pytest.param(None, ["5", "50", "500"], id="the-one-before"),
        pytest.param(40, ["50", "500", "5"], id="old-enough-first"),
        pytest.param(9000, ["500", "50", "5"], id="else-the-oldest"),
    ],
)
def test_version_to_compare_with_is_of_the_age_asked_for(age_s: float | None, order: list[str]) -> None:
    found = to_compare(versions(5, 50, 500), age_s=age_s, now_s=NOW)
    assert [version.digest for version in found] == order

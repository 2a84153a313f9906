"""What servers say of how long to wait."""

import pytest

from gateway.net.retry_after import MAX_WAIT_S, read_retry_after


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"retry-after": "7"}, 7, id="seconds"),
        pytest.param({"retry-after": " 1.5 "}, 1.5, id="parts-of-a-second"),
        pytest.param({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0, id="past-date"),
        pytest.param({"retry-after": "Thu, 01 Jan 1970 00:02:00 GMT"}, 20, id="date"),
        pytest.param({"retry-after-ms": "250", "retry-after": "9"}, 0.25, id="milliseconds"),
        pytest.param({"retry-after-ms": "soon", "retry-after": "9"}, 9, id="broken-milliseconds"),
        pytest.param({"retry-after": "soon"}, None, id="words"),
        pytest.param({"retry-after": "inf"}, None, id="infinite"),
        pytest.param({"retry-after": "nan"}, None, id="not-a-number"),
        pytest.param({"retry-after": "-5"}, None, id="negative"),
        pytest.param({"retry-after": "\u00b2"}, None, id="digit-of-another-kind"),
        pytest.param({"retry-after": "9" * 5000}, MAX_WAIT_S, id="very-many-digits"),
    ],
)
def test_retry_after_is_read_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert read_retry_after(headers, now=100) == seconds

"""Results as they are kept."""

from typing import Any

import msgspec
import pytest
import zstandard

from gateway.jobs.page_reader import has_failed
from gateway.wire.jobs import JobError, JobResult


@pytest.mark.parametrize(
    ("fields", "failed"),
    [
        pytest.param(
            {"url": "https://a.test/", "status": "done", "data": {"a": 1, "status": "failed"}},
            False,
            id="data",
        ),
        pytest.param({"url": 'https://a.test/","status":"failed"', "status": "done"}, False, id="address"),
        pytest.param(
            {"url": "x" * 8192, "status": "failed", "error": JobError(code="c", detail="d")}, True, id="long"
        ),
    ],
)
def test_failure_is_told_by_its_beginning(fields: dict[str, Any], failed: bool) -> None:
    result = JobResult(seq=0, depth=0, **fields)
    assert has_failed(zstandard.compress(msgspec.json.encode(result))) is failed

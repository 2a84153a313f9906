"""What is missing skips a test on a developer's machine and fails it in CI."""

import re
from pathlib import Path

import pytest

from tests.requirements import require

TESTS = Path(__file__).parent
SKIPS = re.compile(r"\bpytest\.(skip|importorskip)\(|\bmark\.skip(if)?\(")
# what .ci/run does not install, or what no package can give
ALLOWED = {
    "requirements.py": "the one place",
    "training/test_deterministic.py": "the group `training` is not part of CI: torch is 2 GB",
    "training/test_labels.py": "the group `training` is not part of CI: its packages are there or not together",
    "training/test_network.py": "the group `training` is not part of CI: torch is 2 GB",
    "training/test_scores.py": "the group `training` is not part of CI: torch is 2 GB",
    "cli/test_for_people.py": "Python 3.14 colours help itself",
    "cache/test_disk_faults.py": "mounting a file system needs a privilege",
    "workers/test_allocator.py": "the promise is about glibc",
    "test_figures.py": "a copy without the repository has no commit to name",
}


@pytest.mark.parametrize(
    ("ci", "end"),
    [("true", pytest.fail.Exception), (None, pytest.skip.Exception), ("", pytest.skip.Exception)],
)
def test_missing_requirement_fails_where_ci_is_set(
    ci: str | None, end: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    if ci is not None:
        monkeypatch.setenv("CI", ci)
    require(True, "it is here")
    with pytest.raises(end, match="it is missing"):
        require(False, "it is missing")


def test_tests_skip_through_require_alone() -> None:
    skipping = {
        str(path.relative_to(TESTS)) for path in TESTS.rglob("*.py") if SKIPS.search(path.read_text("utf-8"))
    }
    assert skipping - {"test_requirements.py"} == ALLOWED.keys()

"""What a test needs that may be missing: programs, optional packages, the labelled pages.

Where it is missing the test is skipped and says why. Where `CI` is set nothing may be missing, since `.ci/run` installs
all of it: there the test fails.
"""

import os
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared"  # beside the checkout


def require(present: bool, reason: str) -> None:
    """Go on only where it is present; also at a module's top level.

    Args:
        reason: what is missing and how to get it.
    """
    if present:
        return
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; with CI set nothing is skipped", pytrace=False)
    pytest.skip(reason, allow_module_level=True)


def require_packages(names: Iterable[str], *, extra: str = "", group: str = "") -> None:
    """Python packages of an extra, or of a dependency group."""
    source = f"the extra `{extra}`" if extra else f"the dependency group `{group}`"
    missing = [name for name in names if find_spec(name) is None]
    require(not missing, f"{', '.join(missing)} missing: install {source}")


def require_folder(folder: Path) -> Path:
    """A folder of the data beside the checkout."""
    require(folder.is_dir(), f"no data at {folder}")
    return folder

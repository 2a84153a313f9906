"""The examples of docs/loaders.md, run against the real service.

The loaders are large: `make clients` installs them beside this project and names their interpreter in CLIENTS_PYTHON.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.site import Site
from tests.requirements import require

ROOT = Path(__file__).parents[3]
EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "docs/loaders.md").read_text("utf-8"), re.DOTALL)
SHOW = "\nimport json\nprint(json.dumps(pages))"


def run(example: str, *, python: str, url: str, pages: Site) -> dict[str, str]:
    """What the example calls `pages`."""
    own = {"https://example.com/": f"{pages.url}/", "http://127.0.0.1:8000": url}
    for shown, real in (own | {"a key of the gateway": "ann-secret"}).items():
        assert shown in example
        example = example.replace(shown, real)
    done = subprocess.run(
        [python, "-c", example + SHOW], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return {address.removeprefix(pages.url): content for address, content in found.items()}


def test_example_of_the_own_client(url: str, pages: Site) -> None:
    found = run(EXAMPLES[2], python=sys.executable, url=url, pages=pages)
    assert set(found) == {"/", "/nav", "/one", "/two", "/docs/in"} and found["/one"].startswith("# one")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "addresses"),
    [
        pytest.param(0, {"/", "/nav", "/one", "/two", "/docs/in"}, id="langchain"),
        pytest.param(1, {"/"}, id="llama-index"),
    ],
)
def test_examples_of_loaders(url: str, pages: Site, number: int, addresses: set[str]) -> None:
    python = os.environ.get("CLIENTS_PYTHON")
    require(python is not None, "CLIENTS_PYTHON names no interpreter with loaders: make clients")
    found = run(EXAMPLES[number], python=python or "", url=url, pages=pages)
    assert set(found) == addresses and found["/"].startswith("# home")

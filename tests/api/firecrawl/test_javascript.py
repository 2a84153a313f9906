"""Firecrawl's JavaScript client against the real service: installed by its name, so not by default (`make clients`)."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from fixtures.site import Site
from tests.requirements import require

PACKAGE = "@mendable/firecrawl-js@4.42.0"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the client, and the script that uses it."""
    require(shutil.which("npm") is not None, "npm is missing: install node")
    made = tmp_path_factory.mktemp("npm")
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(made), PACKAGE]
    subprocess.run(command, check=True, timeout=100)
    shutil.copy(Path(__file__).parent / "client.mjs", made)
    return made


@pytest.mark.slow
@pytest.mark.parametrize("base", ["", "/firecrawl"])
def test_calls_of_the_client(folder: Path, url: str, pages: Site, base: str) -> None:
    command = ["node", str(folder / "client.mjs"), url + base, pages.url]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "scrape": {"sku": "A-7"},
        "batch": ["completed", 1],
        "crawl": ["docs/in", "home", "nav", "one", "two"],
        "errors": 1,
        "map": 5,
        "search": 2,
        "extract": {"sku": "A-7"},
        "cancel": True,
        "failures": [400, 404, 401],
    }

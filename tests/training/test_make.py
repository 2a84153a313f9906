"""`make weights` with the corpora that are there."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.requirements import require

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("there", [True, False])
def test_weights_are_made_without_news_where_there_are_none(there: bool, tmp_path: Path) -> None:
    require(shutil.which("make") is not None, "make is missing")
    news = tmp_path / "news"
    if there:
        news.mkdir()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "--dry-run", "weights", f"CORPUS={tmp_path}", f"NEWS={news}"]
    said = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True).stdout
    assert f"--corpus {tmp_path}" in said
    assert (f"--news {news}" in said) == there

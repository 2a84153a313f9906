"""C reads pages in the workers, where strangers' pages belong, and only where it is wanted."""

from pathlib import Path

import pytest

from gateway.core import CleanOptions
from gateway.core.tasks.page import Cleaned, CleanPage
from tests.core.dom.extension import compile_extension
from tests.parts import make_pool
from tests.requirements import require

pytestmark = pytest.mark.anyio
PAGE = CleanPage(
    body=b"<h1>Sample</h1><p>Some words.",
    content_type="text/html",
    url="https://site.example/a",
    options=CleanOptions(scope="page"),
    format="markdown",
    include=[],
    tokenizer="o200k_base",
    max_tokens=None,
)


def holders(file: Path) -> int:
    """How many processes have mapped a file."""
    require(Path("/proc/self/maps").is_file(), "no /proc here")
    count = 0
    for maps in Path("/proc").glob("[0-9]*/maps"):
        try:
            count += str(file) in maps.read_text()
        except OSError:
            # it ended meanwhile, or is another user's
            continue
    return count


@pytest.mark.parametrize("without", [(), ("native",)])
async def test_extension_is_loaded_by_workers_that_want_it(
    without: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Path(compile_extension(tmp_path).__file__ or "")
    # it is here too: the test has loaded it to see that it can be
    before = holders(library)
    monkeypatch.syspath_prepend(tmp_path)
    pool = make_pool(given=without)
    await pool.start()
    try:
        cleaned = await pool.run(PAGE)
        assert isinstance(cleaned, Cleaned) and "# Sample" in cleaned.content
        assert (holders(library) > before) == (not without)
    finally:
        await pool.aclose()

"""What the README and the guides show is run: their Python and their commands, against a gateway and a site here."""

import contextlib
import io
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.specs import BackendSettings
from fixtures.site import Answer, Site, running_site
from tests.service import running_gateway

ROOT = Path(__file__).parent.parent
GUIDES = [
    *("README.md", "docs/getting-started.md"),
    *sorted(f"docs/guides/{guide.name}" for guide in (ROOT / "docs/guides").iterdir()),
]
# many starts of the command: seconds each
SLOW = [pytest.param("docs/command-line.md", marks=pytest.mark.slow)]
WORDS = "It has a few sentences, so that there is something to choose, to count and to cut into pieces. " * 8
PAGE = (
    f"<title>Kettles</title><article><h1>Kettles</h1><p>{WORDS}</p><h2>Price</h2><p>{WORDS}</p>"
    "<a href=/docs/b>b</a></article>"
)
PRODUCT = """<script type="application/ld+json">{"@context": "https://schema.org", "@type": "Product", "name": "Kettle",
"offers": {"@type": "Offer", "price": 64.9}}</script>"""


def blocks(document: str, language: str) -> list[str]:
    text = (ROOT / document).read_text("utf-8")
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    return [re.sub(rf"(?m)^{indent}", "", block) for indent, block in found]


@pytest.fixture(scope="module")
def pages() -> Iterator[Site]:
    with running_site({}) as site:
        for path, html in {
            "": PAGE,
            "/": PAGE,
            "/product": PRODUCT + PAGE,
            "/docs/": PAGE,
            "/docs/b": PAGE,
        }.items():
            site.extra[path] = Answer(200, {"content-type": "text/html"}, html.encode())
        yield site


@pytest.fixture(scope="module")
def gateway(
    pages: Site, scripted: BackendSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    cache = tmp_path_factory.mktemp("guides")
    with running_gateway(cache, allow_targets=[pages.target], backends=[scripted]) as url:
        yield url


def here(snippet: str, gateway: str, pages: Site) -> str:
    """With the addresses of this test's gateway and site."""
    return snippet.replace("http://127.0.0.1:8000", gateway).replace("https://example.com", pages.url)


@pytest.mark.parametrize("document", GUIDES)
def test_python_of_guides_runs(
    document: str, gateway: str, pages: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINNOW_URL", gateway)
    for number, snippet in enumerate(blocks(document, "python")):
        file = tmp_path / f"snippet{number}.py"
        file.write_text(here(snippet, gateway, pages))
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            runpy.run_path(str(file), run_name="__main__")
        assert printed.getvalue() or "print" not in snippet


@pytest.mark.parametrize("document", [*GUIDES, *SLOW])
def test_commands_of_guides_run(document: str, gateway: str, pages: Site, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(PAGE)
    (tmp_path / "urls.txt").write_text(pages.url + "/\n")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("WINNOW_")}
    environ |= {"WINNOW_URL": gateway, "WINNOW_CACHE_DIR": str(tmp_path / "cache")}
    environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for snippet in blocks(document, "sh"):
        script = 'set -e\ncurl() { command curl --fail-with-body "$@"; }\n' + here(snippet, gateway, pages)
        result = subprocess.run(
            ["bash", "-c", script], env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=100
        )
        assert result.returncode == 0, script + result.stdout + result.stderr
        assert result.stdout

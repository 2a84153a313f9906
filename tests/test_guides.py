"""What the documents show is run: their Python, commands and settings, against a gateway and a site here."""

import contextlib
import io
import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import msgspec
import pytest

from backends.specs import BackendSettings, ModelSpec
from fixtures.site import Answer, Site, running_site
from gateway.fetch.base import NO_BROWSER
from gateway.fetch.browser.executable import find_browser
from gateway.settings import load_settings
from gateway.wire import PageChanges
from tests.archives.test_clean_warc import page, record
from tests.requirements import require, require_packages
from tests.service import running_gateway

ROOT = Path(__file__).parent.parent
GUIDES = [
    *("README.md", "docs/getting-started.md", "docs/crawling.md", "docs/extraction.md"),
    *sorted(f"docs/guides/{guide.name}" for guide in (ROOT / "docs/guides").iterdir()),
]
IN_PYTHON = [*GUIDES, "docs/rendering.md"]
COMMANDS = [
    *(each for each in GUIDES if each != "docs/crawling.md"),
    "docs/operations.md",
    # many starts of the command: seconds each
    *(pytest.param(each, marks=pytest.mark.slow) for each in ("docs/command-line.md", "docs/crawling.md")),
]
SETTINGS = ["docs/extraction.md", "docs/guides/cloud-gpu.md"]
# blocks that other tests run, by document and language
ELSEWHERE = {
    ("README.md", "js"): "tests/clients/js/test_package.py",
    ("clients/js/README.md", "html"): "tests/api/playground/test_javascript_client.py",
    ("clients/js/README.md", "js"): "tests/clients/js/test_package.py",
    ("clients/js/README.md", "ts"): "tests/clients/js/test_types.py",
    ("docs/api.md", "json"): "tests/api/docs/test_openapi.py",
    ("docs/backends.md", "python"): "tests/backends/test_kinds.py",
    ("docs/backends.md", "toml"): "tests/backends/test_kinds.py",
    ("docs/getting-started.md", "js"): "tests/clients/js/test_package.py",
    ("docs/loaders.md", "python"): "tests/api/firecrawl/test_loaders.py",
}
# blocks that no test runs, and why; they are written as `console`
NOT_RUN = {
    "README.md": "make run never ends; .ci/run installs in the same way and other tests start the same command",
    "docs/crawling.md": "wants a cluster of Ray",
    "docs/getting-started.md": "make run, as in the README",
    "docs/guides/cloud-gpu.md": "wants a GPU that is rented",
    "docs/local-models.md": "compiles llama.cpp and brings models; tests/backends/local asks such models",
    "docs/scaling.md": "wants Docker; tests/server/test_fleet.py starts what make scale-demo does",
}
WORDS = "It has a few sentences, so that there is something to choose, to count and to cut into pieces. " * 8
PAGE = (
    f"<title>Kettles</title><article><h1>Kettles</h1><p>{WORDS}</p><h2>Price</h2><p>{WORDS}</p>"
    "<a href=/docs/b>b</a> <a href=/product>the product</a> <a href=/blog/a>a</a> <a href=/docs/gone>gone</a></article>"
)
PRODUCT = """<script type="application/ld+json">{"@context": "https://schema.org", "@type": "Product", "name": "Kettle",
"offers": {"@type": "Offer", "price": 64.9}}</script>"""
APP = """<title>An app</title><div id=root></div><script>setTimeout(() => {
  document.getElementById("root").innerHTML = "<ul id=list><li>Written by a script.</li></ul>";
}, 100)</script>"""
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)


def blocks(document: str, language: str) -> list[str]:
    found = BLOCK.findall((ROOT / document).read_text("utf-8"))
    return [re.sub(rf"(?m)^{indent}", "", block) for indent, name, block in found if name == language]


def test_every_block_is_run_or_said_to_be_not() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "clients").rglob("*.md")]
    names = [document.relative_to(ROOT).as_posix() for document in documents]
    # without a language it is a drawing
    shown = {
        (name, found[1]) for name in names for found in BLOCK.findall((ROOT / name).read_text()) if found[1]
    }
    commands = [getattr(each, "values", [each])[0] for each in COMMANDS]
    here = {(name, "python") for name in IN_PYTHON} | {(name, "sh") for name in commands}
    here |= {(name, "toml") for name in SETTINGS} | {
        ("docs/guides/agents.md", "json"),
        ("docs/crawling.md", "json"),
    }
    elsewhere = ELSEWHERE.keys() | {(name, "console") for name in NOT_RUN}
    assert shown - here == elsewhere
    for (name, _), test in ELSEWHERE.items():
        assert Path(name).name in (ROOT / test).read_text("utf-8") or name in (
            "docs/api.md",
            "clients/js/README.md",
        )


@pytest.fixture(scope="module")
def pages() -> Iterator[Site]:
    with running_site({}) as site:
        for path, html in {
            "": PAGE,
            "/": PAGE,
            "/app": APP,
            "/product": PRODUCT + PAGE,
            "/docs/": PAGE,
            "/docs/b": PAGE,
            "/blog/a": PAGE,
        }.items():
            site.extra[path] = Answer(200, {"content-type": "text/html"}, html.encode())
        # what guides show about failed pages is run too
        site.extra["/docs/gone"] = Answer(404, {}, b"")
        found = json.dumps({"results": [{"url": f"{site.url}/", "title": "Kettles", "content": "words"}]})
        # as a search engine it knows one page
        reply = Answer(200, {"content-type": "application/json"}, found.encode())
        site.extra["/search?q=token+buckets&format=json"] = reply
        yield site


@pytest.fixture(scope="module")
def gateway(pages: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("guides")
    replies = [{"match": "purpose", "deltas": ['{"purpose": "examples"}']}, {"deltas": ["For ", "examples."]}]
    (folder / "script.json").write_text(json.dumps(replies))
    backend = BackendSettings(
        name="scripted",
        kind="scripted",
        path=str(folder / "script.json"),
        models=[ModelSpec(name="small", context_tokens=8000)],
    )
    with running_gateway(
        folder, allow_targets=[pages.target], backends=[backend], browser="auto", search_url=pages.url
    ) as url:
        yield url


def here(snippet: str, gateway: str, pages: Site) -> str:
    """With the addresses of this test's gateway and site."""
    return snippet.replace("http://127.0.0.1:8000", gateway).replace("https://example.com", pages.url)


@pytest.mark.parametrize("document", IN_PYTHON)
def test_python_of_guides_runs(
    document: str, gateway: str, pages: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if document == "docs/rendering.md":
        require(find_browser("auto") is not None, NO_BROWSER)
    monkeypatch.setenv("WINNOW_URL", gateway)
    for number, snippet in enumerate(blocks(document, "python")):
        file = tmp_path / f"snippet{number}.py"
        file.write_text(here(snippet, gateway, pages))
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            runpy.run_path(str(file), run_name="__main__")
        assert printed.getvalue() or "print" not in snippet


@pytest.mark.parametrize("document", COMMANDS)
def test_commands_of_guides_run(document: str, gateway: str, pages: Site, tmp_path: Path) -> None:
    if "clean-warc" in "".join(blocks(document, "sh")):
        require_packages(["fastwarc", "pyarrow"], extra="warc")
    (tmp_path / "page.html").write_text(PAGE)
    (tmp_path / "urls.txt").write_text(pages.url + "/\n")
    (tmp_path / "crawl").mkdir()
    for archive in ("crawl/a.warc.gz", "CC-MAIN-a.warc.gz"):
        (tmp_path / archive).write_bytes(record("https://a.test/", page("A")))
    environ = {name: value for name, value in os.environ.items() if not name.startswith("WINNOW_")}
    environ |= {"WINNOW_URL": gateway, "WINNOW_CACHE_DIR": str(tmp_path / "cache")}
    environ |= {"WINNOW_KEYS_FILE": str(tmp_path / "keys.json"), "WINNOW_CLEAN_WORKERS": "1"}
    environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for snippet in blocks(document, "sh"):
        script = 'set -e\ncurl() { command curl --fail-with-body "$@"; }\n' + here(snippet, gateway, pages)
        result = subprocess.run(
            ["bash", "-c", script], env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=100
        )
        assert result.returncode == 0, script + result.stdout + result.stderr
        assert result.stdout or "clean-warc" in snippet or " -o " in snippet


@pytest.mark.parametrize("document", SETTINGS)
def test_settings_of_guides_are_understood(document: str, tmp_path: Path) -> None:
    (text,) = blocks(document, "toml")
    (tmp_path / "winnow.toml").write_text(text)
    keys = {name: "a key" for name in re.findall(r'api_key_env = "(\w+)"', text)}
    settings = load_settings({"WINNOW_CONFIG": str(tmp_path / "winnow.toml")} | keys)
    (backend,) = settings.backends
    assert keys and settings.default_model == backend.models[0].name


def test_configuration_of_agents_names_what_answers(gateway: str, pages: Site) -> None:
    (text,) = blocks("docs/guides/agents.md", "json")
    (server,) = json.loads(here(text, gateway, pages))["mcpServers"].values()
    client = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "a", "version": "1"},
    }
    answer = httpx2.post(
        server["url"],
        json={"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": client},
        headers={"accept": "application/json, text/event-stream"},
        timeout=60,
    )
    assert answer.status_code == 200 and '"serverInfo"' in answer.text


def test_answer_that_a_guide_shows_is_one_of_the_api() -> None:
    (text,) = blocks("docs/crawling.md", "json")
    msgspec.json.decode(f"{{{text}}}", type=dict[str, PageChanges])

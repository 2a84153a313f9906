"""The JavaScript client as its users have it: packed by npm, unpacked into `node_modules`, run by node."""

import asyncio
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backends.specs import BackendSettings
from fixtures.site import Answer, Site, running_site
from gateway.auth.keys import Key, hash_secret
from tests.requirements import require
from tests.service import running_gateway

CLIENT = Path(__file__).parents[3] / "clients/js"
WORDS = " ".join(f"Sentence number {n} of the page has a few words." for n in range(12))
_BEGIN = """import sdk, { Client, WinnowError } from "winnow-client";
const show = (value) => console.log(JSON.stringify(value));
const failure = async (promise) => {
  try { await promise; } catch (error) { return error; }
  throw new Error("it did not fail");
};
const told = ({ name, code, message, status, retryAfterS, requestId, extra }) =>
  ({ name, code, message, status, retryAfterS, requestId, extra });
"""

# runs a program; gives what it printed
Node = Callable[..., Awaitable[str]]
# the same after _BEGIN; gives what it showed, once
Script = Callable[..., Awaitable[Any]]


@pytest.fixture(scope="session")
def node_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `winnow-client` is installed."""
    require(
        bool(shutil.which("node") and shutil.which("npm")), "node or npm is missing: install Node 20 or newer"
    )
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    require(
        int(version[1:].partition(".")[0]) >= 20,
        f"node {version.strip()} is too old: install Node 20 or newer",
    )
    folder = tmp_path_factory.mktemp("node")
    command = ["npm", "pack", "--silent", "--offline", "--pack-destination", str(folder), str(CLIENT)]
    subprocess.run(command, check=True, timeout=100, stdout=subprocess.DEVNULL)
    (packed,) = folder.glob("*.tgz")
    with tarfile.open(packed) as files:
        files.extractall(folder / "node_modules", filter="data")
    (folder / "node_modules/package").rename(folder / "node_modules/winnow-client")
    return folder


@pytest.fixture
def node(node_folder: Path) -> Node:
    """Runs programs; their environment is `environ`, and nothing of this machine's user."""

    async def run(program: str, **environ: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *("node", "--input-type=module", "--eval", program),
            cwd=node_folder,
            env={"PATH": os.environ["PATH"]} | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(60):
                output, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        assert process.returncode == 0 and not errors, errors.decode()
        return output.decode()

    return run


@pytest.fixture
def script(node: Node) -> Script:
    async def run(program: str, **environ: str) -> Any:
        return json.loads(await node(_BEGIN + program, **environ))

    return run


def page(name: str, *links: str, head: str = "") -> Answer:
    anchors = "".join(f'<a href="{link}">{link}</a> ' for link in links)
    body = (
        f"<title>{name}</title>{head}<article><h1>{name}</h1><p>{name}: {WORDS}</p><p>{anchors}</p></article>"
    )
    return Answer(200, {"content-type": "text/html"}, body.encode())


@pytest.fixture(scope="module")
def pages() -> Iterator[Site]:
    with running_site({}) as site:
        product = {"@context": "https://schema.org", "@type": "Product", "name": "Kettle", "sku": "A-7"}
        site.extra = {f"/{name}": page(name) for name in "abc"}
        site.extra["/"] = page("home", "/a", "/b", "/missing")
        site.extra["/missing"] = Answer(404, {}, b"")
        site.extra["/product"] = page(
            "product", head=f'<script type="application/ld+json">{json.dumps(product)}</script>'
        )
        yield site


@pytest.fixture(scope="module")
def url(pages: Site, scripted: BackendSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway with the key `open-sesame`, a model and a search engine."""
    with running_site({}) as engine:
        found = [
            {"url": f"{pages.url}/{name}", "title": name, "content": "words"} for name in ("a", "missing")
        ]
        reply = Answer(200, {"content-type": "application/json"}, json.dumps({"results": found}).encode())
        engine.extra = {"/search?q=kettles&format=json": reply}
        with running_gateway(
            tmp_path_factory.mktemp("javascript"),
            allow_targets=[pages.target],
            backends=[scripted],
            keys=[Key(name="ann", sha256=hash_secret("open-sesame"))],
            search_url=engine.url,
        ) as running:
            yield running


@pytest.fixture
def ask(script: Script, url: str, pages: Site) -> Script:
    """`script` for the gateway `url`; `site` in the program is the address of the pages."""

    async def run(program: str, **environ: str) -> Any:
        environ = {"WINNOW_URL": url, "WINNOW_API_KEY": "open-sesame"} | environ
        return await script(f"const site = {json.dumps(pages.url)};\n{program}", **environ)

    return run

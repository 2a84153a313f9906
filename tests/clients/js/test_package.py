"""The package as npm makes it: of one version, under the licence, complete, with the calls of Python's client."""

import json
import re
from pathlib import Path

import pytest

import gateway
from fixtures.site import Site
from gateway import sdk
from tests.clients.js.conftest import CLIENT, Node, Script

ROOT = CLIENT.parents[1]
PACKAGE = json.loads((CLIENT / "package.json").read_text("utf-8"))
# what only one of the clients has
IN_PYTHON = {"close", "aclose"}
IN_JAVASCRIPT = {"constructor", "health"}


def test_package_is_of_the_gateways_version_and_licence() -> None:
    assert PACKAGE["version"] == gateway.__version__
    assert PACKAGE["license"] == "Apache-2.0"
    assert (CLIENT / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert PACKAGE.keys().isdisjoint({"dependencies", "peerDependencies", "scripts"})


def test_package_holds_what_it_names(node_folder: Path) -> None:
    packed = node_folder / "node_modules/winnow-client"
    assert {path.name for path in packed.iterdir()} == {
        *("winnow.js", "winnow.d.ts", "api.d.ts", "package.json", "README.md", "LICENSE"),
    }
    entry = PACKAGE["exports"]["."]
    assert all((packed / name).is_file() for name in [*entry.values(), PACKAGE["types"]])


@pytest.mark.anyio
async def test_declared_calls_are_those_there_are(script: Script) -> None:
    """A call has a type, and Python's client has it too."""
    there = await script("""
        const names = Object.getOwnPropertyNames;
        const job = sdk.job("x");
        show({ Client: names(Client.prototype), Job: names(Object.getPrototypeOf(job)),
          exported: Object.keys(await import("winnow-client")) });
    """)
    text = (CLIENT / "winnow.d.ts").read_text("utf-8")
    blocks = re.findall(r"^export (?:class|interface) (\w+).*? \{\n(.*?)^\}", text, re.DOTALL | re.MULTILINE)
    declared = {
        name: set(re.findall(r"^  (?:readonly )?(\w+)[(<:]", block, re.MULTILINE)) for name, block in blocks
    }
    assert set(there["Client"]) == declared["Client"]
    assert set(there["Job"]) - {"constructor"} == declared["Job"] - {"seq"}
    assert set(there["exported"]) == {"default", *re.findall(r"^export class (\w+)", text, re.MULTILINE)}
    python = {name for name in vars(sdk.AsyncClient) if not name.startswith("_")} - IN_PYTHON
    assert {re.sub(r"_(\w)", lambda m: m[1].upper(), name) for name in python} == (
        set(there["Client"]) - IN_JAVASCRIPT
    )


DOCUMENTS = [CLIENT / "README.md", ROOT / "README.md", ROOT / "docs/getting-started.md"]
EXAMPLES = re.findall(r"```js\n(.*?)```", "".join(path.read_text("utf-8") for path in DOCUMENTS), re.DOTALL)


@pytest.mark.anyio
@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
async def test_examples_of_documents_run(node: Node, url: str, pages: Site, example: str) -> None:
    own = {
        "https://example.com": pages.url,
        "http://127.0.0.1:8000": url,
        "a key of the gateway": "open-sesame",
    }
    for shown, real in own.items():
        example = example.replace(shown, real)
    assert await node(example, WINNOW_URL=url, WINNOW_API_KEY="open-sesame")

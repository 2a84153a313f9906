"""The API reference: complete, true of the running service, and readable without anything from outside."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest

from backends.specs import BackendSettings
from gateway.api.docs.openapi import describe, routes_of
from gateway.api.docs.operations import OPERATIONS
from gateway.api.docs.reference import to_markdown
from gateway.api.docs.tables import FILES, TABLES, fill_tables
from gateway.api.docs.typescript import to_typescript
from gateway.app import create_app
from gateway.auth.keys import Key, hash_secret
from gateway.errors import BY_CODE
from gateway.settings import Settings
from tests.service import running_gateway

SECRET = "open-sesame"
# of the client, and of methods that no operation has
OF_NO_OPERATION = {"gateway_unreachable", "method_not_allowed"}
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return describe(create_app(Settings(cache_dir=str(tmp_path_factory.mktemp("cache")))))


@pytest.fixture(scope="module")
def keyed(scripted: BackendSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    keys = [Key(name="all", sha256=hash_secret(SECRET))]
    cache = tmp_path_factory.mktemp("cache")
    # schemathesis creates many jobs, and waits for none
    with running_gateway(cache, keys=keys, backends=[scripted], jobs_per_key=10_000) as url:
        yield url


def test_document_has_every_route(tmp_path: Path) -> None:
    app = create_app(Settings(cache_dir=str(tmp_path)))
    served = {name for name, handler in routes_of(app) if handler.resolve_include_in_schema()}
    assert served == set(OPERATIONS)


def test_document_describes_every_field(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    silent = [
        f"{name}.{field}"
        for name, schema in schemas.items()
        for field, about in schema.get("properties", {}).items()
        if not about.get("description")
    ]
    assert silent == []


def test_document_has_every_code(document: dict[str, Any]) -> None:
    text = json.dumps([document["paths"], document["components"]["schemas"]["JobError"]])
    assert [code for code in BY_CODE.keys() - OF_NO_OPERATION if f"`{code}`" not in text] == []


def test_document_states_defaults_and_bounds(document: dict[str, Any]) -> None:
    age = document["components"]["schemas"]["ScrapeRequest"]["properties"]["max_age_s"]
    assert (age["default"], age["minimum"], age["maximum"]) == (3600, 0, 31_536_000)
    assert "Seconds" in age["description"]


def test_examples_fit_their_schemas(document: dict[str, Any]) -> None:
    for call in (call for calls in document["paths"].values() for call in calls.values()):
        bodies = [call.get("requestBody", {}), *call["responses"].values()]
        for content in (content for body in bodies for content in body.get("content", {}).values()):
            schema = content["schema"] | {"components": document["components"]}
            for example in content.get("examples", {}).values():
                jsonschema.validate(example["value"], schema)


def test_page_names_everything_and_reaches_for_nothing(keyed: str, document: dict[str, Any]) -> None:
    response = httpx2.get(f"{keyed}/docs", headers={"x-api-key": SECRET}, timeout=60)
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-") and "unsafe" not in policy
    links = set(re.findall(r'(?:href|src)="([^"#]+)', response.text))
    assert links == {"docs/openapi.json", "./", "status", "data:,"}
    for name in [*document["paths"], *document["components"]["schemas"]]:
        assert name in response.text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"html": "<p>x", "store": 0}, "store", id="number-for-boolean"),
        pytest.param({"html": "<p>x", "max_tokens": "5"}, "max_tokens", id="text-for-number"),
    ],
)
def test_body_is_taken_as_the_document_says(keyed: str, body: dict[str, Any], field: str) -> None:
    response = httpx2.post(f"{keyed}/v1/scrape", json=body, headers={"x-api-key": SECRET}, timeout=60)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")
    assert response.json()["detail"].startswith(f"{field}: ")


def test_written_reference_is_up_to_date(document: dict[str, Any]) -> None:
    written = (ROOT / "docs" / "api.md").read_text("utf-8")
    assert written == to_markdown(document), "make api-docs writes it anew"


def test_written_types_of_the_javascript_client_are_up_to_date(document: dict[str, Any]) -> None:
    written = (ROOT / "clients/js/api.d.ts").read_text("utf-8")
    assert written == to_typescript(document), "make api-docs writes it anew"


@pytest.mark.parametrize("name", FILES)
def test_written_tables_are_up_to_date(name: str) -> None:
    written = (ROOT / name).read_text("utf-8")
    assert written == fill_tables(written, TABLES), "make api-docs writes it anew"


def test_every_table_is_written_somewhere() -> None:
    text = "".join((ROOT / name).read_text("utf-8") for name in FILES)
    assert [name for name in TABLES if f"<!-- table: {name} -->" not in text] == []


def run_schemathesis(
    url: str, *, examples: int, folder: Path, without: Sequence[str]
) -> subprocess.CompletedProcess[str]:
    """Every check of schemathesis, as `schemathesis.toml` sets them."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(ROOT / "schemathesis.toml")),
        *("run", f"{url}/docs/openapi.json", "--url", url, "--max-examples", str(examples)),
        *("--header", f"Authorization: Bearer {SECRET}", "--generation-deterministic", "--warnings", "off"),
        *(part for tag in without for part in ("--exclude-tag", tag)),
    ]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)


@pytest.mark.parametrize(
    ("examples", "without"),
    [
        # these dialects have tests of their own
        (3, ["firecrawl", "jina", "openwebui"]),
        pytest.param(300, [], marks=[pytest.mark.slow, pytest.mark.timeout(1800)]),
    ],
)
def test_service_is_as_documented(keyed: str, tmp_path: Path, examples: int, without: list[str]) -> None:
    done = run_schemathesis(keyed, examples=examples, folder=tmp_path, without=without)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]

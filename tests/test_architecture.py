"""Imports go one way: the walls of the building, held by a test."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STDLIB = set(sys.stdlib_module_names)

# package or module -> what it may import besides the standard library and its own kin
ALLOWED = {
    "gateway.wire": {"msgspec"},
    "gateway.errors": set(),
    "gateway.sse": {"msgspec"},
    "gateway.settings": {"msgspec", "gateway.keys"},
    "gateway.keys": {"msgspec"},
    "gateway.ledger": {"gateway.errors", "gateway.keys"},
    "gateway.limits": {"msgspec", "gateway.errors", "gateway.keys"},
    "gateway.core": {
        "msgspec",
        "selectolax",
        "tiktoken",
        "toktok",
        "numpy",
        "threadpoolctl",
        "markdownify",
        "idna",
        "pypdfium2",
        "markdown_it",
        "jsonschema",
        "referencing",
        "re2",
        "gateway.wire",
        "gateway.errors",
    },
    "gateway.sockets": {"httpcore2", "aiohappyeyeballs"},
    "gateway.fetch.base": {"msgspec"},
    "gateway.cache.base": {"msgspec"},
    "gateway.fetch": {
        "msgspec",
        "httpx2",
        "httpcore2",
        "h2",
        "brotli",
        "zstandard",
        "gateway.core.url",
        "gateway.sockets",
        "gateway.errors",
    },
    "gateway.workers": {"msgspec", "gateway.core.jobs", "gateway.nursery", "gateway.errors"},
    "gateway.tracing": {  # what knows OpenTelemetry is `gateway.otel` alone
        "gateway.cache.base",
        "gateway.complete",
        "gateway.fetch.base",
        "gateway.limits",
        "gateway.otel",
        "gateway.scrape",
    },
    "gateway.allocator": set(),
    "gateway.nursery": {"gateway.allocator"},  # it names its work, and must start quickly
    "gateway.cache": {"msgspec", "diskcache", "valkey", "zstandard", "gateway.errors"},
    "gateway.sdk": {"msgspec", "httpx2", "gateway.sdk_calls", "gateway.wire", "gateway.errors"},
    "gateway.sdk_calls": {
        "msgspec",
        "gateway.schema_types",
        "gateway.wire",
        "gateway.sse",
        "gateway.errors",
    },
    "gateway.schema_types": {"msgspec", "gateway.errors"},
    "backends": {
        "msgspec",
        "openai",
        "anthropic",
        "llama_cpp",
        "jinja2",
        "numpy",
        "httpx2",
        "httpcore2",
        "gateway.sockets",
        "gateway.sse",
        "gateway.core.schema",  # one set of bounds for clients' schemas
        "gateway.errors",
    },
}
USE_CASES = {
    "gateway.pages",
    "gateway.scrape",
    "gateway.ready",
    "gateway.extract",
    "gateway.extraction",
    "gateway.asking",
    "gateway.sizing",
    "gateway.complete",
    "gateway.answers",
    "gateway.completion_cache",
    "gateway.failures",
    "gateway.flights",
    "gateway.context",
    "gateway.grounding",
}
USE_CASE_ALLOWED = {
    "gateway.__version__",
    "msgspec",
    "jsonschema",
    "gateway.core",
    "gateway.wire",
    "gateway.errors",
    "gateway.fetch.base",
    "gateway.cache.base",
    "gateway.cache.single_flight",
    "gateway.cache.typed",
    "gateway.pages",
    "gateway.identity",
    "gateway.workers",
    "backends.base",
    "gateway.scrape",
    "gateway.complete",
    "gateway.answers",
    "gateway.completion_cache",
    "gateway.failures",
    "gateway.flights",
    "gateway.asking",
    "gateway.sizing",
    "gateway.extraction",
    "gateway.context",
}


def modules() -> list[tuple[str, Path]]:
    found = []
    for package in ("gateway", "backends"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found.append((".".join(parts[:-1] if parts[-1] == "__init__" else parts), path))
    return found


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def covers(allowed: str, name: str) -> bool:
    return name == allowed or name.startswith(allowed + ".") or allowed.startswith(name + ".")


def rule_of(module: str) -> set[str] | None:
    if module in USE_CASES:
        return USE_CASE_ALLOWED
    keys = [key for key in ALLOWED if module == key or module.startswith(key + ".")]
    return ALLOWED[max(keys, key=len)] | {max(keys, key=len)} if keys else None


@pytest.mark.parametrize(("module", "path"), [pytest.param(m, p, id=m) for m, p in modules()])
def test_module_imports_only_what_its_room_allows(module: str, path: Path) -> None:
    rule = rule_of(module)
    if rule is None:
        return
    outside = {name for name in imports(path) if name.split(".")[0] not in STDLIB}
    refused = {name for name in outside if not any(covers(allowed, name) for allowed in rule)}
    assert not refused, f"{module} imports {sorted(refused)}"


@pytest.mark.parametrize(("module", "path"), [pytest.param(m, p, id=m) for m, p in modules()])
def test_shipped_code_never_imports_httpx(module: str, path: Path) -> None:
    assert not {name for name in imports(path) if name.split(".")[0] == "httpx"}, "httpx2 is the one to use"

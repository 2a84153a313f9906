"""What import-linter's contracts (pyproject.toml) cannot say of the code: who calls what, and with which arguments."""

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# What parses, matches, validates or searches a stranger's input. Only tasks call it, in a process that can be killed.
ONLY_IN_WORKERS = {
    "gateway.core.cleaning.clean",
    "gateway.core.tokens.split.split_markdown",
    "gateway.core.documents.charset.decode",
    "gateway.core.documents.alternate.markdown_alternate",
    "gateway.core.documents.reader.read_document",
    "gateway.core.llm.evidence.find_evidence",
    "gateway.core.llm.evidence.leaves_of",
    "gateway.core.llm.merge.merge_parts",
    "gateway.core.tokens.sections.chunk",
    "gateway.core.tokens.sections.outline",
    "gateway.core.llm.call_plan.plan_calls",
    "gateway.core.llm.prompt.make_delimiter",
    "gateway.core.llm.reply.read_json",
    "gateway.core.text.json_in_text.parse_json",
    "gateway.core.http.robots.read_robots",
    "gateway.core.json_schema.schema.Schema",
    "gateway.core.llm.structured_answer.answer_from_structured",
    "gateway.core.metadata.structured.read_structured",
    "gateway.core.tokens.counters.count_messages",
    "gateway.core.tokens.counters.get_counter",
}
# these are no part of the service's process: the command line reads its own user's files, and the model has its own
OUTSIDE_THE_SERVICE = {"gateway.cli.inputs", "backends.local.prepare"}


def modules() -> list[tuple[str, Path]]:
    found = []
    for package in ("gateway", "backends"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found.append((".".join(parts[:-1] if parts[-1] == "__init__" else parts), path))
    return found


# calls that make a process: with an environment, or with whatever the caller's is
STARTS = re.compile(
    r"subprocess\.(Popen|run|call|check_call|check_output)"
    r"|asyncio(\.subprocess)?\.create_subprocess_(exec|shell)|\w+\.subprocess_(exec|shell)|os\.posix_spawnp?"
)
INHERITS = re.compile(
    r"subprocess\.get(status)?output|os\.(system|popen|fork|forkpty|exec[lvpe]+|spawn[lvpe]+)"
    r"|multiprocessing(\.\w+)*\.(Process|Pool|Manager|get_context)"
    r"|concurrent\.futures(\.process)?\.ProcessPoolExecutor"
)
# forks of a process that has a clean environment itself
FORKS = {"gateway.workers.fork_server": {"os.fork"}}


def starts(path: Path) -> list[tuple[str, ast.Call]]:
    """Calls that make a process, each with its full name, whatever the module or the function was imported as."""
    tree = ast.parse(path.read_text("utf-8"))
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            head, dot, rest = ast.unparse(node.func).partition(".")
            name = names.get(head, head) + dot + rest
            if STARTS.fullmatch(name) or INHERITS.fullmatch(name):
                found.append((name, node))
    return found


@pytest.mark.parametrize(("module", "path"), [pytest.param(m, p, id=m) for m, p in modules()])
def test_process_is_started_with_an_environment_from_the_one_list(module: str, path: Path) -> None:
    for name, call in starts(path):
        if name in FORKS.get(module, ()):
            continue
        assert STARTS.fullmatch(name), f"{module} calls {name}, which inherits the environment"
        given = [ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg == "env"]
        if name.startswith("os.posix_spawn"):
            # its third argument
            given = [ast.unparse(value) for value in call.args[2:3]]
        assert given and given[0].startswith("child_environment(os.environ"), f"{module}: {name} without it"


def test_search_for_starts_sees_them(tmp_path: Path) -> None:
    code = tmp_path / "code.py"
    code.write_text(
        "import subprocess as s, os, multiprocessing.process\n"
        "from asyncio import create_subprocess_exec as go\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "s.Popen([]); go(''); ProcessPoolExecutor(); os.posix_spawn('', [], {}); asyncio.run(f()); loop.run()\n"
    )
    assert [name for name, _ in starts(code)] == [
        "subprocess.Popen",
        "asyncio.create_subprocess_exec",
        "concurrent.futures.ProcessPoolExecutor",
        "os.posix_spawn",
    ]


def names_from(path: Path) -> set[str]:
    """What a module takes from others, each by its whole name."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize(("module", "path"), [pytest.param(m, p, id=m) for m, p in modules()])
def test_strangers_input_is_looked_at_in_workers_only(module: str, path: Path) -> None:
    if module.startswith("gateway.core") or module in OUTSIDE_THE_SERVICE:
        return
    whole_modules = {name.rpartition(".")[0] for name in ONLY_IN_WORKERS}
    refused = names_from(path) & (ONLY_IN_WORKERS | whole_modules)
    assert not refused, f"{module} uses {sorted(refused)}: make it a task of gateway.core.tasks"


def test_functions_for_workers_exist() -> None:
    for name in ONLY_IN_WORKERS:
        module, _, function = name.rpartition(".")
        assert hasattr(importlib.import_module(module), function), name


@pytest.mark.parametrize(("module", "path"), [pytest.param(m, p, id=m) for m, p in modules()])
def test_tasks_are_run_by_the_pool_alone(module: str, path: Path) -> None:
    if module.startswith("gateway.core") or not any(
        name.startswith("gateway.core.tasks.") for name in names_from(path)
    ):
        return
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "run":
            assert node.args, f"{module}: `{ast.unparse(node)}` does a task where it stands"


PATH = re.compile(r"(?<!/)\b(?:gateway|backends|bench|deploy|docs|fixtures|tests|training)(?:/[\w.-]+)+/?")
MODULE = re.compile(r"python -m ((?:gateway|backends|bench|fixtures|training)[\w.]*)")
DOCUMENTS = [
    "README.md",
    "Makefile",
    *sorted(f"{path.relative_to(ROOT)}" for path in (ROOT / "docs").rglob("*.md")),
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_name_what_exists(document: str) -> None:
    text = (ROOT / document).read_text("utf-8")
    paths = {path.rstrip("./") for path in PATH.findall(text)}
    paths |= {name.rstrip(".").replace(".", "/") for name in MODULE.findall(text)}
    # a module may be named without its suffix
    missing = {path for path in paths if not ((ROOT / path).exists() or (ROOT / f"{path}.py").exists())}
    assert not missing, f"{document} names {sorted(missing)}"

"""What is large is in the memory of the workers alone, and there once: they share what was imported before the fork."""

import ast
import subprocess
import sys
from pathlib import Path

TASKS = Path(__file__).parent.parent.parent / "gateway" / "core" / "tasks"
PROGRAM = "import sys, {module}; {then}; print(*sys.modules)"
# what chooses and reads content, and the libraries it takes for that
LARGE = {"chardet", "gateway.core.classifier", "gateway.core.cleaning", "gateway.core.documents.pdf", "numpy"}


def test_service_leaves_what_is_large_to_its_workers() -> None:
    assert not LARGE & _imported_with("gateway.app")


def test_service_starts_without_pydantic() -> None:
    built = "gateway.app.create_app(gateway.settings.Settings())"
    assert "pydantic" not in _imported_with("gateway.app, gateway.settings", then=built)


def test_workers_have_what_tasks_import_when_they_run() -> None:
    late = {name for path in TASKS.glob("*.py") for name in _imported_in_functions(path)}
    assert late
    assert not late - _imported_with("gateway.core.tasks.work")


def _imported_with(module: str, *, then: str = "pass") -> set[str]:
    program = PROGRAM.format(module=module, then=then)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def _imported_in_functions(path: Path) -> set[str]:
    functions = [
        node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)
    ]
    inner = [node for function in functions for node in ast.walk(function)]
    return {str(node.module) for node in inner if isinstance(node, ast.ImportFrom)}

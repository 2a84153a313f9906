"""docs/warnings.md has a row for every warning that a result may carry, and for no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
# put together from what was asked for: links, images
MADE = {"links_cut", "images_cut"}


def codes(source: Path) -> Iterator[str]:
    """The `code` of each Notice that a module makes."""
    tree = ast.parse(source.read_text("utf-8"))
    named = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Notice":
            (code,) = (keyword.value for keyword in node.keywords if keyword.arg == "code")
            if isinstance(code, ast.Constant):
                yield str(code.value)
            elif isinstance(code, ast.Name):
                yield str(named[code.id])
            else:
                yield from MADE


def test_every_warning_is_explained() -> None:
    made = {code for source in (ROOT / "gateway").rglob("*.py") for code in codes(source)}
    page = (ROOT / "docs" / "warnings.md").read_text("utf-8")
    rows = re.findall(r"^\| (`[^|]*) \|", page, re.M)
    explained = [code for row in rows for code in re.findall(r"`(\w+)`", row)]
    assert len(explained) == len(set(explained))
    assert set(explained) == made

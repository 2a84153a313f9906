"""What an editor says of the client's keyword arguments is what the API says of the fields."""

import ast

import pytest

from gateway.api.docs.fields import description_of
from gateway.api.docs.keywords import FILE, KINDS, fill_docstrings
from gateway.wire import ScrapeOptions


def documented(source: str) -> dict[str, dict[str, str]]:
    """Class -> field -> the string below it, as editors find it."""
    found: dict[str, dict[str, str]] = {}
    for definition in ast.parse(source).body:
        if not isinstance(definition, ast.ClassDef):
            continue
        fields = found.setdefault(definition.name, {})
        for node, below in zip(definition.body, [*definition.body[1:], None], strict=True):
            if isinstance(node, ast.AnnAssign):
                has_text = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
                fields[ast.unparse(node.target)] = below.value.value if has_text else ""  # type: ignore[union-attr]
    return found


def test_every_keyword_argument_says_what_it_means() -> None:
    source = FILE.read_text("utf-8")
    assert source == fill_docstrings(source), "make api-docs writes it anew"
    found = documented(source)
    assert found.keys() == KINDS.keys()
    assert all(text for fields in found.values() for text in fields.values())
    assert found["PageKeywords"]["cursor"] == description_of(ScrapeOptions, "cursor")


def test_docstrings_are_put_in_taken_out_and_written_anew() -> None:
    bare = "class CacheKeywords(TypedDict, total=False):\n    max_age_s: float\n    store: bool\n\n\nX = 1\n"
    filled = fill_docstrings(bare)
    max_age_s = documented(filled)["CacheKeywords"]["max_age_s"]
    assert max_age_s.startswith("Seconds") and max_age_s.endswith("Default: `86400`.")
    stale = filled.replace("Seconds", "Hours").replace("Default: `True`.", "\n    Of old.")
    assert stale != filled == fill_docstrings(stale)
    assert "".join(line for line in filled.splitlines(True) if '"""' not in line) == bare


def test_class_or_field_without_a_type_is_refused() -> None:
    for source in ("class OtherKeywords:\n    store: bool\n", "class CacheKeywords:\n    colour: str\n"):
        with pytest.raises(KeyError):
            fill_docstrings(source)

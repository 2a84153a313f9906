"""The tables of options and settings in the documents of FILES, written from the types.

python -m gateway.api.docs.tables        # make api-docs

A table stands between `<!-- table: NAME -->` and `<!-- end -->`; everything else in the file stays as it is.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from backends.base import Price
from backends.specs import BackendSettings, ModelSpec
from gateway.api.docs.fields import fields_of
from gateway.auth.keys import Key
from gateway.settings import ONLY_IN_FILE, Settings
from gateway.wire import ScrapeOptions

ROOT = Path(__file__).parents[3]
FILES = ("docs/operations.md", "docs/scraping.md", "docs/settings.md")
_BEGIN = re.compile(r"<!-- table: ([a-z ]{1,40}) -->\n")
_END = "<!-- end -->"
_UNITS = (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024))


def fill_tables(text: str, tables: Mapping[str, Callable[[], str]]) -> str:
    """The text with each of its tables as `tables` makes it now.

    Raises:
        KeyError: a table has a name that is not in `tables`.
        ValueError: a table has no end.
    """
    parts, at = [], 0
    for begin in _BEGIN.finditer(text):
        parts += [text[at : begin.end()], tables[begin[1]](), "\n"]
        at = text.index(_END, begin.end())
    return "".join([*parts, text[at:]])


def _options(kind: type[Struct]) -> str:
    return _table(fields_of(kind))


def _settings() -> str:
    fields = fields_of(Settings)
    return _table({name.upper(): fields[name] for name in fields if name not in ONLY_IN_FILE})


TABLES: dict[str, Callable[[], str]] = {
    "scrape options": lambda: _options(ScrapeOptions),
    "settings": _settings,
    "keys": lambda: _options(Key),
    "backends": lambda: _options(BackendSettings),
    "models": lambda: _options(ModelSpec),
    "prices": lambda: _options(Price),
}


def _table(fields: dict[str, dict[str, Any]]) -> str:
    rows = [
        f"| `{name}` | {_default(name, schema)} | {_values(schema)}{schema['description']} |"
        for name, schema in fields.items()
    ]
    return "\n".join(["| name | default | |", "|---|---|---|", *rows])


def _values(schema: dict[str, Any]) -> str:
    """The values to choose from, where they are few."""
    values = schema.get("enum") or schema.get("items", {}).get("enum") or ()
    return ", ".join(f"`{value}`" for value in values) + (". " if values else "")


def _default(name: str, schema: dict[str, Any]) -> str:
    value = schema.get("default")
    if value in (None, [], {}):
        return ""
    if name.lower().endswith("_bytes"):
        unit, size = next((unit, size) for unit, size in _UNITS if value % size == 0)
        return f"{value // size} {unit}"
    return f"`{value}`" if isinstance(value, str) else json.dumps(value)


def main() -> None:
    for name in FILES:
        path = ROOT / name
        path.write_text(fill_tables(path.read_text("utf-8"), TABLES), "utf-8")


if __name__ == "__main__":
    main()

"""Form fields made of a request's type: every option of the API, with its default, its bounds and its description."""

import json
from collections.abc import Container
from html import escape
from typing import Any

import msgspec
from msgspec import Struct

# of a number: how HTML calls its bounds
_BOUNDS = {"minimum": "min", "maximum": "max"}


def form_fields(
    kind: type[Struct], *, only: Container[str] | None = None, without: Container[str] = ()
) -> str:
    """A labelled control for each option of a request, as HTML; `data-kind` says how its value is read.

    Args:
        kind: a request's type; every field of it has a description.
        only: these options; None: all.
        without: options that the page asks for elsewhere.
    """
    schema = msgspec.json.schema(kind)["$defs"][kind.__name__]
    return "\n".join(
        _field(name, about)
        for name, about in schema["properties"].items()
        if name not in without and (only is None or name in only)
    )


def _field(name: str, about: dict[str, Any]) -> str:
    # what JSON has as null is a field that is left empty
    words = about.get("description", "").replace("`", "").replace("null: ", "Empty: ")
    note = f"<small>{escape(words, quote=False)}</small>"
    options = [option for option in about.get("anyOf", [about]) if option.get("type") != "null"]
    first, default = options[0], about.get("default")
    items = first.get("items", {})
    if first.get("type") == "array" and "enum" in items:
        boxes = "".join(
            f'<label class="check"><input type="checkbox" name="{name}" value="{value}" data-kind="names"> {value}'
            "</label>"
            for value in items["enum"]
        )
        return f'<fieldset class="field wide"><legend>{name}</legend>{boxes}{note}</fieldset>'
    if first.get("type") == "boolean":
        checked = " checked" if default else ""
        control = f'<input type="checkbox" name="{name}" data-kind="flag"{checked}>'
        return f'<label class="field check">{control} {name}{note}</label>'
    return f'<label class="field">{name}{_control(name, options, default)}{note}</label>'


def _control(name: str, options: list[dict[str, Any]], default: Any) -> str:
    first = options[0]
    kind = first.get("type")
    if "enum" in first:
        choices = "".join(
            f"<option{' selected' if value == default else ''}>{value}</option>" for value in first["enum"]
        )
        return f'<select name="{name}" data-kind="text">{choices}</select>'
    value = "" if default is None or default == [] or default == {} else escape(f"{default}")
    if kind in ("integer", "number"):
        bounds = "".join(f' {html}="{first[bound]:g}"' for bound, html in _BOUNDS.items() if bound in first)
        step = "1" if kind == "integer" else "any"
        return f'<input type="number" name="{name}" data-kind="number" value="{value}" step="{step}"{bounds}>'
    if kind == "string":
        read_as = "text or number" if len(options) > 1 else "text"
        plain = 'spellcheck="false" autocapitalize="off" autocomplete="off"'
        return f'<input type="text" name="{name}" data-kind="{read_as}" value="{value}" {plain}>'
    if kind == "array" and first["items"].get("type") == "string":
        return f'<textarea name="{name}" data-kind="lines" placeholder="one a line" spellcheck="false"></textarea>'
    empty = json.dumps([] if kind == "array" else {})
    return f'<textarea name="{name}" data-kind="json" placeholder="{empty}" spellcheck="false"></textarea>'

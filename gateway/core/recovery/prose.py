"""Structured values as HTML: what a page would show had its script run."""

import html
import re
from typing import Any

from gateway.core.metadata.schema_org import PROPERTY_VALUE
from gateway.core.metadata.structured import Item, types_of
from gateway.core.text.json_in_text import parse_json
from gateway.core.text.languages import count_words

_MARKUP = re.compile(
    r"<(?:p|br|div|ul|ol|li|h[1-6]|strong|em|b|i|a|span|table|blockquote|pre)\b[^>]{0,500}>", re.I
)
_ESCAPED_MARKUP = re.compile(r"&lt;/?(?:p|br|div|ul|ol|li|h[1-6]|strong|em|b|i|a|span)\b", re.I)

# schema.org properties that hold what a reader reads, in the order a page shows them
_TITLES = ("headline", "name")
_BODIES = ("articleBody", "reviewBody", "text", "description")
_LISTS = ("recipeIngredient", "ingredients", "tool", "supply")
_PARTS = (
    *("mainEntity", "mainEntityOfPage", "recipeInstructions", "step", "steps", "itemListElement", "item"),
    *("acceptedAnswer", "suggestedAnswer", "comment", "hasPart", "about", "additionalProperty"),
)
_MAX_PARTS = 2000
_MAX_CHARACTERS = 1_000_000

# what a script's state calls the things a reader reads; anything else needs to look like prose by itself
_STATE_TITLE = re.compile(r"^(?:title|headline|heading|name|question|label)$", re.I)
_STATE_NOISE = re.compile(
    r"i18n|transl|locale|message(?!s?$)|dictionar|config|setting|cookie|consent|nav|menu|footer|header|seo|meta|analytics|tracking"
    r"|schema|css|style|script|token|query|env|flags?$|ads?$|legal|error|aria|alt$|sharing|social",
    re.I,
)
_NO_PROSE = re.compile(r"^https?://\S+$|^[{\[]|[{};]\s*$|function\s*\(|=>|^data:|^\S+$")
_MIN_PROSE_WORDS = 6
_MAX_VALUES = 200_000


def to_html(value: str) -> str:
    """A text as paragraphs; one that is HTML already, or HTML escaped once too often, as that."""
    if _ESCAPED_MARKUP.search(value):
        value = html.unescape(value)
    if _MARKUP.search(value):
        return f"<div>{value}</div>"
    lines = (" ".join(line.split()) for line in html.escape(html.unescape(value), quote=False).split("\n"))
    return "".join(f"<p>{line}</p>" for line in lines if line)


def item_to_html(item: Item) -> str:
    """A schema.org item as a reader would be shown it: title, text, lists, then its parts in order."""
    out: list[str] = []
    size = 0
    pending: list[tuple[Any, int]] = [(item, 0)]
    for _ in range(_MAX_PARTS):
        if not pending or size > _MAX_CHARACTERS:
            break
        value, depth = pending.pop()
        piece = (
            to_html(value)
            if isinstance(value, str)
            else _own_html(value, depth)
            if isinstance(value, dict)
            else ""
        )
        size += len(piece)
        out.append(piece)
        if isinstance(value, dict):
            parts = [part for name in _PARTS if isinstance(part := value.get(name), dict | list | str)]
            pending += [(part, depth + 1) for part in reversed(parts) if not isinstance(part, str) or depth]
        elif isinstance(value, list):
            pending += [(part, depth) for part in reversed(value)]
    return "".join(out)


def _own_html(item: Item, depth: int) -> str:
    out: list[str] = []
    title = next((text for name in _TITLES if isinstance(text := item.get(name), str)), "")
    body = next((text for name in _BODIES if isinstance(text := item.get(name), str) and text.strip()), "")
    if PROPERTY_VALUE in types_of(item) and isinstance(value := item.get("value"), str | int | float):
        return f"<p>{html.escape(title)}: {html.escape(str(value))}</p>" if title else ""
    if title and title.strip() != body.strip():
        level = min(depth + 1, 4)
        out.append(f"<h{level}>{html.escape(html.unescape(title), quote=False)}</h{level}>")
    out.append(to_html(body))
    for name in _LISTS:
        entries = item.get(name)
        if isinstance(entries, list):
            lines = [
                html.escape(html.unescape(entry), quote=False) for entry in entries if isinstance(entry, str)
            ]
            out.append("<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>")
    return "".join(out)


def state_to_html(state: Any) -> str:
    """The prose in the state of a script, in its order: texts of a sentence or more, under their titles.

    Translations, settings, navigation and the like are passed over by the names of their keys.
    """
    out: list[str] = []
    said: set[str] = set()
    size = 0
    pending: list[tuple[str, Any]] = [("", state)]
    for _ in range(_MAX_VALUES):
        if not pending or size > _MAX_CHARACTERS:
            break
        key, value = pending.pop()
        if isinstance(value, dict):
            title = next(
                (text for name, text in value.items() if _STATE_TITLE.match(name) and _is_title(text)), ""
            )
            inside = [(name, child) for name, child in value.items() if not _STATE_NOISE.search(name)]
            if title and title not in said and any(isinstance(c, str) and _is_prose(c) for _, c in inside):
                said.add(title)
                out.append(f"<h2>{html.escape(title, quote=False)}</h2>")
            pending += reversed(inside)
        elif isinstance(value, list):
            pending += [(key, child) for child in reversed(value)]
        elif isinstance(value, str) and value[:1] in ("{", "[") and len(value) > 100:
            # state packed into state
            pending += [(key, document) for document in parse_json(value)]
        elif isinstance(value, str) and value not in said and _is_prose(value):
            said.add(value)
            size += len(value)
            out.append(to_html(value))
    return "".join(out)


def _is_title(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) < 200 and not _NO_PROSE.search(value)


def _is_prose(value: str) -> bool:
    return (
        len(value) >= 20
        and not _NO_PROSE.search(value[:5000])
        and count_words(value[:2000]) >= _MIN_PROSE_WORDS
    )

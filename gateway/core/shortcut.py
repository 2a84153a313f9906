"""Answers that need no model: a page's own structured data, when it gives all that a schema asks for.

Conservative on purpose. An answer is made from one item alone (JSON-LD, microdata, or OpenGraph), only when
it fills every required property, or every property where none is required, and the result validates. Items
that disagree, values with two readings, cards that leave a property out, and prompts or descriptions that ask
for more than the names do, all mean that a model is needed.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from msgspec import Struct

from gateway.core.names import ALIASES, FURNITURE, GENERIC
from gateway.core.numbers import read_quantity
from gateway.core.schema import root_of

Item = dict[str, Any]
_MISSING: Any = object()
_MAX_DEPTH = 8
_MAX_VALUES = 1000  # at one path of an item
_MAX_SUBJECTS = 100

_CARDS = ("OpenGraph", "TwitterCard")

_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SCHEMA_ORG = re.compile(r"https?://schema\.org/")
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?=T)")


class Shortcut(Struct, kw_only=True, frozen=True):
    """Data made without a model, and the type of the item it was made from."""

    data: Any
    item_type: str


def answer_from_structured(
    items: Sequence[Item], schema: Item, *, prompt: str | None, validates: Callable[[Any], bool]
) -> Shortcut | None:
    """What the page's structured data answers, or None when a model has to be asked.

    Args:
        items: as `read_structured` gives them.
        schema: a checked JSON Schema.
        prompt: the caller's words beside the schema; any that ask for more rule the shortcut out.
        validates: whether a value satisfies the schema.
    """
    reader = _Reader(schema)
    if not reader.is_plain(prompt or ""):
        return None
    wanted = fold(str(reader.root.get("title", "")))
    subjects = list(islice(_subjects(items, wanted=wanted), _MAX_SUBJECTS))
    cards = [item for item in subjects if _type(item) in _CARDS]
    others = [item for item in subjects if _type(item) not in _CARDS]
    # cards say less, and say it for display: only where nothing else answers, and only all that is asked
    for candidates, whole in ((others, False), (cards, True)):
        found: list[Shortcut] = []
        for item in candidates:
            data = reader.fit(reader.root, item, 0)
            if data is _MISSING or (whole and reader.lacks(data)) or not validates(data):
                continue
            if all(data != one.data for one in found):
                found.append(Shortcut(data=data, item_type=_type(item)))
        if found:
            return found[0] if len(found) == 1 else None
    return None


def fold(name: str) -> str:
    """A name without the differences of snake_case, camelCase and kebab-case."""
    return re.sub(r"[\W_]+", "", name).lower()


def _subjects(items: Sequence[Item], *, wanted: str) -> Iterator[Item]:
    """Items that may be what the page is about, the main entity of a page item included."""
    for item in items:
        main = item.get("mainEntity")
        if isinstance(main, dict) and "@type" in main:
            yield main
        kind = fold(_type(item))
        if kind not in FURNITURE or (wanted and kind == wanted):
            yield item


def _type(item: Item) -> str:
    kind = item.get("@type", "")
    return str(kind[0] if isinstance(kind, list) and kind else kind)


class _Reader:
    """Fits values of items to the parts of one schema."""

    def __init__(self, schema: Item) -> None:
        self._schema = schema
        self._names: dict[int, dict[str, list[Any]]] = {}  # by id: the items outlive their reader
        self.root = root_of(self._schema, schema)

    def is_plain(self, prompt: str) -> bool:
        """Whether prompt and descriptions name nothing beyond the schema's own names."""
        properties = self.root.get("properties")
        if not isinstance(properties, dict):
            return False
        known = set(GENERIC)
        for name in (*properties, str(self.root.get("title", ""))):
            known |= {_stem(word) for word in _words(name)}
        texts = [prompt] + [
            part["description"]
            for part in properties.values()
            if isinstance(part, dict) and isinstance(part.get("description"), str)
        ]
        return all(_stem(word) in known or word in known for text in texts for word in _words(text))

    def lacks(self, data: Item) -> bool:
        """Whether a property of the schema, required or not, has no value."""
        return any(name not in data for name in self.root["properties"])

    def fit(self, schema: Any, value: Any, depth: int, name: str = "") -> Any:
        """The value as the schema wants it, or _MISSING."""
        schema = root_of(self._schema, schema)
        if depth > _MAX_DEPTH or value is None or value in ("", [], {}):
            return _MISSING
        for keyword in ("anyOf", "oneOf"):
            if isinstance(schema.get(keyword), list):
                fits = (self.fit(choice, value, depth + 1, name) for choice in schema[keyword])
                return next((fit for fit in fits if fit is not _MISSING), _MISSING)
        if isinstance(schema.get("enum"), list):
            return _fit_enum(schema["enum"], value)
        kinds = schema.get("type", "object" if "properties" in schema else None)
        for kind in kinds if isinstance(kinds, list) else [kinds]:
            fit = self._fit_kind(kind, schema, value, depth, name)
            if fit is not _MISSING:
                return fit
        return _MISSING

    def _fit_kind(self, kind: Any, schema: Item, value: Any, depth: int, name: str) -> Any:
        if kind == "array":
            return self._fit_array(schema, value, depth, name)
        if isinstance(value, list):
            one = _only(value)
            return one if one is _MISSING else self._fit_kind(kind, schema, one, depth, name)
        if kind == "object":
            return self._fit_object(schema, value, depth) if isinstance(value, dict) else _MISSING
        if kind == "boolean":
            return _fit_boolean(value, name)
        if kind in ("number", "integer"):
            return _fit_number(value, integer=kind == "integer")
        if kind == "string":
            return _fit_text(value, schema.get("format"))
        return _MISSING

    def _fit_object(self, schema: Item, item: Item, depth: int) -> Any:
        properties = schema.get("properties")
        if not isinstance(properties, dict) or not properties:
            return _MISSING
        filled = {
            name: fit
            for name, part in properties.items()
            if (fit := self._fit_property(part, item, name, depth)) is not _MISSING
        }
        needed = schema.get("required") or list(properties)
        return filled if all(name in filled for name in needed) else _MISSING

    def _fit_property(self, schema: Any, item: Item, name: str, depth: int) -> Any:
        folded = fold(name)
        for path in (folded, *ALIASES.get(folded, "").split()):
            values = self._follow(item, path.split("."))
            if values:
                return self.fit(schema, values, depth + 1, folded)
        return _MISSING

    def _follow(self, item: Item, path: Sequence[str]) -> list[Any]:
        """The values at a path of folded names, through lists on the way; none when there are too many."""
        level: list[Any] = [item]
        for step in path:
            level = [
                value
                for parent in level
                if isinstance(parent, dict)
                for value in self._names_of(parent).get(fold(step), ())
            ]
            if len(level) > _MAX_VALUES:
                return []
        return [value for value in level if value is not None and value != ""]

    def _names_of(self, item: Item) -> dict[str, list[Any]]:
        """The item's values by folded name, made once: pages may state thousands."""
        names = self._names.get(id(item))
        if names is None:
            names = self._names[id(item)] = {}
            for key, value in item.items():
                if not key.startswith("@"):
                    names.setdefault(fold(key), []).extend(value if isinstance(value, list) else [value])
        return names

    def _fit_array(self, schema: Item, value: Any, depth: int, name: str) -> Any:
        values = value if isinstance(value, list) else [value]
        if name in ("tags", "keywords") and len(values) == 1 and isinstance(values[0], str):
            values = [part.strip() for part in values[0].split(",") if part.strip()]
        fits = [self.fit(schema.get("items", {}), one, depth + 1) for one in values]
        return fits if fits and all(fit is not _MISSING for fit in fits) else _MISSING


def _only(values: list[Any]) -> Any:
    """What all of them say, _MISSING when they differ."""
    return values[0] if values and all(value == values[0] for value in values) else _MISSING


def _fit_enum(choices: list[Any], value: Any) -> Any:
    if isinstance(value, list):
        value = _only(value)
    text = _MISSING if value is _MISSING else _fit_text(value, None)
    fits = [choice for choice in choices if text is not _MISSING and fold(str(choice)) == fold(text)]
    return fits[0] if len(fits) == 1 else _MISSING


def _fit_boolean(value: Any, name: str) -> Any:
    text = fold(_SCHEMA_ORG.sub("", str(value)))
    if text in ("true", "false"):
        return text == "true"
    if name in ("instock", "available") and text in ("instock", "outofstock", "soldout", "discontinued"):
        return text == "instock"
    return _MISSING


def _fit_number(value: Any, *, integer: bool) -> Any:
    if isinstance(value, dict):
        value = value.get("value")
    if isinstance(value, str):
        readings = list(dict.fromkeys(number.value for number in read_quantity(value.strip())))
        if not readings or ("," in value and len(readings) > 1):
            return (
                _MISSING  # schema.org writes decimals with a point, so only a comma can be read in two ways
            )
        value = readings[0]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _MISSING
    if integer:
        return int(value) if value == int(value) else _MISSING
    return value


def _fit_text(value: Any, form: Any) -> Any:
    if isinstance(value, dict):
        kind = fold(_type(value))
        keys = ("url", "contentUrl") if kind in ("imageobject", "videoobject") else ("name", "text")
        value = next((value[key] for key in keys if isinstance(value.get(key), str)), _MISSING)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        return _MISSING
    text = _SCHEMA_ORG.sub("", value.strip())
    if form == "date" and (day := _DAY.match(text)):
        return day[0]
    return text


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(_CAMEL.sub(" ", text)) if len(word) > 1]


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word

"""Answers that need no model: a page's own structured data, when it gives all that a schema asks for.

Conservative on purpose. An answer is made from one item alone (JSON-LD, microdata, or OpenGraph), only when
it fills every required property, or every property where none is required, and the result validates. Items
that disagree, values with two readings, cards that leave a property out, and prompts or descriptions that ask
for more than the names do, all mean that a model is needed.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any

from msgspec import Struct

from gateway.core.json_schema.schema import root_of
from gateway.core.metadata.schema_org import ALIASES, FURNITURE, GENERIC
from gateway.core.text.numbers import read_quantity

Item = dict[str, Any]
_MISSING: Any = object()
_MAX_DEPTH = 8
# at one path of an item
_MAX_VALUES = 1000
_MAX_SUBJECTS = 100
# of candidates that a schema's details rule out
_MAX_VALIDATIONS = 20
# values, properties and choices looked at, a second's work
_MAX_STEPS = 500_000
# of a text, as much work as a small value
_STEP_CHARS = 100

_CARDS = ("OpenGraph", "TwitterCard")

_WORD = re.compile(r"[^\W_]+")
_NOT_LETTERS = re.compile(r"[\W_]+")
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

    The work is bounded, whatever items and schema make of one another: beyond the bounds a model is asked.

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
    left = _MAX_VALIDATIONS
    try:
        # cards say less, and say it for display: only where nothing else answers, and only all that is asked
        for candidates, whole in ((others, False), (cards, True)):
            found: Shortcut | None = None
            for item in candidates:
                data = reader.fit(reader.root, item, 0)
                if data is _MISSING or (whole and reader.lacks(data)) or (found and data == found.data):
                    continue
                left -= 1
                if left < 0:
                    return None
                if validates(data):
                    if found:
                        # two that say different things
                        return None
                    found = Shortcut(data=data, item_type=_type(item))
            if found:
                return found
    except _TooMuch:
        return None
    return None


class _TooMuch(Exception):
    """Fitting the items to the schema takes too many steps."""


def fold(name: str) -> str:
    """A name without the differences of snake_case, camelCase and kebab-case."""
    return _NOT_LETTERS.sub("", name).lower()


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
        # by id: schema and items outlive their reader
        self._roots: dict[int, Item] = {}
        self._names: dict[int, dict[str, list[Any]]] = {}
        self._followed: dict[tuple[int, str], list[Any]] = {}
        self._onlys: dict[int, Any] = {}
        self._choices: dict[int, dict[str, list[Any]]] = {}
        self._fold = cache(fold)
        self._left = _MAX_STEPS
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

    def _spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise _TooMuch

    def _root_of(self, schema: Any) -> Item:
        """What `root_of` gives, once: references may be long, and followed for every value."""
        root = self._roots.get(id(schema))
        if root is None:
            root = self._roots[id(schema)] = root_of(self._schema, schema)
        return root

    def fit(self, schema: Any, value: Any, depth: int, name: str = "") -> Any:
        """The value as the schema wants it, or _MISSING."""
        self._spend(1 + (len(value) // _STEP_CHARS if isinstance(value, str) else 0))
        schema = self._root_of(schema)
        if depth > _MAX_DEPTH or value is None or value in ("", [], {}):
            return _MISSING
        for keyword in ("anyOf", "oneOf"):
            if isinstance(schema.get(keyword), list):
                fits = (self.fit(choice, value, depth + 1, name) for choice in schema[keyword])
                return next((fit for fit in fits if fit is not _MISSING), _MISSING)
        if isinstance(schema.get("enum"), list):
            return self._fit_enum(schema["enum"], value)
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
            one = self._only(value)
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
        needed = schema.get("required") or list(properties)
        self._spend(len(properties) + len(needed))
        filled = {
            name: fit
            for name, part in properties.items()
            if (fit := self._fit_property(part, item, name, depth)) is not _MISSING
        }
        return filled if all(name in filled for name in needed) else _MISSING

    def _fit_property(self, schema: Any, item: Item, name: str, depth: int) -> Any:
        folded = self._fold(name)
        for path in (folded, *ALIASES.get(folded, "").split()):
            values = self._followed.get((id(item), path))
            if values is None:
                values = self._followed[id(item), path] = self._follow(item, path.split("."))
            if values:
                return self.fit(schema, values, depth + 1, folded)
        return _MISSING

    def _follow(self, item: Item, path: Sequence[str]) -> list[Any]:
        """The values at a path of folded names, through lists on the way; none when there are too many."""
        level: list[Any] = [item]
        for step in map(fold, path):
            following: list[Any] = []
            self._spend(len(level))
            for parent in level:
                if isinstance(parent, dict):
                    values = self._names_of(parent).get(step, ())
                    if len(following) + len(values) > _MAX_VALUES:
                        return []
                    following += values
            level = following
        return [value for value in level if value is not None and value != ""]

    def _names_of(self, item: Item) -> dict[str, list[Any]]:
        """The item's values by folded name, made once: pages may state thousands."""
        names = self._names.get(id(item))
        if names is None:
            names = self._names[id(item)] = {}
            self._spend(sum(len(value) if isinstance(value, list) else 1 for value in item.values()))
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

    def _fit_enum(self, choices: list[Any], value: Any) -> Any:
        if isinstance(value, list):
            value = self._only(value)
        text = _MISSING if value is _MISSING else _fit_text(value, None)
        if text is _MISSING:
            return _MISSING
        by_name = self._choices.get(id(choices))
        if by_name is None:
            by_name = self._choices[id(choices)] = {}
            for choice in choices:
                by_name.setdefault(fold(str(choice)), []).append(choice)
        fits = by_name.get(fold(text), [])
        return fits[0] if len(fits) == 1 else _MISSING

    def _only(self, values: list[Any]) -> Any:
        """What all of them say, _MISSING when they differ; compared once, since they may be large."""
        only = self._onlys.get(id(values))
        if only is None:
            same = values and all(value == values[0] for value in values)
            only = self._onlys[id(values)] = values[0] if same else _MISSING
        return only


def _fit_boolean(value: Any, name: str) -> Any:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        return _MISSING
    text = fold(_SCHEMA_ORG.sub("", value))
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
            # schema.org writes decimals with a point, so only a comma is read in two ways
            return _MISSING
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

"""Who says what of a page: the elements of its head, and its structured items by kind; values as plain text."""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from gateway.core.dom.landmarks import Landmarks
from gateway.core.metadata.heading import read_headings
from gateway.core.metadata.names import MAX_NAMES, clean_name
from gateway.core.metadata.placeholders import is_placeholder
from gateway.core.metadata.schema_org import ARTICLE, OTHER_SUBJECT
from gateway.core.metadata.structured import Item, types_of

# of one property
MAX_VALUES = 50
_REPEATED = (
    *("citation_author", "dc.creator", "article:author", "author", "parsely-author", "sailthru.author"),
    *("article:tag", "parsely-tags"),
)
_TAG = re.compile(r"<[^>]{0,200}>")
_MAX_TEXT_CHARACTERS = 2000


class Head:
    """The elements metadata is read from."""

    def __init__(self, marks: Landmarks, url: str | None) -> None:
        tags = marks.tags
        titles = (text_of(fold(node.text())) for node, _ in tags["title"][:5])
        self.title = first_of(titles) or ""
        self.headings = read_headings(tags["h1"], url=url)
        self.base = first_of(attributes.get("href") for _, attributes in tags["base"]) or ""
        root: dict[str, str | None] = next((attributes for _, attributes in tags["html"]), {})
        self.lang = root.get("lang") or root.get("xml:lang") or ""
        self.direction = root.get("dir") or ""
        self._links = tags["link"]
        metas: dict[str, list[str]] = {}
        for _, attributes in tags["meta"]:
            get = attributes.get
            if content := get("content"):
                name = get("name") or get("property") or get("itemprop") or get("http-equiv") or ""
                metas.setdefault(name.strip().lower(), []).append(content)
        self._metas = metas

    def meta(self, *names: str) -> str:
        """The content of the first of these names that the page states."""
        return next((self._metas[name][0] for name in names if name in self._metas), "")

    def metas(self, name: str) -> list[str]:
        """All contents of a name that pages repeat; else the first."""
        return self._metas.get(name, [])[: MAX_VALUES if name in _REPEATED else 1]

    def metas_of(self, names: Iterable[str]) -> list[str]:
        """The first content of each of these names."""
        return [self._metas[name][0] for name in names if name in self._metas]

    def link(self, rel: str) -> str:
        """Where the first `<link>` leads that is of this kind alone."""
        for _, attributes in self._links:
            if (attributes.get("rel") or "").lower() == rel:
                return attributes.get("href") or ""
        return ""


class Said:
    """Who says what: the head's elements, and the structured items by kind."""

    def __init__(self, head: Head, structured: list[Item]) -> None:
        self.head = head
        self.structured = structured
        self.graph: Item = next((item for item in structured if item["@type"] == "OpenGraph"), {})
        self.card: Item = next((item for item in structured if item["@type"] == "TwitterCard"), {})
        self._types = [types_of(item) for item in structured]
        self.articles = self._items_of(ARTICLE)
        self.others = self._items_of(OTHER_SUBJECT)

    def _items_of(self, subject: re.Pattern[str]) -> list[Item]:
        return [
            item
            for item, types in zip(self.structured, self._types, strict=True)
            if any(map(subject.search, types))
        ]

    def texts(self, key: str) -> Iterator[str | None]:
        """A property of the article, then of whatever else the page is about."""
        return (text_of(item.get(key)) for item in (*self.articles, *self.others))

    def by(self, kind: str, key: str) -> str | None:
        return first_of(
            text_of(item.get(key))
            for item, types in zip(self.structured, self._types, strict=True)
            if kind in types
        )


def name_of(value: Any) -> str | None:
    """The name, or names, of people and organisations however JSON-LD puts them."""
    found: list[str | None] = []
    for one in (value if isinstance(value, list) else [value])[:MAX_VALUES]:
        if isinstance(one, dict):
            parts = [text_of(one.get("givenName")), text_of(one.get("familyName"))]
            one = one.get("name") or " ".join(part for part in parts if part)
        found.append(text_of(one))
    return join_names(found)


def join_names(texts: Iterable[str | None]) -> str | None:
    """Names as one text: by ", "; by "; " where one of them puts the family name first."""
    names: dict[str, None] = {}
    for text in texts:
        if (folded := text_of(text)) and (name := clean_name(folded, stated=True)):
            names[name] = None
        if len(names) == MAX_NAMES:
            break
    return ("; " if len(names) > 1 and any("," in name for name in names) else ", ").join(names) or None


def text_of(value: Any) -> str | None:
    """A string value without markup and entities, or None; a template's placeholder is none."""
    if isinstance(value, list):
        value = next((one for one in value if isinstance(one, str)), None)
    if not isinstance(value, str):
        return None
    value = value[: 2 * _MAX_TEXT_CHARACTERS]
    if "<" in value and not is_placeholder(value):
        value = _TAG.sub(" ", value)
    if "&" in value:
        value = html.unescape(value)
    value = normal(" ".join(value.split())[:_MAX_TEXT_CHARACTERS])
    return None if not value or is_placeholder(value) else value


def normal(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def fold(text: str | None) -> str:
    return " ".join((text or "")[: 4 * _MAX_TEXT_CHARACTERS].split())[:_MAX_TEXT_CHARACTERS]


def first_of(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value), None)

"""What a page is called, by whom, of when, in which language: the first credible source of each wins.

title: `<h1>`, og:title or JSON-LD headline that `<title>` confirms; else `<title>` without the site's name.
author: the article in JSON-LD or microdata; meta author and its kin; twitter:data1 "by"; bylines.
published: the article in JSON-LD or microdata; article:published_time and other metas; other items;
    `<time>` and elements marked as dates; the address.
description: meta description; og:description; JSON-LD; twitter:description.
language: `<html lang>`; content-language; og:locale; JSON-LD inLanguage.
site_name: og:site_name; JSON-LD WebSite; application-name; the article's publisher.
canonical_url: rel=canonical; og:url.
image: og:image; twitter:image; JSON-LD; rel=image_src.
"""

import html
import re
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser

from gateway.core.dom.landmarks import Landmarks, find_marks
from gateway.core.metadata.bylines import Bylines, Surroundings, clean_name, date_of_address, to_iso
from gateway.core.metadata.schema_org import ARTICLE, OTHER_SUBJECT
from gateway.core.metadata.structured import Item, absolute, types_of
from gateway.core.metadata.title import headline
from gateway.wire import Metadata

_REPEATED = ("citation_author", "dc.creator", "article:author")
_META_NAMES = ("name", "property", "itemprop", "http-equiv")
_AUTHOR_METAS = (
    *(
        "author",
        "article:author",
        "parsely-author",
        "sailthru.author",
        "cxenseparse:author",
        "og:author",
        "byl",
    ),
    *("dc.creator", "dcterms.creator", "citation_author", "authors"),
)
_DATE_METAS = (
    *("article:published_time", "og:article:published_time", "parsely-pub-date", "sailthru.date"),
    *(
        "cxenseparse:publishtime",
        "datepublished",
        "og:publish_date",
        "publish_date",
        "publish-date",
        "date-pub",
    ),
    *("publication_date", "citation_publication_date", "citation_date", "dc.date.issued", "dc.date"),
    *(
        "dcterms.date",
        "pubdate",
        "published-date",
        "w-published-date",
        "ms.date",
        "date",
        "datecreated",
        "article.published",
        "published_time",
    ),
)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?", re.I)
_TAG = re.compile(r"<[^>]{0,200}>")
_MAX_TEXT_CHARACTERS = 2000
_PAGE_CHARACTERS = 5000  # a <noscript> with more markup is a page


class Facts(Struct, kw_only=True, frozen=True):
    """What `read_metadata` finds."""

    title: str | None
    metadata: Metadata


def read_metadata(
    tree: LexborHTMLParser, structured: list[Item], *, url: str | None, marks: Landmarks | None = None
) -> Facts:
    """What the page says of itself.

    Args:
        tree: the parsed page; not changed.
        structured: its items from `read_structured`.
        url: its address, which relative addresses are resolved against and whose path may hold a date.
        marks: `find_marks(tree)`, if that is at hand.
    """
    marks = marks or find_marks(tree)
    said = _Said(_Head(marks), structured)
    head, graph, card = said.head, said.graph, said.card
    base = absolute(head.base, url) or url if head.base else url
    language = _language(said)
    publisher = _first(_name(item.get("publisher")) for item in said.articles)
    site_name = (
        _text(graph.get("site_name"))
        or said.by("WebSite", "name")
        or _text(head.meta("application-name"))
        or publisher
    )
    bylines = Bylines(_page_of(tree, marks))
    near = Surroundings(head.heading) if head.heading else None
    month_first = language in (None, "en", "en-US")
    stated_titles = [_text(graph.get("title")), *said.texts("headline"), _text(card.get("title"))]
    return Facts(
        title=headline(
            head.title,
            head.headings,
            stated=[text for text in stated_titles if text],
            site_names=[name for name in (site_name, publisher) if name],
            url=url or "",
        ),
        metadata=Metadata(
            description=_text(head.meta("description"))
            or _text(graph.get("description"))
            or _first(said.texts("description"))
            or _text(card.get("description")),
            author=_author(said) or bylines.author() or (near.author() if near else None),
            published=_published(said, month_first=month_first)
            or bylines.published(month_first=month_first)
            or date_of_address(url or "")
            or (near.published(month_first=month_first) if near else None),
            language=language,
            site_name=site_name,
            canonical_url=absolute(head.link("canonical"), base)
            or absolute(_text(graph.get("url")) or "", base),
            image=_first(absolute(address, base) for address in _images(said)),
        ),
    )


def _page_of(tree: LexborHTMLParser, marks: Landmarks) -> LexborHTMLParser:
    """Where the bylines are: forums serve the page in `<noscript>` and an empty shell beside it."""
    longest = marks.longest_noscript()
    return LexborHTMLParser(longest) if len(longest) >= _PAGE_CHARACTERS else tree


class _Said:
    """Who says what: the head's elements, and the structured items by kind."""

    def __init__(self, head: "_Head", structured: list[Item]) -> None:
        self.head = head
        self.structured = structured
        self.graph: Item = next((item for item in structured if item["@type"] == "OpenGraph"), {})
        self.card: Item = next((item for item in structured if item["@type"] == "TwitterCard"), {})
        self.articles = [item for item in structured if any(map(ARTICLE.search, types_of(item)))]
        self.others = [item for item in structured if any(map(OTHER_SUBJECT.search, types_of(item)))]

    def texts(self, key: str) -> Iterator[str | None]:
        """A property of the article, then of whatever else the page is about."""
        return (_text(item.get(key)) for item in (*self.articles, *self.others))

    def by(self, kind: str, key: str) -> str | None:
        return _first(_text(item.get(key)) for item in self.structured if kind in types_of(item))


class _Head:
    """The elements metadata is read from."""

    def __init__(self, marks: Landmarks) -> None:
        tags = marks.tags
        self.title = _first(_fold(node.text()) for node, _ in tags["title"][:5]) or ""
        headings = [node for node, _ in tags["h1"]]
        self.headings = [text for node in headings[:20] if (text := _fold(node.text(separator=" ")))]
        self.heading = next((node for node in headings if _fold(node.text())), None)
        self.base = _first(attributes.get("href") for _, attributes in tags["base"]) or ""
        self.lang = (
            _first(attributes.get("lang") or attributes.get("xml:lang") for _, attributes in tags["html"])
            or ""
        )
        self._links = {
            (attributes.get("rel") or "").lower(): attributes.get("href") or ""
            for _, attributes in reversed(tags["link"])
        }
        metas: dict[str, list[str]] = {}
        for _, attributes in tags["meta"]:
            if content := attributes.get("content"):
                name = (
                    next((name for key in _META_NAMES if (name := attributes.get(key))), "").strip().lower()
                )
                metas.setdefault(name, []).append(content)
        self._metas = {
            name: ", ".join(contents) if name in _REPEATED else contents[0]
            for name, contents in metas.items()
        }

    def meta(self, *names: str) -> str:
        """The content of the first of these names that the page states."""
        return next((self._metas[name] for name in names if name in self._metas), "")

    def link(self, rel: str) -> str:
        return self._links.get(rel, "")


def _author(said: _Said) -> str | None:
    for item in said.articles:
        if name := _name(item.get("author")) or _name(item.get("creator")):
            return name
    for key in _AUTHOR_METAS:
        if name := clean_name(_text(said.head.meta(key)) or ""):
            return name
    labelled = "by" in str(said.card.get("label1", "")).lower()
    return clean_name(_text(said.card.get("data1")) or "") if labelled else None


def _published(said: _Said, *, month_first: bool) -> str | None:
    stated = [item.get("datePublished") for item in said.articles]
    stated.append(said.head.meta(*_DATE_METAS))
    stated += [item.get("datePublished") for item in said.others]
    stated += [item.get("dateCreated") for item in said.articles]
    return _first(to_iso(text, month_first=month_first) for value in stated if (text := _text(value)))


def _language(said: _Said) -> str | None:
    head, graph = said.head, said.graph
    for value in (
        head.lang,
        head.meta("content-language", "language"),
        _text(graph.get("locale")),
        *said.texts("inLanguage"),
    ):
        if found := _LANGUAGE.fullmatch((value or "").strip().replace("_", "-").split(",")[0]):
            return "-".join(_cased(part, place) for place, part in enumerate(found[0].split("-")))
    return None


def _cased(part: str, place: int) -> str:
    """Subtags as BCP 47 writes them: zh-Hant-TW."""
    return part.lower() if not place else part.title() if len(part) == 4 else part.upper()


def _images(said: _Said) -> Iterator[str]:
    items = (*said.articles, *said.others)
    stated = [said.graph.get("image:secure_url"), said.graph.get("image"), said.card.get("image")]
    for value in (*stated, *(item.get("image") for item in items), said.head.link("image_src")):
        while isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, dict):
            value = value.get("url") or value.get("contentUrl")
        if isinstance(value, str) and value:
            yield value


def _name(value: Any) -> str | None:
    """The name, or names, of people and organisations however JSON-LD puts them."""
    found: list[str] = []
    for one in value if isinstance(value, list) else [value]:
        text = _text(one.get("name") if isinstance(one, dict) else one)
        if text and (name := clean_name(text)) and name not in found:
            found.append(name)
    return ", ".join(found[:10]) or None


def _text(value: Any) -> str | None:
    """A string value without markup and entities, or None."""
    if isinstance(value, list):
        value = next((one for one in value if isinstance(one, str)), None)
    if not isinstance(value, str):
        return None
    value = value[: 2 * _MAX_TEXT_CHARACTERS]
    if "<" in value:
        value = _TAG.sub(" ", value)
    if "&" in value:
        value = html.unescape(value)
    return " ".join(value.split())[:_MAX_TEXT_CHARACTERS] or None


def _fold(text: str | None) -> str:
    return " ".join((text or "")[: 4 * _MAX_TEXT_CHARACTERS].split())[:_MAX_TEXT_CHARACTERS]


def _first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value), None)

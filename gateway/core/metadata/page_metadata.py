"""What a page is called, by whom, of when, in which language: the first credible source of each wins.

title: the `<h1>` that a reader sees, where `<title>`, og:title, JSON-LD or the address speak of the same; else the
    stated one that `<title>` confirms; else `<title>` without the site's name. social_title: the other.
author: a person before an organisation: the article in JSON-LD or microdata; meta author and its kin; twitter:data1
    "by"; bylines; the lines around the headline. Several are joined by ", ", by "; " where a family name comes first.
published: the article in JSON-LD or microdata; article:published_time and other metas; other items;
    `<time>` and elements marked as dates; the address; the lines around the headline.
modified: the same sources, for what they call updated.
description: meta description; og:description; JSON-LD; twitter:description.
language: `<html lang>`; content-language; og:locale; JSON-LD inLanguage.
site_name: og:site_name; JSON-LD WebSite; application-name; the article's publisher.
section, tags: article:section and article:tag; JSON-LD; metas.
canonical_url: rel=canonical; og:url.
image: og:image; twitter:image; JSON-LD; rel=image_src.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser

from gateway.core.dom.landmarks import Landmarks, find_marks
from gateway.core.metadata.bylines import Bylines
from gateway.core.metadata.heading import read_headings
from gateway.core.metadata.iso_dates import Dated, date_of_address, reads_month_first, to_iso
from gateway.core.metadata.names import MAX_NAMES, clean_name, is_person
from gateway.core.metadata.placeholders import is_placeholder
from gateway.core.metadata.schema_org import ARTICLE, OTHER_SUBJECT
from gateway.core.metadata.structured import Item, absolute, types_of
from gateway.core.metadata.surroundings import Surroundings
from gateway.core.metadata.title import choose_titles, key
from gateway.wire import Metadata

_REPEATED = (
    *("citation_author", "dc.creator", "article:author", "author", "parsely-author", "sailthru.author"),
    *("article:tag", "parsely-tags"),
)
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
_MODIFIED_METAS = (
    *(
        "article:modified_time",
        "og:article:modified_time",
        "og:updated_time",
        "datemodified",
        "last-modified",
    ),
    *("dcterms.modified", "dc.date.modified", "lastmod", "modified_time", "revised", "citation_lastmodified"),
)
_SECTION_METAS = ("article:section", "parsely-section", "cxenseparse:section", "section")
_TAG_METAS = ("article:tag", "parsely-tags", "sailthru.tags", "news_keywords", "keywords")
_RIGHT_TO_LEFT = frozenset("ar arc ckb dv fa he iw ks ku-arab ps sd ug ur yi".split())
_MAX_TAGS, _MAX_TAG_CHARACTERS = 50, 100
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?", re.I)
_TAG = re.compile(r"<[^>]{0,200}>")
_MAX_TEXT_CHARACTERS = 2000
# a <noscript> with more markup is a page
_PAGE_CHARACTERS = 5000


class Facts(Struct, kw_only=True, frozen=True):
    """What `read_metadata` finds."""

    title: str | None
    # the one that `<title>` speaks for; empty without any
    stated_title: str
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
    said = _Said(_Head(marks, url), structured)
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
    site_names = [name for name in (site_name, publisher) if name]
    headlines, shared = list(said.texts("headline")), [_text(graph.get("title")), _text(card.get("title"))]
    stated = [text for text in (shared[0], *headlines, shared[1]) if text]
    doubtful = any(heading.glued != heading.spaced for heading in head.headings)
    known = {word for text in (head.title, *stated) for word in key(text).split()} if doubtful else set()
    headings = [
        text
        for heading in head.headings
        if not heading.is_logo and (text := _normal(heading.text(known))) and not is_placeholder(text)
    ]
    titles = choose_titles(head.title, headings, stated=stated, site_names=site_names, url=url or "")
    heading = next((heading for heading in head.headings if not heading.is_logo), None)
    bylines = Bylines(_page_of(tree, marks))
    near = Surroundings(heading.node) if heading else None
    dates = _Dates(said, bylines, near, language=language, url=url or "")
    return Facts(
        title=titles.headline,
        stated_title=titles.stated,
        metadata=Metadata(
            social_title=titles.social,
            description=_text(head.meta("description"))
            or _text(graph.get("description"))
            or _first(said.texts("description"))
            or _text(card.get("description")),
            author=_author(said, bylines, near, site_names=site_names, url=url or ""),
            published=dates.published(),
            modified=dates.modified(),
            language=language,
            text_direction=_direction(tree, head, language),
            site_name=site_name,
            section=_text(head.meta(*_SECTION_METAS)) or _first(said.texts("articleSection")),
            tags=_tags(said),
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

    def __init__(self, marks: Landmarks, url: str | None) -> None:
        tags = marks.tags
        titles = (_text(_fold(node.text())) for node, _ in tags["title"][:5])
        self.title = _first(titles) or ""
        self.headings = read_headings(tags["h1"], url=url)
        self.base = _first(attributes.get("href") for _, attributes in tags["base"]) or ""
        root: dict[str, str | None] = next((attributes for _, attributes in tags["html"]), {})
        self.lang = root.get("lang") or root.get("xml:lang") or ""
        self.direction = root.get("dir") or ""
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
        self._metas = metas

    def meta(self, *names: str) -> str:
        """The content of the first of these names that the page states."""
        return next((self._metas[name][0] for name in names if name in self._metas), "")

    def metas(self, name: str) -> list[str]:
        """All contents of a name that pages repeat; else the first."""
        return self._metas.get(name, [])[: _MAX_TAGS if name in _REPEATED else 1]

    def metas_of(self, names: Iterable[str]) -> list[str]:
        """The first content of each of these names."""
        return [self._metas[name][0] for name in names if name in self._metas]

    def link(self, rel: str) -> str:
        return self._links.get(rel, "")


def _author(
    said: _Said, bylines: Bylines, near: Surroundings | None, *, site_names: list[str], url: str
) -> str | None:
    """The first name that is a person's; else the first."""
    host = (urlsplit(url).hostname or "").removeprefix("www.") if "://" in url else ""
    sites = {key(name).replace(" ", "") for name in site_names} | {
        key(host).replace(" ", ""),
        host.split(".")[0],
    }
    sites.discard("")
    first: str | None = None
    for name, trusted in _authors(said, bylines, near):
        folded = key(name).replace(" ", "")
        if folded in sites or folded.removeprefix("the") in sites:
            first = first or name
            continue
        if is_person(name) or (trusted and first is None):
            return name
        first = first or name
    return first


def _authors(said: _Said, bylines: Bylines, near: Surroundings | None) -> Iterator[tuple[str, bool]]:
    """Who may be the author, the most credible first, and whether a single word is enough for a name there."""
    for item in said.articles:
        for value in (item.get("author"), item.get("creator")):
            if name := _name(value):
                yield name, not _is_organisation(value)
    for key_ in _AUTHOR_METAS:
        if name := _joined(said.head.metas(key_)):
            yield name, True
    if "by" in str(said.card.get("label1", "")).lower() and (
        name := clean_name(_text(said.card.get("data1")) or "")
    ):
        yield name, True
    for name in bylines.authors():
        yield name, True
    for name in near.authors() if near else ():
        yield name, True


def _is_organisation(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    types = [name for one in values if isinstance(one, dict) for name in types_of(one)]
    return any("organi" in name.lower() for name in types) and "Person" not in types


def _joined(texts: Iterable[str | None]) -> str | None:
    """Names as one text: by ", "; by "; " where one of them puts the family name first."""
    names: dict[str, None] = {}
    for text in texts:
        if (folded := _text(text)) and (name := clean_name(folded, stated=True)):
            names[name] = None
        if len(names) == MAX_NAMES:
            break
    return ("; " if len(names) > 1 and any("," in name for name in names) else ", ").join(names) or None


class _Dates:
    """When a page was published and changed, by all who say so."""

    def __init__(
        self, said: _Said, bylines: Bylines, near: Surroundings | None, *, language: str | None, url: str
    ) -> None:
        self._said, self._bylines, self._near = said, bylines, near
        self._language, self._url = language, url
        self._order: bool | None = None

    def published(self) -> str | None:
        said = self._said
        stated = [item.get("datePublished") for item in said.articles]
        stated += said.head.metas_of(_DATE_METAS)
        stated += [item.get("datePublished") for item in said.others]
        stated += [item.get("dateCreated") for item in said.articles]
        return (
            self._first_stated(stated)
            or self._first_shown(self._bylines.dates, ("published", ""))
            or date_of_address(self._url)
            or self._near_published()
        )

    def modified(self) -> str | None:
        said = self._said
        stated = [item.get("dateModified") for item in said.articles]
        stated += said.head.metas_of(_MODIFIED_METAS)
        stated += [item.get("dateModified") for item in said.others]
        if found := self._first_stated(stated):
            return found
        # the search for marks costs half a parse: not for this alone
        return self._first_shown(self._bylines.dates, ("updated",)) if self._bylines.are_read else None

    def _near_published(self) -> str | None:
        if self._near is None:
            return None
        found = list(self._near.dates(month_first=self._month_first()))
        ranked = (dated.iso for said in ("published", "", "updated") for dated in found if dated.said == said)
        return next(ranked, None)

    def _first_stated(self, values: list[Any]) -> str | None:
        for value in values:
            if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**14:
                value = str(value)
            if (text := _text(value)) and (found := self._read(text)):
                return found
        return None

    def _read(self, text: str) -> str | None:
        return to_iso(text, month_first=self._month_first() if "/" in text else True)

    def _first_shown(self, dates: Callable[..., Iterator[Dated]], wanted: tuple[str, ...]) -> str | None:
        return _first(dated.iso for dated in dates(month_first=self._month_first()) if dated.said in wanted)

    def _month_first(self) -> bool:
        if self._order is None:
            try:
                host = urlsplit(self._url).hostname or ""
            except ValueError:
                host = ""
            self._order = reads_month_first(
                self._language,
                locale=_text(self._said.graph.get("locale")) or "",
                host=host,
                texts=self._bylines.date_texts(),
            )
        return self._order


def _tags(said: _Said) -> list[str]:
    """What the page is filed under, each once; a list in one text is split at its commas."""
    stated: list[Any] = [said.head.metas(name) for name in _TAG_METAS]
    stated.insert(1, [item.get("keywords") for item in said.articles])
    for values in stated:
        found: dict[str, str] = {}
        for value in values:
            for one in value if isinstance(value, list) else [value]:
                for part in (_text(one) or "").split(","):
                    tag = part.strip()
                    if tag and len(tag) <= _MAX_TAG_CHARACTERS and not is_placeholder(tag):
                        found.setdefault(tag.lower(), tag)
            if len(found) >= _MAX_TAGS:
                break
        if found:
            return list(found.values())[:_MAX_TAGS]
    return []


def _direction(tree: LexborHTMLParser, head: "_Head", language: str | None) -> Literal["ltr", "rtl"] | None:
    stated = head.direction or (tree.body.attributes.get("dir") if tree.body else None) or ""
    if stated.lower() == "rtl" or (stated.lower() != "ltr" and _is_right_to_left(language or "")):
        return "rtl"
    return "ltr" if stated.lower() == "ltr" or language else None


def _is_right_to_left(language: str) -> bool:
    tags = language.lower().split("-")
    if len(tags) > 1 and len(tags[1]) == 4:
        return tags[1] in ("arab", "hebr", "thaa", "syrc", "nkoo", "adlm")
    return tags[0] in _RIGHT_TO_LEFT


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
    found: list[str | None] = []
    for one in (value if isinstance(value, list) else [value])[:_MAX_TAGS]:
        if isinstance(one, dict):
            parts = [_text(one.get("givenName")), _text(one.get("familyName"))]
            one = one.get("name") or " ".join(part for part in parts if part)
        found.append(_text(one))
    return _joined(found)


def _text(value: Any) -> str | None:
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
    value = _normal(" ".join(value.split())[:_MAX_TEXT_CHARACTERS])
    return None if not value or is_placeholder(value) else value


def _normal(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _fold(text: str | None) -> str:
    return " ".join((text or "")[: 4 * _MAX_TEXT_CHARACTERS].split())[:_MAX_TEXT_CHARACTERS]


def _first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value), None)

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

import re
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser

from gateway.core.dom.landmarks import Landmarks, find_marks
from gateway.core.metadata.bylines import MARKED, Bylines
from gateway.core.metadata.names import clean_name, is_person
from gateway.core.metadata.page_dates import PageDates
from gateway.core.metadata.placeholders import is_placeholder
from gateway.core.metadata.said import MAX_VALUES, Head, Said, first_of, join_names, name_of, normal, text_of
from gateway.core.metadata.structured import Item, absolute, types_of
from gateway.core.metadata.surroundings import Surroundings
from gateway.core.metadata.teasers import LISTING, Teasers
from gateway.core.metadata.title import choose_titles, key
from gateway.wire import Metadata

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
_SECTION_METAS = ("article:section", "parsely-section", "cxenseparse:section", "section")
_TAG_METAS = ("article:tag", "parsely-tags", "sailthru.tags", "news_keywords", "keywords")
_RIGHT_TO_LEFT = frozenset("ar arc ckb dv fa he iw ks ku-arab ps sd ug ur yi".split())
_MAX_TAG_CHARACTERS = 100
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?", re.I)
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
    said = Said(Head(marks, url), structured)
    head, graph, card = said.head, said.graph, said.card
    base = absolute(head.base, url) or url if head.base else url
    language = _language(said)
    publisher = first_of(name_of(item.get("publisher")) for item in said.articles)
    site_name = (
        text_of(graph.get("site_name"))
        or said.by("WebSite", "name")
        or text_of(head.meta("application-name"))
        or publisher
    )
    site_names = [name for name in (site_name, publisher) if name]
    headlines, shared = (
        list(said.texts("headline")),
        [text_of(graph.get("title")), text_of(card.get("title"))],
    )
    stated = [text for text in (shared[0], *headlines, shared[1]) if text]
    doubtful = any(heading.glued != heading.spaced for heading in head.headings)
    known = {word for text in (head.title, *stated) for word in key(text).split()} if doubtful else set()
    headings = [
        _without_label(text, stated)
        for heading in head.headings
        if not heading.is_logo and (text := normal(heading.text(known))) and not is_placeholder(text)
    ]
    titles = choose_titles(head.title, headings, stated=stated, site_names=site_names, url=url or "")
    heading = next((heading for heading in head.headings if not heading.is_logo), None)
    teasers = Teasers(url or "")
    page = _page_of(tree, marks)
    bylines = Bylines(page, teasers, marks.also.get(MARKED) if page is tree else None)
    near = Surroundings(heading.node, teasers) if heading else None
    dates = PageDates(said, bylines, near, language=language, url=url or "")
    return Facts(
        title=titles.headline,
        stated_title=titles.stated,
        metadata=Metadata(
            social_title=titles.social,
            description=text_of(head.meta("description"))
            or text_of(graph.get("description"))
            or first_of(said.texts("description"))
            or text_of(card.get("description")),
            author=_author(
                said,
                bylines,
                near,
                teasers,
                title=titles.headline or "",
                site_names=site_names,
                url=url or "",
            ),
            published=dates.published(),
            modified=dates.modified(),
            language=language,
            text_direction=_direction(tree, head, language),
            site_name=site_name,
            section=text_of(head.meta(*_SECTION_METAS)) or first_of(said.texts("articleSection")),
            tags=_tags(said),
            canonical_url=absolute(head.link("canonical"), base)
            or absolute(text_of(graph.get("url")) or "", base),
            image=first_of(absolute(address, base) for address in _images(said)),
        ),
    )


def _without_label(heading: str, stated: list[str]) -> str:
    """A headline without the word that says that it is one, as in "Title: Waves at a wall"."""
    label, _, rest = heading.partition(":")
    return rest.strip() if " " not in label and rest.strip() in stated else heading


def _page_of(tree: LexborHTMLParser, marks: Landmarks) -> LexborHTMLParser:
    """Where the bylines are: forums serve the page in `<noscript>` and an empty shell beside it."""
    longest = marks.longest_noscript
    return LexborHTMLParser(longest) if len(longest) >= _PAGE_CHARACTERS else tree


def _author(
    said: Said,
    bylines: Bylines,
    near: Surroundings | None,
    teasers: Teasers,
    *,
    title: str,
    site_names: list[str],
    url: str,
) -> str | None:
    """The first name that is a person's; else the first."""
    host = (urlsplit(url).hostname or "").removeprefix("www.") if "://" in url else ""
    sites = {key(name).replace(" ", "") for name in site_names} | {
        key(host).replace(" ", ""),
        host.split(".")[0],
    }
    sites.discard("")
    first: str | None = None
    for name, trusted in _authors(said, bylines, near, teasers, title=title):
        folded = key(name).replace(" ", "")
        if folded in sites or folded.removeprefix("the") in sites:
            first = first or name
            continue
        if is_person(name) or (trusted and first is None):
            return name
        first = first or name
    return first


def _authors(
    said: Said,
    bylines: Bylines,
    near: Surroundings | None,
    teasers: Teasers,
    *,
    title: str,
) -> Iterator[tuple[str, bool]]:
    """Who may be the author, the most credible first, and whether a single word is enough for a name there."""
    for item in _own_articles(said.articles, title, teasers):
        for value in (item.get("author"), item.get("creator")):
            if name := name_of(value):
                yield name, not _is_organisation(value)
    for key_ in _AUTHOR_METAS:
        if (stated := said.head.metas(key_)) and (name := join_names(stated)):
            yield name, True
    if "by" in str(said.card.get("label1", "")).lower() and (
        name := clean_name(text_of(said.card.get("data1")) or "")
    ):
        yield name, True
    if teasers.are_on_front and bylines.are_many():
        # of stories, or of praise
        return
    if not (near and near.leads_elsewhere and bylines.list_stories()):
        for name in bylines.authors():
            yield name, True
        for name in near.authors() if near else ():
            yield name, True
    for name in bylines.authors_of_others():
        yield name, True


def _own_articles(articles: list[Item], title: str, teasers: Teasers) -> list[Item]:
    """The articles that are the page's own: of several by different authors, those with its title or address."""
    if len({name_of(item.get("author")) for item in articles} - {None}) < LISTING:
        return articles
    words = key(title)
    return [
        item
        for item in articles
        if (words and key(text_of(item.get("headline")) or "") == words)
        or any(teasers.is_page(address) for address in _addresses(item))
    ]


def _addresses(item: Item) -> Iterator[str]:
    for value in (item.get("mainEntityOfPage"), item.get("url"), item.get("@id")):
        if isinstance(value, dict):
            value = value.get("@id") or value.get("url")
        if isinstance(value, str) and value:
            yield value


def _is_organisation(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    types = [name for one in values if isinstance(one, dict) for name in types_of(one)]
    return any("organi" in name.lower() for name in types) and "Person" not in types


def _tags(said: Said) -> list[str]:
    """What the page is filed under, each once; a list in one text is split at its commas."""
    stated: list[Any] = [said.head.metas(name) for name in _TAG_METAS]
    stated.insert(1, [item.get("keywords") for item in said.articles])
    for values in stated:
        found: dict[str, str] = {}
        for value in values:
            for one in value if isinstance(value, list) else [value]:
                for part in (text_of(one) or "").split(","):
                    tag = part.strip()
                    if tag and len(tag) <= _MAX_TAG_CHARACTERS and not is_placeholder(tag):
                        found.setdefault(tag.lower(), tag)
            if len(found) >= MAX_VALUES:
                break
        if found:
            return list(found.values())[:MAX_VALUES]
    return []


def _direction(tree: LexborHTMLParser, head: Head, language: str | None) -> Literal["ltr", "rtl"] | None:
    stated = head.direction or (tree.body.attributes.get("dir") if tree.body else None) or ""
    if stated.lower() == "rtl" or (stated.lower() != "ltr" and _is_right_to_left(language or "")):
        return "rtl"
    return "ltr" if stated.lower() == "ltr" or language else None


def _is_right_to_left(language: str) -> bool:
    tags = language.lower().split("-")
    if len(tags) > 1 and len(tags[1]) == 4:
        return tags[1] in ("arab", "hebr", "thaa", "syrc", "nkoo", "adlm")
    return tags[0] in _RIGHT_TO_LEFT


def _language(said: Said) -> str | None:
    head, graph = said.head, said.graph
    for value in (
        head.lang,
        head.meta("content-language", "language"),
        text_of(graph.get("locale")),
        *said.texts("inLanguage"),
    ):
        if found := _LANGUAGE.fullmatch((value or "").strip().replace("_", "-").split(",")[0]):
            return "-".join(_cased(part, place) for place, part in enumerate(found[0].split("-")))
    return None


def _cased(part: str, place: int) -> str:
    """Subtags as BCP 47 writes them: zh-Hant-TW."""
    return part.lower() if not place else part.title() if len(part) == 4 else part.upper()


def _images(said: Said) -> Iterator[str]:
    items = (*said.articles, *said.others)
    stated = [said.graph.get("image:secure_url"), said.graph.get("image"), said.card.get("image")]
    for value in (*stated, *(item.get("image") for item in items), said.head.link("image_src")):
        while isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, dict):
            value = value.get("url") or value.get("contentUrl")
        if isinstance(value, str) and value:
            yield value

"""When a page was published and changed, by all who say so."""

from typing import Any
from urllib.parse import urlsplit

from gateway.core.metadata.bylines import Bylines
from gateway.core.metadata.iso_dates import date_of_address, reads_month_first, to_iso
from gateway.core.metadata.said import Said, text_of
from gateway.core.metadata.surroundings import Surroundings

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


class PageDates:
    """When a page was published and changed, by all who say so."""

    def __init__(
        self, said: Said, bylines: Bylines, near: Surroundings | None, *, language: str | None, url: str
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
            or self._first_shown(("published", ""))
            or date_of_address(self._url)
            or self._near_published()
            or self._first_shown(("published", ""), teasers=True)
        )

    def modified(self) -> str | None:
        said = self._said
        stated = [item.get("dateModified") for item in said.articles]
        stated += said.head.metas_of(_MODIFIED_METAS)
        stated += [item.get("dateModified") for item in said.others]
        if found := self._first_stated(stated):
            return found
        # the search for marks costs half a parse: not for this alone
        return self._first_shown(("updated",)) if self._bylines.are_read else None

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
            if (text := text_of(value)) and (found := self._read(text)):
                return found
        return None

    def _read(self, text: str) -> str | None:
        return to_iso(text, month_first=self._month_first() if "/" in text else True)

    def _first_shown(self, said: tuple[str, ...], *, teasers: bool = False) -> str | None:
        dates = self._bylines.dates(said, month_first=self._month_first, teasers=teasers)
        return next((dated.iso for dated in dates), None)

    def _month_first(self) -> bool:
        if self._order is None:
            try:
                host = urlsplit(self._url).hostname or ""
            except ValueError:
                host = ""
            self._order = reads_month_first(
                self._language,
                locale=text_of(self._said.graph.get("locale")) or "",
                host=host,
                texts=self._bylines.date_texts(),
            )
        return self._order

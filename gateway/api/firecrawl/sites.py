"""Crawls, maps, searches and extractions of Firecrawl's clients as the use cases take them, and back."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from gateway.api.bodies import checked
from gateway.api.firecrawl.answers import FoundPage, MappedPage
from gateway.api.firecrawl.documents import to_document
from gateway.api.firecrawl.events import to_webhook
from gateway.api.firecrawl.options import (
    OF_A_CRAWL,
    OF_A_SEARCH,
    UNKEPT,
    Wanted,
    find_not_done,
    joined_prompt,
    question,
    read_options,
    refuse,
    with_scheme,
    without_keeping,
)
from gateway.api.firecrawl.types import CrawlBody, ExtractBody, MapBody, PageOptions, SearchBody
from gateway.core.http.url import parse_url
from gateway.errors import InvalidRequest, UrlRefused
from gateway.wire import ExtractRequest, ExtractResponse
from gateway.wire.common import MAX_TIMEOUT_S
from gateway.wire.jobs import MAX_MAPPED, CrawlRequest, MapRequest, MapResponse, Webhook
from gateway.wire.search import MAX_RESULTS, SearchRequest, SearchResponse, TimeRange

# where a crawl has no limit
CRAWL_PAGES = 10_000
MAX_DEPTH = 100
MAX_QUERY_CHARS = 400
_RANGES: dict[str, TimeRange] = {
    "qdr:h": "day",
    "qdr:d": "day",
    "qdr:w": "week",
    "qdr:m": "month",
    "qdr:y": "year",
}


def wanted_of_site(options: PageOptions | None, given: Mapping[str, Any], *, names: frozenset[str]) -> Wanted:
    """How the pages of a site, a search or an extraction are to be read; `names` may be asked for in vain."""
    refuse(given)
    inner = given.get("scrapeOptions")
    wanted = read_options(options or PageOptions(), inner if isinstance(inner, dict) else {})
    if given.get("zeroDataRetention"):
        wanted = without_keeping(wanted)
    return msgspec.structs.replace(wanted, not_done=[*wanted.not_done, *find_not_done(given, names)])


def with_one_question(wanted: Wanted) -> Wanted:
    """As a job takes it: one question for each page, the first one."""
    first, *others = [*wanted.questions, None]
    not_done = [f"formats.{name}" for name in others if name]
    return msgspec.structs.replace(
        wanted,
        questions={first: wanted.questions[first]} if first else {},
        not_done=[*wanted.not_done, *not_done],
    )


def job_options(wanted: Wanted, webhook: Webhook | None) -> dict[str, Any]:
    """The fields that batches and crawls take of it."""
    question = next(iter(wanted.questions.values()), None)
    return {"scrape": wanted.options, "extract": question, "webhook": webhook}


def to_crawl(
    body: CrawlBody, given: Mapping[str, Any], *, max_pages: int, is_v1: bool
) -> tuple[CrawlRequest, Wanted]:
    """A crawl. Raises InvalidRequest."""
    wanted = with_one_question(wanted_of_site(body.scrape_options, given, names=OF_A_CRAWL))
    url = with_scheme(body.url)
    depth = body.max_discovery_depth if body.max_discovery_depth is not None else body.max_depth
    goes_anywhere = body.crawl_entire_domain or body.allow_backward_links or body.allow_external_links
    include = body.include_paths or []
    if not goes_anywhere and not include and not body.allow_subdomains:
        include = _below(url)
    request = CrawlRequest(
        url=url,
        limit=min(CRAWL_PAGES, max_pages) if body.limit is None else body.limit,
        max_depth=None if depth is None else min(depth, MAX_DEPTH),
        include=include,
        exclude=body.exclude_paths or [],
        subdomains=bool(body.allow_subdomains),
        external=bool(body.allow_external_links),
        sitemap=body.sitemap or ("skip" if body.ignore_sitemap else "include"),
        ignore_query=bool(body.ignore_query_parameters),
        robots=not body.ignore_robots_txt,
        delay_s=body.delay or 0,
        **job_options(wanted, to_webhook(body.webhook, kind="crawl", is_v1=is_v1)),
    )
    return checked(request), wanted


def to_map(body: MapBody, *, is_v1: bool) -> MapRequest:
    """A map. Raises InvalidRequest."""
    chosen = "only" if body.sitemap_only else "skip" if body.ignore_sitemap else "include"
    subdomains = not is_v1 if body.include_subdomains is None else body.include_subdomains
    defaults = MapRequest(url="")
    request = MapRequest(
        url=with_scheme(body.url),
        limit=defaults.limit if body.limit is None else min(body.limit, MAX_MAPPED),
        search=(body.search or "").strip() or None,
        sitemap=body.sitemap or chosen,  # type: ignore[arg-type]
        subdomains=subdomains,
        timeout_s=defaults.timeout_s if body.timeout is None else min(body.timeout / 1000, MAX_TIMEOUT_S),
    )
    return checked(request)


def to_links(found: MapResponse, *, is_v1: bool, ignore_query: bool) -> list[MappedPage | str]:
    """The addresses of a site; v1 has no titles."""
    titles: dict[str, str | None] = {}
    for link in found.links:
        url = link.url.partition("?")[0] if ignore_query else link.url
        titles[url] = titles.get(url) or link.title
    if is_v1:
        return list(titles)
    return [MappedPage(url=url, title=title) for url, title in titles.items()]


def to_search(body: SearchBody, given: Mapping[str, Any]) -> tuple[SearchRequest, Wanted]:
    """A search. Raises InvalidRequest."""
    wanted = wanted_of_site(body.scrape_options, given, names=OF_A_SEARCH)
    not_done = [f"scrapeOptions.formats.{name}" for name in wanted.questions]
    if body.limit is not None and body.limit > MAX_RESULTS:
        not_done.append(f"limit above {MAX_RESULTS}")
    if body.tbs and body.tbs not in _RANGES:
        not_done.append("tbs")
    sources = given.get("sources")
    for source in sources if isinstance(sources, list) else []:
        name = source.get("type") if isinstance(source, dict) else source
        if name != "web":
            not_done.append(f"sources.{str(name)[:40]}")
    hosts = [f"site:{host}" for host in body.include_domains or []]
    words = [body.query, " OR ".join(hosts), *(f"-site:{host}" for host in body.exclude_domains or [])]
    reads = body.scrape_options is not None and body.scrape_options.formats
    query = " ".join(filter(None, words))
    if len(query) > MAX_QUERY_CHARS:
        raise InvalidRequest(
            f"`query`: with the domains, which are part of it, it has {len(query)} characters, more than "
            f"{MAX_QUERY_CHARS}; shorten it, or name fewer domains",
            field="query",
        )
    request = SearchRequest(
        query=query,
        limit=SearchRequest(query="").limit if body.limit is None else min(body.limit, MAX_RESULTS),
        language=body.lang or None,
        time_range=_RANGES.get(body.tbs or ""),
        scrape=wanted.options if reads else None,
    )
    return checked(request), msgspec.structs.replace(wanted, not_done=[*wanted.not_done, *not_done])


def to_results(found: SearchResponse, wanted: Wanted, *, now: float) -> list[FoundPage]:
    """What a search found, each page in the forms asked for."""
    pages = []
    for position, result in enumerate(found.results, 1):
        forms: dict[str, Any] = {}
        if result.page is not UNSET:
            document = to_document(result.page, options=wanted.options, formats=wanted.formats, now=now)
            names = set(document.__struct_fields__) & set(FoundPage.__struct_fields__)
            forms = {name: getattr(document, name) for name in names}
        elif result.error is not UNSET:
            forms = {"warning": f"{result.error.code}: {result.error.detail}"}
        page = FoundPage(
            url=result.url, title=result.title, description=result.snippet, position=position, **forms
        )
        pages.append(page)
    return pages


def to_extract(body: ExtractBody, wanted: Wanted) -> ExtractRequest:
    """A question about pages. Raises InvalidRequest."""
    if not body.urls:
        raise InvalidRequest("`urls`: name the pages to read; find some with POST /v2/search", field="urls")
    if any("*" in url for url in body.urls):
        raise InvalidRequest(
            "`urls`: a wildcard names no page; crawl the site with POST /v2/crawl and the format `json`",
            field="urls",
        )
    if body.webhook:
        raise InvalidRequest(
            "`webhook`: the answer of an extract comes at once, and no event; leave it out", field="webhook"
        )
    prompt = joined_prompt(body.system_prompt, body.prompt)
    asked = question("prompt", prompt=prompt, schema=body.schema)
    request = ExtractRequest(
        urls=[with_scheme(url) for url in body.urls],
        prompt=asked.prompt,
        schema=asked.schema,
        scrape=wanted.options,
        cache=None if wanted.options.store else UNKEPT,
        evidence=bool(body.show_sources),
    )
    return checked(request)


def sources_of(answer: ExtractResponse) -> dict[str, list[str]]:
    """The addresses that the values of an answer are from, by their JSON Pointers."""
    found: dict[str, list[str]] = {}
    for each in answer.evidence:
        if each.source is not None and (url := answer.sources[each.source].url):
            found[each.path] = [url]
    return found


def _below(url: str) -> list[str]:
    """The pattern of the paths below an address: Firecrawl's crawls stay there unless the request says otherwise."""
    try:
        path = parse_url(url).target.partition("?")[0]
    except UrlRefused:
        # which the job says
        return []
    return [] if path == "/" else [f"^{re.escape(path)}"]

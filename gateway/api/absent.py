"""Why a route that a client of another service asks for is not here, and what is in its place.

Without it the client shows "no such route", and its user looks for the fault in the address.
"""

import re

FOR_FIRECRAWL_V1 = "clients of Firecrawl's v1 take the base URL that ends in /firecrawl"
# the version that a client adds to its base URL stands in the base URL too
_TWICE = re.compile(r"/(?:firecrawl/)?v[12]/(v[12])(?:/|$)")
_OF_FIRECRAWL = re.compile(r"/(?:firecrawl/)?v[12]/(.*)", re.DOTALL)


def _by_name(*reasons: tuple[str, str]) -> dict[str, str]:
    return {name: reason for names, reason in reasons for name in names.split()}


# for each path and what is below it
_REASONS = _by_name(
    ("/messages", "the path lacks its version: end the base URL of this client in /v1"),
    ("/scrape /crawl /map /extract /batch", "the path lacks its version: /v1 or /v2"),
    (
        "/v1/audio /v1/images /v1/moderations /v1/realtime /v1/videos",
        "it is not done here: models are asked for text and for embeddings",
    ),
    (
        "/v1/assistants /v1/containers /v1/conversations /v1/files /v1/responses /v1/skills /v1/threads /v1/uploads "
        "/v1/vector_stores",
        "nothing is kept on this server: send what the model is to read in the request itself",
    ),
    ("/v1/batches /v1/messages/batches", "no batches are kept here: send each request by itself"),
    ("/v1/evals /v1/fine_tuning", "it is not done here: models are asked, and neither trained nor rated"),
    ("/v1/batch /v1/crawl /v1/team", FOR_FIRECRAWL_V1),
    ("/v0", f"Firecrawl's v0 is not spoken; {FOR_FIRECRAWL_V1}, those of v2 the address alone"),
)
# these are served, but for some methods, or are nothing without what stands behind them
_REASONS_OF_ONE = {
    "/jina": "the address of the page stands behind it: /jina/https://example.com/",
    "/r": "the address of the page stands behind it: /r/https://example.com/",
    "/v1/batch": None,
    "/v1/crawl": None,
    "/v1/responses": None,
}
# behind the version
_REASONS_OF_FIRECRAWL = _by_name(
    (
        "agent deep-research",
        "there is no agent here: POST /v2/search finds pages, and POST /v2/extract asks about them",
    ),
    (
        "browser interact",
        "it is not done here: `actions` of POST /v2/scrape are what is done in a rendered page",
    ),
    ("parse", "files are not taken here, but read from their address by POST /v2/scrape"),
    (
        "monitor",
        "nothing is watched here: POST /v2/scrape with the format `changeTracking` says what changed",
    ),
    ("llmstxt", "it is not done here: POST /v2/crawl reads a site"),
    ("crawl/active crawl/ongoing", "GET /v1/jobs lists the jobs of your key"),
    (
        "crawl/params-preview",
        "no prompt is turned into options here: send `includePaths`, `limit` and others to POST /v2/crawl",
    ),
)


def why_absent(path: str) -> str | None:
    """What to tell who asked for a path that nothing serves, or not with this method; None where nothing is known.

    Args:
        path: as it was sent, without query; of any length.
    """
    path = "/" + path.strip("/")
    if path in _REASONS_OF_ONE:
        return _REASONS_OF_ONE[path]
    if twice := _TWICE.match(path):
        return (
            f"the path has two versions: the client adds /{twice[1]} itself, so leave it out of the base URL"
        )
    theirs = _OF_FIRECRAWL.fullmatch(path)
    if theirs and (reason := _find(theirs[1], _REASONS_OF_FIRECRAWL)):
        return reason
    return _find(path, _REASONS)


def _find(path: str, reasons: dict[str, str]) -> str | None:
    below = (words for name, words in reasons.items() if path == name or path.startswith(f"{name}/"))
    return next(below, None)

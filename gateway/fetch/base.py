"""What the use cases know of fetching: a request, a result, and the promise between them."""

from typing import Protocol

from msgspec import Struct

from gateway.wire import FETCH_TIMEOUT_S, Action, Notice

NO_BROWSER = "no browser is installed here (apt install chromium-headless-shell), or BROWSER is off"


class FetchRequest(Struct, kw_only=True, frozen=True):
    """A page wanted. `headers` are the caller's, not yet filtered. Validators make it conditional.

    Validators are sent to one address alone, `validated_url` (the stored copy's final one; `url` by default):
    behind a redirect that has moved, an equal ETag would be a coincidence.
    """

    url: str
    timeout_s: float = FETCH_TIMEOUT_S
    headers: dict[str, str] = {}
    # rather than markdown, where the site has both
    html_first: bool = False
    etag: str | None = None
    last_modified: str | None = None
    validated_url: str | None = None


class RenderRequest(FetchRequest, kw_only=True, frozen=True):
    """A page wanted as it is once its scripts have run, and what is to be done in it first."""

    # a CSS selector, or milliseconds
    wait_for: str | int | None = None
    actions: list[Action] = []
    screenshot: bool = False
    pdf: bool = False


class Rendering(Struct, kw_only=True, frozen=True):
    """How a page was rendered."""

    engine: str
    ms: float = 0
    # that the page made, its document included
    requests: int = 0
    warnings: list[Notice] = []


class Fetched(Struct, kw_only=True, frozen=True):
    """A response, decoded from its transfer and content encodings but not from its charset.

    `status` 304 means the caller's validators still hold and `body` is empty. Header names are lower-case;
    repeated headers are joined with ", ". `set-cookie` is reported by presence only (value "").
    """

    # as asked, normalised
    url: str
    final_url: str
    status: int
    headers: dict[str, str]
    body: bytes
    fetch_ms: float
    # headers of the responses that led here, the first one's first
    redirects: list[dict[str, str]] = []
    # every hop was on the first one's origin: where the caller's headers may go
    stayed: bool = True
    # of a page whose scripts have run
    rendering: Rendering | None = None
    # PNG
    screenshot: bytes | None = None
    pdf: bytes | None = None

    @property
    def content_type(self) -> str:
        """The full Content-Type, parameters included; empty when the origin sent none."""
        return self.headers.get("content-type", "")


class Fetcher(Protocol):
    """Gets one page through the address policy, within one total deadline.

    Raises FetchError and its kin, UrlRefused, and nothing else. Any HTTP status is a result. No request
    shares cookies or credentials with another.
    """

    async def fetch(self, request: FetchRequest) -> Fetched: ...
    async def aclose(self) -> None: ...


class Poster(Protocol):
    """Sends a body to an address that a caller named, through the address policy, within one deadline.

    Returns the status of the answer; redirects are not followed. Raises as `Fetcher`.
    """

    async def post(self, url: str, *, body: bytes, headers: dict[str, str], timeout_s: float) -> int: ...


class Renderer(Protocol):
    """Gets one page as it is once its scripts have run, through the same address policy, within one deadline.

    Promises what a `Fetcher` does; `body` is the document as HTML, status and headers are those of the response
    that it began with. Never conditional: validators are not read.
    """

    # of what runs the scripts, kept with the page
    name: str

    async def render(self, request: RenderRequest) -> Fetched: ...
    async def probe(self) -> str:
        """What runs the scripts, in a line, once it has been seen to start; raises RenderFailed when it does not."""

    async def aclose(self) -> None: ...

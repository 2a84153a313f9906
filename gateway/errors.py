"""Every error a caller can meet, server and SDK alike.

GatewayError
├── InvalidRequest          400 invalid_request       the request is malformed; names field and reason
│   ├── UrlRefused          400 url_refused           the address policy does not allow this URL
│   ├── ContextOverflow     400 context_overflow      prompt and pages do not fit the model's context
│   └── RequestTimeout      408 request_timeout       the request's body stopped coming
├── Unauthorized            401 unauthorized          no key, or an unknown one
│   └── Forbidden           403 forbidden             the key lacks the scope
├── NotFound                404 not_found             no such route, model or resource
├── MethodNotAllowed        405 method_not_allowed    the route does not have this method
├── Conflict                409 conflict              what is asked for cannot be done any more
├── FetchError              502 fetch_failed          the page could not be fetched
│   ├── DnsFailed           502 dns_failed
│   ├── ConnectFailed       502 connect_failed        TCP, TLS or protocol failure
│   ├── ProxyFailed         502 proxy_failed          the operator's outbound proxy does not do its part
│   ├── FetchTimeout        504 fetch_timeout
│   ├── TooLarge            413 too_large             body above the limit, or a decompression bomb
│   ├── TooManyRedirects    502 too_many_redirects
│   ├── UnsupportedContent  415 unsupported_content   nothing here turns this type into markdown
│   ├── RenderFailed        502 render_failed         its scripts could not be run to their end
│   ├── ActionFailed        422 action_failed         the page had nothing that an action could act on
│   ├── OriginStatus        502 origin_status         a 4xx or 5xx without content
│   ├── OutOfScope          502 out_of_scope          the page leads out of the crawl
│   └── RobotsDenied        403 robots_denied
├── CleanError              422 clean_failed          the page could not be cleaned
│   └── CleanTimeout        422 clean_timeout         cleaning passed its deadline or memory limit
├── BackendError            502 backend_failed        the model's backend answered with an error
│   ├── BackendRejected     400 backend_rejected      it refuses this request; its own words are passed on
│   ├── BackendRateLimited  429 backend_rate_limited  it limits us; its headers are passed on
│   ├── BackendTimeout      504 backend_timeout       no token within the request's deadline
│   ├── BackendUnavailable  503 backend_unavailable   none configured, none reachable
│   ├── BackendInterrupted  502 backend_interrupted   it failed after the first token
│   ├── ModelRefused        422 model_refused         the model declines to answer
│   └── SchemaUnsatisfied   422 schema_unsatisfied    no answer that validates; carries the raw text
├── GatewayUnreachable      503 gateway_unreachable   SDK only: no gateway answers at this address
├── SearchUnavailable       503 search_unavailable    no search engine is configured
│   └── SearchFailed        502 search_failed         the search engine does not answer, or not as it should
├── RateLimited             429 rate_limited          this key's limit; see Retry-After
├── Overloaded              503 overloaded            the queue is full; see Retry-After
├── JobPageAbandoned        502 job_page_abandoned    every process that read this page of a job ended
├── JobsUnavailable         503 jobs_unavailable      the store of jobs cannot be reached or is full
└── InternalError           500 internal_error        a fault of ours; the request id finds it in the log

`code` is stable and public. `extra` holds facts for the caller, never a body, a key or a resolved address.
"""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

E = TypeVar("E", bound="GatewayError")


class GatewayError(Exception):
    """Base of all errors; `detail` says what, where, which number, and what to do next."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail: str,
        *,
        retry_after_s: float | None = None,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after_s = retry_after_s
        self.headers = dict(headers or {})
        self.extra = extra
        # set by the SDK from the server's answer
        self.request_id: str | None = None

    @property
    def response_headers(self) -> dict[str, str]:
        """What goes beside the error: Retry-After in whole seconds, and `headers`."""
        if self.retry_after_s is None:
            return self.headers
        return self.headers | {"retry-after": str(max(1, math.ceil(self.retry_after_s)))}


class InternalError(GatewayError):
    """A fault of the gateway itself; details stay in the log."""


class InvalidRequest(GatewayError):
    """The request is malformed. `field` names the part at fault where one is."""

    code = "invalid_request"
    status = 400
    title = "Invalid request"


class UrlRefused(InvalidRequest):
    """The address policy does not allow this URL; never tells what it resolved to."""

    code = "url_refused"
    title = "URL refused"


class ContextOverflow(InvalidRequest):
    """The prompt does not fit the model's context; `extra` carries both counts."""

    code = "context_overflow"
    title = "Context overflow"


class RequestTimeout(InvalidRequest):
    """The request's body stopped coming before its end."""

    code = "request_timeout"
    status = 408
    title = "Request timed out"


class Unauthorized(GatewayError):
    """No key was sent, or one that is not configured."""

    code = "unauthorized"
    status = 401
    title = "Unauthorized"


class Forbidden(Unauthorized):
    """The key is known but lacks the scope this route needs."""

    code = "forbidden"
    status = 403
    title = "Forbidden"


class NotFound(GatewayError):
    """No such route, model or resource."""

    code = "not_found"
    status = 404
    title = "Not found"


class MethodNotAllowed(GatewayError):
    """The route does not have this method; `Allow` names those it has."""

    code = "method_not_allowed"
    status = 405
    title = "Method not allowed"


class Conflict(GatewayError):
    """What is asked for cannot be done any more."""

    code = "conflict"
    status = 409
    title = "Conflict"


class FetchError(GatewayError):
    """The page could not be fetched. Carries the address, never the body."""

    code = "fetch_failed"
    status = 502
    title = "Fetch failed"


class DnsFailed(FetchError):
    """The host's name did not resolve."""

    code = "dns_failed"
    title = "DNS failed"


class ConnectFailed(FetchError):
    """No connection, no TLS session, or no valid HTTP on it."""

    code = "connect_failed"
    title = "Connection failed"


class ProxyFailed(FetchError):
    """The operator's outbound proxy does not connect, asks for a password, or refuses the host."""

    code = "proxy_failed"
    title = "Proxy failed"


class FetchTimeout(FetchError):
    """The fetch passed its total deadline."""

    code = "fetch_timeout"
    status = 504
    title = "Fetch timed out"


class TooLarge(FetchError):
    """The page's body is above the limit, compressed or decompressed; or the request's own."""

    code = "too_large"
    status = 413
    title = "Too large"


class TooManyRedirects(FetchError):
    """More redirects than the limit, or a loop."""

    code = "too_many_redirects"
    title = "Too many redirects"


class UnsupportedContent(FetchError):
    """Nothing here turns this content type into markdown."""

    code = "unsupported_content"
    status = 415
    title = "Unsupported content"


class RenderFailed(FetchError):
    """The browser did not start, or the page's process ended before the page was read."""

    code = "render_failed"
    title = "Rendering failed"


class ActionFailed(FetchError):
    """An action found nothing to act on in the rendered page; `extra["field"]` names it."""

    code = "action_failed"
    status = 422
    title = "Action failed"


class OriginStatus(FetchError):
    """The origin answered 4xx or 5xx and sent nothing worth returning."""

    code = "origin_status"
    title = "Origin answered with an error"


class RobotsDenied(FetchError):
    """The site's robots.txt disallows this URL, and this gateway is set to respect it."""

    code = "robots_denied"
    status = 403
    title = "Denied by robots.txt"


class OutOfScope(FetchError):
    """The page leads to an address outside of the crawl."""

    code = "out_of_scope"
    title = "Out of scope"


class CleanError(GatewayError):
    """The page could not be cleaned."""

    code = "clean_failed"
    status = 422
    title = "Cleaning failed"


class CleanTimeout(CleanError):
    """Cleaning passed its deadline or its memory limit; the worker was replaced."""

    code = "clean_timeout"
    title = "Cleaning timed out"


class BackendError(GatewayError):
    """The model's backend answered with an error. `headers` of its answer go to the caller."""

    code = "backend_failed"
    status = 502
    title = "Backend failed"


class BackendRejected(BackendError):
    """The model's server refuses this request; `extra["error"]` is its own error object."""

    code = "backend_rejected"
    status = 400
    title = "Backend rejected the request"


class BackendRateLimited(BackendError):
    """The model's server limits this gateway; Retry-After and its rate limit headers are passed on."""

    code = "backend_rate_limited"
    status = 429
    title = "Backend rate limited"


class BackendTimeout(BackendError):
    """No token came within the request's deadline, over all backends tried."""

    code = "backend_timeout"
    status = 504
    title = "Backend timed out"


class BackendUnavailable(BackendError):
    """No backend is configured for this model, or none can be reached."""

    code = "backend_unavailable"
    status = 503
    title = "Backend unavailable"


class BackendInterrupted(BackendError):
    """The backend failed after the first token; what was streamed is incomplete."""

    code = "backend_interrupted"
    title = "Backend interrupted"


class ModelRefused(BackendError):
    """The model declines to answer; `extra["text"]` has its words."""

    code = "model_refused"
    status = 422
    title = "Model refused"


class SchemaUnsatisfied(BackendError):
    """The model gave no answer that validates; `extra["text"]` is what it said."""

    code = "schema_unsatisfied"
    status = 422
    title = "Schema unsatisfied"


class GatewayUnreachable(GatewayError):
    """No gateway answers at the client's address. Raised by the SDK, never by the server."""

    code = "gateway_unreachable"
    status = 503
    title = "Gateway unreachable"


class SearchUnavailable(GatewayError):
    """No search engine is configured."""

    code = "search_unavailable"
    status = 503
    title = "Search unavailable"


class SearchFailed(SearchUnavailable):
    """The search engine does not answer, or not as it should."""

    code = "search_failed"
    status = 502
    title = "Search failed"


class RateLimited(GatewayError):
    """This key's own limit is reached."""

    code = "rate_limited"
    status = 429
    title = "Rate limited"


class Overloaded(GatewayError):
    """The gateway's queue is full."""

    code = "overloaded"
    status = 503
    title = "Overloaded"


class JobPageAbandoned(GatewayError):
    """No process came to an end with a page of a job."""

    code = "job_page_abandoned"
    status = 502
    title = "Page abandoned"


class JobsUnavailable(GatewayError):
    """The store of jobs cannot be reached, cannot be written, or is full."""

    code = "jobs_unavailable"
    status = 503
    title = "Jobs unavailable"


def shutting_down(kind: type[E]) -> E:
    """The error of every request that a gateway does not serve because it shuts down; another replica may."""
    return kind("the gateway is shutting down; send the request again", retry_after_s=1)


def _tree(root: type[GatewayError]) -> list[type[GatewayError]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in _tree(child))]


# code -> class: how the SDK turns a problem document back into the exception the server raised
BY_CODE: dict[str, type[GatewayError]] = {cls.code: cls for cls in _tree(GatewayError)}

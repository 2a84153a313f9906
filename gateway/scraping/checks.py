"""What the types of a scrape's request cannot express."""

from gateway.core.http.url import parse_url
from gateway.errors import InvalidRequest, UrlRefused
from gateway.fetch.acquire import renders_first
from gateway.fetch.base import NO_BROWSER
from gateway.wire import ScrapeRequest


def check_request(request: ScrapeRequest, *, can_render: bool) -> None:
    """Raises InvalidRequest.

    Args:
        can_render: whether there is a browser.
    """
    if request.url is None and request.html is None:
        raise InvalidRequest("send `url` or `html`: the request has neither", field="url")
    if request.url is not None and request.html is not None:
        try:
            parse_url(request.url)
        except UrlRefused as exc:
            raise InvalidRequest(f"`url`: {exc.detail}", field="url") from exc
    if request.html is not None and "changes" in request.include:
        raise InvalidRequest(
            "`include`: changes compares a page with an earlier copy, and HTML that came in the request has none; send "
            "`url`, or leave changes out",
            field="include",
        )
    if renders_first(request):
        _check_rendering(request, can_render=can_render)


def _check_rendering(request: ScrapeRequest, *, can_render: bool) -> None:
    field = "render"
    if request.render != "always":
        wanted = {"wait_for": request.wait_for is not None, "actions": request.actions}
        field = next((name for name, given in wanted.items() if given), "include")
    if request.html is not None:
        raise InvalidRequest(
            f"`{field}`: HTML that came in the request is taken as it is; send `url`, or leave `{field}` out",
            field=field,
        )
    if request.render == "never":
        raise InvalidRequest(f"`{field}`: needs a browser, which render=never excludes", field=field)
    if not can_render:
        raise InvalidRequest(
            f"`{field}`: needs a browser, and this gateway has none: {NO_BROWSER}", field=field
        )

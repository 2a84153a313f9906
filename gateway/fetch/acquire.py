"""Get a page and what cleaning makes of it: over HTTP first, rendered where it needs its scripts.

    fetch → clean → (a shell, a renderer is there and the request allows it: render → clean again)

The one place that decides whether a page is rendered. How a page is fetched, rendered, cached and cleaned is the
caller's to say.
"""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from msgspec import Struct

from gateway.core.recovery.shell import needs_scripts
from gateway.errors import GatewayError
from gateway.wire import Notice, RenderMode, ScrapeOptions

RENDER_FAILED = "render_failed"
Page = TypeVar("Page")
Content = TypeVar("Content")


class Acquired(Struct, Generic[Page, Content], kw_only=True, frozen=True):
    """A page with its content, and what cleaning warned of."""

    page: Page
    content: Content
    warnings: list[Notice]


def renders_first(request: ScrapeOptions) -> bool:
    """Whether the page is rendered without a look at what its origin sends."""
    shown = "screenshot" in request.include or "pdf" in request.include
    return request.render == "always" or request.wait_for is not None or bool(request.actions) or shown


async def acquire(
    page: Page,
    *,
    mode: RenderMode,
    clean: Callable[[Page], Awaitable[Acquired[Page, Content]]],
    render: Callable[[], Awaitable[Page]] | None = None,
) -> Acquired[Page, Content]:
    """The content of a page that was fetched, or of the same page rendered.

    Args:
        page: as `renders_first` says it was to be had.
        clean: makes content of a page.
        render: gets the page once its scripts have run; None where that cannot be, or was done already.
    Raises:
        GatewayError: of the fetched page. One that cannot be rendered is given as it is, with a warning.
    """
    cleaned = await clean(page)
    if render is None or mode == "never" or not needs_scripts(cleaned.warnings):
        return cleaned
    try:
        return await clean(await render())
    except GatewayError as exc:
        failed = Notice(code=RENDER_FAILED, message=f"the page was not rendered ({exc.code}): {exc.detail}")
        return Acquired(page=cleaned.page, content=cleaned.content, warnings=[*cleaned.warnings, failed])

"""What a page looks like: as one image, and printed."""

from msgspec import Struct

from gateway.errors import TooLarge
from gateway.fetch.browser.cdp import CdpError
from gateway.fetch.browser.page import WIDTH_PX, Page
from gateway.wire import Notice

# Chromium paints nothing beyond 16,384
MAX_HEIGHT_PX = 16_000
_PRINTED_PART_BYTES = 512 * 1024


class _Size(Struct, frozen=True):
    width: float
    height: float


class _Metrics(Struct, frozen=True, rename="camel"):
    css_content_size: _Size


class _Image(Struct, frozen=True):
    data: bytes


class _Printed(Struct, frozen=True):
    stream: str


class _Part(Struct, frozen=True, rename="camel"):
    data: bytes
    eof: bool


class Picture(Struct, frozen=True, kw_only=True):
    """An image, and what there is to say of it."""

    png: bytes
    warnings: list[Notice] = []


async def photograph(page: Page, *, max_bytes: int) -> Picture:
    """The whole page, from its top to its end.

    Raises:
        TooLarge: the image is.
    """
    metrics = await page.ask("Page.getLayoutMetrics", kind=_Metrics)
    height = max(1.0, metrics.css_content_size.height)
    clip = {"x": 0, "y": 0, "width": WIDTH_PX, "height": min(height, MAX_HEIGHT_PX), "scale": 1}
    params = {"format": "png", "captureBeyondViewport": True, "optimizeForSpeed": True, "clip": clip}
    try:
        png = (await page.ask("Page.captureScreenshot", params, kind=_Image)).data
    except CdpError as exc:
        raise TooLarge(f"the screenshot cannot be taken: {exc}") from exc
    if len(png) > max_bytes:
        raise TooLarge(f"the screenshot has {len(png)} bytes, more than the limit of {max_bytes}")
    if height <= MAX_HEIGHT_PX:
        return Picture(png=png)
    message = f"the screenshot ends at {MAX_HEIGHT_PX} of {height:.0f} px"
    return Picture(png=png, warnings=[Notice(code="screenshot_cut", message=message)])


async def print_out(page: Page, *, max_bytes: int) -> bytes:
    """The page as a PDF.

    Raises:
        TooLarge: it is.
    """
    params = {"printBackground": True, "transferMode": "ReturnAsStream"}
    printed = await page.ask("Page.printToPDF", params, kind=_Printed)
    parts: list[bytes] = []
    while True:
        # binary streams come in base64
        reading = {"handle": printed.stream, "size": _PRINTED_PART_BYTES}
        part = await page.ask("IO.read", reading, kind=_Part)
        parts.append(part.data)
        if sum(map(len, parts)) > max_bytes:
            raise TooLarge(f"the PDF has more than {max_bytes} bytes")
        if part.eof:
            return b"".join(parts)

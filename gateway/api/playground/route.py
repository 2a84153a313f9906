"""`/`: one static page to try the gateway on.

It loads nothing from other hosts, and its policy lets it connect to this gateway only.
"""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from litestar import get
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp

from gateway.wire import ScrapeRequest
from gateway.wire.jobs import CrawlRequest

_INLINE = {tag: re.compile(rf"<{tag}\b[^<>]*+>(.*?)</{tag}>", re.DOTALL) for tag in ("script", "style")}
_PAGE = Path(__file__).parent / "index.html"


def content_policy(page: str) -> str:
    """A content security policy that names the page's own scripts and styles by hash, and nothing else."""

    def hashes(tag: str) -> str:
        bodies = _INLINE[tag].findall(page)
        digests = [base64.b64encode(hashlib.sha256(body.encode()).digest()).decode() for body in bodies]
        return " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"

    return (
        f"default-src 'none'; script-src {hashes('script')}; style-src {hashes('style')}; img-src data:; "
        "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )


@cache
def _load() -> tuple[bytes, str]:
    page = _PAGE.read_text("utf-8")
    # defaults that the form shows stand in the request's type alone
    for name in ("tokenizer", "max_age_s"):
        page = page.replace(f"{{{{{name}}}}}", f"{getattr(ScrapeRequest(), name)}")
    page = page.replace("{{crawl_limit}}", f"{CrawlRequest(url='').limit}")
    return page.encode(), content_policy(page)


@get("/", include_in_schema=False)
async def playground() -> ASGIApp:
    """The playground."""
    page, policy = _load()
    headers = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
    }
    return ASGIResponse(body=page, media_type="text/html", headers=headers)

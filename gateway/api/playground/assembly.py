"""Pages for people: put together from the files beside this one, with a policy that allows these and nothing else.

Styles and scripts stand in the page itself, named by their hash: nothing is loaded, not even from this gateway.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from litestar.response.base import ASGIResponse

_HERE = Path(__file__).parent
_INLINE = {tag: re.compile(rf"<{tag}\b[^<>]*+>(.*?)</{tag}>", re.DOTALL) for tag in ("script", "style")}
_HEADERS = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}


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
def part(name: str) -> str:
    """A file of `parts`."""
    return (_HERE / "parts" / name).read_text("utf-8")


def styles(*names: str) -> str:
    """Style sheets of `parts` as elements."""
    return "".join(f"<style>{part(name)}</style>" for name in names)


def scripts(names: Iterable[str]) -> str:
    """Scripts of `parts` as elements, in the order in which they need each other."""
    return "".join(f"<script>{part(name)}</script>" for name in names)


def assemble(name: str, values: Mapping[str, str]) -> str:
    """A page of `parts`, each `{{name}}` in it replaced by its value."""
    page = part(name)
    for key, value in values.items():
        page = page.replace(f"{{{{{key}}}}}", value)
    return page


def page_response(page: str) -> ASGIResponse:
    """A page as it is sent."""
    headers = _HEADERS | {"content-security-policy": content_policy(page)}
    return ASGIResponse(body=page.encode(), media_type="text/html", headers=headers)

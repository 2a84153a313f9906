"""Which addresses belong to a crawl."""

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from gateway.core.http.url import Url
from gateway.core.text.patterns import compile_pattern, forget_patterns
from gateway.errors import InvalidRequest

if TYPE_CHECKING:
    import re2

MAX_PATTERN_CHARS = 500
MAX_PATTERNS = 50
# deeper paths, and paths that say the same again and again, are made by faulty relative links
MAX_SEGMENTS = 32
MAX_REPEATS = 3
_PATTERN_MEMORY_BYTES = 1024 * 1024
# what no page is: pictures, films, archives, programs, styles
_NOT_PAGES = frozenset(
    "7z aac apk avi avif bmp bz2 css dmg doc eot exe flac gif gz ico iso jar jpeg jpg js m4a m4v mkv mov mp3 mp4 "
    "mpeg mpg msi ogg ogv otf png ppt rar rpm svg swf tar tgz tif tiff ttf wasm wav webm webp wmv woff woff2 xls xz "
    "zip".split()
)


class Scope(Struct, kw_only=True, frozen=True):
    """The borders of a crawl.

    `include` and `exclude` are RE2 patterns, searched for in the path and the route behind it (`/app#/users/7`).
    `max_depth` counts links from the start.
    """

    host: str
    include: Annotated[list[str], Meta(max_length=MAX_PATTERNS)] = []
    exclude: Annotated[list[str], Meta(max_length=MAX_PATTERNS)] = []
    subdomains: bool = False
    external: bool = False
    ignore_query: bool = False
    max_depth: int | None = None


class Border:
    """A scope with its patterns compiled.

    Raises:
        InvalidRequest: a pattern is no RE2 pattern, or too long.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._patterns: dict[str, list[re2._Regexp[bytes]]] = {"include": [], "exclude": []}
        for field, compiled in self._patterns.items():
            for pattern in getattr(scope, field):
                compiled.append(_compile(pattern, field))
        forget_patterns()

    def admits(self, url: Url, *, route: str = "") -> bool:
        """Whether an address belongs to the crawl; its depth is not looked at."""
        path = url.target.partition("?")[0]
        if not is_within(url, self._scope) or not _is_of_a_page(path):
            return False
        octets = (f"{path}#{route}" if route else path).encode()
        include, exclude = self._patterns["include"], self._patterns["exclude"]
        if any(pattern.search(octets) for pattern in exclude):
            return False
        return not include or any(pattern.search(octets) for pattern in include)


def is_within(url: Url, scope: Scope) -> bool:
    """Whether an address is on a site of the crawl, whatever its path; one of another site has to be a page's."""
    return is_of_the_site(url, scope) or (scope.external and _is_of_a_page(url.target.partition("?")[0]))


def is_of_the_site(url: Url, scope: Scope) -> bool:
    """Whether an address is on the start's host (with or without www.), or a subdomain where those belong."""
    here, there = (host.removeprefix("www.") for host in (scope.host, url.host))
    return here == there or (scope.subdomains and there.endswith(f".{here}"))


def _is_of_a_page(path: str) -> bool:
    name = path.rpartition("/")[2]
    if "." in name and name.rpartition(".")[2].lower() in _NOT_PAGES:
        return False
    segments = [segment for segment in path.split("/") if segment]
    return len(segments) <= MAX_SEGMENTS and (
        len(segments) <= MAX_REPEATS or max(map(segments.count, set(segments))) <= MAX_REPEATS
    )


def _compile(pattern: str, field: str) -> "re2._Regexp[bytes]":
    if len(pattern) > MAX_PATTERN_CHARS:
        raise InvalidRequest(
            f"`{field}`: a pattern has more than {MAX_PATTERN_CHARS} characters", field=field
        )
    try:
        return compile_pattern(pattern, max_bytes=_PATTERN_MEMORY_BYTES)
    except ValueError as exc:
        raise InvalidRequest(
            f"`{field}`: {pattern[:80]!r} is no RE2 pattern ({exc}); it is searched for in the path, such as ^/blog/",
            field=field,
        ) from exc

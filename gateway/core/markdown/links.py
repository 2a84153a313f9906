"""Addresses of links and images: absolute, http(s) only, and safe inside markdown.

Source: RFC 3986 section 5 (reference resolution, by `urllib.parse.urljoin`); WHATWG URL (tabs and line
breaks inside an address are dropped, control characters and spaces around it too, a backslash is a slash).
"""

import re
from urllib.parse import urljoin, urlsplit

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.I)
_PLAIN = r"[\w./?=%#&;:+,@!$~'*-]*"
_ABSOLUTE = re.compile(rf"https?://[\w.-]+(?::\d+)?(?:[/?#]{_PLAIN})?", re.ASCII)
_ROOTED = re.compile(rf"/(?!/){_PLAIN}", re.ASCII)
# goes on from the folder of the page: no scheme, no segment of dots, nothing that is empty
_NAME = r"(?!\.)[\w.=%&+,@!$~'*-]+"
_MORE = r"[\w./=%&+,@!$~'*-]+"
_BELOW = re.compile(rf"{_NAME}(?:/{_NAME})*/?(?:\?{_MORE})?(?:#{_MORE})?", re.ASCII)
_UNSAFE = re.compile(r"[\x00-\x20\"<>\\^`{|}\x7f]")
_BREAKS = str.maketrans("", "", "\t\n\r")
# C0 controls and the space
_EDGES = "".join(map(chr, range(0x21)))
# longer addresses are state, not places
_MAX_CHARS = 4096
# CommonMark demands no more of a reader
_MAX_NESTED_PARENTHESES = 3


class Resolver:
    """Turns the addresses written on one page into absolute ones; remembers them, pages repeat theirs."""

    __slots__ = ("_base", "_folder", "_known", "_origin", "leads")

    def __init__(self, base_url: str | None) -> None:
        self._known: dict[str, str | None] = {}
        # what `lead` found, by those who keep it
        self.leads: dict[str, str | bool | None] = {}
        self._base = base_url if base_url and base_url.lower().startswith(("http://", "https://")) else None
        parts = urlsplit(self._base or "")
        self._origin = f"{parts.scheme}://{parts.netloc}"
        # of the page, if an address is safe that begins with it; found out when it is asked for
        self._folder: str | None = None

    @property
    def origin(self) -> str:
        """The page's site, "" where that is not known."""
        return self._origin if self._base else ""

    def resolve(self, reference: str | None) -> str | None:
        """The absolute address, or None for anything but http(s) and for relative ones without a base."""
        if not reference:
            return None
        url = self._known.get(reference, "")
        if url == "":
            url = self._known[reference] = self._resolve(reference)
        return url

    def fragment(self, reference: str) -> str | None:
        """What comes after the `#` of a reference to the page itself, or None."""
        address, _, fragment = reference.partition("#")
        if address and (self._base is None or self.resolve(address) != self._base.partition("#")[0]):
            return None
        return fragment

    def lead(self, href: str) -> str | bool | None:
        """Where a link leads, as `resolve`; True for within the page, False where it offers to edit a section of it."""
        if href[0] == "#" or ("#" in href and self.fragment(href) is not None):
            return True
        return False if is_edit(href) else self.resolve(href)

    def _resolve(self, reference: str) -> str | None:
        if len(reference) > _MAX_CHARS:
            return None
        if reference[0] == "/":
            if self._base and "/." not in reference and _ROOTED.fullmatch(reference):
                return self._origin + reference
        elif _ABSOLUTE.fullmatch(reference):
            return reference
        elif self._base and _BELOW.fullmatch(reference):
            if self._folder is None:
                self._folder = _folder_of(self._base)
            if self._folder:
                return self._folder + reference
        reference = reference.strip(_EDGES).translate(_BREAKS)
        scheme = _SCHEME.match(reference)
        if scheme and scheme[0].lower() not in ("http:", "https:"):
            return None
        path, mark, query = reference.partition("?")
        reference = path.replace("\\", "/") + mark + query
        is_absolute = scheme is not None and reference.startswith("//", scheme.end())
        if not is_absolute and self._base is None:
            return None
        try:
            url = reference if is_absolute else urljoin(self._base or "", reference)
            return encode(url) if urlsplit(url).netloc else None
        except ValueError:
            # an impossible host, such as an unclosed [
            return None


def is_edit(href: str) -> bool:
    """Whether a link offers to edit a section: a wiki has one in brackets behind every heading."""
    return "action=edit" in href and "section=" in href


def _folder_of(base: str) -> str:
    """What relative addresses go on from; "" where these are not plain ones."""
    try:
        folder = urljoin(base, "x")[:-1]
        is_plain = urlsplit(folder).netloc and encode(folder) == folder and "(" not in folder
    except ValueError:
        return ""
    return folder if is_plain else ""


def encode(url: str) -> str:
    """Percent-encode what could end or break a link: spaces, quotes, brackets, unbalanced parentheses."""
    if _UNSAFE.search(url):
        url = _UNSAFE.sub(lambda match: f"%{ord(match[0]):02X}", url)
    if "(" in url or ")" in url:
        depth = deepest = 0
        for char in url:
            depth += (char == "(") - (char == ")")
            deepest = max(deepest, depth)
            if depth < 0:
                break
        if depth or deepest > _MAX_NESTED_PARENTHESES:
            url = url.replace("(", "%28").replace(")", "%29")
    return url

"""The boxes of a page that lead to other stories: who wrote one of those did not write the page."""

from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborNode

_HEADINGS = "h1,h2,h3,h4"
_TOPS = frozenset(("body", "html", "main"))
# elements around a byline that may be the box of another story
_PARENTS = 4
# a page with so many boxes that have a byline, or so many articles of different authors, lists stories
LISTING = 3


class Teasers:
    """Which bylines stand in the box of another story; every box is looked at once."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._here = _place(url)
        # mem_id of an element around bylines -> whether it is the box of another story; None where it may be in one
        self._boxes: dict[int, bool | None] = {}

    def box_of(self, byline: LexborNode) -> int | None:
        """The mem_id of the box that a byline stands in."""
        parent = byline.parent
        for _ in range(_PARENTS):
            if parent is None:
                break
            if parent.mem_id not in self._boxes:
                self._boxes[parent.mem_id] = self._is_teaser(parent)
            if (known := self._boxes[parent.mem_id]) is not None:
                return parent.mem_id if known else None
            parent = parent.parent
        return None

    @property
    def are_on_front(self) -> bool:
        """Whether the page is its site's first one."""
        return self._here[0] != "" and self._here[1] == ""

    def is_page(self, href: str) -> bool:
        """Whether an address is the page's own."""
        return not self._is_other(href)

    def leads_elsewhere(self, heading: LexborNode) -> bool:
        """Whether a heading is, or is in, a link to another page."""
        link = heading.css_first("a[href]")
        if link is None and heading.parent is not None and heading.parent.tag == "a":
            link = heading.parent
        return link is not None and self._is_other(link.attributes.get("href") or "#")

    def _is_teaser(self, box: LexborNode) -> bool | None:
        if box.tag in _TOPS:
            return False
        if box.tag == "a" and box.css_first(_HEADINGS) is not None:
            return self._is_other(box.attributes.get("href") or "#")
        headline = box.css_first("h1")
        if headline is not None and not self.leads_elsewhere(headline):
            return False
        heading = box.css_first(_HEADINGS)
        return True if heading is not None and self.leads_elsewhere(heading) else None

    def _is_other(self, href: str) -> bool:
        """Whether an address is that of another page."""
        if href.startswith("#"):
            return False
        try:
            host, path, query = _place(urljoin(self._url, href))
        except ValueError:
            return False
        if (host, path) != self._here[:2]:
            return True
        # a query may but count visitors where the other address has none
        return "" not in (query, self._here[2]) and query != self._here[2]


def is_listing(boxes: set[int]) -> bool:
    """Whether a page with bylines in these boxes lists stories."""
    return len(boxes) >= LISTING


def _place(url: str) -> tuple[str, str, str]:
    """What tells pages apart: host, path and query; neither protocol nor `www.` does."""
    try:
        parts = urlsplit(url)
        return (parts.hostname or "").removeprefix("www."), parts.path.rstrip("/"), parts.query
    except ValueError:
        return "", url, ""

"""The boxes of a page that lead to other stories: who wrote one of those did not write the page."""

from collections.abc import Iterable
from urllib.parse import parse_qsl, urljoin, urlsplit

from selectolax.lexbor import LexborNode

from gateway.core.dom.native import find_first

_HEADINGS = ("h1", "h2", "h3", "h4")
_TOPS = frozenset(("body", "html", "main"))
# elements around a byline that may be the box of another story
_PARENTS = 6
# of one
_MAX_CHARACTERS = 2000
# of a name, at most
_NAME_WORDS, _NAME_CHARACTERS = 3, 24
# of a query
_MAX_FIELDS = 50
# a page with stories of so many authors lists stories
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
        link = find_first(heading, "a[href]")
        if link is None and heading.parent is not None and heading.parent.tag == "a":
            link = heading.parent
        href = link.attributes.get("href") or "#" if link is not None else "#"
        # a part of a page is linked to by the posts of its own discussion, seldom by another page's teaser
        return "#" not in href and self._is_other(href)

    def begin_at(self, heading: LexborNode) -> bool:
        """Whether a heading is another story's: names of authors may be headings that lead to them too."""
        text = " ".join(heading.text(deep=True).split())
        return (text.count(" ") >= _NAME_WORDS or len(text) > _NAME_CHARACTERS) and self.leads_elsewhere(
            heading
        )

    def _is_teaser(self, box: LexborNode) -> bool | None:
        if box.tag in _TOPS:
            return False
        if box.tag == "a" and find_first(box, *_HEADINGS) is not None:
            return self._is_other(box.attributes.get("href") or "#")
        heading = find_first(box, *_HEADINGS)
        if heading is None:
            return None
        headline = heading if heading.tag == "h1" else find_first(box, "h1")
        if headline is not None and not self.leads_elsewhere(headline):
            return False
        if not self.leads_elsewhere(heading):
            return None
        # a post of a forum may link to others in its headings
        return len(box.text(deep=True)) <= _MAX_CHARACTERS

    def _is_other(self, href: str) -> bool:
        """Whether an address is that of another page."""
        if href.startswith("#"):
            return False
        try:
            host, path, query = _place(urljoin(self._url, href))
            if (host, path) != self._here[:2]:
                return True
            # what a query has more may count visitors, or name a post of the same page
            here = dict(parse_qsl(self._here[2], max_num_fields=_MAX_FIELDS))
            there = dict(parse_qsl(query, max_num_fields=_MAX_FIELDS))
        except ValueError:
            return False
        return any(name in here and here[name] != value for name, value in there.items())


def is_listing(names: Iterable[str]) -> bool:
    """Whether a page with these names in boxes of other stories lists stories."""
    return len(set(names)) >= LISTING


def _place(url: str) -> tuple[str, str, str]:
    """What tells pages apart: host, path and query; neither protocol nor `www.` does."""
    try:
        parts = urlsplit(url)
        return (parts.hostname or "").removeprefix("www."), parts.path.rstrip("/"), parts.query
    except ValueError:
        return "", url, ""

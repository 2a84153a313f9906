"""Who wrote a page and when, as the elements say that it marks as its author or its date."""

import re
from collections.abc import Iterator
from itertools import islice

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom.landmarks import Attributes, Mark
from gateway.core.dom.native import find_marked
from gateway.core.metadata.iso_dates import Dated, said_of, to_iso
from gateway.core.metadata.names import clean_name, names_in
from gateway.core.metadata.papers import authors_of_paper
from gateway.core.metadata.teasers import Teasers, is_listing

# What else pages call a date ("published", "posted-on") was not worth its selectors: on 1,491 pages not one more
# date was right for it.
_MARKED = (
    "h1",
    "time",
    "[itemprop]",
    '[rel~="author" i]',
    'a[href*="/author"]',
    '[class~="username"]',
    '[class*="author" i]',
    '[class*="byline" i]',
    '[class*="date" i]',
    '[data-testid*="author" i]',
)
# neither "authority" nor "authorized"
_AUTHOR = re.compile(r"author(?!i[tsz])", re.I)
# what stands after the name of who began a discussion
_BEGAN = re.compile(r"\s*(?:opened|asked|started|wants to merge|merged)\b")
# elements around a date that may lead to another page
_ENTRY_PARENTS = 3
_AUTHOR_NAME = re.compile(r"auth(?:or)?[-_]{0,2}name|writer[-_]?name", re.I)
_DATED = re.compile(r"publish|date|posted|byline", re.I)
# whole words: "content-sidebar-wrap" holds the article
_ELSEWHERE = re.compile(
    r"(?:^|[\s_-])(?:comments?|comments?[-_](?:list|area|body|author)|side-?bar|related(?:[-_](?:posts?|stories|articles|content|links))?"
    r"|recommend(?:ed|ations?)?"
    r"|widget[-_]area|nav|popular|trending|more-from|read-next|testimonials?)(?:\s|$)",
    re.I,
)
_NO_AUTHORS = frozenset(
    "html body main form input textarea img time ul ol nav iframe svg meta link h1".split()
)
# of a link that is no name, no "read more" and no date
_HEADLINE_CHARACTERS = 30
# of an entry, that are looked at
_MAX_LINKS = 3
_MAX_TRIED = 40
_MAX_MARKED = 120
_MAX_PARENTS = 6
_MAX_DATE_CHARACTERS = 200
_MAX_NAME_CHARACTERS = 600
_MAX_MARKUP_CHARACTERS = 2000
_SEPARATOR = "\x1f"


class Bylines:
    """The elements of a page that are marked as its author or its date; looked for when first asked."""

    def __init__(self, tree: LexborHTMLParser, teasers: Teasers) -> None:
        self._tree = tree
        self._found: list[Mark] | None = None
        self._teasers = teasers
        # mem_id of a link or an entry of a list around dates -> whether it leads to another page
        self._entries: dict[int, bool] = {}

    @property
    def are_read(self) -> bool:
        """Whether the page was searched already."""
        return self._found is not None

    def authors(self) -> Iterator[str]:
        """The names in the elements that pages mark as their author, the most telling first; none of other stories."""
        return (name for name, is_of_other in self._named() if not is_of_other)

    def authors_of_others(self) -> Iterator[str]:
        """The names in boxes that lead to other stories, of which one may be the page's own.

        None where the page lists stories of several authors.
        """
        others = [name for name, is_of_other in self._named() if is_of_other]
        return iter(() if is_listing(others) else others)

    def list_stories(self) -> bool:
        """Whether several authors are each in a box that leads to another story."""
        return is_listing(name for name, is_of_other in self._named() if is_of_other)

    def are_many(self) -> bool:
        """Whether the page names more than one author."""
        return len({name for name, _ in self._named()}) > 1

    def _named(self) -> Iterator[tuple[str, bool]]:
        """The names of authors, and whether each stands in the box of another story."""
        marked = self._marked()
        # mem_id of a box -> the names in it
        names: dict[int, set[str]] = {}
        for node in marked:
            if not (name := _name_of(node)) or _is_elsewhere(node):
                continue
            box = self._teasers.box_of(node)
            if box is not None and not names:
                for other in marked:
                    if (of_other := self._teasers.box_of(other)) is not None:
                        names.setdefault(of_other, set()).add(_name_of(other) or "")
            # with several names in it, it holds the page's posts
            is_of_other = box is not None and len(names[box] - {""}) == 1
            yield (name, True) if is_of_other else (_with_others(name, node, marked), False)

    def _marked(self) -> list[LexborNode]:
        """The elements that are marked as an author, the most telling first; those below the headline before others."""
        tiers: tuple[list[LexborNode], ...] = ([], [], [], [], [])
        after: list[LexborNode] = []
        seen_heading = False
        for node, attributes in self._marks():
            tag = node.tag or ""
            if tag == "h1":
                seen_heading = True
            if tag in _NO_AUTHORS:
                continue
            tier = _tier(node, attributes)
            if tier is None:
                continue
            tiers[tier].append(node)
            if seen_heading:
                after.append(node)
        behind = {node.mem_id for node in after}
        return [
            node
            for tier_nodes in tiers
            for node in sorted(tier_nodes[:_MAX_TRIED], key=lambda node: node.mem_id not in behind)
        ]

    def dates(self, *, month_first: bool, teasers: bool = False) -> Iterator[Dated]:
        """The dates in the elements that pages mark as theirs, in order.

        Args:
            teasers: those in side bars, boxes and entries of lists that lead to other pages, and no others. What
                stands in navigation is no page's date.
        """
        for node, attributes in self._marks():
            classes, prop = attributes.get("class") or "", attributes.get("itemprop") or ""
            if node.tag != "time" and not prop.startswith("date") and not _DATED.search(classes):
                continue
            text = (node.text(separator=" ") or "")[:_MAX_DATE_CHARACTERS]
            # … updated then, published now
            text = text[max(0, text.lower().find("publish")) :]
            said = said_of(f"{classes} {prop} {text.lower().partition('publish')[0]}")
            stated = attributes.get("datetime") or attributes.get("content") or ""
            found = to_iso(stated, month_first=month_first) or to_iso(text, month_first=month_first)
            if not found or _is_in_navigation(node):
                continue
            if (_is_elsewhere(node) or self._leads_elsewhere(node)) == teasers:
                yield Dated(found, said)

    def date_texts(self) -> Iterator[str]:
        """What stands in the elements that are marked as dates."""
        for node, attributes in self._marks():
            if node.tag == "time" or _DATED.search(attributes.get("class") or ""):
                yield (node.text(separator=" ") or "")[:_MAX_DATE_CHARACTERS]

    def _leads_elsewhere(self, node: LexborNode) -> bool:
        """Whether it stands in a link's text, in an entry of a list that links to another page, or in a teaser."""
        parent = node.parent
        for _ in range(_ENTRY_PARENTS):
            if parent is None or parent.tag in ("body", "html", "main"):
                break
            if parent.tag in ("a", "li"):
                if parent.mem_id not in self._entries:
                    self._entries[parent.mem_id] = _is_entry(parent)
                if self._entries[parent.mem_id]:
                    return True
            parent = parent.parent
        return self._teasers.box_of(node) is not None

    def _marks(self) -> list[Mark]:
        if self._found is None:
            self._found = list(islice(find_marked(self._tree, _MARKED), _MAX_MARKED))
        return self._found


def _tier(node: LexborNode, attributes: Attributes) -> int | None:
    """How telling a mark is, 0 the most; None where it marks no author."""
    classes = attributes.get("class") or ""
    marked = _AUTHOR.search(classes) is not None
    if "author" in (attributes.get("rel") or "") or "ltx_authors" in classes or _has_begun(node):
        return 0
    if "username" in classes.split() or attributes.get("itemprop") == "author":
        return 1
    if node.tag == "a" and (marked or "/author" in (attributes.get("href") or "")):
        return 2
    if _AUTHOR_NAME.search(classes):
        return 3
    if marked or "byline" in classes.lower():
        return 4
    return None


def _with_others(name: str, node: LexborNode, marked: list[LexborNode]) -> str:
    """A name with those that stand beside it in one line, each in an element of its own."""
    parent = node.parent
    if parent is None:
        return name
    line = parent.mem_id
    if sum(other.parent is not None and other.parent.mem_id == line for other in marked) < 2:
        return name
    together = names_in((parent.text(separator=_SEPARATOR) or "")[:_MAX_NAME_CHARACTERS].split(_SEPARATOR))
    return together if together and together.startswith(f"{name}, ") else name


def _is_entry(box: LexborNode) -> bool:
    """Whether a link, or an entry of a list by its first links, says a headline that is not the page's own."""
    links = [box] if box.tag == "a" else box.css("a[href]")[:_MAX_LINKS]
    return box.css_first("h1") is None and any(
        len(" ".join((link.text() or "").split())) >= _HEADLINE_CHARACTERS for link in links
    )


def _has_begun(node: LexborNode) -> bool:
    """Whether it is a link to a person, and what follows says that they began what the page is about."""
    if node.tag != "a":
        return False
    following = node.next
    for _ in range(_MAX_PARENTS):
        if following is None:
            break
        if following.tag != "-text":
            following = following.first_child
        elif following.is_empty_text_node:
            following = following.next
        else:
            return _BEGAN.match(following.text_content or "") is not None
    return False


def _name_of(node: LexborNode) -> str | None:
    if "ltx_authors" in (node.attributes.get("class") or ""):
        return authors_of_paper(node)
    inner = node.css_first('[itemprop="name"]') if node.attributes.get("itemprop") == "author" else None
    if content := (inner or node).attributes.get("content"):
        return clean_name(content, stated=True)
    text = ((inner or node).text(separator=_SEPARATOR) or "")[:_MAX_NAME_CHARACTERS]
    markup = "" if not text.strip() else (node.html or "")[:_MAX_MARKUP_CHARACTERS]
    return names_in(text.split(_SEPARATOR), markup=markup)


def _is_in_navigation(node: LexborNode) -> bool:
    parent: LexborNode | None = node
    for _ in range(_MAX_PARENTS):
        if parent is None or parent.tag in ("body", "html"):
            return False
        if parent.tag == "nav" or parent.attributes.get("role") == "navigation":
            return True
        parent = parent.parent
    return False


def _is_elsewhere(node: LexborNode) -> bool:
    """Whether it stands among comments, in a side bar, in a quotation or beside another story."""
    parent: LexborNode | None = node
    for _ in range(_MAX_PARENTS):
        if parent is None or parent.tag in ("body", "html"):
            return False
        attributes = parent.attributes
        if parent.tag in ("nav", "blockquote") or _ELSEWHERE.search(
            f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
        ):
            return True
        parent = parent.parent
    return False

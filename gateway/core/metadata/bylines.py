"""Who wrote a page and when, as the elements say that it marks as its author or its date."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom.landmarks import Attributes, Mark, Query
from gateway.core.dom.native import find_first, find_marked
from gateway.core.metadata.iso_dates import Dated, Said, said_of, to_iso
from gateway.core.metadata.names import clean_name, names_in
from gateway.core.metadata.papers import authors_of_paper
from gateway.core.metadata.replayed import Replayed
from gateway.core.metadata.teasers import Teasers, is_listing

# What else pages call a date ("published", "posted-on") was not worth its selectors: on 1,491 pages not one more
# date was right for it.
MARKED = Query(
    (
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
    ),
    most=120,
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
_MAX_PARENTS = 6
_MAX_DATE_CHARACTERS = 200
_MAX_NAME_CHARACTERS = 600
_MAX_MARKUP_CHARACTERS = 2000
_SEPARATOR = "\x1f"


class Bylines:
    """The elements of a page that are marked as its author or its date; looked for when first asked.

    Args:
        marked: what MARKED looks for in the tree, if that is at hand.
    """

    def __init__(self, tree: LexborHTMLParser, teasers: Teasers, marked: list[Mark] | None = None) -> None:
        self._tree = tree
        self._at_hand = marked
        self._found: list[Mark] | None = None
        self._teasers = teasers
        # mem_id of a link or an entry of a list around dates -> whether it leads to another page
        self._entries: dict[int, bool] = {}
        # mem_id of an element -> what `_place_of` says of it, and the names in it
        self._places: dict[int, bool | None] = {}
        self._names: dict[int, str | None] = {}
        self._named = Replayed(self._find_named())
        self._dated = Replayed(self._find_dated())

    @property
    def are_read(self) -> bool:
        """Whether the page was searched already."""
        return self._found is not None

    def authors(self) -> Iterator[str]:
        """The names in the elements that pages mark as their author, the most telling first; none of other stories."""
        return (name for name, is_of_other in self._named if not is_of_other)

    def authors_of_others(self) -> Iterator[str]:
        """The names in boxes that lead to other stories, of which one may be the page's own.

        None where the page lists stories of several authors.
        """
        others = [name for name, is_of_other in self._named if is_of_other]
        return iter(() if is_listing(others) else others)

    def list_stories(self) -> bool:
        """Whether several authors are each in a box that leads to another story."""
        return is_listing(name for name, is_of_other in self._named if is_of_other)

    def are_many(self) -> bool:
        """Whether the page names more than one author."""
        return len({name for name, _ in self._named}) > 1

    def _find_named(self) -> Iterator[tuple[str, bool]]:
        """The names of authors, and whether each stands in the box of another story."""
        marked = self._marked()
        lines: Counter[int] | None = None
        # mem_id of a box -> the names in it
        names: dict[int, set[str]] = {}
        for node, attributes in marked:
            if not (name := self._name_of(node, attributes)) or self._is_elsewhere(node):
                continue
            box = self._teasers.box_of(node)
            if box is not None and not names:
                for other, of_it in marked:
                    if (of_other := self._teasers.box_of(other)) is not None:
                        names.setdefault(of_other, set()).add(self._name_of(other, of_it) or "")
            # with several names in it, it holds the page's posts
            if box is not None and len(names[box] - {""}) == 1:
                yield name, True
                continue
            if lines is None:
                lines = Counter(parent.mem_id for each, _ in marked if (parent := each.parent) is not None)
            yield _with_others(name, node, lines), False

    def _name_of(self, node: LexborNode, attributes: Attributes) -> str | None:
        mem_id = node.mem_id
        if mem_id not in self._names:
            self._names[mem_id] = _names_below(node, attributes)
        return self._names[mem_id]

    def _marked(self) -> list[Mark]:
        """The elements that are marked as an author, the most telling first; those below the headline before others."""
        tiers: tuple[list[Mark], ...] = ([], [], [], [], [])
        behind: set[int] = set()
        seen_heading = False
        for mark in self._marks():
            node, attributes = mark
            tag = node.tag or ""
            if tag == "h1":
                seen_heading = True
            if tag in _NO_AUTHORS:
                continue
            tier = _tier(node, tag, attributes)
            if tier is None:
                continue
            tiers[tier].append(mark)
            if seen_heading:
                behind.add(node.mem_id)
        return [
            mark
            for found in tiers
            for mark in sorted(found[:_MAX_TRIED], key=lambda mark: mark[0].mem_id not in behind)
        ]

    def dates(
        self, said: Collection[str], *, month_first: Callable[[], bool], teasers: bool = False
    ) -> Iterator[Dated]:
        """The dates in the elements that pages mark as theirs, in order.

        Args:
            said: what may be said of them.
            month_first: how to read 4/5/2025; asked only where a date may be such a one.
            teasers: those in side bars, boxes and entries of lists that lead to other pages, and no others. What
                stands in navigation is no page's date.
        """
        for marked in self._dated:
            if (
                marked.said in said
                and (found := marked.read(month_first))
                and not marked.is_in_navigation
                and self._is_of_other(marked) == teasers
            ):
                yield Dated(found, marked.said)

    def date_texts(self) -> Iterator[str]:
        """What stands in the elements that are marked as dates."""
        for node, attributes in self._marks():
            if node.tag == "time" or _DATED.search(attributes.get("class") or ""):
                yield (node.text(separator=" ") or "")[:_MAX_DATE_CHARACTERS]

    def _find_dated(self) -> "Iterator[_MarkedDate]":
        for node, attributes in self._marks():
            classes, prop = attributes.get("class") or "", attributes.get("itemprop") or ""
            if node.tag != "time" and not prop.startswith("date") and not _DATED.search(classes):
                continue
            text = (node.text(separator=" ") or "")[:_MAX_DATE_CHARACTERS]
            # … updated then, published now
            text = text[max(0, text.lower().find("publish")) :]
            said = said_of(f"{classes} {prop} {text.lower().partition('publish')[0]}")
            stated = attributes.get("datetime") or attributes.get("content") or ""
            yield _MarkedDate(node, said, (stated, text))

    def _is_of_other(self, marked: "_MarkedDate") -> bool:
        if marked.is_of_other is None:
            marked.is_of_other = self._is_elsewhere(marked.node) or self._leads_elsewhere(marked.node)
        return marked.is_of_other

    def _is_elsewhere(self, node: LexborNode) -> bool:
        """Whether it stands among comments, in a side bar, in a quotation or beside another story."""
        parent: LexborNode | None = node
        for _ in range(_MAX_PARENTS):
            if parent is None:
                return False
            mem_id = parent.mem_id
            if mem_id not in self._places:
                self._places[mem_id] = _place_of(parent)
            if (place := self._places[mem_id]) is not None:
                return place
            parent = parent.parent
        return False

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
            self._found = find_marked(self._tree, *MARKED) if self._at_hand is None else self._at_hand
        return self._found


class _MarkedDate:
    """An element that is marked as a date.

    Args:
        said: what is said of the date.
        texts: where the date may stand, the more telling first.
    """

    def __init__(self, node: LexborNode, said: Said, texts: tuple[str, ...]) -> None:
        self.node, self.said, self._texts = node, said, texts
        # these two are not known until they are asked for
        self.is_of_other: bool | None = None
        self._iso: str | None = ""

    def read(self, month_first: Callable[[], bool]) -> str | None:
        """The date as ISO 8601; None for none."""
        if self._iso == "":
            found = (to_iso(text, month_first="/" not in text or month_first()) for text in self._texts)
            self._iso = next((iso for iso in found if iso), None)
        return self._iso

    @cached_property
    def is_in_navigation(self) -> bool:
        return _is_in_navigation(self.node)


def _tier(node: LexborNode, tag: str, attributes: Attributes) -> int | None:
    """How telling a mark is, 0 the most; None where it marks no author."""
    classes = attributes.get("class") or ""
    low = classes.lower()
    marked = "author" in low and _AUTHOR.search(classes) is not None
    if (
        "author" in (attributes.get("rel") or "")
        or "ltx_authors" in classes
        or (tag == "a" and _has_begun(node))
    ):
        return 0
    if ("username" in classes and "username" in classes.split()) or attributes.get("itemprop") == "author":
        return 1
    if tag == "a" and (marked or "/author" in (attributes.get("href") or "")):
        return 2
    if "name" in low and _AUTHOR_NAME.search(classes):
        return 3
    return 4 if marked or "byline" in low else None


def _with_others(name: str, node: LexborNode, lines: Mapping[int, int]) -> str:
    """A name with those that stand beside it in one line, each in an element of its own.

    Args:
        lines: of how many marked elements each element is the parent, by its mem_id.
    """
    parent = node.parent
    if parent is None or lines[parent.mem_id] < 2:
        return name
    together = names_in((parent.text(separator=_SEPARATOR) or "")[:_MAX_NAME_CHARACTERS].split(_SEPARATOR))
    return together if together and together.startswith(f"{name}, ") else name


def _is_entry(box: LexborNode) -> bool:
    """Whether a link, or an entry of a list by its first links, says a headline that is not the page's own."""
    links = [box] if box.tag == "a" else box.css("a[href]")[:_MAX_LINKS]
    return find_first(box, "h1") is None and any(
        len(" ".join((link.text() or "").split())) >= _HEADLINE_CHARACTERS for link in links
    )


def _has_begun(node: LexborNode) -> bool:
    """Whether what follows a link to a person says that they began what the page is about."""
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


def _names_below(node: LexborNode, attributes: Attributes) -> str | None:
    if "ltx_authors" in (attributes.get("class") or ""):
        return authors_of_paper(node)
    inner = find_first(node, '[itemprop="name"]') if attributes.get("itemprop") == "author" else None
    if content := (inner.attributes if inner is not None else attributes).get("content"):
        return clean_name(content, stated=True)
    text = ((inner or node).text(separator=_SEPARATOR) or "")[:_MAX_NAME_CHARACTERS]
    return names_in(text.split(_SEPARATOR), markup=lambda: (node.html or "")[:_MAX_MARKUP_CHARACTERS])


def _is_in_navigation(node: LexborNode) -> bool:
    parent: LexborNode | None = node
    for _ in range(_MAX_PARENTS):
        if parent is None or parent.tag in ("body", "html"):
            return False
        if parent.tag == "nav" or parent.attributes.get("role") == "navigation":
            return True
        parent = parent.parent
    return False


def _place_of(element: LexborNode) -> bool | None:
    """Whether what stands in an element stands elsewhere than the page's content; None where that is open."""
    tag = element.tag
    if tag in ("body", "html"):
        return False
    attributes = element.attributes
    is_elsewhere = tag in ("nav", "blockquote") or _ELSEWHERE.search(
        f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    )
    return True if is_elsewhere else None

"""What stands around an article and leads to others: teasers, lists of headlines, "read more" between paragraphs.

The network knows such boxes by their names, where those are words it has learned. Where they are not, in other
languages and with class names that a machine made, their place and their links tell: the paragraphs of an article
stand together in one element, its column; a box outside the column that is mostly links leads elsewhere, and so does
a line of the column that is a link from end to end or behind a label, a box that asks for something, what stands on
buttons before the column, and behind it a card that has others like it, each with a headline that is a link. No word
of any language is read here.
"""

from collections.abc import Sequence, Set
from functools import cached_property
from itertools import accumulate

import numpy as np

from gateway.core.classifier.article_column import Column, holds_most, inherit, running, upwards
from gateway.core.classifier.columns import Array
from gateway.core.classifier.siblings import Kind, Siblings
from gateway.core.dom.blocks import FLAGS, Blocks

_LISTED = sum(1 << FLAGS.index(tag) for tag in ("table", "ul", "ol", "dl"))
_NO_BOXES = frozenset(("p", "ul", "ol", "dl", "table", "pre", "blockquote", "figure"))
_CONTROLS = frozenset(("form", "button"))
_IN_CONTROLS = sum(1 << FLAGS.index(tag) for tag in _CONTROLS)
# of a box's words, at least
_BOX_LINKED = 0.4
# of a line's characters, at least
_LINE_LINKED = 0.9
_HALF_LINKED = 0.5
# linked ones, in a box among the paragraphs
_SOME_LINES = 2
# a shorter link may be a name
_LEAST_WORDS = 4
# at most, in a box that asks for something
_FORM_WORDS = 60
# boxes of one kind with a button each, at most: more of them are questions, whose answers it unfolds
_MOST_ASKING = 2
# cards of one kind: at least, of which so many have a headline to elsewhere, among the first so many of their blocks
_CARDS = 2
_CARDS_LINKED = 0.6
_CARDS_READ, _CARD_BLOCKS = 20, 30
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
# two of them in a row are no cards
_NO_CARDS = _NO_BOXES | (_HEADINGS - {"h1"}) | frozenset(("tr", "td", "th", "span"))
# of a label in front of a link
_LABEL_CHARACTERS, _LABEL_WORDS = 40, 4
_BUTTON = 1 << FLAGS.index("button")


def drop_teasers(
    chosen: Sequence[int],
    column: Column | None,
    words: Sequence[float],
    link: Sequence[float],
    blocks: Blocks,
    siblings: Siblings,
    *,
    is_article: bool,
) -> list[int]:
    """The chosen blocks without those that lead to other pages; all of them where no column holds the text.

    Args:
        chosen: indices of blocks, rising.
        column: where their paragraphs stand.
        words: by block.
        link: by block, the share of its characters inside links.
        siblings: of these blocks.
        is_article: the page was judged to be one; of another the column has to hold most of what was chosen.
    """
    if column is None or not (is_article or holds_most(column, chosen, words)):
        return list(chosen)
    return _Boxes(column, words, link, blocks, siblings, is_article=is_article).drop(chosen)


class _Boxes:
    """The elements around and among the paragraphs of a column, and what they are for."""

    def __init__(
        self,
        column: Column,
        words: Sequence[float],
        link: Sequence[float],
        blocks: Blocks,
        siblings: Siblings,
        *,
        is_article: bool,
    ) -> None:
        self._column, self._is_article, self._siblings = column, is_article, siblings
        self._words, self._link, self._blocks = words, link, blocks
        # By element, the outermost one around it that does not hold the column and the largest of few words among
        # these, -1 where there is none, and whether one of them is a card. The column has none of it.
        around = list(upwards(column.element, blocks))
        self._boxes, self._small = dict.fromkeys(around, -1), dict.fromkeys(around, -1)
        self._in_card: dict[int, int] = dict.fromkeys(around, False)
        self._inside = range(blocks.firsts[column.element], blocks.lasts[column.element])
        # by box among the paragraphs, whether it leads elsewhere
        self._known = {-1: False}
        # by box outside, the share of its words in links
        self._shares: dict[int, float] = {}
        # by kind, whether its elements are cards that lead elsewhere
        self._cards: dict[Kind, bool] = {}
        # by element of few words, whether it asks for something
        self._forms: dict[int, bool] = {}

    @cached_property
    def _total(self) -> list[float]:
        """Words before each place."""
        return list(accumulate(self._words, initial=0.0))

    @cached_property
    def _linked(self) -> Array:
        """Words in links before each place, in single precision."""
        return running(np.array(self._words, dtype=np.float32) * np.array(self._link, dtype=np.float32))

    def drop(self, chosen: Sequence[int]) -> list[int]:
        """Those that belong to the article."""
        owners, parents, tags = self._blocks.owners, self._blocks.parents, self._blocks.tags
        link, boxes, known = self._link, self._boxes, self._known
        first, last = self._inside.start, self._inside.stop
        kept = []
        for index in chosen:
            if not first <= index < last or link[index] >= _HALF_LINKED:
                leads = self._leads_elsewhere(index)
            else:
                # nearly all of them, most in boxes that are known or paragraphs themselves
                owner = owners[index]
                box = boxes.get(owner)
                if box is None:
                    above = boxes.get(parents[owner])
                    if above == -1:
                        boxes[owner] = box = owner
                    else:
                        box = self._box_of(owner)
                if box not in known and tags[box] in _NO_BOXES:
                    known[box] = False
                leads = known[box] if box in known else self._is_beside_the_text(box)
            if not leads:
                kept.append(index)
        return kept

    def _leads_elsewhere(self, index: int) -> bool:
        """Whether a block belongs to no article but to what leads away from it."""
        owner, link = self._blocks.owners[index], self._link[index]
        if link >= _HALF_LINKED and not self._blocks.flags[owner] & _LISTED:
            if self._is_article and self._is_labelled_link(index):
                return True
            if index in self._inside and link >= _LINE_LINKED and self._words[index] >= _LEAST_WORDS:
                return True
        box = self._box_of(owner)
        if index in self._inside:
            return self._is_beside_the_text(box)
        if box < 0 or self._blocks.tags[owner] == "h1":
            return False
        if self._is_article and self._is_in_form(owner):
            return True
        if index > self._column.last:
            is_linked = link >= _LINE_LINKED or self._linked_share(box) >= _BOX_LINKED
            return is_linked or (self._is_article and self._is_in_card(owner))
        if self._is_article and self._blocks.flags[owner] & _BUTTON:
            return True
        return link >= _HALF_LINKED and self._linked_share(box) >= _BOX_LINKED

    def _is_labelled_link(self, index: int) -> bool:
        """Whether a line is one link, and in front of it a label of few words with a colon: "Read more: …"."""
        blocks, text = self._blocks, self._blocks.texts[index]
        if not _HALF_LINKED <= self._link[index] < _LINE_LINKED or blocks.links[index] > 1:
            return False
        if blocks.tags[blocks.owners[index]] in _HEADINGS:
            return False
        label, _, rest = text.lstrip("[(").replace("：", ":").partition(":")
        rest = rest.strip(" ])")
        return (
            0 < len(label) <= _LABEL_CHARACTERS
            and len(label.split()) <= _LABEL_WORDS
            and self._words[index] - len(label.split()) >= _LEAST_WORDS
            and blocks.link_chars[index] >= _LINE_LINKED * len(rest) - 2
        )

    def _box_of(self, owner: int) -> int:
        """The outermost element around a block that does not hold the column, -1 if there is none."""
        boxes, parents = self._boxes, self._blocks.parents
        path = []
        while (box := boxes.get(owner)) is None:
            path.append(owner)
            owner = parents[owner]
        if box < 0 and path:
            box = path[-1]
        for element in path:
            boxes[element] = box
        return box

    def _is_in_form(self, owner: int) -> bool:
        """Whether the largest element of few words around a block asks for something."""

        def find(element: int, form: int) -> int:
            return element if form < 0 and self._count(element) <= _FORM_WORDS else form

        form = inherit(owner, self._small, self._blocks, find)
        if form < 0:
            return False
        if form not in self._forms:
            # a mere button beside the text may unfold some of it
            self._forms[form] = "form" in self._controls_in(form)
        return self._forms[form]

    def _is_in_card(self, owner: int) -> bool:
        """Whether a block stands in one of several cards, each with a headline that leads to another page."""
        return bool(
            inherit(
                owner, self._in_card, self._blocks, lambda element, known: known or self._is_card(element)
            )
        )

    def _is_card(self, element: int) -> bool:
        if self._blocks.tags[element] in _NO_CARDS:
            return False
        kind = self._siblings.kind_of(element)
        if kind not in self._cards:
            read = self._siblings.like(element)[:_CARDS_READ]
            linked = sum(map(self._has_headline, read))
            self._cards[kind] = linked >= max(_CARDS, _CARDS_LINKED * len(read))
        return self._cards[kind]

    def _has_headline(self, card: int) -> bool:
        """Whether a card has several lines, one of which is a link to another page."""
        start, end = self._blocks.firsts[card], self._blocks.lasts[card]
        lines = range(start, min(end, start + _CARD_BLOCKS))
        return len(lines) > 1 and any(
            self._link[line] >= _LINE_LINKED and self._words[line] >= _LEAST_WORDS for line in lines
        )

    def _count(self, element: int) -> float:
        """The words in an element."""
        return self._total[self._blocks.lasts[element]] - self._total[self._blocks.firsts[element]]

    def _linked_share(self, box: int) -> float:
        share = self._shares.get(box)
        if share is None:
            linked = self._linked[self._blocks.lasts[box]] - self._linked[self._blocks.firsts[box]]
            share = self._shares[box] = float(linked / max(1, self._count(box)))
        return share

    def _is_beside_the_text(self, box: int) -> bool:
        """Whether a box among the paragraphs is a list of links, or asks for something."""
        known = self._known.get(box)
        if known is None:
            known = self._known[box] = self._blocks.tags[box] not in _NO_BOXES and (
                self._is_list_of_links(box) or self._asks(box)
            )
        return known

    def _is_list_of_links(self, box: int) -> bool:
        start, end = self._blocks.firsts[box], self._blocks.lasts[box]
        if end - start < _SOME_LINES:
            return False
        lines = len([share for share in self._link[start:end] if share >= _LINE_LINKED])
        return lines >= _SOME_LINES and self._linked_share(box) >= _HALF_LINKED

    def _asks(self, box: int) -> bool:
        """Whether a box among the paragraphs asks for something."""
        controls = self._controls_in(box)
        return "form" in controls or ("button" in controls and len(self._siblings.like(box)) <= _MOST_ASKING)

    def _controls_in(self, box: int) -> Set[str]:
        """The controls in a box of few words; none where there is code, which has buttons to copy it."""
        blocks = self._blocks
        owners = blocks.owners[blocks.firsts[box] : blocks.lasts[box]]
        # what is around an element its flags say
        if (
            not any([blocks.flags[owner] & _IN_CONTROLS for owner in owners])
            or self._count(box) > _FORM_WORDS
        ):
            return frozenset()
        tags: set[str] = set()
        for owner in owners:
            for element in upwards(owner, blocks):
                tags.add(blocks.tags[element])
                if element == box:
                    break
        return frozenset() if "pre" in tags else tags & _CONTROLS

"""What stands behind the last paragraph of an article and is not its text: who wrote it, comments, what is left over.

Only an article that has a column (`article_column`) ends like this, and only what stands behind its last paragraph is
looked at, or is that paragraph. No word of any language is read: the author is the one whom the page names as its own.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from gateway.core.classifier.article_column import Column, inherit, upwards
from gateway.core.classifier.columns import single
from gateway.core.classifier.siblings import Kind, Siblings
from gateway.core.dom.blocks import FLAGS, Blocks

_LISTED = sum(1 << FLAGS.index(tag) for tag in ("table", "ul", "ol", "dl"))
_HEADINGS = frozenset(("h2", "h3", "h4", "h5", "h6"))
_NO_POSTS = _HEADINGS | {"p", "tr", "td", "th", "table"}
_BUTTON = 1 << FLAGS.index("button")
# of a box about the author, at most
_AUTHOR_WORDS = 120
# of a paragraph, at least
_FIRST_WORDS = 12
# where the column has so much of what was chosen, …
_MOST, _COLUMN_WORDS = 0.8, 100
# … less likely text behind it is no part of it
_LIKELY = single(0.6)
# a word of an index: an entry that is a link of fewer words
_ENTRIES = sum(1 << FLAGS.index(tag) for tag in ("ul", "ol"))
_LINKED, _HEADLINE_WORDS = single(0.9), 4
# posts of one kind: at least, of which so many are by someone, of some time, and say something
_POSTS = 2
_POSTS_SHARE = 0.6
_POSTS_READ, _POST_BLOCKS = 20, 30
_NAME_WORDS, _TIME_WORDS, _SAID_WORDS = 5, 8, 4


def drop_ending(
    chosen: Sequence[int],
    likely: Sequence[int],
    column: Column | None,
    probabilities: Sequence[float],
    words: Sequence[float],
    link: Sequence[float],
    author: str,
    blocks: Blocks,
    siblings: Siblings,
    *,
    is_forum: bool,
) -> list[int]:
    """The chosen blocks of an article without what stands behind it.

    Args:
        chosen: indices of blocks, rising.
        likely: those that were chosen before some were dropped for leading elsewhere.
        column: where the paragraphs of these stand.
        probabilities: by block.
        words: by block.
        link: by block, the share of its characters inside links.
        author: whom the page names as its author, several joined; empty where it names none.
        siblings: of these blocks.
        is_forum: the page may be a discussion, whose posts are its content.
    """
    if column is None:
        return list(chosen)
    names = _names_of(author)
    is_most = column.words >= max(_COLUMN_WORDS, _MOST * sum([words[index] for index in chosen]))
    posts = _Posts(words, link, blocks, siblings)
    # by element, whether it or one around it has no place in the article
    known: dict[int, int] = dict.fromkeys(upwards(column.element, blocks), False)

    def is_beside(box: int, around: int) -> bool:
        return bool(
            around
            or _is_about(names, range(blocks.firsts[box], blocks.lasts[box]), words, blocks)
            or (not is_forum and posts.has(box))
        )

    def is_left_over(index: int) -> bool:
        owner = blocks.owners[index]
        if is_most and probabilities[index] < _LIKELY and not blocks.flags[owner] & _LISTED:
            return True
        if blocks.flags[owner] & _ENTRIES and link[index] >= _LINKED and words[index] < _HEADLINE_WORDS:
            return True
        return bool(inherit(owner, known, blocks, is_beside))

    behind = bisect_right(chosen, column.last)
    kept = [*chosen[:behind], *(index for index in chosen[behind:] if not is_left_over(index))]
    kept = _without_authors(kept, names, words, blocks)
    return _without_headings(kept, column.last, likely, blocks)


def _without_authors(
    kept: list[int], names: tuple[str, ...], words: Sequence[float], blocks: Blocks
) -> list[int]:
    """Without the last texts that are about the authors, at most one for each; all of a page that is about them."""

    def is_about(index: int) -> bool:
        return _is_about(names, range(index, index + 1), words, blocks)

    rest = list(kept)
    while rest and is_about(rest[-1]):
        rest.pop()
    if len(rest) == len(kept) or len(kept) - len(rest) > len(names):
        return kept
    first = next((index for index in kept if words[index] >= _FIRST_WORDS), -1)
    if (first >= 0 and is_about(first)) or sum([words[index] for index in rest]) < _COLUMN_WORDS:
        return kept
    return rest


def _names_of(author: str) -> tuple[str, ...]:
    """The names of an author that are more than a word, or in a script without spaces."""
    names = (name.strip() for name in author.replace(";", ",").split(","))
    return tuple(name for name in names if " " in name or (len(name) > 1 and not name.isascii()))


def _is_about(names: tuple[str, ...], run: range, words: Sequence[float], blocks: Blocks) -> bool:
    """Whether a text of few words begins with the name of who wrote the page."""
    # every block has a word
    if not names or not 0 < len(run) <= _AUTHOR_WORDS or not blocks.texts[run.start].startswith(names):
        return False
    return sum(words[run.start : run.stop]) <= _AUTHOR_WORDS


class _Posts:
    """Comments: elements of one kind in a row, each with a name, a time and a text, and no heading."""

    def __init__(
        self, words: Sequence[float], link: Sequence[float], blocks: Blocks, siblings: Siblings
    ) -> None:
        self._words, self._link, self._blocks, self._siblings = words, link, blocks, siblings
        self._known: dict[Kind, bool] = {}

    def has(self, element: int) -> bool:
        """Whether an element is one of several posts."""
        if self._blocks.tags[element] in _NO_POSTS:
            return False
        kind = self._siblings.kind_of(element)
        if kind not in self._known:
            read = self._siblings.like(element)[:_POSTS_READ]
            self._known[kind] = sum(map(self._is_post, read)) >= max(_POSTS, _POSTS_SHARE * len(read))
        return self._known[kind]

    def _is_post(self, element: int) -> bool:
        blocks, words = self._blocks, self._words
        first, last = blocks.firsts[element], blocks.lasts[element]
        if not 2 <= last - first <= _POST_BLOCKS or not self._is_name(first):
            return False
        tags = {blocks.tags[blocks.owners[index]] for index in range(first, last)}
        return (
            not tags & (_HEADINGS | {"tr", "td"})
            and any(
                words[index] <= _TIME_WORDS and any(map(str.isdigit, blocks.texts[index]))
                for index in range(first, min(last, first + 3))
            )
            and any(
                words[index] >= _SAID_WORDS and self._link[index] < 0.5 for index in range(first + 1, last)
            )
        )

    def _is_name(self, index: int) -> bool:
        blocks = self._blocks
        is_short = self._words[index] <= _NAME_WORDS and any(map(str.isalpha, blocks.texts[index]))
        return bool(is_short) and not blocks.flags[blocks.owners[index]] & _BUTTON


def _without_headings(
    kept: list[int], last_paragraph: int, likely: Sequence[int], blocks: Blocks
) -> list[int]:
    """Without the headings behind the last paragraph whose text was dropped, all of it.

    Args:
        likely: what was kept, and what was dropped.
    """
    headings = [
        index
        for index in kept[bisect_left(kept, last_paragraph) :]
        if blocks.tags[blocks.owners[index]] in _HEADINGS
    ]
    if not headings:
        return kept
    said = set(kept)
    dropped = set(likely) - said
    for heading in reversed(headings):
        below = list(_below(heading, blocks))
        if said.isdisjoint(below) and not dropped.isdisjoint(below):
            said.discard(heading)
    return sorted(said)


def _below(heading: int, blocks: Blocks) -> Iterator[int]:
    """The blocks that a heading heads: up to the next one of its level or above."""
    level = blocks.tags[blocks.owners[heading]]
    for index in range(heading + 1, len(blocks.owners)):
        if "h1" <= blocks.tags[blocks.owners[index]] <= level:
            return
        yield index

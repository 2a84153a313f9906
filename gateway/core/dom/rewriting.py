"""A page's tree as a reader would see it drawn, before anything reads it.

What a browser shows elsewhere than it is written, or otherwise, is put where it is seen. Each step looks for its own
elements; one query tells which steps a page needs at all, since most pages need none.
"""

from selectolax.lexbor import LexborHTMLParser

from gateway.core.dom.inner_trees import HOLDERS, holds_tree, show_inner_trees
from gateway.core.dom.landmarks import Mark, Query
from gateway.core.dom.native import find_marked
from gateway.core.dom.noscript_pictures import show_noscript_pictures
from gateway.core.dom.shown_text import REWRITTEN, compose_characters, show_text
from gateway.core.dom.side_notes import NOTES, may_be_note, move_side_notes

_NOSCRIPT = "noscript"
# what may have to be put elsewhere, or otherwise
SOUGHT = Query((_NOSCRIPT, *HOLDERS, *NOTES, *REWRITTEN))


def rewrite(
    tree: LexborHTMLParser, markup: bytes, *, scripting: bool, found: list[Mark] | None = None
) -> bool:
    """Put inner trees, pictures for readers without scripts, side notes and text where a reader sees them.

    Args:
        tree: the parsed page; changed in place.
        markup: what it was parsed from, UTF-8.
        scripting: as it was parsed: a `<noscript>` is one text.
        found: what SOUGHT looks for in it, if that is at hand.
    Returns:
        Whether anything was changed, or may have been.
    """
    marks = find_marked(tree, SOUGHT.selectors) if found is None else found
    noscripts, others = [], []
    for mark in marks:
        if mark[0].tag == _NOSCRIPT:
            noscripts.append(mark[0])
        else:
            others.append(mark)
    has_inner = any(holds_tree(node, attributes) for node, attributes in others)
    if has_inner:
        show_inner_trees(tree)
        # in what was just put there too
        noscripts = [node for node, _ in find_marked(tree, (_NOSCRIPT,))]
    has_shown = scripting and show_noscript_pictures(tree, noscripts)
    has_new = has_inner or has_shown
    has_moved = (has_inner or any(map(may_be_note, others))) and move_side_notes(tree)
    has_text = bool(others) and show_text(tree, None if has_new else others)
    return compose_characters(tree, markup) or has_new or has_moved or has_text

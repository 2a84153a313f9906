"""A page's tree as a reader would see it drawn, before anything reads it.

What a browser shows elsewhere than it is written, or otherwise, is put where it is seen. Each step looks for its own
elements; one query tells which steps a page needs at all, since most pages need none.
"""

from selectolax.lexbor import LexborHTMLParser

from gateway.core.dom.inner_trees import HOLDERS, show_inner_trees
from gateway.core.dom.native import find_marked
from gateway.core.dom.noscript_pictures import show_noscript_pictures
from gateway.core.dom.shown_text import REWRITTEN, compose_characters, show_text
from gateway.core.dom.side_notes import NOTES, move_side_notes

_NOSCRIPT = "noscript"
_SELECTORS = (_NOSCRIPT, *HOLDERS, *NOTES, *REWRITTEN)


def rewrite(tree: LexborHTMLParser, markup: bytes, *, scripting: bool) -> None:
    """Put inner trees, pictures for readers without scripts, side notes and text where a reader sees them.

    Args:
        tree: the parsed page; changed in place.
        markup: what it was parsed from, UTF-8.
        scripting: as it was parsed: a `<noscript>` is one text.
    """
    found = {node.tag == _NOSCRIPT for node, _ in find_marked(tree, _SELECTORS)}
    has_others = False in found
    if has_others:
        show_inner_trees(tree)
    if scripting and found:
        # in what was just put there too
        show_noscript_pictures(tree)
    if has_others:
        move_side_notes(tree)
        show_text(tree)
    compose_characters(tree, markup)

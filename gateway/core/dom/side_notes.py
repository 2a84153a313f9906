"""Notes that a page shows beside the text where they are referred to, as LaTeXML and Tufte's style do.

Their text stands in the middle of the sentence. Here it is moved to the end of the page, and a reference takes its
place, so that what reads footnotes finds them.
"""

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom.landmarks import Mark

NOTES = tuple(
    f'{tag}[class~="{name}"]'
    for tag, name in (
        ("span", "ltx_role_footnote"),
        ("span", "sidenote"),
        ("span", "marginnote"),
        ("small", "sidenote"),
    )
)
# what all of these names have
_NOTE = "note"
# the number that is written in the note, and what opens it on a small screen
_MARKS = ".ltx_note_mark,.ltx_tag_note"
_TOGGLES = frozenset(("label", "input"))
_MOST_NOTES = 500
_MOST_TOGGLES = 2
# elements around a note that are looked at
_MOST_PARENTS = 100


def may_be_note(mark: Mark) -> bool:
    """Whether an element may be one of NOTES."""
    return _NOTE in (mark[1].get("class") or "")


def move_side_notes(tree: LexborHTMLParser) -> bool:
    """Put a reference where a note beside the text stands, and the note at the end of the page.

    Args:
        tree: the parsed page; changed in place.
    Returns:
        Whether there were any.
    """
    notes = tree.css(",".join(NOTES))
    if not notes or tree.body is None:
        return False
    items = tree.create_node("ol")
    # what is taken out; to free it would leave notes in it without a tree
    unseen = tree.create_node("div")
    for number, note in enumerate(notes[:_MOST_NOTES], 1):
        if _is_inside(note, items, unseen):
            continue
        for mark in (*note.css(_MARKS), *_toggles_before(note)):
            unseen.insert_child(mark, move=True)
        link = tree.create_node("a")
        link.attrs["href"] = f"#side-note-{number}"
        link.insert_child(str(number))
        raised = tree.create_node("sup")
        raised.insert_child(link, move=True)
        note.insert_before(raised, move=True)
        item = tree.create_node("li")
        item.attrs["id"] = f"side-note-{number}"
        item.insert_child(note, move=True)
        items.insert_child(item, move=True)
    tree.body.insert_child(items, move=True)
    return True


def _toggles_before(note: LexborNode) -> list[LexborNode]:
    """What opens the note where a screen is too small to show it."""
    found: list[LexborNode] = []
    before = note.prev
    while before is not None and len(found) < _MOST_TOGGLES and before.tag in _TOGGLES:
        found.append(before)
        before = before.prev
    return found


def _is_inside(note: LexborNode, *outside: LexborNode) -> bool:
    """Whether a note is in another one, which has been moved."""
    tops = [node.mem_id for node in outside]
    above = note.parent
    for _ in range(_MOST_PARENTS):
        if above is None:
            return False
        if above.mem_id in tops:
            return True
        above = above.parent
    return False

"""What a browser shows of trees beside the page's own: declarative shadow roots, and the documents of `srcdoc`.

Both are put into the tree where a reader sees them, before anything reads it: a shadow root takes its template's
place with the host's children in its slots, a frame becomes a `<section>` with what is in its document.

Source: HTML Living Standard, 4.12.3 (shadowrootmode), 4.12.4 (slot), 4.8.5 (srcdoc).
"""

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom.landmarks import Attributes
from gateway.core.dom.nesting import limit_nesting

HOLDERS = ("iframe[srcdoc]", "template")
_MODE = "shadowrootmode"
_MODES = ("open", "closed")
# shadow roots in shadow roots, documents in documents
_MOST_NESTED = 4
_NO_SIZE = ("0", "1", "0px", "1px")
_FRAMES_OWN = frozenset(("srcdoc", "src", "width", "height", "title"))


def holds_tree(node: LexborNode, attributes: Attributes) -> bool:
    """Whether one of HOLDERS has something that may be shown: most templates are for scripts."""
    return node.tag == "iframe" or (node.tag == "template" and _MODE in attributes)


def show_inner_trees(tree: LexborHTMLParser, *, nested: int = 0) -> None:
    """Put shadow roots and the documents of frames where a reader sees them.

    Args:
        tree: the parsed page; changed in place.
        nested: documents around this one.
    """
    holders = tree.css(",".join(HOLDERS))
    for holder in holders if nested < _MOST_NESTED else ():
        if holder.tag == "iframe":
            _show_document(tree, holder, nested)
    if holders:
        # what nobody sees is moved here; to free it would leave further roots in it without a tree
        unseen = tree.create_node("div")
        hosts: set[int] = set()
        for _ in range(_MOST_NESTED):
            # a root may hold further ones: those are found once it is in the tree
            if not sum([_show_root(root, hosts, unseen) for root in tree.template_fragments()]):
                break


def _show_document(tree: LexborHTMLParser, frame: LexborNode, nested: int) -> None:
    attributes = frame.attributes
    if attributes.get("width") in _NO_SIZE or attributes.get("height") in _NO_SIZE:
        return
    markup = limit_nesting((attributes.get("srcdoc") or "").encode()).markup
    document = LexborHTMLParser(markup, scripting=True)
    show_inner_trees(document, nested=nested + 1)
    section = tree.create_node("section")
    for name, value in attributes.items():
        # what hides the frame hides what is in it
        if name not in _FRAMES_OWN:
            section.attrs[name] = value or ""
    child = document.body.first_child if document.body is not None else None
    while child is not None:
        section.insert_child(child)
        child = child.next
    frame.replace_with(section, move=True)


def _show_root(root: LexborNode, hosts: set[int], unseen: LexborNode) -> bool:
    """Put a shadow root in its host, and what its slots do not show in `unseen`; whether it was one."""
    template = root.parent
    host = template.parent if template is not None else None
    if template is None or host is None or (template.attributes.get(_MODE) or "").lower() not in _MODES:
        return False
    if host.mem_id in hosts:
        # an element has one root, its first
        return False
    hosts.add(host.mem_id)
    slots: dict[str, LexborNode] = {}
    for slot in root.css("slot"):
        # the first of a name takes what is for it
        slots.setdefault(slot.attributes.get("name") or "", slot)
    children = [child for child in host.iter(include_text=True) if child.mem_id != template.mem_id]
    while (child := root.first_child) is not None:
        template.insert_before(child, move=True)
    unseen.insert_child(template, move=True)
    filled: set[int] = set()
    for child in children:
        name = child.attributes.get("slot") if child.is_element_node else None
        place = slots.get(name or "")
        if place is not None and place.mem_id not in filled and not _is_blank(child):
            filled.add(place.mem_id)
            while (fallback := place.first_child) is not None:
                unseen.insert_child(fallback, move=True)
        (place or unseen).insert_child(child, move=True)
    return True


def _is_blank(node: LexborNode) -> bool:
    return node.is_text_node and not (node.text_content or "").strip()

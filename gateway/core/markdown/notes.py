"""Footnotes: which links refer to one, which element holds it, and how it is written.

Generators of footnotes agree on little: the text may be the target of the reference, or what is around it, or after
it; a link back may be there or not. What a reference and its note have in common is a short label, and one or more
of: the reference is raised, its target is called like a note, or the note links back.

Source: GitHub Flavored Markdown, footnotes.
"""

import re
from urllib.parse import unquote

from selectolax.lexbor import LexborNode

from gateway.core.dom.layout import KNOWN
from gateway.core.dom.tags import ID, PLAIN, TEXT, ids
from gateway.core.markdown.drafts import Draft, indent

_LABEL = re.compile(r"[\[(]?\s*((?:(?:note|nb|n|fn)\s?)?[^\W_]{1,4}|[*†‡§¶]{1,4})\s*[\])]?[.:]?", re.I)
_NOTE_NAME = re.compile(
    r"(?:user-content-)?_?(?:fn|ftn|ftnt|foot|footnote|endnote|edn|en|note|cite_note|sdfootnote|sdendnote|easy-footnote"
    r"|modern_footnote|sn|nb)(?!.*ref)(?:[-_:.a-z]{0,40})\d{1,6}(?!\d)",
    re.I,
)
_REFERENCE_NAME = re.compile(r"footnote|noteref|endnote|fnref|reference|mw-ref", re.I)
_BACK_TEXT = re.compile(r"(?:[a-k]|[↩↑^⏎⬆↵⇧]\ufe0e?|return|back|jump up)?", re.I)
_INLINE = PLAIN | ids("a abbr b code em i rt s strong sub sup")
_BODIES = ids("li p div aside dd td tr section blockquote")
_A = ID["a"]
_LINE_START = re.compile(r"(?:[\^↑]\s*)+")
_LABEL_START = re.compile(r"(?:<sup>\s*+)?(?:\\?\[)?\(?")
_LABEL_END = re.compile(r"(?:\\?[.)\]:])*+(?:\s*+</sup>)?(?:\s++|\Z|(?<=[.)\]:>])(?=\S))")
_LEFT = re.compile(r"(?:\\?[.)\]:])+\s+")
# elements between a target and what must not be around it
_MAX_ABOVE = 40
# of a note; a longer one is a part of the page
_MAX_CHARS = 6000
# characters of what may be notes of one tree: they may be nested in each other
_MOST_READ = 2_000_000


class Note:
    """A footnote that something refers to."""

    __slots__ = ("body", "label", "word")

    def __init__(self, body: LexborNode, label: str, word: str) -> None:
        self.body = body
        # in markdown
        self.label = label
        # as the page writes it
        self.word = word


class Notes:
    """The footnotes of one tree, found as their references come."""

    __slots__ = (
        "_by_body",
        "_by_target",
        "_labels",
        "_order",
        "_room",
        "_root",
        "_sources",
        "_targets",
        "found",
        "inside",
    )

    def __init__(self, root: LexborNode) -> None:
        # in the order of their first references
        self.found: list[Note] = []
        # the one that is being written
        self.inside: Note | None = None
        self._root = root
        # by id or name
        self._targets: dict[str, LexborNode] | None = None
        # mem_id -> place in the document, of links and targets
        self._order: dict[int, int] = {}
        self._by_target: dict[str, Note | None] = {}
        self._by_body: dict[int, Note] = {}
        self._labels: set[str] = set()
        self._room = _MOST_READ
        # ids at references: where notes link back to
        self._sources: set[str] = set()

    def refer(self, link: LexborNode, fragment: str) -> Note | None:
        """The note that a link within the page refers to, if it is one."""
        if not fragment:
            # the top of the page, as buttons of menus say
            return None
        label = _LABEL.fullmatch(link.text(deep=True).strip())
        if label is None:
            return None
        name = unquote(fragment)
        if name in self._by_target:
            note = self._by_target[name]
        else:
            note = self._by_target[name] = self._find(link, name, label[1])
        if note is None or note is self.inside:
            return None
        self._sources.update(_names_around(link))
        return note

    def leads_back(self, link: LexborNode, fragment: str) -> bool:
        """Whether a link in a note leads to where the note is referred to."""
        if self.inside is None:
            return False
        text = link.text(deep=True).strip()
        return (
            _BACK_TEXT.fullmatch(text) is not None
            or unquote(fragment) in self._sources
            or text.strip("[]().^ ") == self.inside.word
        )

    def _find(self, link: LexborNode, name: str, word: str) -> Note | None:
        target = self._read_targets().get(name)
        if target is None or self._order[target.mem_id] < self._order.get(link.mem_id, 0):
            return None
        body = self._body_of(target, word)
        if body is None or _is_around(body, link):
            return None
        note = self._by_body.get(body.mem_id)
        if note is not None:
            return note if note.word == word else None
        raised = _is_raised(link)
        called = _NOTE_NAME.match(name) is not None
        marked = _is_marked(link)
        if not (raised or (called and (marked or link.text(deep=True).strip()[0] in "[("))):
            around = _names_around(link)
            if not any(
                unquote((back.attributes.get("href") or "").partition("#")[2]) in around
                for holder in (target, body)
                for back in holder.css('a[href*="#"]')
            ):
                return None
        note = self._by_body[body.mem_id] = Note(body, self._label(word), word)
        self.found.append(note)
        return note

    def _body_of(self, target: LexborNode, word: str) -> LexborNode | None:
        """The element that holds the text of a note: the target, what is around it, or the definition after it."""
        node: LexborNode | None = target
        for _ in range(_MAX_ABOVE):
            if node is None or (node.tag_id not in _INLINE and node.tag_id in KNOWN):
                break
            node = node.parent
        if node is not None and node.tag_id == ID["dt"]:
            node = node.next
            while node is not None and node.tag_id != ID["dd"]:
                node = None if node.tag_id == ID["dt"] else node.next
        if (
            node is not None
            and node.tag_id == ID["table"]
            and "footnote" in (node.attributes.get("class") or "")
        ):
            node = node.css_first("tr")
        for _ in range(2):
            if node is None or node.tag_id not in _BODIES or self._room < 0:
                return None
            text = node.text(deep=True).strip()
            self._room -= len(text)
            if text.strip("[](){}.:^↩ ") not in ("", word):
                return node if len(text) <= _MAX_CHARS and not self._is_shared(node, target) else None
            # the label stands in a block of its own
            node = node.parent
        return None

    def _is_shared(self, body: LexborNode, target: LexborNode) -> bool:
        """Whether other notes stand in the same element."""
        names = [
            node.attributes.get("id") or node.attributes.get("name") or ""
            for node in body.css("[id], a[name]")
        ]
        self._room -= len(names)
        own = target.attributes.get("id") or target.attributes.get("name") or ""
        return any(name != own and name.startswith(own[:2]) and _NOTE_NAME.match(name) for name in names)

    def _read_targets(self) -> dict[str, LexborNode]:
        if self._targets is None:
            self._targets = {}
            targets, order = self._targets, self._order
            for place, node in enumerate(self._root.css('[id], a[name], a[href*="#"]')):
                order.setdefault(node.mem_id, place)
                if name := node.id:
                    targets.setdefault(name, node)
                if node.tag_id == _A and (name := node.attributes.get("name")):
                    targets.setdefault(name, node)
        return self._targets

    def _label(self, word: str) -> str:
        """A label that GFM takes and that is not taken."""
        label = "-".join(word.split())
        if not label[0].isalnum():
            label = str(len(self.found) + 1)
        free, more = label, 1
        while free in self._labels:
            more += 1
            free = f"{label}-{more}"
        self._labels.add(free)
        return free


def _is_around(outer: LexborNode, node: LexborNode | None) -> bool:
    for _ in range(_MAX_ABOVE):
        if node is None:
            return False
        if node.mem_id == outer.mem_id:
            return True
        node = node.parent
    return True


def _is_raised(link: LexborNode) -> bool:
    parent = link.parent
    above = parent.parent if parent is not None else None
    if any(node is not None and node.tag_id == ID["sup"] for node in (parent, above)):
        return True
    child = link.first_child
    while child is not None and child.tag_id == TEXT and (child.text_content or "").isspace():
        child = child.next
    return child is not None and (
        child.tag_id == ID["sup"] or (child.tag_id in PLAIN and bool(child.css("sup")))
    )


def _is_marked(link: LexborNode) -> bool:
    """Whether it or what is around it is called a reference to a note."""
    for node in (link, link.parent):
        if node is not None:
            attributes = node.attributes
            said = [
                attributes.get(name) or ""
                for name in ("class", "role", "rel", "epub:type", "id", "data-type")
            ]
            if _REFERENCE_NAME.search(" ".join(said)):
                return True
    return False


def _names_around(link: LexborNode) -> set[str]:
    """The names by which a note may link back to its reference."""
    names: set[str] = set()
    node: LexborNode | None = link
    for _ in range(4):
        if (
            node is None
            or not node.is_element_node
            or (node.tag_id not in _INLINE and node.mem_id != link.mem_id)
        ):
            break
        attributes = node.attributes
        names |= {name for name in (attributes.get("id"), attributes.get("name")) if name}
        node = node.parent
    before = link.prev
    if before is not None and before.is_element_node and not before.text(deep=True).strip():
        names |= {name for name in (before.attributes.get("id"), before.attributes.get("name")) if name}
    return names


def to_draft(note: Note, drafts: list[Draft], *, html: bool) -> Draft | None:
    """The footnote with what was read of it; None when that is nothing but its label.

    Its paragraphs are lines of one paragraph, since a reader that knows no footnotes takes what is indented for code.
    """
    drafts = [draft for draft in drafts if draft.text.strip()]
    while drafts and _strip_label(drafts[0], note.word):
        del drafts[0]
    if not drafts:
        return None
    first, *rest = drafts
    # one word alone, or a word and something in quotes, is the definition of a link for a reader without footnotes
    words = first.markdown.split(None, 2)
    if len(words) == 1 or words[1][0] in "\"'(":
        head, line_end, tail = first.markdown.partition("  \n")
        first.markdown = f"{head} <!-- -->{line_end}{tail}"
    parts = [f"[^{note.label}]: {indent(first.markdown, '    ')}"]
    after = first
    for draft in rest:
        as_line = draft.kind == after.kind == "paragraph"
        parts += ["  \n    " if as_line else "\n\n    ", indent(draft.markdown, "    ")]
        after = draft
    text = "\n".join([draft.text for draft in drafts])
    return Draft(
        "paragraph",
        "".join(parts),
        f"[{note.label}]: {text}",
        f"<p><sup>{note.label}</sup></p>{''.join([draft.html for draft in drafts])}" if html else "",
        "",
    )


def _strip_label(draft: Draft, word: str) -> bool:
    """Take the label off the start of a note; whether nothing is left."""
    for name in ("text", "markdown", "html"):
        value = getattr(draft, name)
        lead = "<p>" if name == "html" and value.startswith("<p>") else ""
        rest = value[len(lead) :]
        rest = rest[match.end() :] if (match := _LINE_START.match(rest)) else rest
        opening = _LABEL_START.match(rest)
        start = opening.end() if opening else 0
        for label in (word, word.replace("*", r"\*")):
            if rest.startswith(label, start) and (end := _LABEL_END.match(rest, start + len(label))):
                rest = rest[end.end() :]
                break
        else:
            # of a label that led back, and was left out
            rest = rest[left.end() :] if (left := _LEFT.match(rest)) else rest
        setattr(draft, name, lead + rest)
    return not draft.text.strip("[](){}.:^ ")

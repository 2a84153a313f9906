"""Text that no reader sees, distinguished from text that a script shows on demand.

A page hides text for two reasons. Tabs, accordions, carousels, "read more" and streamed React trees
hide what a click or a script reveals: that is content, and on service pages almost half of all hidden
words are. What nothing reveals (no size, its background's colour, off-screen, for screen readers alone)
is noise at best and an instruction to a language model at worst.

`hidden`, `aria-hidden`, display, visibility, opacity and no height are what scripts undo. They hide unless
 - something on the page names the element as what it controls (aria-controls, href="#id" …);
 - a button or heading right before it can open it;
 - its own names, or its parents', are those of a widget that reveals (tab, accordion, carousel …), and
   readers see another part of that, or a heading or control beside it;
 - it is see-through only until an animation that it declares itself;
 - it is a piece of a streamed React tree (id="S:…") whose place is on the page, or so large a share of the
   page that hiding it would leave readers nothing;
 - it is aria-hidden and all that an article says, or all articles are in it: those who see it read it.
A link to another page is aria-hidden where a card links twice: readers see it, screen readers need not.
Menus, dialogs and pop-ups reveal too, but never content. Font size 0, off-screen, clip, scale(0), same
colour and screen-reader classes always hide.

So a forger who adds the control as well, which readers see, or a widget of several parts, is not told from an
honest page: only what the text says tells him (`instructions`). What waits for a script to take its cloak away
(`v-cloak`, `x-cloak`) stays hidden: on the labelled pages that is menus, templates and answers to forms.
"""

import re
from collections.abc import Collection, Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom.landmarks import Attributes, Landmarks, find_marks, is_for_screen_readers
from gateway.core.dom.native import count_text, find_below, find_first
from gateway.core.dom.tags import ID
from gateway.core.dom.texts import count_stripped, find_counter
from gateway.core.visibility.controls import sibling
from gateway.core.visibility.css import (
    gives_back,
    is_animated,
    letters_of,
)
from gateway.core.visibility.declared import Declared
from gateway.core.visibility.grounds import Grounds
from gateway.core.visibility.instructions import MAX_CHARACTERS, speaks_to_model
from gateway.core.visibility.series import Series
from gateway.core.visibility.sheet_sources import read_sheets
from gateway.core.visibility.sheets import Rule, Sheets
from gateway.core.visibility.unicode import strip_invisible
from gateway.core.visibility.widgets import Widgets, names_of
from gateway.wire import Notice

_DIALOG, _FONT, _MATH = ID["dialog"], ID["font"], ID["math"]
_ICONS = frozenset(("svg", "i", "img"))
# what draws no formula
_PROSE = frozenset(
    ("p", "div", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article")
)
_UNDOABLE = frozenset(("display", "visibility", "opacity", "hidden", "aria-hidden", "no-size"))
# what text below gets another value of
_GIVEN_BACK = frozenset(("font-size", "letter-spacing", "visibility", "color"))
_CONTENT = frozenset(("article", "main"))
_CONTENTS = ",".join(sorted(_CONTENT))
# elements between such a one and what is all its text, such ones looked at, and characters of that text
_CONTENT_PARENTS = 8
_MOST_CONTENTS = 20
_LEAST_ALL = 60
_WHOLE_PAGE = frozenset((ID["html"], ID["body"], ID["main"]))

_ANIMATES = re.compile(r"data-.*(?:anim|aos|w-id|framer|scroll|reveal|motion|fade)", re.I)
# of the page's text: more is the page itself
_SHARE = 0.5
# characters: a page of less hides what it hides
_LEAST_PAGE = 1000
_READ_CHARACTERS = 50_000_000
# hidden texts that are searched for what addresses a model
_MOST_HEARD = 100
# texts that something opens, searched too
_MOST_OPENED = 1000
# of texts that may be shown one at a time, each
_ALIKE_CHARACTERS = 60
# of hidden texts quoted
SAMPLES = 20
SAMPLE_CHARACTERS = 200
# of the text of an element, at least, that is shown below it
_SHOWN = 0.8
# elements looked at for that, and which
_MOST_BELOW = 40
_LOOKED_AT = ("[style]", "[class]")


def find_hidden(
    tree: LexborHTMLParser,
    *,
    marks: Landmarks | None = None,
    warnings: list[Notice] | None = None,
    aria_hidden: bool = True,
) -> dict[int, str]:
    """The elements whose text no reader can see.

    Args:
        tree: the parsed page; not changed.
        marks: `find_marks(tree)`, if that is at hand.
        warnings: `styles_cut` is added where the style sheets are too long to be read whole, `hidden_instructions`
            where a hidden text addresses a model.
        aria_hidden: False where what `aria-hidden` says does not count: those who see the page read it.
    Returns:
        `mem_id` -> why: font-size, letter-spacing, off-screen, clip, scale, color, sr-only, dialog, or one of display,
        visibility, opacity, hidden, aria-hidden, no-size where nothing reveals it. Any tag can be there,
        `<span>` too; what is below a hidden element is hidden with it, listed or not. Elements without
        text are not listed.
    """
    page = _Page(tree, marks or find_marks(tree), aria_hidden=aria_hidden)
    found: dict[int, str] = {}
    left = _READ_CHARACTERS
    speaking: set[int] = set()
    alike: dict[tuple[str, str, str], list[tuple[LexborNode, int]]] = {}
    opened: list[tuple[LexborNode, Attributes, str, Rule | None, int]] = []
    # what rules hide: attributes are read where an element is asked what it opens
    gone: set[int] = set()
    for node, attributes, reason, rule in page.candidates(found):
        mem_id = node.mem_id
        if mem_id in found or node.tag_id in _WHOLE_PAGE:
            continue
        is_read = left > 0
        characters = page.count(node) if is_read else 1
        if not characters or (first := node.first_child) is None:
            continue
        if (
            first.tag_id == _MATH
            and (not is_read or count_stripped(first) >= _SHOWN * characters)
            and _is_beside_drawing(node)
        ):
            # a picture of the same formula, which readers see
            continue
        # hidden elements may nest, and each repeats what is below it
        left -= characters
        is_group = False
        if reason in _UNDOABLE:
            names = names_of(attributes)
            is_content = not page.widgets.is_never_content(names)
            if is_content and page.shows(node, attributes, reason, names):
                opened.append((node, attributes, reason, rule, characters))
                continue
            if page.is_much(characters) or (reason == "aria-hidden" and page.is_all(node, characters)):
                continue
            is_group = is_content and characters >= _ALIKE_CHARACTERS
        if reason in _GIVEN_BACK and page.is_shown_below(node, reason, characters):
            continue
        if rule is not None and page.declared.outweighs(rule, attributes):
            continue
        found[mem_id] = reason
        if rule is not None:
            gone.add(mem_id)
        if node.tag == "summary" and (outer := _closed_by(node)) is not None:
            # nothing is left to open it by
            found.setdefault(outer.mem_id, reason)
        is_heard = is_read and (warnings is not None or is_group) and len(found) <= _MOST_HEARD
        is_said = is_heard and speaks_to_model(node)
        if is_said:
            speaking.add(mem_id)
        is_group &= not is_said or reason == "aria-hidden" or not speaks_to_model(node, quoted=False)
        if is_group and (classes := attributes.get("class")):
            alike.setdefault((node.tag or "", classes, reason), []).append((node, characters))
    if page.is_cut and warnings is not None:
        message = "the style sheets hide more than is looked at: text that no reader can see may be left"
        warnings.append(Notice(code="styles_cut", message=message))
    series = Series(found)
    for (_, classes, reason), group in alike.items():
        is_widget = page.widgets.is_widget(classes.lower())
        if series.has(group, are_seen=reason == "aria-hidden", is_widget=is_widget):
            for node, _ in group:
                del found[node.mem_id]
    gone &= found.keys()
    page.widgets.leave_out(gone)
    for count, (node, attributes, reason, rule, characters) in enumerate(opened):
        is_said = (
            count < _MOST_OPENED
            and characters <= MAX_CHARACTERS
            and reason != "aria-hidden"
            and speaks_to_model(node, quoted=False)
        )
        if not is_said and (not gone or page.shows(node, attributes, reason)):
            continue
        if (reason == "visibility" and page.is_shown_below(node, reason, characters)) or page.is_much(
            characters
        ):
            continue
        if rule is None or not page.declared.outweighs(rule, attributes):
            found[node.mem_id] = reason
            if is_said:
                speaking.add(node.mem_id)
    if warnings is not None and not speaking.isdisjoint(found):
        message = "text that no reader can see, and that was left out, speaks to a language model"
        warnings.append(Notice(code="hidden_instructions", message=message))
    return found


def quote_hidden(root: LexborNode, found: Collection[int]) -> list[str]:
    """The beginnings of hidden texts in the order of the page, for people to look at.

    Args:
        found: `mem_id`s, as of `find_hidden`.
    Returns:
        At most SAMPLES texts of at most SAMPLE_CHARACTERS, white space folded, invisible characters taken out.
    """
    samples: list[str] = []
    for node in root.traverse():
        if len(samples) == SAMPLES:
            break
        if node.mem_id in found and not any(outer in found for outer in _outer_ids(node)):
            text = " ".join(strip_invisible(node.text() or "").text.split())
            cut = f"{text[: SAMPLE_CHARACTERS - 1]}…" if len(text) > SAMPLE_CHARACTERS else text
            samples += [cut] if cut else []
    return samples


def _is_beside_drawing(node: LexborNode) -> bool:
    """Whether right beside an element stands another that may draw what it says."""
    return any(
        (other := sibling(node, side)) is not None and other.tag not in _PROSE for side in ("next", "prev")
    )


def _closed_by(summary: LexborNode) -> LexborNode | None:
    """The `<details>` of which it is the first element, if that is not open."""
    outer = summary.parent
    if outer is None or outer.tag != "details" or "open" in outer.attributes:
        return None
    return outer if next(outer.iter()).mem_id == summary.mem_id else None


def _outer_ids(node: LexborNode) -> Iterator[int]:
    while (outer := node.parent) is not None:
        yield outer.mem_id
        node = outer


class _Page:
    """A tree with what is worth computing once, and only if asked."""

    def __init__(self, tree: LexborHTMLParser, marks: Landmarks, *, aria_hidden: bool) -> None:
        self._counts_aria = aria_hidden
        self.widgets = Widgets(tree, marks)
        self.count = find_counter()
        self._tree = tree
        self._marks = marks
        css = read_sheets(marks)
        self._rules = Sheets(css)
        self.declared = Declared(self._rules)
        self._grounds = Grounds(tree, marks, css, self._rules, self.declared)
        # classes -> whether they are for screen readers
        self._heard: dict[str, bool] = {}
        # of the page's text, if they are not `_enough`, else some of them
        self._characters: int | None = None
        self._enough = 0
        # characters by mem_id
        self._contents: dict[int, int] = {}
        # articles and main contents, and elements that were searched for them
        self._count: int | None = None
        self._looked = 0

    @property
    def is_cut(self) -> bool:
        """Whether rules or elements were left unread."""
        return self._rules.is_cut

    def candidates(self, found: Collection[int]) -> Iterator[tuple[LexborNode, Attributes, str, Rule | None]]:
        """Elements that an attribute or a `<style>` rule hides, and why, whatever may reveal them.

        Args:
            found: the mem_ids of those that need not come again; may grow meanwhile.
        """
        # style attribute -> how it hides, and what it declares if it has colours
        known: dict[str, tuple[str, dict[str, str] | None]] = {}
        for node, attributes in self._marks.concealed:
            if text := attributes.get("style"):
                look = known.get(text)
                if look is None:
                    style, reason = self.declared.style(text)
                    look = known[text] = reason, style if letters_of(style) else None
                reason, colored = look
                if reason or (colored is not None and (reason := self._grounds.same_color(node, colored))):
                    yield node, attributes, reason, None
            if (reason := self._marked(node, attributes)) and (
                node.tag not in _ICONS or reason not in ("aria-hidden", "sr-only")
            ):
                yield node, attributes, reason, None
        for node, attributes, rule in self._rules.find_hidden(self._tree, found, self._marks.names):
            yield node, attributes, rule.reason, rule
        for node, attributes in self._grounds.find_same(found):
            yield node, attributes, "color", None

    def _marked(self, node: LexborNode, attributes: Attributes) -> str:
        get = attributes.get
        if "hidden" in attributes:
            return "" if get("hidden") == "until-found" else "hidden"
        if "popover" in attributes:
            return "hidden"
        if self._counts_aria and get("aria-hidden") == "true":
            link = (get("href") or "#") if node.tag == "a" else "#"
            return "aria-hidden" if link.startswith("#") else ""
        tag = node.tag_id
        if tag == _DIALOG:
            return "" if "open" in attributes else "dialog"
        if tag == _FONT:
            return self._grounds.same_color(node, {"color": (get("color") or "").lower()})
        classes = get("class")
        if not classes:
            return ""
        known = self._heard.get(classes)
        if known is None:
            known = self._heard[classes] = is_for_screen_readers(classes)
        return "sr-only" if known else ""

    def shows(self, node: LexborNode, attributes: Attributes, reason: str, names: str | None = None) -> bool:
        """Whether something on the page shows this element to its readers after all.

        Args:
            names: `names_of` the attributes, if that is at hand.
        """
        if reason in ("opacity", "visibility"):
            style, _ = self.declared.style(attributes.get("style") or "")
            if is_animated(style) or any(map(_ANIMATES.match, attributes)):
                return True
            if "animation" in (attributes.get("data-settings") or ""):
                # of Elementor
                return True
        return self.widgets.reveal(node, attributes, reason, names_of(attributes) if names is None else names)

    def is_shown_below(self, node: LexborNode, name: str, characters: int) -> bool:
        """Whether most of its text is in elements that have a size of their own, or are visible."""
        shown, enough, left = 0, _SHOWN * characters, _MOST_BELOW
        for below, attributes in find_below(node, _LOOKED_AT, _MOST_BELOW):
            # as many as a query gives: each once for each of the two that it has
            times = min(left, ("style" in attributes) + ("class" in attributes))
            left -= times
            if not times:
                break
            if below.mem_id == node.mem_id:
                continue
            style, reason = self.declared.style(attributes.get("style") or "")
            if (gives_back(style, name) and not reason) or self._rules.sets(attributes, name):
                shown += times * count_stripped(below)
                if shown >= enough:
                    return True
        return False

    def is_much(self, characters: int) -> bool:
        """Whether so much text is the page itself."""
        if characters <= _LEAST_PAGE:
            return False
        # where the page has more, it does not matter how much
        enough = int(characters / _SHARE)
        if self._characters is None or self._enough <= self._characters < enough:
            self._characters, self._enough = count_text(self._tree, self._marks, enough), enough
        return characters > _SHARE * self._characters

    def is_all(self, node: LexborNode, characters: int) -> bool:
        """Whether the article or main content around an element says nothing else: only screen readers miss it.

        Or all of them are in it: beside a dialog that is open, the page is `aria-hidden`.
        """
        if characters < _LEAST_ALL:
            return False
        if self._holds_contents(node):
            return True
        around = node.parent
        for _ in range(_CONTENT_PARENTS):
            if around is None or around.tag in _CONTENT:
                break
            around = around.parent
        if around is None or around.tag not in _CONTENT:
            return False
        known = self._contents.get(around.mem_id)
        if known is None:
            if len(self._contents) == _MOST_CONTENTS:
                return False
            known = self._contents[around.mem_id] = count_stripped(around)
        return known <= characters

    def _holds_contents(self, node: LexborNode) -> bool:
        if self._looked == _MOST_CONTENTS:
            return False
        self._looked += 1
        if find_first(node, *_CONTENT) is None:
            # most hold none, and then the page is not asked
            return False
        if self._count is None:
            self._count = len(self._tree.css(_CONTENTS))
        return 0 < self._count == len(node.css(_CONTENTS))

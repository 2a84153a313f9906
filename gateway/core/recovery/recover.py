"""Text that is not in the DOM: in `<noscript>`, structured data, a script's state or `<template>`.

Measured on 1,491 pages: where the DOM has the page's text, what structured data says beyond it is written
for search engines and is no content (under 5 % of it is); only an article's body, and the description of the
one product of a short page, are. Where the DOM is an empty shell, what stands behind it is all there is:
Discourse and Flarum serve whole threads in `<noscript>`, which lifts forums by .13 of F1. So a source needs
three times the DOM's words to replace it, and nothing is said twice.
"""

import re
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Any

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser

from gateway.core.dom.landmarks import Landmarks, find_marks
from gateway.core.metadata.schema_org import HAS_BODY, PRODUCT, SHOWN_FOR_A_SHELL
from gateway.core.metadata.structured import Item, prune, types_of
from gateway.core.recovery.prose import item_to_html, state_to_html, to_html
from gateway.core.text.json_in_text import JsonAt, json_at, json_whole, parse_json
from gateway.core.text.languages import count_words, squeeze

# a DOM with more is looked behind for noscript, bodies and the product only
_THIN_WORDS = 120
# a page with more shows what it has to say of its product
_SHORT_WORDS = 800
# of a text with more characters words are not counted one by one
_LONG_CHARACTERS, _CHARACTERS_A_WORD = 8000, 6
# less is no content
_LEAST_WORDS = 25
_LEAST_BODY_WORDS = 80
# a source with so many times the DOM's words replaces it
_SHELL_RATIO = 3
# of the samples: then it is in the DOM already
_SEEN = 0.3
_SAMPLES, _SAMPLE_CHARACTERS = 16, 24
_MAX_STATE_CHARACTERS = 4_000_000
# less is a tracking pixel or "please enable JavaScript"
_LEAST_NOSCRIPT_CHARACTERS = 400

# a body with more such places is all text of a page, its scripts' included
_CODE = re.compile(r"function\s?\(|\}\s?\)\s?;|\$\(['\"#.]")
_MOST_CODE = 3

_TAG = re.compile(r"<[^<>]*>")
_STRING = r'"(?:[^"\\\n]++|\\.)*+"'
_FLIGHT = re.compile(rf"self\.__next_f\.push\(\[1,\s*({_STRING})\]\)")
_FLIGHT_ROW = re.compile(r"^[0-9a-f]+:(?=[\[{])", re.M)
_ASSIGNED = re.compile(
    r"(?:\b__[A-Za-z]\w{1,60}+|[Ss]tate|[Dd]ata)[\"'\]]*\s*=\s*(?:JSON\.parse\(\s*(?=\")|(?=[{\[]))"
)
_LITERAL_BODY = re.compile(r'(?:[^"\\\n]++|\\.)*+')
_LEAST_LITERAL, _MOST_LITERAL = 40, 20_000
_MAX_FAILURES = (
    # assignments of a script that are no JSON after all: each costs a look at what is before it
    200
)
_STATE_ATTRIBUTES = ("data-page", "data-preloaded", "data-state", "props")


class Recovered(Struct, frozen=True, kw_only=True):
    """Content found outside the DOM: `html` to be parsed with `scripting=False`, walked and rendered.

    `replaces`: the DOM is a shell and this is the page; else it goes after the DOM's content. `is_page`: it
    was written as a page, with menus and footers (`<noscript>`, `<template>`), so the main content is still
    to be chosen; else all of it is content.
    """

    # noscript, json-ld, state, template
    source: str
    html: str
    replaces: bool
    is_page: bool


def recover(
    tree: LexborHTMLParser, structured: list[Item], *, visible: str, marks: Landmarks | None = None
) -> list[Recovered]:
    """Content of the page that its DOM lacks.

    Args:
        tree: the page, parsed with `scripting=True` so that `<noscript>` is one text; not changed.
        structured: its items from `read_structured`.
        visible: all text of the DOM that a reader may see, menus included.
        marks: `find_marks(tree)`, if that is at hand.
    Returns:
        Nothing for the usual page. For a shell one piece with `replaces`; else what goes beside the DOM.
    """
    dom = _Dom(visible)
    marks = marks or find_marks(tree)
    noscript = marks.longest_noscript
    if len(noscript) >= _LEAST_NOSCRIPT_CHARACTERS:
        said = count_words(_text_of(noscript))
        if said >= max(_LEAST_WORDS, _SHELL_RATIO * dom.words):
            return [Recovered(source="noscript", html=noscript, replaces=True, is_page=True)]
    if dom.has_fewer_words(_THIN_WORDS):
        for source, candidate in _behind_a_shell(tree, marks, structured):
            text = _text_of(candidate)
            said = count_words(text)
            if said >= max(_LEAST_WORDS, dom.words) and not dom.says(text):
                replaces = said >= _SHELL_RATIO * dom.words
                return [
                    Recovered(source=source, html=candidate, replaces=replaces, is_page=source == "template")
                ]
    return [
        Recovered(source="json-ld", html=candidate, replaces=False, is_page=False)
        for candidate, least in _beside_the_dom(structured, dom)
        if count_words(text := _text_of(candidate)) >= least and not _is_scripted(text) and not dom.says(text)
    ]


def _is_scripted(text: str) -> bool:
    return sum(1 for _ in islice(_CODE.finditer(text), _MOST_CODE + 1)) > _MOST_CODE


class _Dom:
    """The visible text; counted and squeezed when first asked."""

    def __init__(self, visible: str) -> None:
        self._visible = visible

    @cached_property
    def words(self) -> int:
        """How many there are, of a long text about."""
        if len(self._visible) < _LONG_CHARACTERS:
            return count_words(self._visible)
        return len(self._visible) // _CHARACTERS_A_WORD

    def has_fewer_words(self, count: int) -> bool:
        """Whether there are fewer than so many, which mostly is known without telling scripts apart."""
        if len(self._visible) < _LONG_CHARACTERS and len(self._visible.split(None, 2 * count)) > 2 * count:
            # each counts as half a word at least
            return False
        return self.words < count

    @cached_property
    def _squeezed(self) -> str:
        return squeeze(self._visible)

    def says(self, text: str) -> bool:
        """Whether samples spread over a text are found in the DOM, white space and case aside."""
        text = squeeze(text)
        step = max(1, (len(text) - _SAMPLE_CHARACTERS) // (_SAMPLES - 1))
        samples = [text[at : at + _SAMPLE_CHARACTERS] for at in range(0, len(text), step)][:_SAMPLES]
        return sum(sample in self._squeezed for sample in samples) >= _SEEN * len(samples)


def _behind_a_shell(
    tree: LexborHTMLParser, marks: Landmarks, structured: list[Item]
) -> Iterator[tuple[str, str]]:
    """Where the text of a page may be whose DOM has none, the cleanest source first."""
    for subjects in SHOWN_FOR_A_SHELL[:1]:
        yield "json-ld", _items_html(structured, subjects)
    templates = [fragment.html or "" for fragment in tree.template_fragments()]
    yield "template", max(templates, key=len, default="")
    yield "state", state_to_html(_states(tree, marks))
    for subjects in SHOWN_FOR_A_SHELL[1:]:
        yield "json-ld", _items_html(structured, subjects)


def _beside_the_dom(structured: list[Item], dom: _Dom) -> Iterator[tuple[str, int]]:
    """What is content even where the DOM has text, and how many words it needs."""
    for item in structured:
        if any(map(HAS_BODY.search, types_of(item))):
            body = item.get("articleBody") or item.get("text")
            if isinstance(body, str):
                yield to_html(body), _LEAST_BODY_WORDS
    products = [item for item in structured if any(map(PRODUCT.match, types_of(item)))]
    if (
        len(products) == 1
        and isinstance(text := products[0].get("description"), str)
        and dom.words < _SHORT_WORDS
    ):
        yield to_html(text), _LEAST_WORDS


def _items_html(structured: list[Item], subjects: re.Pattern[str]) -> str:
    return "".join(item_to_html(item) for item in structured if any(map(subjects.search, types_of(item))))


def _states(tree: LexborHTMLParser, marks: Landmarks) -> list[Any]:
    """What scripts would build the page from: JSON scripts, assignments, attributes, React flight rows."""
    states: list[Any] = []
    flight: list[str] = []
    for node, attributes in marks.tags["script"]:
        text = node.text() or ""
        kind = (attributes.get("type") or "").lower()
        if len(text) > _MAX_STATE_CHARACTERS or len(text) < 100 or "ld+json" in kind:
            continue
        if "json" in kind:
            states += parse_json(text)
        elif "__next_f" in text[:200]:
            flight += [_unquote(row) for row in _FLIGHT.findall(text)]
        else:
            states += _assigned(text)
    states += [read.value for row in _FLIGHT_ROW.split("".join(flight)) if (read := _state_at(row, 0))]
    selector = ",".join(f"[{name}]" for name in _STATE_ATTRIBUTES)
    for node in tree.css(selector):
        for name in _STATE_ATTRIBUTES:
            if (value := node.attrs.get(name)) and value[:1] in "{[":
                states += parse_json(value)
    for state in states:
        prune(state)
    return states


def _assigned(script: str) -> list[Any]:
    """State that a script assigns: as JSON where it is that, else the texts among its string literals."""
    found: list[Any] = []
    end = failures = 0
    for start in _ASSIGNED.finditer(script):
        if start.end() < end:
            # inside the last one
            continue
        if value := _state_at(script, start.end()):
            found.append(value.value)
            end = value.end
        elif (failures := failures + 1) >= _MAX_FAILURES:
            break
    if found or "__NUXT__" not in script[:500]:
        return found
    return [_unquote(f'"{literal}"') for literal in _literals(script)]


def _literals(script: str) -> Iterator[str]:
    """The long texts between quotes; a quote that ends a short one may begin another."""
    at = 0
    while (quote := script.find('"', at)) >= 0:
        body = _LITERAL_BODY.match(script, quote + 1)
        # it matches the empty text
        assert body is not None
        at = body.end()
        if _LEAST_LITERAL <= len(body[0]) <= _MOST_LITERAL and script.startswith('"', at):
            yield body[0]
            at += 1


def _state_at(text: str, start: int) -> JsonAt | None:
    """The JSON value that begins at `start`, or None; one in quotes is unquoted first."""
    read = json_at(text, start)
    if read is None or not isinstance(read.value, str):
        return read
    unquoted = json_whole(read.value)
    return unquoted and JsonAt(unquoted.value, read.end)


def _unquote(literal: str) -> str:
    read = json_whole(literal)
    return read.value if read and isinstance(read.value, str) else ""


def _text_of(markup: str) -> str:
    return _TAG.sub(" ", markup)

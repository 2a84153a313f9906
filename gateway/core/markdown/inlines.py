"""What the walk does at elements inside a line of text: links, emphasis, code, images, formulas."""

import re
from html import escape as escape_html

from selectolax.lexbor import LexborNode

from gateway.core.dom.descent import CODE, DEL, EM, LINK, STRONG
from gateway.core.dom.embeds import EMBEDS
from gateway.core.dom.permalinks import is_sign, says_permalink
from gateway.core.dom.picture_sources import source_of
from gateway.core.dom.pictures import is_decoration, is_emoji, is_tracker
from gateway.core.dom.tags import HEADINGS, ID, TEXT, ids
from gateway.core.markdown.actions import Close, skip
from gateway.core.markdown.embeds import add_embed, add_gist
from gateway.core.markdown.equations import add_math, add_script
from gateway.core.markdown.escape import escape
from gateway.core.markdown.formulas import tex_of_image
from gateway.core.markdown.line import Atom
from gateway.core.markdown.links import is_edit
from gateway.core.markdown.listings import open_code
from gateway.core.markdown.walk import MAX_LABEL, Opener, Walk
from gateway.wire import Image

# takes the tag's own style back: Google Docs puts all of a text in such a `<b>`
_UNMARKED = {
    "strong": re.compile(r"font-weight\s*:\s*(?:normal|[1-4]00)", re.I),
    "em": re.compile(r"font-style\s*:\s*normal", re.I),
    "del": re.compile(r"text-decoration(?:-line)?\s*:\s*none", re.I),
}
# characters of what an abbreviation stands for
_MAX_EXPANSION = 120
# elements between a link and the heading it stands in
_MAX_ABOVE = 4


def _mark(kind: str) -> Opener:
    unmarked = _UNMARKED.get(kind)

    def open_mark(walk: Walk, node: LexborNode) -> Close | None:
        if (style := node.attributes.get("style")) and unmarked is not None and unmarked.search(style):
            return None
        return walk.line.close if walk.line.open(kind) else None

    return open_mark


def open_quotation(walk: Walk, node: LexborNode) -> Close:
    line = walk.line
    line.add_glyph('"')

    def close() -> None:
        space, line.space = line.space, False
        line.add_glyph('"')
        line.space = space

    return close


def open_reading(walk: Walk, node: LexborNode) -> Close:
    """The reading of a ruby text stands in parentheses behind it, as where a browser knows no ruby."""
    line = walk.line
    line.space = False
    at = line.open_parenthesis()
    return lambda: line.close_parenthesis(at)


def open_link(walk: Walk, node: LexborNode) -> Close | None:
    href = node.attrs.get("href")
    if not href:
        return None
    if "#" in href and (fragment := walk.resolver.fragment(href)) is not None:
        return _open_fragment(walk, node, fragment)
    if is_edit(href):
        walk.empty_brackets = True
        return skip
    url = walk.resolver.resolve(href)
    return walk.line.close if url and walk.line.open("a", url=url) else None


def _open_fragment(walk: Walk, node: LexborNode, fragment: str) -> Close | None:
    """A link within the page says nothing outside it, unless it leads to a footnote."""
    text = node.text(deep=True).strip()
    if is_sign(text) or walk.notes.leads_back(node, fragment):
        return skip
    if walk.flow.heading and _is_beside_heading(node, text, is_behind=bool(walk.line.tokens)):
        return skip
    if len(text) > MAX_LABEL or not walk.is_kept(node):
        return None
    note = walk.refer(node, fragment)
    if note is None:
        return None
    html = f"<sup>{note.label}</sup>"
    walk.line.add_atom(Atom(f"[^{note.label}]", f"[{note.label}]", html))
    return skip


def _is_beside_heading(link: LexborNode, text: str, *, is_behind: bool) -> bool:
    """Whether a link in a heading says where it leads, and nothing of what the heading does."""
    if not says_permalink(text, link.attributes.get("class") or "", behind=is_behind):
        return False
    above = link.parent
    for _ in range(_MAX_ABOVE):
        if above is None or above.tag_id in HEADINGS:
            break
        above = above.parent
    return above is not None and above.text(deep=True).strip() != text


def add_break(walk: Walk, node: LexborNode) -> Close:
    if walk.flow.heading:
        walk.line.space = True
    elif not walk.line.add_break():
        walk.flush()
    return skip


def add_image(walk: Walk, node: LexborNode) -> Close:
    attributes = node.attributes
    alt = walk.see(" ".join((attributes.get("alt") or "").split()))
    if tex := tex_of_image(attributes):
        walk.add_formula(tex, display=False)
        return skip
    is_chosen = walk.options.scope == "main" and walk.options.select is None
    if is_decoration(node, attributes) if is_chosen else is_tracker(attributes):
        walk.line.space = True
        return skip
    if is_emoji(node, alt):
        walk.line.add_text(alt)
        return skip
    url = walk.resolver.resolve(source_of(node, attributes))
    if url:
        walk.images[Image(url=url, alt=alt)] = None
    mode = walk.options.images
    if mode == "inline" and url:
        html = f'<img src="{escape_html(url)}" alt="{escape_html(alt)}">'
        walk.line.add_atom(Atom(f"![{escape(alt, in_link=True)}]({url})", alt, html))
    else:
        # an image keeps the words around it apart
        walk.line.space = True
        if mode == "alt" and alt:
            walk.line.add_atom(Atom(escape(alt, in_link=True), alt, escape_html(alt, quote=False)))
            walk.line.space = True
    return skip


def open_abbreviation(walk: Walk, node: LexborNode) -> Close | None:
    """An abbreviation is followed by what it stands for where a page first says it."""
    title = " ".join((node.attributes.get("title") or "").split())
    if (
        not 1 < len(title) <= _MAX_EXPANSION
        or title[0].isdigit()
        or not walk.is_kept(node)
        or walk.line.in_code
    ):
        return None
    key = title.casefold()
    after = node.next
    following = after.text_content or "" if after is not None and after.tag_id == TEXT else ""
    said = key in walk.expanded or key == node.text(deep=True).strip().casefold()
    walk.expanded.add(key)
    if said or following.lstrip(" (").casefold().startswith(key):
        return None
    title = walk.see(title)

    def close() -> None:
        line = walk.line
        space, line.space = line.space, True
        line.add_text(f"({title})")
        line.space = space

    return close


def add_other_script(walk: Walk, node: LexborNode) -> Close:
    """Write a formula or the link to a gist; any other script shows nothing."""
    attributes = node.attributes
    if (source := attributes.get("src")) and "gist.github.com" in source:
        add_gist(walk, source)
    elif kind := attributes.get("type"):
        add_script(walk, node, kind)
    return skip


def add_checkbox(walk: Walk, node: LexborNode) -> Close:
    item = walk.flow.item
    if item is not None and item.draft is None and node.attrs.get("type") == "checkbox":
        item.task = "[x] " if "checked" in node.attributes else "[ ] "
    return skip


VOIDS: dict[int, Opener] = {
    ID["br"]: add_break,
    ID["img"]: add_image,
    ID["math"]: add_math,
    ID["script"]: add_other_script,
    **dict.fromkeys(EMBEDS, add_embed),
    ID["input"]: add_checkbox,
}
INLINES: dict[int, Opener] = {
    ID["a"]: open_link,
    ID["q"]: open_quotation,
    ID["rt"]: open_reading,
    **dict.fromkeys(ids("abbr acronym"), open_abbreviation),
    **dict.fromkeys(ids("strong b"), _mark("strong")),
    **dict.fromkeys(ids("em i var"), _mark("em")),
    **dict.fromkeys(ids("del s strike"), _mark("del")),
    **dict.fromkeys(ids("sub"), _mark("sub")),
    **dict.fromkeys(ids("sup"), _mark("sup")),
    **dict.fromkeys(ids("code kbd samp tt"), open_code),
}
# those that the extension writes in lines where nothing takes a closer look
MARKS: dict[int, int] = {
    ID["a"]: LINK,
    **dict.fromkeys(ids("strong b"), STRONG),
    **dict.fromkeys(ids("em i var"), EM),
    **dict.fromkeys(ids("del s strike"), DEL),
    **dict.fromkeys(ids("code kbd samp tt"), CODE),
}

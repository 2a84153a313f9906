"""What the walk does at code: blocks of it, inline code that is shown as a block, buttons that copy it."""

from html import escape as escape_html

from selectolax.lexbor import LexborNode

from gateway.core.dom.tags import ID, TEXT, ids
from gateway.core.markdown.actions import Close, end_block, skip
from gateway.core.markdown.code import fence, is_copy_button, is_shown_as_block, read_code
from gateway.core.markdown.drafts import Draft
from gateway.core.markdown.escape import code_span
from gateway.core.markdown.languages import language_named, language_of
from gateway.core.markdown.walk import Walk

_A = ID["a"]
_INSIDE_LINES = ids("br div p li ol ul table")
_AROUND = ids("p div body section article main figure")


def add_code(walk: Walk, node: LexborNode) -> Close:
    walk.flush()
    texts, hidden = walk.texts, walk.hidden

    def is_left_out(inner: LexborNode) -> bool:
        if inner.tag_id == TEXT:
            return texts is not None and inner.mem_id not in texts
        return inner.mem_id in hidden

    language = language_of(node)
    listing = read_code(node, skip=is_left_out, in_cell=walk.flow.cell, language=language)
    code = walk.see(listing.code)
    if code and not code.isspace():
        # blank it can be once invisible characters are taken out
        walk.drop_label(language)
        if named := "" if language else language_named(listing.caption):
            language = named
        elif listing.caption:
            walk.add_text(listing.caption)
            walk.flush()
        html = ""
        if walk.style.html:
            named = f' class="language-{language}"' if language else ""
            html = f"<pre><code{named}>{escape_html(code, quote=False)}</code></pre>"
        lines = code.split("\n") if walk.flow.cell else []
        line = "<br>".join([code_span(text.rstrip()) for text in lines if text.strip()])
        walk.flow.add(Draft("code", fence(code, language), code, html, line))
    return skip


def open_code(walk: Walk, node: LexborNode) -> Close:
    line = walk.line
    style = node.attributes.get("style")
    may_be_block = (style or not line.tokens) and not (walk.flow.heading or line.in_code)
    if may_be_block and _is_block(node, style, alone=not line.tokens):
        return add_code(walk, node)
    link = node.first_child
    if link is not None and link.tag_id == _A and link.next is None and (close := _open_linked(walk, link)):
        return close
    line.open_code()
    return line.close_code


def _open_linked(walk: Walk, link: LexborNode) -> Close | None:
    """Start code that is a link as a whole; None where that leads nowhere."""
    line, href = walk.line, link.attributes.get("href") or ""
    url = walk.resolver.resolve(href) if walk.resolver.fragment(href) is None else None
    if not url or not line.open("a", url=url):
        return None
    line.open_code()

    def close() -> None:
        line.close_code()
        line.close()

    return close


def _is_block(code: LexborNode, style: str | None, *, alone: bool) -> bool:
    """Whether inline code is shown as a block.

    Args:
        alone: nothing stands before it in its block.
    """
    if style and is_shown_as_block(style):
        return True
    if not alone:
        return False
    first = code.first_child
    if first is None:
        return False
    if first.next is None and first.tag_id == TEXT and "\n" not in (first.text_content or ""):
        # as nearly all of it
        return False
    after, around = code.next, code.parent
    while after is not None and after.tag_id == TEXT and (after.text_content or "").isspace():
        after = after.next
    if after is not None or around is None or around.tag_id not in _AROUND:
        return False
    return _has_lines(code)


def _has_lines(code: LexborNode) -> bool:
    """Whether it has several lines, by their tags or by their ends."""
    child = code.first_child
    while child is not None:
        if child.tag_id in _INSIDE_LINES:
            return True
        child = child.next
    return "\n" in code.text(deep=True).strip()


def open_button(walk: Walk, node: LexborNode) -> Close:
    walk.flush()
    only = node.last_child
    if only is not None and only.tag_id == TEXT and is_copy_button(only.text_content or ""):
        return skip
    return end_block

"""The second renderer: blocks written by the markdownify package, for pipelines that rely on its conventions.

Each block's sanitised HTML is converted on its own, so cutting, counting and chunking work as they do on
native blocks and the words are the same. What markdownify leaves open to a page's author is closed here:
misread characters are escaped, a fence is longer than the runs inside it, a pipe stays in its cell.
Imported only when asked for: it brings BeautifulSoup.
"""

import re
from functools import cache
from typing import Any

from markdownify import MarkdownConverter
from msgspec.structs import replace

from gateway.core.markdown.code import fence
from gateway.core.model.page import Block

# markdownify's own, by depth
_BULLETS = "*+-"
_MARKER = re.compile(r"( *)(?:[-*] |(\d+)[.)] )?")
_LIST_TAGS = re.compile(r"(?:<[uo]l[^>]*>|<li>|\n)+")
_LIST_ENDS = ("</ul>", "</ol>", "</li>")
_PIPE = re.compile(r"(?<!\\)\|")
# for private use: no page means anything by it
_SEAM = "\ue000"
_LANGUAGE = re.compile(r'<code class="language-([^"]+)">')


class _Converter(MarkdownConverter):
    def convert_pre(self, el: Any, text: str, parent_tags: set[str]) -> str:
        language = _LANGUAGE.search(str(el))
        return f"\n\n{fence(el.get_text(), language[1] if language else '')}\n\n" if text else ""

    def convert_td(self, el: Any, text: str, parent_tags: set[str]) -> str:
        return " " + _PIPE.sub(r"\|", " ".join(text.split())) + " |"

    convert_th = convert_td


@cache
def _converter(bullet: str) -> _Converter:
    return _Converter(bullets=bullet, escape_misc=True)


def _write(html: str, bullet: str) -> str:
    # or the link would be read as an image
    seamed = html.replace("!<a ", f"!{_SEAM}<a ")
    markdown = str(_converter(bullet).convert(seamed)).strip()
    return markdown.replace(f"!{_SEAM}[", r"\![").replace(_SEAM, "")


def rewrite(blocks: list[Block]) -> tuple[list[Block], int]:
    """The same blocks in markdownify's markdown, and how many nest too deep for it and stay as they were.

    Args:
        blocks: with `html`.
    """
    rewritten = []
    left = 0
    for block in blocks:
        try:
            markdown = _convert(block)
        except RecursionError:
            markdown = block.markdown
            left += 1
        rewritten.append(replace(block, markdown=markdown))
    return rewritten, left


def _convert(block: Block) -> str:
    html = block.html[_start(block.html) : _end(block.html)]
    if block.kind != "item":
        return _write(f"<div>{html}</div>", _BULLETS)
    bullet = _BULLETS[(block.level - 1) % len(_BULLETS)]
    marker = _MARKER.match(block.markdown)
    lead, number = (marker[1], marker[2]) if marker else ("", None)
    if marker and marker[0] != lead:
        html = f'<ol start="{number}"><li>{html}</li></ol>' if number else f"<ul><li>{html}</li></ul>"
    else:
        html = f"<div>{html}</div>"
    lines = _write(html, bullet).split("\n")
    return "\n".join([lead + line if line else "" for line in lines])


def _end(html: str) -> int:
    end = len(html)
    while html.endswith(_LIST_ENDS, 0, end):
        end -= len("</ul>")
    return end


def _start(html: str) -> int:
    tags = _LIST_TAGS.match(html)
    return tags.end() if tags else 0

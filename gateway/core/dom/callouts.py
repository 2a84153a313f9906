"""Callouts: boxes that a page marks as a note, a tip or a warning, by the class names of common generators."""

import re
from collections.abc import Sequence

from gateway.core.dom.blocks import Blocks

_TAGS = frozenset(("div", "aside", "section", "blockquote", "details", "article", "figure"))
_KINDS = {
    "NOTE": "note info information informational seealso see-also abstract summary todo secondary primary default "
    "light dark success-info question quote",
    "TIP": "tip hint success check done example",
    "IMPORTANT": "important attention",
    "WARNING": "warning warn deprecated",
    "CAUTION": "caution danger error failure fail bug critical",
}
_KIND_OF = {name: kind for kind, names in _KINDS.items() for name in names.split()}
# a part of a class of every container below
_HINTS = (
    "admonition",
    "callout",
    "alert",
    "custom-block",
    "hint",
    "notecard",
    "information-macro",
    "starlight-aside",
)
_CONTAINERS = re.compile(
    r"(?:theme-)?admonition|admonitionblock|markdown-alert|(?:bs-)?callout|alert|custom-block|hint(?:-container)?|notecard"
    r"|confluence-information-macro|starlight-aside|doc-alert",
    re.I,
)
_PREFIX = re.compile(
    r"(?:theme-admonition|admonition|markdown-alert|alert|(?:bs-)?callout|custom-block|hint|notecard|is"
    r"|confluence-information-macro|starlight-aside|doc-alert|style)-{1,2}",
    re.I,
)
_ALONE = frozenset(("note", "tip", "important", "warning", "caution"))
CALLOUT_PARTS = (*_HINTS, *sorted(_ALONE))


def find_callouts(blocks: Blocks, called: Sequence[int]) -> dict[int, str]:
    """The kind of callout (`NOTE`, `TIP`, …) of elements, by mem_id.

    Args:
        called: the numbers of elements, with all that have one of the parts in their names.
    """
    if not called:
        return {}
    # pages repeat theirs
    names = {blocks.names[element] for element in called}
    everything = " ".join(names).lower()
    hinted = any(hint in everything for hint in _HINTS)
    kinds = {name: kind for name in names if (kind := _kind_of(name, hinted=hinted))}
    return {
        blocks.mem_ids[element]: kinds[name]
        for element in called
        if (name := blocks.names[element]) in kinds and blocks.tags[element] in _TAGS
    }


def _kind_of(name: str, *, hinted: bool) -> str:
    words = name.split()
    if len(words) == 1 and words[0].lower() in _ALONE:
        return _KIND_OF[words[0].lower()]
    if words[-2:] == ["role", "note"]:
        return "NOTE"
    if not hinted or not any(_CONTAINERS.fullmatch(word) for word in words):
        return ""
    for word in words:
        bare = _PREFIX.sub("", word).lower()
        if kind := _KIND_OF.get(bare):
            return kind
    return "" if "alert" in words else "NOTE"

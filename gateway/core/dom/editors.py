"""What editors and viewers draw code in without `<pre>`, by the class names of common ones."""

from gateway.core.dom.blocks import Blocks
from gateway.core.dom.native import find_named

# what they call the element around their lines
_EDITORS = frozenset(
    ("cm-content", "CodeMirror-code", "view-lines", "ace_text-layer", "react-code-lines", "crayon-pre")
)
_PARTS = tuple(sorted(name.lower() for name in _EDITORS))


def find_editors(blocks: Blocks) -> frozenset[int]:
    """The mem_ids of elements that hold the lines of a code editor."""
    return frozenset(
        blocks.mem_ids[element]
        for element in find_named(blocks.names, _PARTS)
        if not _EDITORS.isdisjoint(blocks.names[element].split())
    )

"""What editors and viewers draw code in without `<pre>`, by the class names of common ones."""

from collections.abc import Sequence

from gateway.core.dom.blocks import Blocks

# what they call the element around their lines
_EDITORS = frozenset(
    ("cm-content", "CodeMirror-code", "view-lines", "ace_text-layer", "react-code-lines", "crayon-pre")
)
EDITOR_PARTS = tuple(sorted(name.lower() for name in _EDITORS))


def find_editors(blocks: Blocks, called: Sequence[int]) -> frozenset[int]:
    """The mem_ids of elements that hold the lines of a code editor.

    Args:
        called: the numbers of elements, with all that have one of the parts in their names.
    """
    return frozenset(
        blocks.mem_ids[element]
        for element in called
        if not _EDITORS.isdisjoint(blocks.names[element].split())
    )

"""Whether the extension reads trees here as Python does: it is tried with a page that has everything in it."""

from collections.abc import Iterable

import selectolax.lexbor
from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom import blocks as python
from gateway.core.dom import extension as native
from gateway.core.dom import landmarks
from gateway.core.dom.blocks import Blocks
from gateway.core.dom.descent import (
    BLOCK,
    BOX,
    DRAWING,
    INLINE,
    PHRASE,
    PRUNED,
    SOURCE,
    TAGS,
    WHOLE,
    Bounds,
    Descent,
)
from gateway.core.dom.extension import COLUMNS, FUNCTIONS, INTERFACE, NUMBERS, Extension, pack
from gateway.core.dom.landmarks import SELECTORS, Mark, Query, select
from gateway.core.dom.layout import Gaps
from gateway.core.dom.tags import PLAIN

# beside the landmarks', forms that it is tried with
_FORMS = ('[class^="b"]', '[class~="b"]', '[class~="SR-only" i]', 'p[style*="NONE" i]', '[id="LAST" i]')
# a page that has everything in it that the walk tells apart
_PROBE = """<title>A text that is looked for where text nodes have theirs</title><base href=/><meta charset=utf-8>
<link rel=x><style>p {}</style><body class=page><h1 popover>h</h1><font color=red>f</font><p color=red bgcolor=red>c
<p class="a sr-only">s<p class=sr->s<p class=visually-hidden>v<p class=screen-reader-text>r<p CLASS=SR-ONLY>s
<dialog>d</dialog>
<nav role=navigation><ul><li>one<li> two <a href=/>linked<b>bold</b></a></ul></nav><!-- no text -->
<div id=a class="b c" itemprop=name itemscope data-testid=d role=main hidden aria-hidden=true
 style="color: red; display : none; display: none">\u00e9\u00a0\u2003 \u6f22\u5b57 \U0001f600 &nbsp; &#0; &#xD800;</div>
<p class>a<br><br>b<br> \v c<img src=x><p id=out>left out<p><span style=display:none>shown</span> <strong>x</strong>
<table><tr><td>cell<td><p>block</table><pre>\ncode\n  more</pre><template>no</template><svg><g>no</g></svg>
<script type=math/tex>x^2</script><script>no</script><iframe src=/></iframe><amp-img src=x></amp-img>
<amp-youtube></amp-youtube><p id=Last>in <x-word>a line</x-word> of text<x-card><div>a block</div></x-card>
<mjx-container></mjx-container><math><mi>y</mi></math>
<marquee>odd</marquee><a href=/><div aria-hidden=false role=none>block in a link</div></a>
<noscript>no</noscript><div><div><div><div><div><div>deep</div></div></div></div></div></div><textarea>no</textarea><p>last"""


def find_fault(extension: Extension) -> str:
    """Why the extension cannot be used here; empty where it can."""
    tree = LexborHTMLParser(_PROBE, scripting=True)
    root, text = tree.body, tree.css_first("title")
    top = tree.root
    if root is None or top is None or text is None or text.first_child is None:
        return "the page that it is tried with has no text"
    try:
        if missing := [name for name in FUNCTIONS if not hasattr(extension, name)]:
            return f"it is of another version, without {', '.join(missing)}"
        if (offered := getattr(extension, "INTERFACE", 0)) != INTERFACE:
            return f"it is of another version: interface {offered} instead of {INTERFACE}"
        path = selectolax.lexbor.__file__
        extension.load(path, LexborNode, text.first_child, (text.text() or "").encode())
        left_out = {node.mem_id for node in tree.css("[id=out]")}
        formulas = {node.mem_id for node in tree.css("script[type^=math]")}
        for hidden, max_depth, max_blocks in (((), 512, 50_000), (left_out, 5, 50_000), (left_out, 512, 5)):
            right = python.read_blocks(
                root, left_out=hidden, formulas=formulas, max_depth=max_depth, max_blocks=max_blocks
            )
            differ = find_difference(
                native.walk(extension, root, hidden, formulas, max_depth, max_blocks), right
            )
            if differ:
                return f"it reads {differ} otherwise than Python does"
        texts = {node.mem_id for node in root.traverse(include_text=True) if node.is_text_node}
        elements = {node.mem_id for node in tree.css(":nth-child(odd)")}
        every = (PRUNED, WHOLE, INLINE, BOX, BLOCK, DRAWING, SOURCE, 0)
        table = bytes(PHRASE if number in PLAIN else every[number % len(every)] for number in range(TAGS))
        is_apart = Gaps().is_before
        for kept in (
            Bounds(None, None, left_out, elements, 512),
            Bounds(texts, elements, left_out, left_out, 5),
        ):
            seen = extension.descend(root, kept, table, "c", is_apart, None)
            if [*seen] != [*Descent(root, kept, table, "c", is_apart, None)]:
                return "it goes down the tree otherwise than Python does"
        for selectors in (SELECTORS, *((form,) for form in _FORMS)):
            found = native.select(extension, top, Query(selectors))
            if not is_same(found, select(tree, ",".join(selectors))):
                return "it finds other landmarks than Python does"
        marks, right_marks = native.mark(extension, tree, top, (), ()), landmarks.find_marks(tree)
        sorted_alike = zip(
            (marks.concealed, marks.properties, *marks.tags.values()),
            (right_marks.concealed, right_marks.properties, *right_marks.tags.values()),
            strict=True,
        )
        if not all(is_same(found, right) for found, right in sorted_alike):
            return "it sorts landmarks otherwise than Python does"
    except Exception as exc:
        # whatever it is, it is a doubt
        return f"{type(exc).__name__}: {exc}"
    return ""


def is_same(marks: Iterable[Mark], others: Iterable[Mark]) -> bool:
    """Whether both are the same elements in the same order, with the same attributes."""
    one, other = (
        [(node.mem_id, node.tag, list(read.items())) for node, read in each] for each in (marks, others)
    )
    return one == other


def find_difference(one: Blocks, other: Blocks) -> str:
    """The first column in which two walks over one tree differ; empty where they are equal."""
    for name in COLUMNS:
        left, right = getattr(one, name), getattr(other, name)
        if name == "packed":
            # Python has none
            left, right = left or pack(one), right or pack(other)
        if name in NUMBERS:
            left, right = list(left), list(right)
        if name in ("embeds", "pictures"):
            left, right = (
                [(at, node.mem_id, node.tag, node.attributes) for at, node in each] for each in (left, right)
            )
        if left != right or type(left) is not type(right):
            return name
    return ""

"""What the walk does at formulas: MathML, MathJax, KaTeX, and the tables that LaTeXML lays equations out with."""

from selectolax.lexbor import LexborNode

from gateway.core.markdown.actions import Close, skip
from gateway.core.markdown.formulas import fold, tex_of
from gateway.core.markdown.walk import Walk


def add_math(walk: Walk, node: LexborNode) -> Close:
    """Write a `<math>`, or what MathJax 3 drew of one."""
    attributes = node.attributes
    display = attributes.get("display") in ("block", "true")
    wrapper = node.parent
    classes = (wrapper.attrs.get("class") if wrapper is not None else None) or ""
    if wrapper is not None and "mathml" in classes:
        # KaTeX and MediaWiki draw the same again for the eye
        twin = wrapper.next
        while twin is not None:
            walk.hidden.add(twin.mem_id)
            twin = twin.next
        outer = wrapper.parent.parent if wrapper.parent is not None else None
        display |= outer is not None and "katex-display" in (outer.attrs.get("class") or "")
    walk.add_formula(tex_of(node), display=display)
    return skip


def add_script(walk: Walk, node: LexborNode, kind: str) -> None:
    """Write the source that MathJax 2 keeps beside its drawing.

    Args:
        kind: the script's `type`.
    """
    if kind.startswith("math/tex"):
        walk.add_formula(fold(node.text(deep=True)), display="display" in kind)


def is_equation_table(table: LexborNode) -> bool:
    """Whether LaTeXML lays out equations with it."""
    return "ltx_eqn_table" in (table.attrs.get("class") or "")


def add_equations(walk: Walk, node: LexborNode) -> Close:
    """Write every row as one formula, with its number."""
    walk.flush()
    for row in node.css("tr"):
        formulas = [tex for math in row.css("math") if (tex := tex_of(math))]
        number = row.css_first(".ltx_tag_equation")
        label = number.text(deep=True).strip().strip("()") if number is not None else ""
        tag = f" \\tag{{{label}}}" if label.replace(".", "").isalnum() else ""
        if formulas:
            walk.add_formula(" ".join(formulas) + tag, display=True)
    return skip

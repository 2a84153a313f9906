"""Content nodes of a tree in; blocks of markdown, text, HTML out. Imports core.dom, core.model, core.visibility."""

from gateway.core.markdown.render import Rendered, render

__all__ = ["Rendered", "render"]

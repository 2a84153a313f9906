"""Kept nodes of a Lexbor tree in; blocks of markdown, text and HTML out, in one pass without recursion."""

from gateway.core.markdown.render import Rendered, render

__all__ = ["Rendered", "render"]

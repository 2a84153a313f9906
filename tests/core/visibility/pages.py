"""What the pages of these tests say beside what they hide, and why that is left out."""

from selectolax.lexbor import LexborHTMLParser

from gateway.core.visibility.hidden import find_hidden

LONG = "Ordinary visible prose that goes on for a while, so that the page has text of its own. " * 16


def reason_for(said: str, html: str) -> str | None:
    """Why a page's text is left out; None where readers see it."""
    tree = LexborHTMLParser(html, scripting=True)
    found = find_hidden(tree)
    return next(
        (found[node.mem_id] for node in tree.css("*") if node.mem_id in found and said in node.text()), None
    )

"""Lexbor's numbers for HTML tags: comparing an int is twice as cheap as making the tag's name.

Known tags have small fixed numbers. Custom elements get a number that only their document knows, so it
is never in a table here; callers ask `node.tag` for those.
"""

from selectolax.lexbor import LexborHTMLParser

# what Lexbor numbers every text node
TEXT = 2
COMMENT = 4


def _numbers() -> dict[str, int]:
    parser = LexborHTMLParser("")
    return {name: parser.create_node(name).tag_id for name in _KNOWN.split()}


_KNOWN = """
a abbr acronym address applet area article aside audio b base bdi bdo big blockquote body br button canvas
caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed
fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i
iframe image img input ins kbd label legend li link listing main map mark math menu meta meter nav nobr
noembed noframes noscript object ol optgroup option output p param picture plaintext pre progress q rb rp rt
rtc ruby s samp script search section select slot small source span strike strong style sub summary sup svg
table tbody td template textarea tfoot th thead time title tr track tt u ul var video wbr xmp
"""

ID = _numbers()


def ids(names: str) -> frozenset[int]:
    """The numbers of space-separated tag names."""
    return frozenset(ID[name] for name in names.split())


# Nothing below these is text of the page.
SKIPPED = ids(
    "head script style template svg select datalist input textarea iframe object embed applet video audio"
    " canvas meter progress map area param source track title meta link base noembed noframes col colgroup"
    " frame frameset rp noscript"
)
# Elements that do not interrupt a line of text and that markdown has no word for.
PLAIN = ids(
    "bdi bdo big cite data dfn font ins label mark nobr output picture rb rtc ruby slot small span time u wbr"
)
HEADINGS = {ID[f"h{level}"]: level for level in range(1, 7)}
CELLS = ids("td th")
# Empty ones mean something all the same: a place in a row, a break between subjects.
UNPRUNED = CELLS | ids("hr")

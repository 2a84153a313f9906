"""A page's headline out of its `<title>`, where the site has put its own name too."""

import re
from urllib.parse import urlsplit

from gateway.core.text.words import UNSPACED

_GAP = re.compile(  # white space is single spaces here
    rf" (?:[-–—|·•»«:/~›>]++|::) | ?[|｜│] ?| [–—]|[–—] |(?<=[{UNSPACED}])[_-]++(?=[{UNSPACED}])"
)
_WORD = re.compile(r"[^\W_]+")
_MAX_CHARACTERS = 500
_MAX_SITE_WORDS = 5  # the last part of a title, if it has no more words, names the site


def headline(
    title: str, headings: list[str], *, stated: list[str], site_names: list[str], url: str
) -> str | None:
    """The headline of a page.

    Args:
        title: `<title>`, white space folded.
        headings: the texts of `<h1>` in order.
        stated: og:title, JSON-LD headline and the like, most trusted first.
        site_names: what the page calls its site.
        url: the page's address, whose host is often the site's name too.
    Returns:
        None where the page gives no title of any kind.
    """
    names = {key(name) for name in site_names} | _host_names(url)
    names.discard("")
    trimmed = without_site(title, names)
    whole = key(trimmed)
    for text in (*headings, *stated):
        if _confirms(whole, words := key(text)) and words not in names:
            return text[:_MAX_CHARACTERS]
    said = set(key(title).split())
    main = (
        headings[:1]
        if len(headings) <= 2 and headings and not said.isdisjoint(key(headings[0]).split())
        else []
    )
    for text in (*main, trimmed, *stated, *headings):
        short = without_site(text, names)
        if key(short) and key(short) not in names:
            return short[:_MAX_CHARACTERS]
    return title[:_MAX_CHARACTERS] or None


def without_site(title: str, names: set[str]) -> str:
    """A title without the parts that name the site, at either end."""
    gaps = list(_GAP.finditer(title))
    if not gaps:
        return title
    starts, ends = [0, *(gap.end() for gap in gaps)], [*(gap.start() for gap in gaps), len(title)]
    first, last = 0, len(gaps)
    while last > first and _names_site(title[starts[last] : ends[last]], names):
        last -= 1
    while first < last and _names_site(title[starts[first] : ends[first]], names):
        first += 1
    if first == 0 and last == len(gaps):
        tail = _WORD.findall(title[starts[last] :])
        head = _WORD.findall(title[: ends[last - 1]])
        if len(tail) <= _MAX_SITE_WORDS and len(head) >= len(tail):
            last -= 1
    return title[starts[first] : ends[last]].strip()


def key(text: str) -> str:
    """What two texts are compared by: their words, lower case."""
    return " ".join(_WORD.findall(text.lower()))


def _names_site(part: str, names: set[str]) -> bool:
    words = key(part)
    return not words or words in names or words.replace(" ", "") in names


def _host_names(url: str) -> set[str]:
    """`www.example.co.uk` -> its whole name and `example`."""
    try:
        host = (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return set()
    labels = host.split(".")
    return {key(host), key(host).replace(" ", ""), *(label for label in labels[:-1] if len(label) > 3)}


def _confirms(whole: str, words: str) -> bool:
    """Whether a title holds a text, in whole words, that is no mere fragment of it; both as their `key`."""
    return bool(words) and f" {words} " in f" {whole} " and 3 * len(words) > len(whole)

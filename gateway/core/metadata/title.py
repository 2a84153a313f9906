"""A page's headline out of its `<title>`, where the site has put its own name too."""

import re
from urllib.parse import urlsplit

from msgspec import Struct

from gateway.core.metadata.placeholders import is_default_title
from gateway.core.text.words import UNSPACED

# white space is single spaces here
_GAP = re.compile(
    rf" (?:[-–—|·•»«:/~›>]++|::) | ?[|｜│] ?| [–—]|[–—] |(?<=[{UNSPACED}])[_-]++(?=[{UNSPACED}])"
)
# one of which every gap has
_MARK = re.compile(r"[-–—|·•»«:/~›>｜│_]")
_WORD = re.compile(r"[^\W_]+")
# of ASCII the letters as small ones, and a space for what stands between words
_LETTERS = bytes(ord(chr(code).lower()) if chr(code).isalnum() else ord(" ") for code in range(128)).ljust(
    256
)
_MAX_CHARACTERS = 500
# of a heading that tells what a page is about
_MIN_WORDS = 3
# of a section's name in front of a headline
_MAX_LABEL_WORDS = 3
# the last part of a title, if it has no more words, names the site
_MAX_SITE_WORDS = 5


class Titles(Struct, frozen=True, kw_only=True):
    """The headline that a reader sees, and the title made for search engines and social networks if that differs.

    `stated` is what `<title>` speaks for: the heading or another title that it holds, else itself.
    """

    headline: str | None
    social: str | None = None
    stated: str = ""


def choose_titles(
    title: str, headings: list[str], *, stated: list[str], site_names: list[str], url: str
) -> Titles:
    """The headline of a page: its heading, where the page's other titles speak of the same; else one of those.

    Args:
        title: `<title>`, white space folded.
        headings: the texts of `<h1>` in order.
        stated: og:title, JSON-LD headline and the like, most trusted first.
        site_names: what the page calls its site.
        url: the page's address, whose host is often the site's name too.
    Returns:
        No headline where the page gives no title of any kind.
    """
    if headings and is_default_title(title):
        title, stated = "", [text for text in stated if not is_default_title(text)]
    names = {key(name) for name in site_names} | _host_names(url)
    names.discard("")
    trimmed = _cut(title, names, guess=True)
    short = [_cut(text, names, guess=False) for text in stated]
    seen = [text for one in headings if key(text := _cut(one, names, guess=False)) not in names | {""}]
    others = [trimmed, *short]
    found = _confirmed(seen, others)
    if found is None and 0 < len(seen) <= 2:
        found = _about_the_same(seen[0], [*others, _slug(url)])
    if found is not None:
        found = _without_label(found, [*others, title, *stated])
    else:
        found = _stated(title, trimmed, stated, headings, names)
    if not found:
        return Titles(headline=None)
    shown = key(found)
    known = names | {"", shown}
    social = (
        text for text in (*short, trimmed) if key(text) not in known and shown not in map(key, _parts(text))
    )
    return Titles(
        headline=found[:_MAX_CHARACTERS],
        social=next(social, "")[:_MAX_CHARACTERS] or None,
        stated=(_spoken_for(trimmed, [*seen, *short], main=seen[:1]) or found)[:_MAX_CHARACTERS],
    )


def _spoken_for(title: str, texts: list[str], *, main: list[str]) -> str:
    whole = key(title)
    for text in texts:
        if _confirms(whole, key(text)):
            return text
    shared = (text for text in main if not set(whole.split()).isdisjoint(key(text).split()))
    return next(shared, title)


def _stated(title: str, trimmed: str, stated: list[str], headings: list[str], names: set[str]) -> str:
    """The title that the page states, where none of its headings is one."""
    whole = key(trimmed)
    for text in stated:
        if _confirms(whole, words := key(text)) and words not in names:
            return text
    for text in (trimmed, *stated, *headings):
        short = _cut(text, names, guess=True)
        if key(short) and key(short) not in names:
            return short
    return title


def _confirmed(headings: list[str], others: list[str]) -> str | None:
    """The first heading that another title holds, `<title>` before the rest."""
    for other in others:
        whole = key(other)
        for heading in headings:
            if _confirms(whole, words := key(heading)) or (
                _confirms(words, whole) and other is not others[0]
            ):
                return heading
    return None


def _about_the_same(heading: str, others: list[str]) -> str | None:
    """The heading, if another title has one of its telling words.

    A mere word or two only if `<title>` begins with it, or it holds what `<title>` begins with.
    """
    words = key(heading).split()
    if len(words) < _MIN_WORDS and heading.isascii():
        parts = [key(part) for part in _parts(others[0])]
        begins = f"{key(others[0])} ".startswith(f"{key(heading)} ")
        # <title>Widget</title> over <h1>Acme Widget</h1>: what readers see says more
        holds = parts[0] != "" and f" {parts[0]} " in f" {key(heading)} "
        return heading if begins or holds or key(heading) in parts else None
    telling = {word for word in words if len(word) > 3 or word.isdigit() or not word.isascii()}
    return heading if any(not telling.isdisjoint(key(other).split()) for other in others) else None


def _without_label(heading: str, others: list[str]) -> str:
    """A heading without the section before or after it: "Opinion | …", where another title sets that apart."""
    words, keys = key(heading), [key(other) for other in others]
    titles, gaps = set(keys), _gaps(heading)
    for gap in (*gaps[:1], *gaps[-1:]):
        for part in (heading[gap.end() :], heading[: gap.start()]):
            if key(part) in titles:
                return part.strip()
    for text, said in zip(others, keys, strict=True) if not gaps else ():
        if said != words:
            # what is between its parts has no words
            continue
        first = _GAP.search(text) if _MARK.search(text) else None
        if first and len(_WORD.findall(text[: first.start()])) <= _MAX_LABEL_WORDS:
            rest = text[first.end() :]
            if words == f"{key(text[: first.start()])} {key(rest)}":
                return rest.strip()
    return heading


def _slug(url: str) -> str:
    """The words of an address's path."""
    try:
        return urlsplit(url).path.replace("_", " ")
    except ValueError:
        return ""


def _cut(title: str, names: set[str], *, guess: bool) -> str:
    """A title without the parts at either end that name the site; a short last part is guessed to do so."""
    gaps = _gaps(title)
    if not gaps:
        return title
    starts, ends = [0, *(gap.end() for gap in gaps)], [*(gap.start() for gap in gaps), len(title)]
    first, last = 0, len(gaps)
    while last > first and _names_site(title[starts[last] : ends[last]], names):
        last -= 1
    while first < last and _names_site(title[starts[first] : ends[first]], names):
        first += 1
    if guess and first == 0 and last == len(gaps):
        tail = _WORD.findall(title[starts[last] :])
        head = _WORD.findall(title[: ends[last - 1]])
        if len(tail) <= _MAX_SITE_WORDS and len(head) >= len(tail):
            last -= 1
    return title[starts[first] : ends[last]].strip()


def _gaps(text: str) -> list[re.Match[str]]:
    return list(_GAP.finditer(text)) if _MARK.search(text) else []


def _parts(text: str) -> list[str]:
    return _GAP.split(text) if _MARK.search(text) else [text]


def key(text: str) -> str:
    """What two texts are compared by: their words, lower case."""
    if text.isascii():
        return b" ".join(text.encode().translate(_LETTERS).split()).decode()
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

"""What stands where a value should: a variable that a template engine left, a title that nobody chose."""

import re

_PLACEHOLDER = re.compile(
    r"\{\{[^{}]{0,200}\}\}|\$\{[^{}]{0,200}\}|\{%[^%]{0,200}%\}|<%[^%]{0,200}%>|&lt;%[^%]{0,200}%&gt;|%%\w{1,60}%%"
    r"|#\{[^{}]{0,200}\}|\[\[[^\[\]]{0,200}\]\]|\[object \w{1,20}\]|__[A-Z][A-Z_]{1,40}__"
    r"|%[A-Za-z]\w{0,40}%|\[(?:[Aa]uthor|AUTHOR|[Nn]ame|[Tt]itle|[Hh]eadline|[Dd]ate)(?:[ _-]\w{1,20})?\]",
)
_NOTHING = frozenset(("undefined", "null", "nan", "none", "(null)", "[]", "{}", "n/a", "false", "true"))
_WORD = re.compile(r"[^\W_]+")
# what editors and frameworks begin a page with, and names of every site's first page
_DEFAULT_TITLES = frozenset(
    (
        *(
            "app",
            "my app",
            "web app",
            "react app",
            "redux app",
            "create next app",
            "next js app",
            "nuxt app",
            "vite app",
        ),
        *(
            "vite react",
            "vite react ts",
            "vite vue",
            "vite vue ts",
            "vite preact",
            "vite svelte",
            "vite svelte ts",
        ),
        *(
            "vite ts",
            "vite solid",
            "vite lit",
            "webpack app",
            "ionic app",
            "astro",
            "sveltekit",
            "solidstart",
            "angular",
        ),
        *(
            "document",
            "untitled",
            "untitled document",
            "untitled page",
            "new page",
            "page title",
            "title",
            "index",
        ),
        *("home", "home page", "homepage", "loading", "please wait", "redirecting"),
    )
)


def is_placeholder(text: str) -> bool:
    """Whether a text is the name of a variable, or an empty value, rather than what was to be shown there.

    A title that speaks of such a thing ("How {{ mustache }} works in Vue") is none: words stand beside it.
    """
    if len(text) < 10 and text.strip().lower() in _NOTHING:
        return True
    if not ("{" in text or "%" in text or "[" in text or "__" in text):
        # every one has one of these
        return False
    rest = _PLACEHOLDER.sub("", text)
    if rest == text:
        return False
    return len(_WORD.findall(rest)) < 3 or not _WORD.search(rest.partition("|")[0].partition(" - ")[0])


def is_default_title(title: str) -> bool:
    """Whether a `<title>` is one that a tool gave the page, so that its heading says more."""
    return len(title) < 30 and " ".join(_WORD.findall(title.lower())) in _DEFAULT_TITLES

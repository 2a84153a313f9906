"""The language of a code block, out of what its page says to its own highlighter.

Names that a highlighter reserved for languages (`language-…`, `brush: …`) are taken as they are. What is only
perhaps one (`highlight-…`, a word beside `hljs`) must be a language that is known here.
"""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from gateway.core.dom.tags import TEXT

_KNOWN = frozenset(
    """
    abap abnf ada agda apache apacheconf apl applescript arduino asciidoc asm assembly astro awk bash basic bat
    batch batchfile bibtex bicep bnf c c# c++ cc cfg clike clj clojure cmake cmd cobol coffee coffeescript
    common-lisp console cpp crystal cs csharp cshtml css csv cuda cypher cython d dart delphi diff django docker
    dockerfile dos dot ebnf ejs elisp elixir elm emacs-lisp erb erlang ex exs f# fish forth fortran fsharp gams
    gdscript gherkin git glsl gnuplot go golang gradle graphql groovy haml handlebars haskell hcl hlsl hs html
    html+erb http idris ini ipython ipython3 java javascript jinja jinja2 jq js json json5 jsonc jsonnet jsp jsx
    julia kotlin kt ksh latex less liquid lisp livescript llvm log lua make makefile markdown markup mathematica
    matlab md mdx mermaid mips mojo mysql nasm nginx nim nix nu objc objective-c objectivec ocaml octave odin
    pascal patch perl pgsql php plantuml plpgsql plsql postgres postgresql powershell ps1 prisma prolog promql
    properties proto protobuf pug puppet purescript py pycon pygments pytb python python2 python3 qml r racket
    raku rb react reason regex rego rest robot rs rst ruby rust sas sass scala scheme scss sed sh shell
    shell-session shellscript smalltalk smarty sml solidity sparql sql sqlite stata starlark stylus svelte svg
    swift systemverilog tcl terraform tex text-html-basic text-xml thrift toml ts tsql tsx twig typescript typst v
    vala vb vbnet vbscript vb.net verilog vhdl vim viml vue wasm wat wgsl wolfram xhtml xml xquery xslt yaml yml
    zig zsh
    """.split()
)
# written in as few ways as readers know; only what is the same language beyond doubt
_SAME = {
    "c++": "cpp", "cc": "cpp", "c#": "csharp", "ipython": "python", "ipython2": "python", "ipython3": "python",
    "python2": "python", "python3": "python", "py3": "python", "golang": "go", "objective-c": "objectivec",
    "shellscript": "shell", "f#": "fsharp", "text-html-basic": "html", "html-basic": "html", "text-xml": "xml",
}  # fmt: skip
# how a label beside the code writes it, where that is not its name
_LABELS = {
    "js": ("javascript", "node.js", "nodejs"), "javascript": ("js",), "ts": ("typescript",), "typescript": ("ts",),
    "py": ("python",), "python": ("py", "python3", "python 3"), "rb": ("ruby",), "rs": ("rust",), "cpp": ("c++",),
    "csharp": ("c#",), "cs": ("c#",), "sh": ("shell", "bash", "terminal"), "bash": ("shell", "sh", "terminal"),
    "shell": ("bash", "sh", "terminal"), "console": ("terminal", "shell", "bash"), "yml": ("yaml",),
    "yaml": ("yml",), "md": ("markdown",), "kt": ("kotlin",), "objectivec": ("objective-c",),
    "fsharp": ("f#",), "powershell": ("ps", "ps1"), "plaintext": ("text",),
}  # fmt: skip
_NONE = re.compile(
    r"(?:.+-)?(?:block|box|container|wrap(?:per)?|inner|toolbar|lines?|numbers?|highlight(?:er)?|source|example"
    r"|snippet|pre|code|content|copy|title|body|notranslate|name|label|select(?:or)?|switch(?:er)?|tabs?|list|icon"
    r"|header|menu|area|view|group|section|background|theme)"
    r"|(?:no-?highlight|none|default|plain|auto|undefined|unknown|null|nohl|txt|text|plain-?text|output)",
    re.I,
)
_STRONG = re.compile(
    r"(?:^|\s)(?:(?:mw-highlight-lang|language|lang|highlight-source|highlight-text)[-_]|(?:lang|brush):\s*)"
    r"([a-z][\w+#.-]*)",
    re.I,
)
_WEAK = re.compile(
    r"(?:^|\s)(?:highlight|code|src|source|syntax|hljs|prettyprint|brush|sh)[-_]([a-z][\w+#.-]*)", re.I
)
_HIGHLIGHTER = re.compile(
    r"(?:^|\s)(?:hljs|highlight|code|prettyprint|syntaxhighlighter|codehilite|src|sourcecode|shiki|lang)(?=\s|$)",
    re.I,
)
_PLAIN = frozenset("none plain plaintext text txt nohighlight".split())
_LOCALE = re.compile(r"[a-z]{2}(?:[-_][a-z]{2,4})?", re.I)
_ATTRIBUTES = (
    "data-lang", "data-language", "language", "syntax", "data-enlighter-language", "data-syntax", "data-code-lang",
)  # fmt: skip
_PARAMETERS = ("data-syntaxhighlighter-params", "data-params")
_NOT_IN_NAME = re.compile(r"[^\w+#.-]")
# elements around the code that may name its language
_ABOVE = 4
_MAX_CHARS = 30


def language_of(code: LexborNode) -> str:
    """The language that a block of code, its `<code>` or the elements around it name, or ""."""
    for node, is_own in _naming(code):
        attributes = node.attributes
        if not attributes:
            continue
        for name in _ATTRIBUTES:
            if (value := attributes.get(name)) and (is_own or value.lower() in _KNOWN):
                return _name(value)
        if is_own and (value := attributes.get("lang")) and value.lower() in _KNOWN and len(value) > 2:
            # two letters are as likely a language that people speak
            return _name(value)
        for name in _PARAMETERS:
            if (value := attributes.get(name)) and (match := _STRONG.search(value)):
                return _name(match[1])
        if classes := attributes.get("class"):
            found = _in_classes(classes, is_own=is_own)
            if found is not None:
                return found
    return ""


def _naming(code: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """The elements that may name the language, and whether they are the code itself."""
    child = code.first_child
    while child is not None and child.tag_id == TEXT:
        child = child.next
    if child is not None and child.is_element_node:
        yield child, True
    yield code, True
    node = code.parent
    for _ in range(_ABOVE):
        if node is None or not node.is_element_node:
            return
        yield node, False
        node = node.parent


def _in_classes(classes: str, *, is_own: bool) -> str | None:
    """What the classes name: a language, "" for that it is none, None for nothing."""
    for match in _STRONG.finditer(classes):
        name = match[1]
        if name.lower() in _KNOWN:
            return _name(name)
        if name.lower() in _PLAIN:
            return ""
        # around the code such a class may speak of the page's own language, or of the box
        if not _NONE.fullmatch(name) and (is_own or not _LOCALE.fullmatch(name)):
            return _name(name)
    for match in _WEAK.finditer(classes):
        if match[1].lower() in _KNOWN:
            return _name(match[1])
    if is_own and classes.strip().lower() in _KNOWN:
        return _name(classes)
    if _HIGHLIGHTER.search(classes):
        for name in classes.split():
            if name.lower() in _KNOWN:
                return _name(name)
    return None


def _name(value: str) -> str:
    """The name as it stands behind a fence: one word, "" for none."""
    name = _NOT_IN_NAME.sub("", value.strip())[:_MAX_CHARS].lower()
    if name in _SAME:
        return _SAME[name]
    if name in _KNOWN:
        return name
    return "" if _NONE.fullmatch(name) else name


def is_label(text: str, language: str) -> bool:
    """Whether a text beside the code only names its language."""
    word = text.lower()
    if not language:
        return word in _PLAIN or word == "plain text"
    return word == language or word in _LABELS.get(language, ())


def language_named(label: str) -> str:
    """The language that a label is the name of, or ""."""
    word = label.lower()
    return _name(word) if word in _KNOWN else ""

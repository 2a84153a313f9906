"""Every construct unclosed, nested in itself, a thousand times, with hostile attributes: what comes out is safe."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.core import clean
from gateway.core.model.page import CleanOptions
from tests.core.markdown.reading import BASE, html_of, read_back

# "@" stands for a hostile attribute, "Q" for the text inside
CONSTRUCTS = {
    "definitions": "<dl @><dt @>t</dt><dd @>Q</dd></dl>",
    "custom-element": "<x-y @>Q</x-y>",
    "items": "<ul @><li @><ol @><li value=@ @>Q</li></ol></li></ul>",
    "counting-down": "<ol reversed start=@><li @>Q</li></ol>",
    "heading": "<h2 @><div @>Q</div><a class=@ href='#@'>link to this</a></h2>",
    "emphasis": "<b @><i @>Q<br></i></b><em @>「x」</em>",
    "ruby": "<ruby @>Q<rt @>r</rt></ruby>",
    "table": "<table @><caption @>c</caption><tr @><th @>h<th>i<tr><td rowspan=@ colspan=@ @>Q<td>d</table>",
    "code": "<pre class=@ @><code class='language-@' data-language=@ @>Q</code></pre>",
    "code-table": "<table class=@><tr><td class=gutter>1</td><td class=code><pre @>Q</pre></td></tr></table>",
    "inline-code": "<code @><a href=@ @>Q</a></code>",
    "editor": "<div class='CodeMirror'><div class=CodeMirror-code><pre class=CodeMirror-line @>Q</pre></div></div>",
    "mathml": "<math alttext=@ @><mfrac @><mi>Q</mi><mn>2</mn></mfrac></math>",
    "tex": "<span data-tex=@>Q</span><div data-latex=@>Q</div><script type=math/tex>@</script>",
    "environment": "<p>\\begin{align} Q @ \\end{align}</p>",
    "formula-picture": "<img class=latex src='/latex.php?latex=@' alt=@><p>Q",
    "footnote": "<p>Q<sup><a href='#@' id=@>1</a></sup></p><ol><li id=@ @>note <a href='#@'>↩</a></li></ol>",
    "side-note": "<p>Q<span class=sidenote @>note</span></p>",
    "embeds": "<iframe src=@ title=@ @></iframe><video src=@ title=@></video><lite-youtube videoid=@></lite-youtube>Q",
    "gist": "<script src='https://gist.github.com/@.js'></script><p>Q",
    "post": "<blockquote class=twitter-tweet cite=@ @>Q</blockquote>",
    "details": "<details @><summary @>Q</summary>x</details>",
    "callout": "<div class='admonition @'><p class=admonition-title @>Note</p>Q</div>",
    "task": "<ul class=task-list><li data-checked=@><input type=checkbox @> Q</li></ul>",
    "keys": "<kbd @>Q</kbd><kbd>C</kbd>",
    "scripts": "<sub @>Q</sub><sup @>2</sup>",
    "abbreviation": "<abbr title=@ @>Q</abbr>",
    "link": "<a href=@ title=@ @>Q<div>x</div></a>",
    "picture": "<picture @><source srcset=@><img src=@ srcset=@ alt=@ @></picture>Q",
    "kept-lines": "<p style='white-space: pre-line;@'>Q\nx</p>",
    "e-mail": "<a href='/cdn-cgi/l/email-protection#@' data-cfemail=@>Q</a>",
    "base": "<base href=@><a href=x>Q</a>",
}
VALUES = [
    "javascript:alert(1)",
    "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;",
    "](x) `` # | \\ *",
    "-1e9",
    "9" * 2000,
    "&#10;&#10;# h&#10;```&#10;&lt;img src=x onerror=y&gt;",
    "/\u202e%00&#1;\ufeff",
]


def pages(construct: str, value: str) -> dict[str, str]:
    whole = construct.replace(" @", f' id="{value}" style="{value}" onclick="{value}"').replace(
        "=@", f'="{value}"'
    )
    whole = whole.replace("@", value)
    opening = whole.partition("Q")[0]
    return {
        "whole": whole.replace("Q", "word"),
        "unclosed": f"{opening}word",
        "unclosed-twice": f"{opening}word<p>{opening}word",
        "closed-early": whole.replace("Q", "</div></p></td></li>word"),
        "nested": f"{opening * 200}word",
    }


def is_safe(markdown: str) -> bool:
    """Whether markdown, rendered as CommonMark with its HTML, has nothing that acts."""
    tree = LexborHTMLParser(html_of(markdown))
    if tree.css_first("script,iframe,object,embed,style,form,svg,math,base") is not None:
        return False
    for node in tree.css("*"):
        for name, value in node.attributes.items():
            if name.startswith("on") or (
                name in ("href", "src") and not (value or "").startswith(("http", "#"))
            ):
                return False
    return True


def markdown_of(html: str) -> str:
    options = CleanOptions(scope="page", images="inline")
    return clean(f"<p>before</p><div>{html}", url=BASE, options=options).markdown


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_broken_and_hostile_constructs_leave_safe_markdown(name: str) -> None:
    for value in VALUES:
        for shape, html in pages(CONSTRUCTS[name], value).items():
            markdown = markdown_of(html)
            assert read_back(markdown).startswith("before"), (shape, value, markdown[:200])
            assert is_safe(markdown), (shape, value, markdown[:300])


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_a_thousand_of_a_construct_are_all_written(name: str) -> None:
    words = [f"w{number}w" for number in range(1000)]
    wholes = [pages(CONSTRUCTS[name], word)["whole"].replace("word", word) for word in words]
    back = read_back(markdown_of("".join(f"<div>{whole}</div>" for whole in wholes)))
    assert "w0w" in back
    assert "w999w" in back

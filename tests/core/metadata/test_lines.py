"""The lines around a headline, as C and as Python read them."""

import os
import random
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom.native import find_walk, prefer_native
from gateway.core.metadata.lines import line_before, lines_after, read_after
from gateway.core.metadata.teasers import Teasers
from tests.core.test_fuzz import BAD
from tests.test_fuzz import mutate, seeds

PAGES = sorted((Path(__file__).parents[3] / "fixtures" / "pages").glob("*/source.html"))
URL = "https://example.com/a"
MUTATED = int(os.environ.get("NATIVE_MUTATED", 500))


@pytest.fixture(autouse=True)
def preferred() -> Iterator[None]:
    yield
    prefer_native(True)


def lines_of(heading: LexborNode) -> list[list[str]]:
    return [line.pieces for line in lines_after(heading, Teasers(URL))]


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        pytest.param("<h1></h1>a <b>b</b><p>c<p> d  e ", [["a", "b"], ["c"], ["d e"]], id="blocks-end-lines"),
        pytest.param("<div><h1></h1></div><x-a>a</x-a>b", [["a", "b"]], id="custom-elements-do-not"),
        pytest.param("<h1></h1><button>a</button><svg><desc>b</desc></svg>c", [["c"]], id="unseen"),
        pytest.param("<h1></h1>a<h2><a href=/b>A story of another page</a></h2>c", [["a"]], id="story"),
        pytest.param("<h1></h1>a<h2>More</h2><p>c", [["a"], ["More"], ["c"]], id="part"),
        pytest.param(
            f"<h1></h1>{'a' * 2000}<p>b<p>{'c ' * 400}<p>d",
            [["a" * 300], ["b"], ["c " * 149 + "c "]],
            id="long",
        ),
        pytest.param(f"<h1></h1>{' ' * 1300}a<p>b", [["b"]], id="begins-late"),
        pytest.param("<h1></h1>" + "<i></i>" * 501 + "a", [], id="too-far"),
        pytest.param("<div>" * 9 + "<h1></h1>a" + "</div>" * 9 + "b", [["a"]], id="too-far-up"),
    ],
)
@pytest.mark.parametrize("wanted", [True, False])
def test_lines_after_a_headline(html: str, lines: list[list[str]], wanted: bool, used: ModuleType) -> None:
    prefer_native(wanted)
    heading = LexborHTMLParser(html).css_first("h1")
    assert heading is not None
    assert lines_of(heading) == lines


def test_line_before_a_headline() -> None:
    heading = LexborHTMLParser("<p>a<p>b  c</p><script>d</script><h1>").css_first("h1")
    assert heading is not None
    assert [line.text for line in line_before(heading)] == ["b c"]


def compare(page: str | bytes) -> None:
    tree = LexborHTMLParser(page, scripting=True)
    for heading in tree.css("h1,h2,p")[:20]:
        found = []
        for wanted in (True, False):
            prefer_native(wanted)
            find_walk()
            found.append(lines_of(heading))
        assert found[0] == found[1]
    prefer_native(True)


@pytest.mark.parametrize("path", [pytest.param(path, id=path.parent.name) for path in PAGES])
def test_lines_agree_on_pages(path: Path, used: ModuleType) -> None:
    compare(path.read_bytes())


@pytest.mark.parametrize("name", BAD)
def test_lines_agree_on_bad_pages(name: str, used: ModuleType) -> None:
    compare(BAD[name])


@pytest.mark.timeout(0)
def test_lines_agree_on_mutated_pages(used: ModuleType) -> None:
    chance, pieces = random.Random(31), seeds()
    for _ in range(MUTATED):
        compare(mutate(chance.choice(pieces), chance))


PIECES = """<h1> </h1> <h2> </h2> <a/href=/b> </a> <div> </div> <p> <b> </b> <x-a> </x-a> <svg> </svg> <desc> <title>
<script> </script> <template> </template> <button> <!----> a word \u00e9 \u3000 \ud7ff \U0001f600 &nbsp; &#x85;
<annotation-xml> <math> <textarea> </textarea> <option> <h3>""".split()


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from([*PIECES, " ", "\n", "x" * 200, "y " * 700, " " * 1250]), max_size=40))
def test_lines_agree_on_trees(used: ModuleType, pieces: list[str]) -> None:
    compare("<h1>a</h1>" + "".join(pieces))


def test_tables_of_another_size_are_refused(used: ModuleType) -> None:
    heading = LexborHTMLParser("<h1>").css_first("h1")
    assert heading is not None and list(read_after(heading)) == []
    with pytest.raises(ValueError, match="size"):
        used.read_after(heading, b"", 1, 1, 1)
    with pytest.raises(TypeError):
        used.read_after(object(), bytes(256), 1, 1, 1)

"""The walk: where blocks begin and end, what is counted in them, and what bounds it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from gateway.core.dom.blocks import FLAGS, Blocks, keep, read_blocks


def walk(html: str, **options: int) -> Blocks:
    root = LexborHTMLParser(html).body
    assert root is not None
    return read_blocks(root, **options)


@pytest.mark.parametrize(
    ("html", "texts"),
    [
        pytest.param("<p>one <b>two</b>\n three</p><p>four</p>", ["one two three", "four"], id="paragraphs"),
        pytest.param("<div>a<p>b</p>c</div>", ["a", "b", "c"], id="text-around-a-block"),
        pytest.param("<p>a<br>b</p>", ["a b"], id="one-line-break"),
        pytest.param("<p>a<br> <br>b</p>", ["a", "b"], id="two-line-breaks"),
        pytest.param("<table><tr><td>a<td>b<tr><td>c</table>", ["a b", "c"], id="a-row-is-a-block"),
        pytest.param("<table><tr><td><p>a</p><p>b</p></table>", ["a", "b"], id="cells-with-blocks"),
        pytest.param("<x-card>a</x-card><x-card>b</x-card>", ["a", "b"], id="custom-elements"),
        pytest.param("<script>x</script><svg><text>y</text></svg><p>a<!-- b --></p>", ["a"], id="no-text"),
        pytest.param("<a href=/><div>a</div></a>", ["a"], id="block-in-a-link"),
        pytest.param("  <p> \n </p>", [], id="white-space"),
    ],
)
def test_read_blocks_splits_where_readers_see_a_break(html: str, texts: list[str]) -> None:
    assert list(walk(html).texts) == texts


def test_read_blocks_counts_links_and_bold_text() -> None:
    blocks = walk("<p>1234<a href=/>56</a><b>789</b></p>")
    counts = (blocks.chars, blocks.link_chars, blocks.bold_chars, blocks.links)
    assert [list(column) for column in counts] == [[9], [2], [3], [1]]


def test_read_blocks_counts_images_before_a_block() -> None:
    assert list(walk("<img><img><p>a</p><p>b</p>").images) == [2, 0]


def test_read_blocks_hands_flags_down() -> None:
    blocks = walk("<nav><ul><li>a</li></ul></nav><div style='display: none'><p>b</p></div>")
    flags = [
        {name for bit, name in enumerate(FLAGS) if blocks.flags[owner] >> bit & 1} for owner in blocks.owners
    ]
    assert flags == [{"nav", "ul", "li"}, {"undisplayed"}]


def test_read_blocks_registers_only_elements_with_text() -> None:
    assert walk("<div><div><img></div><p class=x>a</p></div><section></section>").tags == ["body", "div", "p"]


def test_read_blocks_leaves_out_what_it_is_told_to() -> None:
    tree = LexborHTMLParser("<p>a <span id=x>b</span></p><div id=y>c</div>")
    left_out = {node.mem_id for node in tree.css("#x,#y")}
    assert tree.body is not None
    assert read_blocks(tree.body, left_out=left_out).texts == ["a"]


def test_read_blocks_knows_the_range_below_each_element() -> None:
    blocks = walk("<div><p>a</p><p>b</p></div><p>c</p>")
    ranges = list(zip(blocks.tags, blocks.firsts, blocks.lasts, strict=True))
    assert ranges == [("body", 0, 3), ("div", 0, 2), ("p", 0, 1), ("p", 1, 2), ("p", 2, 3)]


def test_read_blocks_stops_at_the_depth_limit() -> None:
    blocks = walk("<div>" * 400 + "deep" + "</div>" * 400 + "<p>flat</p>", max_depth=100)
    assert blocks.texts == ["flat"]
    assert blocks.truncated


def test_read_blocks_walks_deep_trees_without_recursion() -> None:
    assert walk("<div>" * 1500 + "deep", max_depth=10_000).texts == ["deep"]


def test_read_blocks_stops_at_the_block_limit() -> None:
    blocks = walk("<p>a</p>" * 50, max_blocks=10)
    assert len(blocks.texts) == 10
    assert blocks.truncated
    assert blocks.lasts[0] == 10


def test_keep_names_text_nodes_and_the_way_to_them() -> None:
    html = "<div><p id=in>a <em>b</em></p><p id=out>c</p></div>"
    tree = LexborHTMLParser(html)
    assert tree.body is not None
    blocks = read_blocks(tree.body)
    kept = keep(blocks, [0])
    wanted = tree.css_first("#in")
    assert wanted is not None
    nodes = {node.mem_id: node for node in tree.root.traverse(include_text=True)} if tree.root else {}
    assert {nodes[text].text_content for text in kept.texts} == {"a ", "b"}
    assert {nodes[element].tag for element in kept.elements} == {"body", "div", "p"}


_TAGS = st.sampled_from(["div", "p", "span", "a", "li", "td", "table", "br", "b", "h2", "nav", "x-y"])


@given(st.lists(st.tuples(_TAGS, st.booleans(), st.text(alphabet="ab \n", max_size=4)), max_size=30))
def test_read_blocks_finds_every_visible_word_once_in_order(pieces: list[tuple[str, bool, str]]) -> None:
    html = "".join(f"<{'/' if closes else ''}{tag}> {text} " for tag, closes, text in pieces)
    tree = LexborHTMLParser(html)
    assert tree.body is not None
    blocks = read_blocks(tree.body)
    assert " ".join(blocks.texts).split() == (tree.body.text(separator=" ") or "").split()
    assert all(0 <= owner < len(blocks.tags) for owner in blocks.owners)
    assert (
        all(
            0 <= first < last <= len(blocks.texts)
            for first, last in zip(blocks.firsts, blocks.lasts, strict=True)
        )
        or not blocks.texts
    )

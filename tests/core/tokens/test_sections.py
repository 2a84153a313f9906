"""The outline counts sections; chunks keep to them."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.core import clean
from gateway.core.model.page import Block, CleanOptions
from gateway.core.tokens.counters import get_counter
from gateway.core.tokens.formats import parts_of
from gateway.core.tokens.sections import chunk, outline

COUNT = get_counter("o200k_base")
HTML = """<p>Before.</p><h1>Guide</h1><h2>Install</h2><p>Run it.</p><p>Twice.</p><h3>Linux</h3><p>Use apt.</p>
<h2>Use</h2><ul><li>one<li>two</ul>"""
PAGE = clean(HTML, options=CleanOptions(scope="page"))


def test_outline_lists_headings_with_the_tokens_of_their_sections() -> None:
    sections = outline(PAGE.blocks, parts_of(PAGE), count=COUNT)
    assert [(s.heading, s.level) for s in sections] == [
        ("Guide", 1),
        ("Install", 2),
        ("Linux", 3),
        ("Use", 2),
    ]
    assert sections[1].tokens == COUNT("## Install\n\nRun it.\n\nTwice.\n\n")
    assert [PAGE.blocks[s.start].heading for s in sections] == [s.heading for s in sections]


def test_chunks_follow_headings_and_carry_their_path() -> None:
    chunks = chunk(PAGE.blocks, parts_of(PAGE), max_tokens=100, count=COUNT)
    assert [(c.headings, c.content) for c in chunks] == [
        ([], "Before."),
        (["Guide", "Install"], "# Guide\n\n## Install\n\nRun it.\n\nTwice."),
        (["Guide", "Install", "Linux"], "### Linux\n\nUse apt."),
        (["Guide", "Use"], "## Use\n\n- one\n- two"),
    ]


def test_chunks_of_a_long_section_stay_below_the_budget() -> None:
    page = clean("<h1>Long</h1>" + "<p>some words here</p>" * 50, options=CleanOptions(scope="page"))
    chunks = chunk(page.blocks, parts_of(page), max_tokens=20, count=COUNT)
    assert len(chunks) > 5
    assert all(c.tokens == COUNT(c.content) <= 20 and c.headings == ["Long"] for c in chunks)


def test_chunks_never_cut_a_table() -> None:
    rows = "".join(f"<tr><td>{n}<td>{n}" for n in range(40))
    page = clean(f"<p>a</p><table><tr><th>A<th>B{rows}</table><p>b</p>", options=CleanOptions(scope="page"))
    chunks = chunk(page.blocks, parts_of(page), max_tokens=30, count=COUNT)
    assert page.blocks[1].markdown in [c.content for c in chunks]


HEADINGS = st.builds(
    lambda level, text: Block(
        kind="heading", gap="\n\n", markdown=f"{'#' * level} {text}", text=text, level=level, heading=text
    ),
    st.integers(1, 6),
    st.sampled_from(["x", "y z"]),
)
TEXTS = st.sampled_from(["a", "some longer text", "w " * 30]).map(
    lambda text: Block(kind="paragraph", gap="\n\n", markdown=text, text=text)
)


@given(st.lists(HEADINGS | TEXTS, max_size=30), st.integers(5, 50))
def test_chunks_hold_every_block_once_in_order(blocks: list[Block], max_tokens: int) -> None:
    parts = [block.markdown + "\n\n" for block in blocks]
    chunks = chunk(blocks, parts, max_tokens=max_tokens, count=COUNT)
    assert "\n\n".join(c.content for c in chunks) == "\n\n".join(block.markdown for block in blocks)

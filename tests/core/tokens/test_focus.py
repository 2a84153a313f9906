"""What is kept of a page answers the question, below its headings, within the budget."""

import pytest

from gateway.core import clean
from gateway.core.model.page import CleanOptions, Page
from gateway.core.tokens.counters import get_counter
from gateway.core.tokens.focus import Focus, focus
from gateway.core.tokens.formats import parts_of
from gateway.wire import Format

COUNT = get_counter("o200k_base")
FILLER = " ".join(f"This is sentence number {n} about nothing in particular." for n in range(12))


def page_of(html: str, **options: object) -> Page:
    return clean(html, options=CleanOptions(scope="page", **options))  # type: ignore[arg-type]


SECTIONS = {
    "Opening hours": "The museum opens daily from nine to five.",
    "Tickets": "A ticket costs twelve euros, children pay half.",
    "How to get there": "Take the tram to the harbour stop.",
    "切符": "入場券は十二ユーロです。",
}
PAGE = page_of(
    "<h1>Museum</h1>"
    + "".join(
        f"<h2>{name}</h2><p>{FILLER}</p><p>{text}</p><p>{FILLER}</p>" for name, text in SECTIONS.items()
    )
)


def focused(
    question: str, *, page: Page = PAGE, max_tokens: int = 400, format_: Format = "markdown"
) -> Focus:
    found = focus(page.blocks, parts_of(page, format_), question, max_tokens=max_tokens, count=COUNT)
    assert found.piece.tokens == COUNT(found.piece.content)
    return found


@pytest.mark.parametrize("format_", ["markdown", "text"])
@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("When does the museum open?", "Opening hours"),
        ("ticket euros", "Tickets"),
        ("TRAM to the harbour", "How to get there"),
        ("入場券", "切符"),
    ],
)
def test_focus_keeps_the_section_that_answers(question: str, name: str, format_: Format) -> None:
    found = focused(question, format_=format_)
    assert SECTIONS[name] in found.piece.content and found.piece.tokens <= 400
    assert found.piece.content.index("Museum") < found.piece.content.index(name)
    assert found.piece.notice is not None and found.piece.notice.code == "focused"
    # its headings are cursors to what is not there
    others = [section.heading for section in found.left_out]
    assert set(SECTIONS) - {name} <= set(others)
    assert [PAGE.blocks[section.start].heading for section in found.left_out] == others


def test_focus_keeps_the_order_of_the_page() -> None:
    content = focused("tram ticket museum", max_tokens=900).piece.content
    places = [content.index(text) for text in list(SECTIONS.values())[:3]]
    assert places == sorted(places)


def test_focus_of_a_page_that_fits_is_the_whole_page() -> None:
    found = focused("tram", max_tokens=100_000)
    assert found.piece.content == PAGE.markdown and found.left_out == [] and found.piece.notice is None


def test_focus_without_any_word_of_the_page_is_its_beginning() -> None:
    for question in ("xylophone", "???"):
        found = focused(question)
        assert PAGE.markdown.startswith(found.piece.content)
        assert found.piece.notice is not None and found.piece.notice.code == "focus_not_found"
        assert found.piece.next_start == len(found.kept)


def test_focus_on_a_passage_above_the_budget_is_cut_between_blocks() -> None:
    found = focused("ticket", max_tokens=5)
    assert found.kept and "".join(parts_of(PAGE)[index] for index in found.kept) == found.piece.content


def test_focus_begins_within_no_list_item() -> None:
    items = "".join(
        f"<li>Item {n}<ul><li>{FILLER}</li><li>needle{n} {FILLER}</li></ul></li>" for n in range(20)
    )
    page = page_of(f"<h1>List</h1><ul>{items}</ul>")
    content = focused("needle7", page=page, max_tokens=600).piece.content
    assert "needle7" in content
    runs = content.split("\n\n")
    assert not any(run.startswith(" ") for run in runs)


def test_focus_keeps_the_definitions_of_its_links() -> None:
    paragraphs = "".join(
        f'<p>About topic{n}: <a href="https://a.test/{n}">more of {n}</a>. {FILLER}</p>' for n in range(20)
    )
    page = page_of(f"<h1>Links</h1>{paragraphs}", links="reference")
    content = focused("topic13", page=page, max_tokens=300).piece.content
    assert "https://a.test/13" in content and "https://a.test/2>" not in content
    assert content.count("https://a.test/") <= 2


def test_focus_of_a_page_without_blocks_is_empty() -> None:
    assert focused("anything", page=page_of("")).piece.content == ""

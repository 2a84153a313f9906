"""The figures of a cross-validation: means over seeds, with the pages whose label is doubtful and without them."""

import pytest

from training.corpus import read_doubtful

pytest.importorskip("torch", reason="needs the `training` extra")

from training.fit import PageScore, Scores


def test_doubtful_pages_are_listed_with_a_reason() -> None:
    doubtful = read_doubtful()
    assert len(doubtful) >= 14
    assert all(len(page_id) == 4 and page_id.isdigit() and reason for page_id, reason in doubtful.items())


def test_table_gives_figures_with_doubtful_pages_and_without() -> None:
    pages = [
        PageScore("article", "article", f1, 0.9, is_doubtful=doubtful)
        for f1, doubtful in (
            (0.9, False),
            (0.8, False),
            (0.1, True),
            (0.95, False),
            (0.85, False),
            (0.2, True),
        )
    ]
    lines = Scores(pages, seeds=2).table().splitlines()
    assert lines[0] == "| page type | pages | F1 | of these with a sound label | F1 |"
    assert lines[2] == "| article | 3 | 0.6333 | 2 | 0.8750 |"


def test_table_has_no_such_column_where_no_page_is_doubtful() -> None:
    assert Scores([PageScore("forum", "forum", 0.5, 0.9)]).table().splitlines()[:3] == [
        "| page type | pages | F1 |",
        "|---|---|---|",
        "| forum | 1 | 0.5000 |",
    ]

"""The figures of a cross-validation: means over seeds, with the pages whose label is doubtful and without them."""

import numpy as np
import pytest

from gateway.core.classifier.network import load_classifier
from training.corpus import read_doubtful

pytest.importorskip("torch", reason="needs the `training` extra")

from training.export import interval_of, tabulate_confidence
from training.fit import PageScore, Scores, calibrate


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


def score(f1: float, confidence: float, *, page_id: str = "", is_empty: bool = False) -> PageScore:
    return PageScore("article", "article", f1, confidence, page_id=page_id, is_empty=is_empty)


def test_pages_on_which_nothing_was_chosen_do_not_calibrate() -> None:
    chosen = [score(0.4 + n / 500, 0.3 + n / 400) for n in range(250)]
    empty = [score(1.0, 0.001, is_empty=True)] * 50
    plain, mixed = (calibrate(load_classifier(), Scores(pages)) for pages in (chosen, chosen + empty))
    assert np.array_equal(plain.observed, mixed.observed) and np.array_equal(plain.expected, mixed.expected)
    assert np.all(np.diff(mixed.expected) > 0) and np.all(np.diff(mixed.observed) >= 0)
    stated = np.interp([page.confidence for page in chosen], mixed.expected, mixed.observed)
    assert np.abs(stated - [page.f1 for page in chosen]).max() < 0.03


def test_interval_counts_a_page_once_for_all_its_seeds() -> None:
    low, high = interval_of([score(n % 2, 0.5, page_id=str(n)) for n in range(100)])
    assert 0.37 < low < 0.43 and 0.57 < high < 0.63
    twice = [score(n % 2, 0.5, page_id=str(n)) for n in range(100) for _ in range(2)]
    assert interval_of(twice) == (low, high)


def test_table_of_confidence_has_a_row_for_pages_where_nothing_was_found() -> None:
    pages = [score(1.0, 0.002, page_id="a", is_empty=True), score(0.9, 0.95, page_id="b")]
    rows = tabulate_confidence(Scores(pages), load_classifier()).splitlines()
    assert [row.split("|")[1].strip() for row in rows] == ["nothing found", "0.9 to 1.0"]
    assert rows[1].endswith("| 0.900 | 0.900 to 0.900 |")

"""What C does between the network's products, and the whole choice with it, are what numpy and Python give."""

import os
import random
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from gateway.core.classifier import article_column, choice, native
from gateway.core.classifier.columns import Array
from gateway.core.classifier.features import PageHints
from gateway.core.classifier.layers import clip_rows, gather_windows, rectify
from gateway.core.classifier.network import Choice, choose, load_classifier
from gateway.core.documents.charset import to_utf8
from gateway.core.dom.blocks import Blocks
from gateway.core.dom.native import prefer_native, read_blocks
from gateway.core.dom.nesting import limit_nesting
from gateway.core.parsing import root_of
from tests.core.test_fuzz import BAD
from tests.leaks import memory_left_by
from tests.requirements import SHARED, require_folder
from tests.test_fuzz import mutate, seeds
from training.corpus import page_ids, read_samples

PAGES = sorted((Path(__file__).parents[3] / "fixtures" / "pages").glob("*/source.html"))
CORPUS = SHARED / "data" / "wcxb"
# pages of the labelled corpus: a sample, all of them with 0; mutated pages
CORPUS_PAGES = int(os.environ.get("NATIVE_PAGES", 60))
MUTATED = int(os.environ.get("NATIVE_MUTATED", 5000)) // 5

T = TypeVar("T")


def by_python(compute: Callable[[], T]) -> T:
    prefer_native(False)
    try:
        return compute()
    finally:
        prefer_native(True)


def walk(html: str | bytes) -> Blocks:
    markup = limit_nesting(to_utf8(html) if isinstance(html, str) else html).markup
    return read_blocks(root_of(LexborHTMLParser(markup, scripting=True)))


def compare(blocks: Blocks) -> None:
    head = PageHints(title=blocks.texts[0] if blocks.texts else "", author="Ada Bell")

    def choice_of() -> Choice:
        return choose(blocks, head, load_classifier())

    one, other = choice_of(), by_python(choice_of)
    assert one.probabilities.tobytes() == other.probabilities.tobytes()
    assert one._replace(probabilities=other.probabilities) == other
    assert choice.find_special(blocks) == by_python(lambda: choice.find_special(blocks))
    # of a page that was chosen otherwise, more texts are paragraphs
    count = len(blocks.texts)
    words, link = np.full(count, 20, np.float32), (np.arange(count) % 7 / 10).astype(np.float32)
    for step in (1, 2, 5) if count else ():
        every = list(range(0, count, step))
        found = native.find_column(every, words, link, blocks)
        assert found == article_column.find_column(every, words.tolist(), link.tolist(), blocks)


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("path", [pytest.param(path, id=path.parent.name) for path in PAGES])
def test_choices_agree_on_pages(path: Path) -> None:
    compare(walk(path.read_bytes()))


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("name", BAD)
def test_choices_agree_on_bad_pages(name: str) -> None:
    compare(walk(BAD[name]))


@pytest.mark.usefixtures("used")
@pytest.mark.timeout(0)
def test_choices_agree_on_mutated_pages() -> None:
    chance, pieces = random.Random(29), seeds()
    for _ in range(MUTATED):
        compare(walk(mutate(chance.choice(pieces), chance)))


@pytest.mark.usefixtures("used")
@pytest.mark.timeout(0)
def test_choices_agree_on_labelled_pages() -> None:
    require_folder(CORPUS)
    for sample in read_samples(CORPUS, page_ids(CORPUS, sample=CORPUS_PAGES)):
        compare(walk(sample.html))


def floats(shape: tuple[int, ...], seed: int) -> Array:
    """Numbers of which many are equal, and some are none at all."""
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(np.float32) / np.float32(3)


@pytest.mark.usefixtures("used")
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 50), st.integers(0, 1000))
def test_layers_agree_on_any_numbers(count: int, width: int, dilation: int, seed: int) -> None:
    rows, low = floats((width, count), seed), floats((width,), seed + 1)
    high = low + np.abs(floats((width,), seed + 2))
    held = clip_rows(rows, low, high)
    assert (held == by_python(lambda: clip_rows(rows, low, high))).all()
    hidden = np.ascontiguousarray(rows.T)
    seen = gather_windows(hidden, dilation)
    assert seen.tobytes() == by_python(lambda: gather_windows(hidden, dilation)).tobytes()
    for onto in (None, hidden):
        one = rectify(hidden.copy(), low, onto=None if onto is None else onto.copy())
        other = by_python(lambda: rectify(hidden.copy(), low, onto=None if onto is None else onto.copy()))  # noqa: B023
        assert (one == other).all()
    likely, words = np.abs(floats((count,), seed)) / 2, np.abs(floats((count,), seed + 3)) + 1
    assert native.select(likely, words) == choice.select(likely, words)


def test_rows_that_do_not_fit_are_refused(used: ModuleType) -> None:
    ones = np.ones(6, np.float32)
    more, empty, odd = np.ones(7, np.float32), np.zeros(0, np.float32), bytearray(7)
    for wrong in (
        lambda: used.clip_rows(ones, more, ones, ones),
        lambda: used.clip_rows(ones, empty, empty, ones),
        lambda: used.clip_rows(more, ones[:2], ones[:2], more),
        lambda: used.clip_rows(ones, ones[:2], ones[:3], ones),
        lambda: used.clip_rows(ones, ones[:2], ones[:2], more),
        lambda: used.clip_rows(odd, ones[:2], ones[:2], odd),
        lambda: used.gather_windows(ones, 4, 1, np.ones(30, np.float32)),
        lambda: used.gather_windows(ones, 0, 1, np.ones(30, np.float32)),
        lambda: used.gather_windows(ones, 2, 0, np.ones(30, np.float32)),
        lambda: used.gather_windows(ones, 2, 1 << 62, np.ones(30, np.float32)),
        lambda: used.gather_windows(ones, 2, 1, np.ones(29, np.float32)),
        lambda: used.rectify(ones, ones[:4]),
        lambda: used.rectify(ones, empty),
        lambda: used.rectify(ones, ones[:2], more),
        lambda: used.rectify(odd, ones[:2]),
        lambda: used.take_prefix(ones, more, 1.0, 0.5),
        lambda: used.take_prefix(empty, empty, 1.0, 0.5),
    ):
        with pytest.raises(ValueError, match="length"):
            wrong()
    blocks = walk("<p>a<p>b<p>c")
    packed, elements = blocks.packed, len(blocks.tags)
    for chosen, words in (([3], ones[:3]), ([-1], ones[:3]), ([1 << 40], ones[:3]), ([0], ones[:4])):
        with pytest.raises(ValueError, match=r"length|not"):
            used.find_column(packed, elements, chosen, words, ones[:3], article_column.BOUNDS)
    with pytest.raises(ValueError, match="length"):
        used.find_column(packed[8:], elements, [0], ones[:3], ones[:3], article_column.BOUNDS)
    for wrong in (
        lambda: used.find_column(packed, elements, ["a"], ones[:3], ones[:3], article_column.BOUNDS),
        lambda: used.rectify(ones.tobytes(), ones[:2]),
        lambda: used.rectify(ones, ones[:2], ones.tobytes()),
        lambda: used.find_tagged([b"p"], frozenset("p")),
        lambda: used.find_tagged(["p"], ["p"]),
    ):
        with pytest.raises((TypeError, BufferError)):
            wrong()


def test_tags_are_found_whatever_objects_they_are(used: ModuleType) -> None:
    tags = ["".join(["t", str(number % 7)]) for number in range(2000)]
    wanted = frozenset(("t3", "t5"))
    assert used.find_tagged(tags, wanted) == [i for i, tag in enumerate(tags) if tag in wanted]
    assert used.find_tagged([], wanted) == []


COUNTS = 150


def test_layers_leave_nothing_behind(used: ModuleType) -> None:
    blocks = walk(PAGES[0].read_bytes())

    def count() -> None:
        for _ in range(COUNTS):
            assert choose(blocks, PageHints(title="A title"), load_classifier()).blocks
            with pytest.raises(ValueError, match="length"):
                used.rectify(np.ones(6, np.float32), np.ones(2, np.float32), np.ones(7, np.float32))

    left, size = memory_left_by(count)
    assert left < COUNTS and size < 5000, "some are left each time"

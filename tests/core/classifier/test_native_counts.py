"""What C counts in texts and elements, and the features it makes of them, are what Python gives, array by array."""

import os
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from gateway.core.classifier import native, text_counts, tree_counts
from gateway.core.classifier.columns import Ints, read_columns
from gateway.core.classifier.features import Features, PageHints, build_features
from gateway.core.classifier.lexicon import SHORT_WORDS, Lexicon
from gateway.core.classifier.network import load_classifier
from gateway.core.classifier.text_counts import ROWS, TextCounts, find_said
from gateway.core.classifier.tree_counts import KindCounts
from gateway.core.documents.charset import to_utf8
from gateway.core.dom import blocks as python
from gateway.core.dom.blocks import Blocks
from gateway.core.dom.extension import Extension
from gateway.core.dom.native import find_walk, read_blocks
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
LEXICON = load_classifier().lexicon


def extension_of() -> Extension:
    extension = find_walk().extension
    assert extension is not None
    return extension


def is_same(one: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> bool:
    return all(
        left.dtype == right.dtype and left.shape == right.shape and left.tobytes() == right.tobytes()
        for left, right in zip(one, other, strict=True)
    )


def count_texts(texts: list[str], said: dict[str, int], lexicon: Lexicon = LEXICON) -> TextCounts:
    """As `text_counts.count_texts`, by the extension."""
    extension = extension_of()
    words = extension.load_words(dict(lexicon.words))
    rows, *columns = extension.count_texts(texts, text_counts.character_classes(), said, words, SHORT_WORDS)
    learned, short, firsts = map(np.frombuffer, columns, (np.float32, np.intp, np.intp))
    return TextCounts(np.frombuffer(rows, np.float32).reshape(ROWS, -1), learned, short, firsts)


def count_kinds(tags: list[str], names: list[str], parents: Ints, lexicon: Lexicon = LEXICON) -> KindCounts:
    """As `tree_counts.count_kinds`, by the extension."""
    extension = extension_of()
    tokens = extension.load_words(dict(lexicon.tokens))
    elements, *columns = extension.count_kinds(tags, names, parents, tokens)
    kinds = (np.frombuffer(column, np.intp) for column in columns[:3])
    scores = (np.frombuffer(column, np.float32) for column in columns[3:])
    return KindCounts(np.frombuffer(elements, np.intp).reshape(3, -1), *kinds, *scores)


def compare_texts(texts: list[str], title: str = "", description: str = "") -> None:
    said = find_said(title, description)
    right = text_counts.count_texts(texts, said, LEXICON.words)
    assert is_same(count_texts(texts, said), right)


def compare_kinds(tags: list[str], names: list[str], parents: Ints) -> None:
    right = tree_counts.count_kinds(tags, names, parents, LEXICON.tokens)
    assert is_same(count_kinds(tags, names, parents), right)


def compare(blocks: Blocks) -> None:
    parents = np.maximum(read_columns(blocks).elements[0], 0)
    compare_kinds(blocks.tags, blocks.names, parents)
    if blocks.texts:
        title, description = blocks.texts[len(blocks.texts) // 2], " ".join(blocks.texts[:3])
        compare_texts(blocks.texts, title, description)
        head = PageHints(title=title, description=description)
        compare_features(native.build_features(blocks, head, LEXICON), build_features(blocks, head, LEXICON))


def compare_features(one: Features, other: Features) -> None:
    assert is_same(one[:3], other[:3])
    assert one.repeated == other.repeated


def walk(html: str | bytes) -> Blocks:
    """As `clean` parses it: what is nested 100,000 deep takes Lexbor a minute and more."""
    markup = limit_nesting(to_utf8(html) if isinstance(html, str) else html).markup
    return read_blocks(root_of(LexborHTMLParser(markup, scripting=True)))


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("path", [pytest.param(path, id=path.parent.name) for path in PAGES])
def test_counts_agree_on_pages(path: Path) -> None:
    compare(walk(path.read_bytes()))


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("name", BAD)
def test_counts_agree_on_bad_pages(name: str) -> None:
    compare(walk(BAD[name]))


@pytest.mark.usefixtures("used")
@pytest.mark.timeout(0)
def test_counts_agree_on_mutated_pages() -> None:
    chance, pieces = random.Random(23), seeds()
    for _ in range(MUTATED):
        compare(walk(mutate(chance.choice(pieces), chance)))


@pytest.mark.usefixtures("used")
@pytest.mark.timeout(0)
def test_counts_agree_on_labelled_pages() -> None:
    require_folder(CORPUS)
    for sample in read_samples(CORPUS, page_ids(CORPUS, sample=CORPUS_PAGES)):
        compare(walk(sample.html))


WORDS = st.one_of(
    st.sampled_from(
        [*list(LEXICON.words)[::97], "Share", "the", "12.50", "€5", "的", "İstanbul", "ẞ", "😀", "ΣΑΣ"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
TEXTS = st.lists(WORDS, max_size=24).map(lambda words: " ".join(" ".join(words).split())).filter(bool)


@pytest.mark.usefixtures("used")
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(TEXTS, min_size=1, max_size=8), st.text(max_size=30), st.text(max_size=30))
def test_counts_agree_on_texts(texts: list[str], title: str, description: str) -> None:
    clear = "".join(title.split("\x00")), "".join(description.split("\x00"))
    compare_texts([*texts, texts[0]], *clear)
    compare_texts(texts, texts[-1].upper(), texts[0])


@pytest.mark.usefixtures("used")
def test_counts_agree_on_every_character() -> None:
    characters = [chr(code) for code in range(1, sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    shown = [character for character in characters if character.strip()]
    compare_texts(["".join(shown), " ".join(shown), *shown[:0x3100], *(f"a{each} b" for each in shown[::7])])


NAMES = st.one_of(
    st.sampled_from(
        [*list(LEXICON.tokens)[::211], "postBody", "HTMLPart", "entry-content", "a_b-c1D", "é", "\n"]
    ),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=10),
    st.text("abAB -", max_size=10),
)


@pytest.mark.usefixtures("used")
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(st.sampled_from(["p", "div", "x-é", ""]), st.lists(NAMES, max_size=6)), min_size=1),
    st.randoms(use_true_random=False),
)
def test_counts_agree_on_elements(elements: list[tuple[str, list[str]]], chance: random.Random) -> None:
    tags, names = [tag for tag, _ in elements], [" ".join(names) for _, names in elements]
    parents = np.array([0, *(chance.randrange(i) for i in range(1, len(tags)))], dtype=np.intp)
    compare_kinds(tags, names, parents)


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("path", [pytest.param(path, id=path.parent.name) for path in PAGES])
def test_features_are_the_same_whoever_reads(path: Path) -> None:
    """Also of columns that C has packed."""
    root = root_of(LexborHTMLParser(path.read_bytes(), scripting=True))
    head = PageHints(title="A title", description="What it says")
    by_c = native.build_features(read_blocks(root), head, LEXICON)
    by_both = native.build_features(python.read_blocks(root), head, LEXICON)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "winnow_native", None)
        find_walk.cache_clear()
        by_python = native.build_features(python.read_blocks(root), head, LEXICON)
    find_walk.cache_clear()
    compare_features(by_c, by_python)
    compare_features(by_both, by_python)


@pytest.mark.usefixtures("used")
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(
        st.text("abä", min_size=1, max_size=40),
        st.integers(-99, 99).map(lambda score: score / 8),
        max_size=300,
    )
)
def test_words_of_every_length_are_found(scores: dict[str, float]) -> None:
    """Some of them alike but for a letter, most of them longer than a place of the table holds."""
    asked = [word for score in scores for word in (score, score[:-1] + "b", score + "a", score[1:]) if word]
    texts = [" ".join(asked[at : at + 9]) for at in range(0, len(asked), 9)] or ["a"]
    lexicon = Lexicon({}, {**scores, "": 5.0})
    assert is_same(count_texts(texts, {}, lexicon), text_counts.count_texts(texts, {}, lexicon.words))


def test_a_lexicon_without_words_scores_nothing(used: ModuleType) -> None:
    blocks = walk("<p>Share<div class=content>the text of it")
    assert used is find_walk().extension
    nothing = Lexicon({}, {})
    assert not count_texts(blocks.texts, {}, nothing).learned.any()
    parents = np.zeros(len(blocks.tags), np.intp)
    assert not count_kinds(blocks.tags, blocks.names, parents, nothing).learned.any()


@pytest.mark.usefixtures("used")
def test_counts_agree_where_everything_differs() -> None:
    names = [f"{number:x} {number}" for number in range(50_000)]
    compare_kinds(["p"] * len(names), names, np.arange(len(names), dtype=np.intp) // 2)
    compare_texts(names, " ".join(names[:5000]))


@pytest.mark.parametrize(
    ("parents", "names"),
    [
        pytest.param([0, 2], ["", ""], id="behind-the-last"),
        pytest.param([0, -1], ["", ""], id="negative"),
        pytest.param([0], ["", ""], id="too-few"),
        pytest.param([0, 0], [""], id="too-few-names"),
    ],
)
def test_columns_that_do_not_fit_are_refused(used: ModuleType, parents: list[int], names: list[str]) -> None:
    tokens = used.load_words({"a": 1.0})
    with pytest.raises(ValueError, match=r"parent|length"):
        used.count_kinds(["p", "p"], names, np.array(parents, dtype=np.intp), tokens)


def test_texts_that_do_not_fit_are_refused(used: ModuleType) -> None:
    words = used.load_words({"a": 1.0})
    with pytest.raises(ValueError, match="without text"):
        used.count_texts([""], text_counts.character_classes(), {}, words, 16)
    with pytest.raises(ValueError, match="another size"):
        used.count_texts(["a"], b"", {}, words, 16)
    with pytest.raises(ValueError, match="PyCapsule"):
        used.count_texts(["a"], text_counts.character_classes(), {}, object(), 16)
    with pytest.raises(TypeError):
        used.count_texts([b"a"], text_counts.character_classes(), {}, words, 16)


COUNTS = 150


def test_counts_leave_nothing_behind(used: ModuleType) -> None:
    blocks = walk(PAGES[0].read_bytes())
    parents = np.maximum(read_columns(blocks).elements[0], 0)
    said = find_said("A title", "é")
    classes = text_counts.character_classes()
    head = PageHints(title="A title")

    def count() -> None:
        for _ in range(COUNTS):
            native.build_features(blocks, head, LEXICON)
            words = used.load_words({"share": 1.0, "é": 2.0})
            used.count_texts([*blocks.texts, "É"], classes, said, words, 16)
            used.count_kinds(blocks.tags, blocks.names, parents, words)

    left, size = memory_left_by(count)
    assert left < COUNTS and size < 5000, "some are left each time"

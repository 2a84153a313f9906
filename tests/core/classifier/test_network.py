"""What the networks see and compute, what they choose, and that weights fit the code."""

import io

import numpy as np
import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.core.classifier.features import BLOCK_NAMES, PAGE_NAMES, PageHints, build_features
from gateway.core.classifier.lexicon import Lexicon, split_names
from gateway.core.classifier.network import PAGE_TYPES, choose, load_classifier, predict, read_classifier
from gateway.core.classifier.text_features import TEXT_NAMES
from gateway.core.dom.blocks import read_blocks


def features_of(html: str, **head: str) -> dict[str, list[float]]:
    root = LexborHTMLParser(html).body
    assert root is not None
    rows = build_features(read_blocks(root), PageHints(**head), Lexicon({}, {})).rows
    return dict(zip(BLOCK_NAMES, rows.tolist(), strict=True))


def test_split_names_finds_the_words_of_each() -> None:
    names = ["", "postBody", "entry-content entry", "c12 _x", "\n"]
    assert split_names(names) == [
        [],
        ["post", "body", "post-body"],
        ["entry", "content", "entry", "entry-content-entry"],
        ["c", "x", "c-x"],
        [],
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("The cat is on the mat, and it will not go away from there.", id="english"),
        pytest.param("我们在这里说的是一个很长的故事，它的主人公是一只猫。", id="chinese"),
        pytest.param("これは猫についての長い物語であり、その猫はとても賢いのです。", id="japanese"),
        pytest.param("هذا هو البيت الذي كان على الجبل، و لا شك في ذلك.", id="arabic"),
        pytest.param("यह एक लंबी कहानी है और इस में एक बिल्ली है जो घर में रहती है।", id="hindi"),
        pytest.param("Der Hund ist nicht in dem Haus, und wir wissen nicht, wo er ist.", id="german"),
        pytest.param("Это не то, что мы видели, и он был на той же улице, что и мы.", id="russian"),
    ],
)
def test_build_features_tells_prose_from_labels_in_any_script(text: str) -> None:
    features = features_of(f"<p>{text}</p><li>12.99</li>")
    assert features["small"][0] > 0.15 > features["small"][1]
    assert features["prose"][0] > 0.4
    assert features["lower"][0] > 0.8
    assert features["ends_sentence"][0] == 1


def test_build_features_counts_words_where_none_are_spaced() -> None:
    assert np.expm1(features_of("<p>" + "汉" * 40 + "</p>")["log_words"][0]) == pytest.approx(21)


def test_build_features_measures_by_block() -> None:
    features = features_of(
        "<h1>Kettles compared</h1><p>Of <a href=/>kettles</a> and pots.</p>", title="Kettles compared"
    )
    assert features["tag_h1"] == [1, 0]
    assert features["title_cover"] == [1, 0.5]
    assert features["link"][1] == pytest.approx(7 / len("Of kettles and pots."))
    assert features["in_h1"] == [1, 0]
    assert features["previous_sibling"] == [0, 1]


@pytest.mark.parametrize(
    "html", ["<p>a</p>", "<p>💚\ud83d</p>", "<td>" * 30 + "x", "<p>a<p>a<p>a", "<a><p>x</p></a>"]
)
def test_build_features_is_finite(html: str) -> None:
    root = LexborHTMLParser(html.encode("utf-8", "replace").decode()).body
    assert root is not None
    features = build_features(read_blocks(root), PageHints(), Lexicon({}, {}))
    assert features.rows.shape == (len(BLOCK_NAMES), len(features.words))
    assert features.page.shape == (len(PAGE_NAMES),)
    assert np.isfinite(features.rows).all()
    assert np.isfinite(features.page).all()


def test_feature_names_are_unique() -> None:
    names = (*BLOCK_NAMES, *PAGE_NAMES)
    assert len(set(names)) == len(names)
    assert names[: len(TEXT_NAMES)] == tuple(TEXT_NAMES)


def test_choose_finds_nothing_on_an_empty_page() -> None:
    root = LexborHTMLParser("").body
    assert root is not None
    assert choose(read_blocks(root), PageHints(), load_classifier()).blocks == []


def test_choose_finds_nothing_where_there_is_only_a_footer() -> None:
    html = "<footer class=footer><ul><li><a href=/a>Imprint</a><li><a href=/b>Privacy</a></ul>© Shop</footer>"
    root = LexborHTMLParser(html).body
    assert root is not None
    choice = choose(read_blocks(root), PageHints(), load_classifier())
    assert choice.blocks == []
    assert choice.confidence < 0.6


def test_predict_gives_probabilities() -> None:
    classifier = load_classifier()
    root = LexborHTMLParser("<nav><a href=/>Home</a></nav><p>It is what it is, and so on and on.</p>").body
    assert root is not None
    features = build_features(read_blocks(root), PageHints(), classifier.lexicon)
    blocks, kinds = predict(features, classifier.network)
    assert blocks.shape == (2,)
    assert ((blocks >= 0) & (blocks <= 1)).all()
    assert kinds.shape == (len(PAGE_TYPES),)
    assert kinds.sum() == pytest.approx(1, abs=1e-4)


def test_read_classifier_refuses_weights_of_another_code() -> None:
    file = io.BytesIO()
    np.savez(file, low=np.zeros(3))
    file.seek(0)
    with pytest.raises(
        ValueError, match=rf"for 3 features, the code computes {len(BLOCK_NAMES) + len(PAGE_NAMES)}"
    ):
        read_classifier(file)

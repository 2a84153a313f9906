"""Amounts of text are right without spaces between words, too."""

import json
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.core import clean
from gateway.core.documents.charset import decode
from gateway.core.metadata.page_metadata import read_metadata
from gateway.core.metadata.structured import read_structured
from gateway.core.text.languages import count_words, squeeze

FOLDERS = sorted((Path(__file__).parents[3] / "fixtures" / "languages").glob("*/"))


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        pytest.param("four words in English", 4, 4, id="english"),
        pytest.param("Все счастливые семьи похожи друг на друга", 7, 7, id="russian"),
        pytest.param("كل العائلات السعيدة متشابهة", 4, 4, id="arabic"),
        pytest.param("सभी सुखी परिवार एक जैसे होते हैं", 7, 7, id="hindi"),
        pytest.param("我们今天去公园散步。", 4, 6, id="chinese"),
        pytest.param("吾輩は猫である。名前はまだ無い。", 6, 9, id="japanese"),
        pytest.param("ครอบครัวที่มีความสุขทุกครอบครัว", 5, 18, id="thai"),
        pytest.param("Python 3 入门教程", 3, 5, id="mixed"),
        pytest.param("", 0, 0, id="empty"),
    ],
)
def test_count_words_counts_in_any_script(text: str, least: int, most: int) -> None:
    assert least <= count_words(text) <= most


def test_squeeze_folds_white_space_and_case() -> None:
    assert squeeze(" A\n b\u00a0C ") == squeeze("abc")


@pytest.mark.parametrize("folder", [pytest.param(path, id=path.name) for path in FOLDERS])
def test_metadata_is_read_in_any_language_and_character_set(folder: Path) -> None:
    tree = LexborHTMLParser(decode((folder / "source.html").read_bytes()).text, scripting=True)
    facts = read_metadata(tree, read_structured(tree, base_url=None), url=None)
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    assert facts.title == expected["title"]
    for fact in ("author", "published", "language", "site_name"):
        assert getattr(facts.metadata, fact) == expected[fact]


@pytest.mark.parametrize("folder", [pytest.param(path, id=path.name) for path in FOLDERS])
def test_clean_keeps_the_article_and_leaves_the_frame_out_in_any_language(folder: Path) -> None:
    text = squeeze(clean((folder / "source.html").read_bytes()).text)
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    assert [words for words in expected["contains"] if squeeze(words) not in text] == []
    assert [words for words in expected["lacks"] if squeeze(words) in text] == []

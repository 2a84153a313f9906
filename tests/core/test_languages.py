"""Amounts of text are right without spaces between words, too."""

import pytest

from gateway.core.languages import count_words, squeeze


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

"""What is said of a page's tokens."""

import pytest

from gateway.wire import TokenReport


@pytest.mark.parametrize(
    ("html", "full", "content", "saved", "reduction", "words"),
    [
        pytest.param(8012, 1204, 1204, 6808, 0.8497, "8,012 → 1,204 tokens (−85 %)", id="whole"),
        pytest.param(8012, 1204, 300, 6808, 0.8497, "8,012 → 1,204 tokens (−85 %), 300 returned", id="cut"),
        pytest.param(8012, 1, 900, 8011, 0.9999, "8,012 → 1 tokens (−99 %), 900 returned", id="beside-it"),
        pytest.param(8012, 0, 0, 8012, 1.0, "8,012 → 0 tokens (−100 %)", id="nothing-found"),
        pytest.param(10, 12, 12, 0, 0.0, "10 → 12 tokens (−0 %)", id="nothing-saved"),
        pytest.param(0, 0, 0, 0, 0.0, "0 → 0 tokens (−0 %)", id="empty-page"),
    ],
)
def test_token_report_saves_what_cleaning_left_out(
    html: int, full: int, content: int, saved: int, reduction: float, words: str
) -> None:
    report = TokenReport.of(tokenizer="o200k_base", html=html, full=full, content=content)
    assert (report.saved, report.reduction, report.in_words()) == (saved, reduction, words)

"""What a misspelt name was meant to be."""

import pytest

from gateway.primitives.did_you_mean import did_you_mean


@pytest.mark.parametrize(
    ("word", "prefix", "said"),
    [
        pytest.param("formt", "", "; did you mean format?", id="misspelt"),
        pytest.param("formt", "WINNOW_", "; did you mean WINNOW_format?", id="prefixed"),
        pytest.param("quite else", "", "", id="nothing-close"),
        pytest.param("x" * 1_000_000, "", "", id="very-long"),
    ],
)
def test_did_you_mean_offers_the_closest_name(word: str, prefix: str, said: str) -> None:
    assert did_you_mean(word, iter(["format", "url"]), prefix=prefix) == said

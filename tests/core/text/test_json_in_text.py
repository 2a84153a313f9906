"""JSON of pages: whatever it holds can be passed on."""

import json

import pytest

from gateway.core import clean
from gateway.core.tasks.base import answer
from gateway.core.text.json_in_text import parse_json

PROSE = "word and more words here " * 40


@pytest.mark.parametrize(
    ("script", "values"),
    [
        pytest.param(r'{"a": "x \ud800 y"}', [{"a": "x \ufffd y"}], id="first-half"),
        pytest.param(r'{"a": "x \uDFFF y"}', [{"a": "x \ufffd y"}], id="second-half"),
        pytest.param(r'{"a\ud800": 1}', [{"a\ufffd": 1}], id="half-in-a-name"),
        pytest.param(r'{"a": "\ud83d\ude00"}', [{"a": "\U0001f600"}], id="pair"),
        pytest.param(r'{"a": "\\ud800"}', [{"a": r"\ud800"}], id="backslash-is-escaped"),
        pytest.param(r'{"a": "\ud800\ud83d\ude00",}', [{"a": "\ufffd\U0001f600"}], id="half-before-a-pair"),
        pytest.param('{"a": 18446744073709551616}', [{"a": 2.0**64}], id="beyond-64-bits"),
        pytest.param('{"a": [-99999999999999999999],}', [{"a": [-1e20]}], id="beyond-64-bits-with-a-mistake"),
        pytest.param("[] 99999999999999999999", [[]], id="number-behind"),
        pytest.param('{"a": 9223372036854775807}', [{"a": 2**63 - 1}], id="64-bits"),
        pytest.param('{"a": %s}' % ("9" * 400), [{"a": None}], id="beyond-fractions"),
    ],
)
def test_parse_json_gives_what_can_be_passed_on(script: str, values: list[object]) -> None:
    read = parse_json(script)
    assert json.dumps(read) == json.dumps(values)
    answer(read)


@pytest.mark.parametrize(
    "stated", [r'"a \ud800 b"', "9" * 30, "-" + "9" * 30], ids=["half-of-a-pair", "long-number", "negative"]
)
def test_page_with_unusual_structured_data_is_no_failure(stated: str) -> None:
    linked = f'{{"@type": "Product", "name": {stated}, "offers": {{"@type": "Offer", "price": {stated}}}}}'
    page = clean(f'<script type="application/ld+json">{linked}</script><p>{PROSE}</p>')
    assert PROSE.strip() in page.markdown
    answer(page)

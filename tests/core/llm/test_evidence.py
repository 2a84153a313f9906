"""What counts as evidence, and where it is said to stand."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.llm.evidence import find_evidence, leaves_of
from tests.growth import assert_linear

PAGE = """# Acme Widget 3000

**Price:** $1,299.00 (was 1.499,00 €), about 15 % off. See [our docs](https://acme.test/docs/x) for more.
Published 3 May 2024, updated 05/06/2024 at 10:30. Founded in March 1999, closed 12.03.2021.
Weighs 3.5 GB, model X200, written in C++. 価格は１２００円です。東京都
Revenue of $3.4 billion, 1 234 567 people at -5 °C; le 5 février 2020; 2024年7月8日.
Version 1.2.3 of snake\\_case.
Buy it: https://acme.test/p/1?x=2 or at (https://acme.test/q).
"""


@pytest.mark.parametrize(
    ("value", "quote"),
    [
        pytest.param("Acme Widget 3000", "Acme Widget 3000", id="exact"),
        pytest.param("acme  WIDGET 3000", "Acme Widget 3000", id="case-and-white-space"),
        pytest.param(
            "see our docs for more", "See [our docs](https://acme.test/docs/x) for more", id="over-a-link"
        ),
        pytest.param("Price $1,299.00", "Price:** $1,299.00", id="over-markup"),
        pytest.param("snake_case", "snake\\_case", id="over-an-escape"),
        pytest.param(1299, "$1,299.00", id="number-grouped"),
        pytest.param(1299.0, "$1,299.00", id="number-as-float"),
        pytest.param("1299", "$1,299.00", id="number-as-text"),
        pytest.param("$1299", "$1,299.00", id="money-by-sign"),
        pytest.param("1299 USD", "$1,299.00", id="money-by-code"),
        pytest.param("€1,499.00", "1.499,00 €", id="money-in-another-notation"),
        pytest.param("USD", "$1,299.00", id="currency-alone"),
        pytest.param("1200 JPY", "１２００円", id="full-width-digits"),
        pytest.param(3_400_000_000, "$3.4 billion", id="magnitude"),
        pytest.param("$3.4B", "$3.4 billion", id="magnitude-as-text"),
        pytest.param(0.15, "15 %", id="percent-as-share"),
        pytest.param("15%", "15 %", id="percent-as-text"),
        pytest.param(1234567, "1 234 567", id="grouped-by-spaces"),
        pytest.param(-5, "-5", id="negative"),
        pytest.param("2024-05-03", "3 May 2024", id="date-by-month-name"),
        pytest.param("May 3, 2024", "3 May 2024", id="date-in-words"),
        pytest.param("2024-06-05", "05/06/2024", id="date-day-first"),
        pytest.param("2024-05-06", "05/06/2024", id="date-month-first"),
        pytest.param("2024-05-06T10:30:00Z", "05/06/2024 at 10:30", id="date-and-time"),
        pytest.param("2024-05-03T00:00:00+02:00", "3 May 2024", id="midnight-is-a-date"),
        pytest.param("2021-03-12", "12.03.2021", id="date-with-points"),
        pytest.param("1999-03", "March 1999", id="month"),
        pytest.param("2024-05", "3 May 2024", id="month-of-a-day"),
        pytest.param("2020-02-05", "5 février 2020", id="date-in-french"),
        pytest.param("2024-07-08", "2024年7月8日", id="date-in-japanese"),
        pytest.param("東京", "東京", id="no-spaces-between-words"),
        pytest.param("3.5GB", "3.5 GB", id="unit"),
        pytest.param("1.2.3", "1.2.3", id="version"),
        pytest.param("https://acme.test/p/1?x=2", "https://acme.test/p/1?x=2", id="address"),
        pytest.param("https://acme.test/docs/x", "https://acme.test/docs/x", id="address-of-a-link"),
    ],
)
def test_evidence_supports_what_the_page_states(value: Any, quote: str) -> None:
    [found] = find_evidence({"value": value}, [PAGE])
    assert (found.status, found.quote) == ("supported", quote)
    assert found.start is not None and PAGE[found.start : found.end] == quote
    assert (found.path, found.source) == ("/value", 0)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("Acme Gadget", id="other-text"),
        pytest.param("Widge", id="part-of-a-word"),
        pytest.param("5 GB", id="tail-of-a-number"),
        pytest.param("200", id="digits-of-a-name"),
        pytest.param(200, id="number-inside-a-name"),
        pytest.param("€1299", id="other-currency"),
        pytest.param("GBP", id="currency-nowhere"),
        pytest.param("2024-05-04", id="other-day"),
        pytest.param("2024-05-06T11:30:00Z", id="other-time"),
        pytest.param("C#", id="sign-is-part-of-the-word"),
        pytest.param("https://acme.test/docs", id="shorter-address"),
        pytest.param("20%", id="other-share"),
        pytest.param(True, id="boolean"),
        pytest.param("!?", id="punctuation"),
    ],
)
def test_evidence_refuses_what_no_page_states(value: Any) -> None:
    [found] = find_evidence(value, [PAGE])
    assert (found.path, found.status) == ("", "unsupported")
    assert found.quote is None and found.start is None and found.source is None


@pytest.mark.parametrize("value", [None, "", " \n", [], {}])
def test_evidence_of_nothing_is_not_found(value: Any) -> None:
    [found] = find_evidence({"a": value}, [PAGE])
    assert (found.path, found.status) == ("/a", "not_found")


def test_evidence_covers_nested_values_in_document_order() -> None:
    data = {"a/b": [{"~": "Acme"}, {"x": [1, [None]]}], "c": {}}
    assert [found.path for found in find_evidence(data, [PAGE])] == [
        "/a~1b/0/~0",
        "/a~1b/1/x/0",
        "/a~1b/1/x/1/0",
        "/c",
    ]


def test_evidence_names_the_source_that_states_it() -> None:
    found = find_evidence(["beta", "alpha", "gamma"], ["alpha", "beta"])
    assert [(one.status, one.source) for one in found] == [
        ("supported", 1),
        ("supported", 0),
        ("unsupported", None),
    ]


def test_evidence_beside_the_markdown_has_a_quote_and_no_offsets() -> None:
    found = find_evidence(["beta", "Gamma ray", "delta"], ["alpha", "beta"], beside=["", "beta, gamma ray"])
    assert [(one.status, one.quote, one.start, one.end, one.source) for one in found] == [
        ("supported", "beta", 0, 4, 1),
        ("supported", "gamma ray", None, None, 1),
        ("unsupported", None, None, None, None),
    ]


def test_evidence_quotes_the_place_beside_the_other_values_of_an_object() -> None:
    page = "Top sellers from 5 USD.\n\n- Lamp: 20 USD, 5 left\n- Chair: 20 USD, 5 left\n"
    data = [{"name": "Lamp", "price": 20, "left": 5}, {"name": "Chair", "price": 20, "left": 5}]
    lamp, chair = page.index("Lamp"), page.index("Chair")
    starts = [found.start or 0 for found in find_evidence(data, [page])]
    assert starts[0] == lamp and lamp < starts[1] < starts[2] < chair
    assert starts[3] == chair and chair < starts[4] < starts[5]


def test_evidence_of_a_very_deep_value_needs_no_recursion() -> None:
    data: Any = "Acme"
    for _ in range(5000):
        data = [data]
    [found] = find_evidence(data, [PAGE])
    assert found.status == "supported" and found.path.count("/") == 5000


@given(st.text(min_size=1), st.text(), st.text())
def test_evidence_offsets_always_cut_out_the_quote(value: str, before: str, after: str) -> None:
    page = f"{before} {value} {after}"
    for found in find_evidence([value], [page]):
        if found.status == "supported":
            assert page[found.start : found.end] == found.quote


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON, st.text())
def test_evidence_judges_every_leaf_once(data: Any, page: str) -> None:
    found = find_evidence(data, [page])
    assert [one.path for one in found] == [leaf.path for leaf in leaves_of(data)]
    assert len({one.path for one in found}) == len(found)


@pytest.mark.parametrize(
    ("distance", "status"),
    [pytest.param(40, "supported", id="near"), pytest.param(41, "unsupported", id="too-far")],
)
def test_evidence_of_a_time_ends_at_most_forty_characters_behind_its_date(distance: int, status: str) -> None:
    page = f"3 May 2024{'10:30':.>{distance}} and more"
    [found] = find_evidence("2024-05-03T10:30:00Z", [page])
    assert found.status == status
    assert found.quote == (page[: 10 + distance] if status == "supported" else None)


def test_evidence_of_a_time_looks_behind_every_place_of_its_date() -> None:
    page = "Updated 3 May 2024. Opens 3 May 2024 at 10:30."
    [found] = find_evidence("2024-05-03T10:30:00Z", [page.replace("Opens", "Opens " + "." * 50)])
    assert found.quote == "3 May 2024 at 10:30"


def test_evidence_of_an_object_begins_anew_in_the_next_one() -> None:
    page = "A: 1 red. B: 2 red. C: 3 red."
    data = [{"name": "B", "colour": "red"}, {"colour": "red"}, {"name": "C", "more": [{"colour": "red"}]}]
    reds = [page.index("red"), page.index("red", 15), page.index("red", 25)]
    starts = [found.start for found in find_evidence(data, [page])]
    assert (starts[1], starts[2], starts[4]) == (reds[1], reds[1], reds[2])


def test_evidence_does_not_run_from_one_source_into_the_next() -> None:
    found = find_evidence(["one two", "20 300"], ["one", "two", "20", "300"])
    assert [each.status for each in found] == ["unsupported", "unsupported"]


def test_evidence_tells_numbers_apart_that_hash_alike() -> None:
    alike = [step * (2**61 - 1) + 7 for step in range(1, 50)]
    page = " ".join(str(number) for number in alike)
    quotes = [found.quote for found in find_evidence([*alike, 7], [page])]
    assert quotes == [*page.split(), None]


WORDS = [f"{'abcdefgh'[i % 8]}{i}x" for i in range(40_000)]


def listing(size: int) -> str:
    """About `size` characters of distinct words, prices and dates."""
    rows = [
        f"- [{WORDS[i]} {WORDS[i + 1]}](https://shop.test/p/{i}) costs ${i}.50 since {i % 28 + 1} May {1990 + i % 30}"
        for i in range(size // 70)
    ]
    return "\n".join(rows)


# of a size: the data and the sources; most as hostile as one can be made
HOSTILE: dict[str, Callable[[int], tuple[Any, list[str]]]] = {
    "leaves-in-a-page": lambda n: (
        [
            [f"{WORDS[i]} {WORDS[i + 1]}", i + 0.5, f"https://shop.test/p/{i}", f"2001-05-{i % 28 + 1:02}"]
            for i in range(n // 100)
        ],
        [listing(n)],
    ),
    "leaves-nowhere": lambda n: ([f"{WORDS[i]} {WORDS[i + 2]}" for i in range(n // 20)], [listing(n)]),
    "runs-of-one-word": lambda n: ([("a " * (n // 400)) + f"b{i}" for i in range(200)], ["a " * (n // 2)]),
    "runs-that-match": lambda n: ([{"x": "a " * i} for i in range(1, 200)], ["a " * (n // 2)]),
    "long-shared-prefixes": lambda n: ([listing(400) + f" z{i}" for i in range(n // 400)], [listing(n)]),
    "one-leaf-as-long-as-the-page": lambda n: (listing(n) + " z", [listing(n)]),
    "long-leaves": lambda n: ([listing(n)[i * 10 : i * 10 + 100] for i in range(n // 50)], [listing(n)]),
    "one-number": lambda n: (["5.0 x", 5, "5", 1.5] * (n // 100), ["1.5 " * (n // 4)]),
    "numbers": lambda n: (list(range(n // 10)), [" ".join(str(i) for i in range(n // 6))]),
    "numbers-that-hash-alike": lambda n: (
        [i * (2**61 - 1) for i in range(n // 100)],
        [" ".join(str(i * (2**61 - 1)) for i in range(n // 20))],
    ),
    "groups-of-digits": lambda n: ([234], ["234 " * (n // 4) + "2345"]),
    "dates": lambda n: (
        [f"2024-05-03T{i % 24:02}:{i % 60:02}:00Z" for i in range(n // 50)],
        ["3 May 2024 " * (n // 11)],
    ),
    "punctuation": lambda n: (["!" * (n // 200) + f"?{i}" for i in range(100)], ["!" * n]),
    "one-word": lambda n: (["a" * (n // 2), *(f"{'a' * 90}{i}" for i in range(n // 200))], ["a" * n]),
    "no-spaces": lambda n: ([f"価格{i}円" for i in range(n // 100)], ["価格は一千二百円" * (n // 8)]),
    "sources": lambda n: ([f"{WORDS[i]} {WORDS[i + 1]}" for i in range(n // 50)], [listing(n // 20)] * 20),
    "nesting": lambda n: (nested(300, n // 20), ["alpha beta " * (n // 11)]),
}


def nested(depth: int, leaves: int) -> Any:
    data: Any = ["alpha", "gamma"] * (leaves // 2)
    for _ in range(depth):
        data = [data]
    return data


@pytest.mark.parametrize("kind", HOSTILE)
def test_evidence_cost_grows_with_text_and_data(kind: str) -> None:
    def prepare(size: int) -> Callable[[], object]:
        data, sources = HOSTILE[kind](size)
        return lambda: find_evidence(data, sources)

    assert_linear(prepare, 20_000)

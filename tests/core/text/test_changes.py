"""What differs between two copies of a page."""

import pytest

from gateway.core.text.changes import compare


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        pytest.param("a b c", "a b c", [], id="same"),
        pytest.param("", "a", [(None, "a")], id="from-nothing"),
        pytest.param("a b", "", [("a", None), ("b", None)], id="to-nothing"),
        pytest.param("a b c", "a x c", [("b", "x")], id="one-in-the-place-of-another"),
        pytest.param("a b c", "a c", [("b", None)], id="gone"),
        pytest.param("a c", "a b c", [(None, "b")], id="added"),
        pytest.param("a b c d", "a x y d", [("b", "x"), ("c", "y")], id="a-run"),
        pytest.param("a b d", "a x y d", [("b", "x"), (None, "y")], id="a-run-that-grew"),
        pytest.param("a b c", "c b a", [], id="moved-is-not-changed"),
        pytest.param("a b a b", "a b a", [("b", None)], id="one-of-two-gone"),
        pytest.param("a p b p c", "a q b p c", [(None, "q"), ("p", None)], id="once-less"),
        pytest.param("x a y b z", "1 a 2 b 3", [("x", "1"), ("y", "2"), ("z", "3")], id="around"),
    ],
)
def test_compare_pairs_what_changed(old: str, new: str, found: list[tuple[str | None, str | None]]) -> None:
    assert compare(old.split(), new.split()) == found


def test_compare_is_linear() -> None:
    # what a longest common subsequence would take minutes for
    old, new = ["a"] * 200_000, ["b", "a"] * 100_000
    assert len(compare(old, new)) == 200_000

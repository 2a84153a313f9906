"""A cursor survives the journey, or is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.tokens.cursor import Cursor, decode_cursor, encode_cursor
from gateway.errors import InvalidRequest


@given(st.text(max_size=40), st.text(max_size=40), st.integers(0, 2**31))
def test_decode_cursor_inverts_encode(digest: str, options: str, start: int) -> None:
    cursor = Cursor(digest, options, start)
    assert decode_cursor(encode_cursor(cursor)) == cursor


@pytest.mark.parametrize(
    "word", ["x", "ünï", "=", "a" * 399, "....", encode_cursor(Cursor("a", "b", 1))[:-2] + "AA"]
)
def test_decode_cursor_refuses_what_it_did_not_make(word: str) -> None:
    with pytest.raises(InvalidRequest, match="cursor"):
        decode_cursor(word)

"""Sealed entries open under their own key and version, or not at all."""

import os

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from gateway.cache.base import Entry
from gateway.cache.envelope import MAX_VALUE_BYTES, seal, unseal

KEY = "page:1:abc"


@given(st.binary(max_size=3000), st.floats(0, 1e12))
def test_unseal_gives_back_what_was_sealed(value: bytes, expires_at: float) -> None:
    assert unseal(KEY, seal(KEY, Entry(value, expires_at))) == Entry(value, expires_at)


@given(st.binary(max_size=300))
def test_unseal_refuses_anything_else(data: bytes) -> None:
    assert unseal(KEY, data) is None


def test_text_is_compressed_and_noise_is_not() -> None:
    assert len(seal(KEY, Entry(b"a page of text, " * 500, 0))) < 200
    assert len(seal(KEY, Entry(os.urandom(8000), 0))) < 8000 + 40


def test_value_above_the_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="limit"):
        seal(KEY, Entry(bytes(MAX_VALUE_BYTES + 1), 0))


def test_frame_that_claims_a_size_is_not_given_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.cache.envelope.MAX_VALUE_BYTES", 10**9)
    bomb = seal(KEY, Entry(bytes(100 * 1024**2), 0))
    assert len(bomb) < 20_000, "a hundred megabytes in a few"
    monkeypatch.undo()
    assert unseal(KEY, bomb) is None


def test_seal_is_readable_by_other_zstd() -> None:
    sealed = seal(KEY, Entry(b"x" * 1000, 0))
    assert zstandard.decompress(sealed[32:]) == b"x" * 1000

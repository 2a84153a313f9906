"""Token bytes to text: split characters and stop strings, without a model."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.local.text import TextStream


def feed(stream: TextStream, chunks: list[bytes]) -> list[str]:
    return [stream.feed(chunk) for chunk in chunks] + [stream.close()]


@pytest.mark.parametrize(
    ("chunks", "shown"),
    [
        pytest.param([b"ab", b"c"], ["ab", "c", ""], id="plain"),
        pytest.param([b"\xe6", b"\xbc", b"\xa2!"], ["", "", "漢!", ""], id="character-over-three-tokens"),
        pytest.param([b"\xf0\x9f", b"\x99\x82"], ["", "🙂", ""], id="emoji-over-two-tokens"),
        pytest.param([b"a\xe6"], ["a", "�"], id="unfinished-at-the-end"),
        pytest.param([b"\xff\xfe"], ["��", ""], id="never-utf-8"),
    ],
)
def test_text_waits_for_whole_characters(chunks: list[bytes], shown: list[str]) -> None:
    assert feed(TextStream([]), chunks) == shown


@pytest.mark.parametrize(
    ("stop", "chunks", "text"),
    [
        pytest.param(["END"], [b"on", b"e E", b"N", b"D two"], "one ", id="over-token-borders"),
        pytest.param(["END"], [b"E", b"N", b"ough"], "ENough", id="almost-a-stop"),
        pytest.param(["aab"], [b"aaa", b"ab"], "aa", id="overlapping-itself"),
        pytest.param(["z", "y"], [b"aybz"], "a", id="earliest-wins"),
        pytest.param(["é"], [b"caf\xc3", b"\xa9!"], "caf", id="a-character-over-tokens"),
        pytest.param([""], [b"a"], "a", id="empty-is-ignored"),
    ],
)
def test_text_ends_before_a_stop_string(stop: list[str], chunks: list[bytes], text: str) -> None:
    assert "".join(feed(TextStream(stop), chunks)) == text


@given(
    text=st.text(alphabet="abé漢", max_size=40),
    stop=st.text(alphabet="abé", min_size=1, max_size=4),
    data=st.data(),
)
def test_text_is_cut_at_the_stop_wherever_tokens_end(text: str, stop: str, data: st.DataObject) -> None:
    raw = text.encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=8)))
    edges = [0, *cuts, len(raw)]
    chunks = [raw[a:b] for a, b in itertools.pairwise(edges)]
    assert "".join(feed(TextStream([stop]), chunks)) == text.split(stop)[0]

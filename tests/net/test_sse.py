"""Events survive every way a socket can cut them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.net.sse import PING, Event, EventDecoder, EventTooLarge, encode_event, encode_json_event

TRANSCRIPT = 'event: delta\ndata: {"text":"Zażółć 🌍"}\n\n: ping\n\ndata: one\ndata: two\n\ndata: [DONE]\n\n'
EVENTS = [
    Event('{"text":"Zażółć 🌍"}'.encode(), "delta"),
    Event(b"one\ntwo"),
    Event(b"[DONE]"),
]


def decode(*chunks: bytes) -> list[Event]:
    decoder = EventDecoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_decoder_reads_the_same_events_however_the_bytes_are_cut(newline: str, size: int) -> None:
    wire = TRANSCRIPT.replace("\n", newline).encode()
    assert decode(*(wire[at : at + size] for at in range(0, len(wire), size))) == EVENTS


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1),
    st.integers(1, 9),
)
def test_encoded_events_decode_to_the_same_text(texts: list[str], size: int) -> None:
    wire = b"".join(encode_event(text) + PING for text in texts)
    events = decode(*(wire[at : at + size] for at in range(0, len(wire), size)))
    assert [event.text for event in events] == [
        text.replace("\r\n", "\n").replace("\r", "\n") for text in texts
    ]


@pytest.mark.parametrize(
    ("wire", "events"),
    [
        pytest.param(b"\xef\xbb\xbfdata: x\n\n", [Event(b"x")], id="byte-order-mark"),
        pytest.param(b"data:x\n\n", [Event(b"x")], id="no-space"),
        pytest.param(b"data:  x\n\n", [Event(b" x")], id="one-space-is-removed"),
        pytest.param(b"data\n\n", [Event(b"")], id="field-without-colon"),
        pytest.param(b"event: a\n\ndata: x\n\n", [Event(b"x")], id="a-name-without-data-is-no-event"),
        pytest.param(b"id: 7\nretry: 5\nother: z\ndata: x\n\n", [Event(b"x")], id="other-fields"),
        pytest.param(b"data: x\n", [], id="an-unfinished-event-never-happened"),
        pytest.param(b": ping\n\n", [], id="comment"),
    ],
)
def test_decoder_follows_the_specification(wire: bytes, events: list[Event]) -> None:
    assert decode(wire) == events


def test_decoder_completes_an_event_at_a_carriage_return_without_waiting_for_more() -> None:
    assert decode(b"data: x\r\r") == [Event(b"x")]


@pytest.mark.parametrize("piece", [b"x" * 100, b"data: " + b"x" * 94 + b"\n"], ids=["one-line", "many-lines"])
def test_decoder_refuses_an_event_without_end(piece: bytes) -> None:
    decoder = EventDecoder(max_event_bytes=1000)
    with pytest.raises(EventTooLarge, match="1000 bytes"):
        for _ in range(20):
            decoder.feed(piece)


def test_encoder_names_the_event_and_keeps_json_on_one_line() -> None:
    assert encode_json_event({"a": "b\nc"}, name="done") == b'event: done\ndata: {"a":"b\\nc"}\n\n'

"""What is written in one turn of the loop goes out together, and nothing is lost or held back."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from gateway.outbound import GatheredTransport

pytestmark = pytest.mark.anyio


class Calls(asyncio.Protocol):
    """Remembers whether it was told to pause."""

    paused = False

    def pause_writing(self) -> None:
        self.paused = True


class Pair:
    """A gathered transport, its protocol, and the other end of the connection."""

    def __init__(self, transport: GatheredTransport, protocol: Calls, other: socket.socket) -> None:
        self.transport, self.protocol, self.other = transport, protocol, other

    async def read(self) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self.other, 2**20)


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_connection(Calls, sock=ours)
    yield Pair(GatheredTransport(transport, loop), protocol, theirs)
    transport.abort()
    theirs.close()


async def test_head_and_body_arrive_together(pair: Pair) -> None:
    pair.transport.write(b"head ")
    with pytest.raises(BlockingIOError):
        pair.other.recv(100)
    pair.transport.write(b"body")
    assert await pair.read() == b"head body"
    pair.transport.write(b"next")
    assert await pair.read() == b"next"


async def test_what_was_written_is_sent_before_the_end(pair: Pair) -> None:
    pair.transport.write(b"last words")
    pair.transport.close()
    assert await pair.read() == b"last words"
    assert await pair.read() == b""


async def test_nothing_is_sent_after_an_abort(pair: Pair) -> None:
    pair.transport.write(b"never")
    pair.transport.abort()
    assert await pair.read() == b""


async def test_writer_that_leaves_no_turn_is_told_to_pause(pair: Pair) -> None:
    for _ in range(1000):
        pair.transport.write(bytes(10_000))
        if pair.protocol.paused:
            return
    pytest.fail("10 MB were gathered without a word")


async def test_peer_that_left_is_no_error(pair: Pair) -> None:
    pair.other.close()
    for _ in range(20):
        pair.transport.write(b"into the void")
        await asyncio.sleep(0)
    assert pair.transport.is_closing()

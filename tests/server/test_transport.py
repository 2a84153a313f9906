"""The head of an answer goes out with the beginning of its body, and nothing is lost or held back."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from gateway.server.transport import JoinedTransport

pytestmark = pytest.mark.anyio

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class Pair:
    """A joined transport and the other end of the connection."""

    def __init__(self, transport: JoinedTransport, other: socket.socket) -> None:
        self.transport, self.other = transport, other

    async def read(self) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self.other, 2**20)


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
    yield Pair(JoinedTransport(transport, loop), theirs)
    transport.abort()
    theirs.close()


async def test_head_and_body_arrive_together(pair: Pair) -> None:
    pair.transport.write(HEAD)
    with pytest.raises(BlockingIOError):
        pair.other.recv(100)
    pair.transport.write(b"body")
    assert pair.other.recv(100) == HEAD + b"body", "at once"


async def test_what_follows_is_sent_at_once(pair: Pair) -> None:
    pair.transport.write(b"a token")
    assert pair.other.recv(100) == b"a token"


async def test_head_alone_is_sent_at_the_end_of_the_turn(pair: Pair) -> None:
    pair.transport.write(HEAD)
    assert await pair.read() == HEAD


async def test_two_heads_keep_their_order(pair: Pair) -> None:
    pair.transport.write(HEAD)
    pair.transport.write(HEAD)
    pair.transport.write(b"body")
    assert await pair.read() == HEAD + HEAD + b"body"


async def test_what_was_written_is_sent_before_the_end(pair: Pair) -> None:
    pair.transport.write(HEAD)
    pair.transport.close()
    assert await pair.read() == HEAD
    assert await pair.read() == b""


async def test_nothing_is_sent_after_an_abort(pair: Pair) -> None:
    pair.transport.write(HEAD)
    pair.transport.abort()
    assert await pair.read() == b""


async def test_peer_that_left_is_no_error(pair: Pair) -> None:
    pair.other.close()
    for _ in range(20):
        pair.transport.write(HEAD)
        await asyncio.sleep(0)
    assert pair.transport.is_closing()

"""A model's server on a loopback socket that says exactly the bytes it is told to."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

EVENTS = {"content-type": "text/event-stream"}
JSON = {"content-type": "application/json"}
Piece = bytes | float | type[ConnectionResetError]  # bytes to send, seconds to wait, or a broken connection


@dataclass
class Said:
    """One answer: status, headers, and pieces of the body."""

    body: Iterable[Piece]
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: EVENTS)


@dataclass
class Heard:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class Upstream:
    """Answers every request with what `answer` says; `heard` records them, `left` a peer's leaving early."""

    def __init__(self, answer: Callable[[Heard], Said]) -> None:
        self.heard: list[Heard] = []
        self.connections = 0
        self.asked = asyncio.Event()
        self.left = asyncio.Event()
        self._answer = answer
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while (heard := await _read_request(reader)) is not None:
                self.heard.append(heard)
                self.asked.set()
                if not await self._say(self._answer(heard), reader, writer):
                    return
        except ConnectionError:
            self.left.set()
        finally:
            writer.close()

    async def _say(self, said: Said, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = [f"HTTP/1.1 {said.status} Said", "transfer-encoding: chunked"]
        head += [f"{name}: {value}" for name, value in said.headers.items()]
        writer.write("\r\n".join([*head, "", ""]).encode())
        for piece in said.body:
            if isinstance(piece, bytes):
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                await writer.drain()
            elif isinstance(piece, float | int):
                if await self._peer_leaves(reader, within_s=piece):
                    return False
            else:
                writer.transport.abort()
                return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _peer_leaves(self, reader: asyncio.StreamReader, *, within_s: float) -> bool:
        """Wait, unless the peer closes meanwhile; nothing else is expected from it."""
        try:
            async with asyncio.timeout(within_s):
                await reader.read(1)
        except TimeoutError:
            return False
        except ConnectionError:
            pass
        self.left.set()
        return True


async def _read_request(reader: asyncio.StreamReader) -> Heard | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, path, _ = head[0].split(" ")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Heard(method, path, headers, json.loads(body) if body else {})


@asynccontextmanager
async def upstream(answer: Said | Callable[[Heard], Said]) -> AsyncIterator[Upstream]:
    """Run one for the block; `url` is its base URL."""
    server = Upstream(answer if callable(answer) else lambda _: answer)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"
    try:
        yield server
    finally:
        listener.close()


def chunk(delta: dict[str, Any] | None = None, *, finish: str | None = None, **more: Any) -> bytes:
    """An event with a chat.completion.chunk of one choice, or with `more` alone and no choices."""
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    head = {"id": "chatcmpl-u1", "object": "chat.completion.chunk", "created": 1700000000, "model": "up-1"}
    return b"data: " + json.dumps({**head, "choices": choices, **more}).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
HELLO: list[Piece] = [
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "Hel"}),
    chunk({"content": "lo"}),
    chunk({}, finish="stop"),
    chunk(usage=USAGE),
    DONE,
]


def error(message: str, *, status: int, headers: dict[str, str] | None = None, **more: Any) -> Said:
    """An error answer in OpenAI's shape."""
    body = {"message": message, "type": "t", "param": None, "code": None} | more
    return Said([json.dumps({"error": body}).encode()], status=status, headers=JSON | (headers or {}))

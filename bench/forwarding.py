"""What a forwarded chat completion costs: this gateway, a bare pass-through, and LiteLLM's proxy, side by side.

    python -m bench.forwarding                               # gateway and bare pass-through
    LITELLM=/path/to/venv/bin/litellm python -m bench.forwarding   # and LiteLLM's proxy, from a venv of its own
    python -m bench.forwarding soak                          # memory over 20,000 requests, once caches are full

One worker each, the same mock upstream in a process of its own, one keep-alive connection, rounds alternating
between the servers. CPU-ms are of the server's process (all threads) by the kernel's count, so they do not depend
on what else the machine does; added TTFT is wall time, paired with a direct call in the same round.
The mock answers `mock` with 50 chunks as fast as they are read, `paced` with 2 ms between them.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.figures import note
from bench.processes import descriptors, resident_mb, start
from fixtures.redis import free_port

ROUNDS, REQUESTS = 5, 60
CHUNKS = 50
BARE = """
import sys, httpx2, uvicorn
from litestar import Litestar, Request, post
from litestar.response import Stream, Response
client = httpx2.AsyncClient(base_url=sys.argv[2], trust_env=False, timeout=60)

async def relay(response):
    async for chunk in response.aiter_raw():
        yield chunk
    await response.aclose()

@post("/v1/chat/completions", status_code=200)
async def chat(request: Request) -> Response:
    body = await request.body()
    asked = client.build_request("POST", "chat/completions", content=body, headers={"content-type": "application/json"})
    response = await client.send(asked, stream=True)
    if b'"stream": true' in body:
        return Stream(relay(response), media_type="text/event-stream")
    return Response(await response.aread(), media_type="application/json")

uvicorn.run(Litestar([chat], openapi_config=None), port=int(sys.argv[1]), log_level="warning", access_log=False)
"""


def sse(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def mock_chunks(model: str) -> list[bytes]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": model}
    deltas: list[dict[str, str]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": f"word{i} "} for i in range(CHUNKS - 2)]
    said = [sse({**head, "choices": [{"index": 0, "delta": d, "finish_reason": None}]}) for d in deltas]
    said.append(sse({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}))
    usage = {"prompt_tokens": 150, "completion_tokens": CHUNKS - 2, "total_tokens": CHUNKS + 148}
    return [*said, sse({**head, "choices": [], "usage": usage}), b"data: [DONE]\n\n"]


async def mock(port: int) -> None:
    """An OpenAI-compatible server with as little work in it as possible."""
    calls = 0
    message = {"role": "assistant", "content": "word " * (CHUNKS - 2)}
    whole = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "mock",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 150, "completion_tokens": CHUNKS - 2, "total_tokens": CHUNKS + 148},
    }

    def answer(value: Any) -> bytes:
        body = json.dumps(value).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        return head.encode() + body

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = next(
                    (line for line in head.split(b"\r\n") if line.startswith(b"content-length:")), b":0"
                )
                body = await reader.readexactly(int(length.partition(b":")[2]))
                if head.startswith(b"get /calls"):
                    writer.write(answer(calls))
                    continue
                asked = json.loads(body)
                calls += 1
                if not asked.get("stream"):
                    writer.write(answer(whole))
                    continue
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
                )
                for chunk in mock_chunks(asked["model"]):
                    writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                    await writer.drain()
                    if asked["model"] == "paced":
                        await asyncio.sleep(0.002)
                writer.write(b"0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    await server.serve_forever()


class Connection:
    """One keep-alive connection that does no more than find the end of an answer."""

    def __init__(self, port: int, *, key: str = "sk-bench") -> None:
        self._port, self._key = port, key
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, body: dict[str, Any], path: str = "/v1/chat/completions") -> tuple[float, bytes]:
        """Milliseconds to the first byte that holds a token (or to the answer), and the bytes."""
        try:
            return await self._ask(body, path)
        except (asyncio.IncompleteReadError, ConnectionError):  # closed while it was idle
            self._streams = None
            return await self._ask(body, path)

    async def _ask(self, body: dict[str, Any], path: str) -> tuple[float, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        payload = json.dumps(body).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            f"authorization: Bearer {self._key}\r\ncontent-length: {len(payload)}\r\n\r\n"
        )
        began = time.perf_counter()
        writer.write(head.encode() + payload)
        answered = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in answered.split(b"\r\n")[0]:
            raise SystemExit(f"port {self._port} answered {(answered + await reader.read(2000)).decode()}")
        lower = answered.lower()
        if b"content-length:" in lower:
            length = int(lower.partition(b"content-length:")[2].split(b"\r\n")[0])
            data = await reader.readexactly(length)
            return (time.perf_counter() - began) * 1000, data
        data, first_ms = b"", 0.0
        while not data.endswith(b"0\r\n\r\n"):
            data += await reader.read(65536)
            if not first_ms and b"word0" in data:
                first_ms = (time.perf_counter() - began) * 1000
        return first_ms, data


def cpu_ms(pid: int) -> float:
    """CPU time of all threads, by the kernel's count."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6


async def wait_for(port: int, process: subprocess.Popen[bytes], *, within_s: float = 120) -> None:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline and process.poll() is None:
        try:
            await Connection(port).ask(request("mock", stream=False))
            return
        except OSError:
            await asyncio.sleep(0.2)
    raise SystemExit(f"nothing answers on port {port} (exit status {process.poll()})")


counter = 0


def request(model: str, *, stream: bool, same: bool = False) -> dict[str, Any]:
    """A prompt nobody has sent before, unless it should be the same; repeatable, so that it is cached and shared."""
    global counter
    counter += not same
    prompt = f"Question {'again' if same else counter}: " + "why is the sky blue? " * 20
    messages = [{"role": "user", "content": prompt}]
    return {"model": model, "messages": messages, "stream": stream, "temperature": 0}


KINDS: dict[str, Callable[[], dict[str, Any]]] = {
    "plain": lambda: request("mock", stream=False),
    "plain, /v1/messages": lambda: request("mock", stream=False) | {"max_tokens": 100},
    "50-chunk stream": lambda: request("mock", stream=True),
    "stream, /v1/messages": lambda: request("mock", stream=True) | {"max_tokens": 100},
    "50 chunks, 2 ms apart": lambda: request("paced", stream=True),
    "cached plain": lambda: request("mock", stream=False, same=True),
    "cached stream": lambda: request("mock", stream=True, same=True),
}


async def measure(servers: dict[str, tuple[int, int]], direct: int) -> None:
    costs: dict[tuple[str, str], list[float]] = {}
    added: dict[str, list[float]] = {}
    connections = {name: Connection(port) for name, (port, _) in servers.items()}
    straight = Connection(direct)
    for round_number in range(ROUNDS + 1):
        for kind, make in KINDS.items():
            for name, (_, pid) in servers.items():
                if (kind.startswith("cached") or kind.endswith("/v1/messages")) and name != "winnow":
                    continue
                path = "/v1/messages" if kind.endswith("/v1/messages") else "/v1/chat/completions"
                await connections[name].ask(make(), path)
                before = cpu_ms(pid)
                for _ in range(REQUESTS):
                    await connections[name].ask(make(), path)
                if round_number:  # the first warms up
                    costs.setdefault((kind, name), []).append((cpu_ms(pid) - before) / REQUESTS)
        for name in servers:
            for _ in range(REQUESTS if round_number else 0):
                floor_ms, _ = await straight.ask(request("mock", stream=True))
                ttft_ms, _ = await connections[name].ask(request("mock", stream=True))
                added.setdefault(name, []).append(ttft_ms - floor_ms)
    names = list(servers)
    for name in names:
        spent = {kind: statistics.median(seen) for (kind, server), seen in costs.items() if server == name}
        note(**{name.replace("-", "_"): spent | {"added_ttft_ms": statistics.median(added[name])}})
    print(f"{'CPU-ms a request':24}" + "".join(f"{name:>22}" for name in names))
    for kind in KINDS:
        row = f"{kind:24}"
        for name in names:
            seen = costs.get((kind, name))
            row += (
                f"{statistics.median(seen):10.2f} ({min(seen):.2f}–{max(seen):.2f})".rjust(22)
                if seen
                else " " * 22
            )
        if (kind, "litellm") in costs:
            ratio = statistics.median(costs[kind, "litellm"]) / statistics.median(costs[kind, "winnow"])
            row += f"   litellm / winnow = {ratio:.1f}"
        for both in ("plain", "50-chunk stream") if kind.endswith("/v1/messages") else ():
            if both.split()[-1] in kind:
                ratio = statistics.median(costs[kind, "winnow"]) / statistics.median(costs[both, "winnow"])
                row += f"   of the same as a chat: {ratio:.2f}"
        print(row)
    print(f"{'added TTFT p50, ms':24}" + "".join(f"{statistics.median(added[name]):22.2f}" for name in names))
    print(f"{'resident MB':24}" + "".join(f"{resident_mb(pid):22.0f}" for _, pid in servers.values()))


async def upstream_calls(port: int) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /calls HTTP/1.1\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    calls = int(await reader.read(100))
    writer.close()
    return calls


async def measure_sharing(servers: dict[str, tuple[int, int]], mock_port: int, *, at_once: int = 50) -> None:
    row = f"{'upstream calls for 50':24}"
    for port, _ in servers.values():
        body = request("paced", stream=True)
        before = await upstream_calls(mock_port)
        await asyncio.gather(*(Connection(port).ask(body) for _ in range(at_once)))
        row += f"{await upstream_calls(mock_port) - before:22d}"
    print(row)


async def soak(port: int, pid: int, *, requests: int = 20_000, at_once: int = 8) -> None:
    """The first round fills the tier in memory, which has its own limit; the second shows what is left to grow."""
    connections = [Connection(port) for _ in range(at_once)]
    for done in range(-requests, requests + 1, requests // 10):
        print(f"{done:7d} requests: {resident_mb(pid):6.1f} MB, {descriptors(pid)} descriptors")
        if done == requests:
            return
        for _ in range(requests // 10 // at_once):
            kinds = [request("mock", stream=bool(i % 2)) for i in range(at_once)]
            await asyncio.gather(*(c.ask(kind) for c, kind in zip(connections, kinds, strict=True)))


async def main(task: str) -> None:
    mock_port, bare_port, winnow_port, litellm_port = (free_port() for _ in range(4))
    upstream = f"http://127.0.0.1:{mock_port}/v1"
    running = [start([sys.executable, "-m", "bench.forwarding", "mock", str(mock_port)])]
    try:
        with tempfile.TemporaryDirectory() as scratch:
            winnow = start(
                [sys.executable, "-m", "gateway.cli.main", "serve"],
                {
                    "WINNOW_PORT": str(winnow_port),
                    "WINNOW_REMOTE_URL": upstream,
                    "WINNOW_REMOTE_API_KEY": "k",
                    "WINNOW_REMOTE_MODELS": "mock,paced",
                    "WINNOW_CACHE_DIR": scratch,
                    "WINNOW_CLEAN_WORKERS": "1",
                },
            )
            running.append(winnow)
            await wait_for(mock_port, running[0])
            await wait_for(winnow_port, winnow)
            if task == "soak":
                await soak(winnow_port, winnow.pid)
                return
            bare = start([sys.executable, "-c", BARE, str(bare_port), upstream + "/"])
            running.append(bare)
            await wait_for(bare_port, bare)
            servers = {"winnow": (winnow_port, winnow.pid), "bare": (bare_port, bare.pid)}
            if command := os.environ.get("LITELLM"):
                config = Path(scratch) / "litellm.yaml"
                models = [
                    {
                        "model_name": name,
                        "litellm_params": {"model": f"openai/{name}", "api_base": upstream, "api_key": "k"},
                    }
                    for name in ("mock", "paced")
                ]
                config.write_text(json.dumps({"model_list": models}))  # JSON is YAML
                litellm = start(
                    [command, "--config", str(config), "--host", "127.0.0.1", "--port", str(litellm_port)],
                    {
                        "LITELLM_MODE": "PRODUCTION",
                        "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
                        "LITELLM_LOG": "ERROR",
                        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                    },
                )
                running.append(litellm)
                await wait_for(litellm_port, litellm)
                servers["litellm"] = (litellm_port, litellm.pid)
            await measure(servers, mock_port)
            await measure_sharing(servers, mock_port)
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait(20)


if __name__ == "__main__":
    if sys.argv[1:2] == ["mock"]:
        asyncio.run(mock(int(sys.argv[2])))
    else:
        asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "compare"))

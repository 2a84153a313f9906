"""Servers of one local model that are compared: this gateway, llama.cpp's own, and llama-cpp-python's."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from bench.processes import cpu_s, family, start
from fixtures.redis import free_port

# a page, its question and the answer are one call
CONTEXT_TOKENS, PARALLEL = 4096, 8
WINNOW, LLAMA_SERVER, LLAMA_CPP_SERVER = "winnow", "llama-server", "llama_cpp.server"


class Server:
    """One that runs; `pid` is the process at the top of it."""

    def __init__(self, name: str, pid: int, client: httpx2.AsyncClient) -> None:
        self.name, self.pid, self.client = name, pid, client

    def cpu_s(self) -> float:
        """CPU of all of its processes so far."""
        return cpu_s(*family(self.pid))

    async def answer(self, text: str, *, max_tokens: int) -> int:
        """One greedy answer; returns its tokens."""
        response = await self.client.post("/v1/chat/completions", json=_chat(text, max_tokens))
        response.raise_for_status()
        tokens: int = response.json()["usage"]["completion_tokens"]
        return tokens

    async def first_text_s(self, text: str, *, max_tokens: int) -> float:
        """One greedy answer, streamed; returns the seconds to its first text."""
        body = _chat(text, max_tokens) | {"stream": True}
        began, first_s = time.perf_counter(), 0.0
        async with self.client.stream("POST", "/v1/chat/completions", json=body) as response:
            response.raise_for_status()
            async for line in response.aiter_lines():
                # the first chunk may hold the role alone
                if not first_s and line.startswith("data: {"):
                    choices = json.loads(line[6:])["choices"]
                    if choices and choices[0]["delta"].get("content"):
                        first_s = time.perf_counter() - began
        if not first_s:
            raise RuntimeError(f"{self.name} answered without text")
        return first_s


def _chat(text: str, max_tokens: int) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    return {"model": "local", "max_tokens": max_tokens, "temperature": 0, "messages": messages}


@asynccontextmanager
async def served(
    name: str, program: str, model: str, *, threads: int, flash_attention: bool
) -> AsyncIterator[Server]:
    """A server that has loaded the model and answered once.

    Args:
        program: llama-server, or the Python that has `llama_cpp.server`; of no account for this gateway.
    """
    port = str(free_port())
    counts = [str(threads), str(threads)]
    environ = {}
    if name == WINNOW:
        command = [sys.executable, "-m", "gateway.cli.main", "serve"]
        environ = {
            "WINNOW_LOCAL_MODEL": model,
            "WINNOW_LOCAL_PARALLEL": str(PARALLEL),
            "WINNOW_LOCAL_CONTEXT_TOKENS": str(CONTEXT_TOKENS),
            "WINNOW_LOCAL_THREADS": str(threads),
            "WINNOW_LOCAL_FLASH_ATTENTION": str(flash_attention).lower(),
            "WINNOW_PORT": port,
            "WINNOW_CACHE_DIR": str(Path(model).parent / "cache"),
        }
    elif name == LLAMA_SERVER:
        command = [program, "--model", model, "--port", port, "--parallel", str(PARALLEL)]
        command += [
            "--ctx-size",
            str(PARALLEL * CONTEXT_TOKENS),
            "--flash-attn",
            "on" if flash_attention else "off",
        ]
        command += ["--threads", counts[0], "--threads-batch", counts[1]]
    else:
        command = [program, "-m", "llama_cpp.server", "--model", model, "--port", port]
        command += ["--n_ctx", str(CONTEXT_TOKENS), "--interrupt_requests", "false"]
        command += ["--n_threads", counts[0], "--n_threads_batch", counts[1]]
        command += ["--flash_attn", str(flash_attention).lower()]
    process = start(command, environ)
    url = f"http://127.0.0.1:{port}"
    try:
        # a server that idles while others are asked closes its connections
        limits = httpx2.Limits(keepalive_expiry=1)
        async with httpx2.AsyncClient(base_url=url, timeout=600, trust_env=False, limits=limits) as client:
            server = Server(name, process.pid, client)
            await _first_answer(server)
            yield server
    finally:
        process.terminate()
        process.wait(30)


async def _first_answer(server: Server) -> None:
    for _ in range(240):
        try:
            await server.answer("warm up", max_tokens=4)
            return
        except (httpx2.TransportError, httpx2.HTTPStatusError):
            await asyncio.sleep(0.5)
    raise SystemExit(f"{server.name} did not come up")

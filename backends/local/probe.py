"""What `winnow doctor` reports of the local model: whether it loads, how it runs, whether it answers."""

import importlib.metadata
import time
from typing import Any, Literal

from msgspec import Struct

from backends.base import Completion, CompletionRequest, UpstreamError
from backends.local.backend import LocalBackend
from backends.local.child import missing_library
from backends.local.memory import in_words
from backends.local.messages import ModelFacts


class Finding(Struct, frozen=True):
    """One line of a report."""

    level: Literal["ok", "warning", "error"]
    text: str


async def probe(*, path: str | None, **settings: Any) -> list[Finding]:
    """Load the model, generate two tokens, and report what was found. Takes as long as loading does.

    Args:
        path: LOCAL_MODEL; None: no local model is configured.
        settings: LocalBackend's other arguments.
    """
    if fault := missing_library():
        return [Finding("error" if path else "warning", fault)]
    build = Finding("ok", f"llama-cpp-python {importlib.metadata.version('llama-cpp-python')}")
    if path is None:
        return [build, Finding("ok", "LOCAL_MODEL is not set: no local model is served")]
    return [build, *await _try(LocalBackend(path=path, **settings))]


async def _try(backend: LocalBackend) -> list[Finding]:
    try:
        facts = await backend.start()
        findings = _describe(facts)
        if not facts.embeds:
            findings.append(await _two_tokens(backend))
        if held := backend.stats()["resident_bytes"]:
            findings.append(Finding("ok", f"its process holds {in_words(held)} in memory"))
        return findings
    except UpstreamError as exc:
        return [Finding("error", exc.message)]
    finally:
        await backend.aclose()


async def _two_tokens(backend: LocalBackend) -> Finding:
    began = time.monotonic()
    request = CompletionRequest(
        model=backend.name,
        messages=[{"role": "user", "content": "Hello"}],
        max_output_tokens=2,
        temperature=0,
    )
    async for item in backend.stream(request):
        if isinstance(item, Completion) and (usage := item.usage):
            took_ms = (time.monotonic() - began) * 1000
            return Finding(
                "ok", f"answered {usage.input_tokens} + {usage.output_tokens} tokens in {took_ms:.0f} ms"
            )
    return Finding("error", "the model's answer had no end")


def _describe(facts: ModelFacts) -> list[Finding]:
    where = "on the CPU" if facts.gpu_layers == 0 else f"{_layers(facts.gpu_layers)} on the GPU"
    size = f"{facts.parameters / 1e6:.0f} M parameters, {in_words(facts.size_bytes)}"
    lines = [
        f"{facts.description}, {size}, {where}",
        "devices: " + (", ".join(facts.devices) or "none reported"),
        f"{facts.parallel} requests at once, {facts.context_tokens} tokens each "
        f"(the model was made for {facts.trained_context_tokens}), KV cache {in_words(facts.kv_bytes)}",
        f"{facts.threads} threads, {'unified' if facts.unified_kv else 'separate'} KV, FlashAttention "
        f"{'where supported' if facts.flash_attention else 'off'}, weights "
        f"{'repacked where that is faster' if facts.extra_buffers else 'not repacked'}",
    ]
    findings = [Finding("ok", line) for line in lines]
    if not facts.extra_buffers:
        findings.append(
            Finding(
                "warning", "repacked weights crash on this processor with this build; they are off, slower"
            )
        )
    return findings + [Finding("warning", note) for note in facts.notes]


def _layers(count: int) -> str:
    return "all layers" if count < 0 else f"{count} layers"

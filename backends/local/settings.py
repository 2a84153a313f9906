"""How a model is laid out in memory, decided from what was asked and where it runs. Pure."""

import os

from msgspec import Struct

from backends.local.messages import Open

DEFAULT_CONTEXT_TOKENS = 8192
BATCH_TOKENS = 512
# llama.cpp's enum llama_flash_attn_type
FLASH_OFF, FLASH_ON, FLASH_AUTO = 0, 1, -1


class ContextPlan(Struct, frozen=True, kw_only=True):
    """The numbers llama.cpp's context is made with. `cells` is the KV cache over all sequences."""

    context_tokens: int
    parallel: int
    sequences: int
    cells: int
    batch_tokens: int
    threads: int
    on_gpu: bool
    unified_kv: bool
    flash_attention: int
    notes: list[str]


def default_threads() -> int:
    """Cores less one: the gateway's own event loop needs somewhere to run."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - 1)


def plan_context(opening: Open, *, trained_tokens: int, on_gpu: bool, embeds: bool) -> ContextPlan:
    """Lay out the KV cache.

    On a CPU every sequence has a stretch of its own, so that attention reads only its own cells, and
    FlashAttention is off unless asked for: it sums in 16 bits there, so that what an answer was batched
    with decides near ties more often. On a GPU one stretch serves all: copying a prefix costs nothing
    there, so twice as many sequences may stay resident as run at once.
    """
    notes = []
    context = min(trained_tokens, opening.context_tokens or DEFAULT_CONTEXT_TOKENS)
    if opening.context_tokens and opening.context_tokens > trained_tokens:
        notes.append(
            f"LOCAL_CONTEXT_TOKENS is {opening.context_tokens}; the model was made for {trained_tokens}, "
            f"which is used"
        )
    # llama.cpp rounds a sequence up to this
    context = min(trained_tokens, -(-context // 256) * 256)
    # separate stretches split a batch into passes of equal lengths, and pooling sees only one pass
    unified = on_gpu or embeds
    return ContextPlan(
        context_tokens=context,
        parallel=opening.parallel,
        sequences=opening.parallel * 2 if on_gpu and not embeds else opening.parallel,
        cells=context * opening.parallel,
        # an embedding model may see all tokens of a text at once, so they must fit one batch
        batch_tokens=max(context if embeds else BATCH_TOKENS, opening.parallel),
        threads=opening.threads,
        on_gpu=on_gpu,
        unified_kv=unified,
        flash_attention=_flash_attention(opening, on_gpu=on_gpu),
        notes=notes,
    )


def _flash_attention(opening: Open, *, on_gpu: bool) -> int:
    if opening.flash_attention is None:
        return FLASH_AUTO if on_gpu else FLASH_OFF
    return FLASH_ON if opening.flash_attention else FLASH_OFF

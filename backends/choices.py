"""Several answers to one request (`n`), for backends whose servers give one at a time."""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import msgspec
from msgspec import structs

from backends.base import (
    Completion,
    CompletionRequest,
    Delta,
    UpstreamError,
    UpstreamInterrupted,
    UpstreamRejected,
    Usage,
)

MAX_CHOICES = 16

Items = AsyncGenerator[Delta | Completion, None]


def asked_choices(request: CompletionRequest) -> int:
    """How many answers are asked for. Raises UpstreamRejected: more than are given at once, or no number of them."""
    count = request.parameters.get("n")
    if count is None:
        return 1
    if type(count) is not int or not 1 <= count <= MAX_CHOICES:
        raise UpstreamRejected(
            f"n: between 1 and {MAX_CHOICES} answers can be asked for", upstream_status=400
        )
    return count


async def several(
    stream: Callable[[CompletionRequest], Items], request: CompletionRequest, count: int, *, one_prompt: bool
) -> Items:
    """`count` answers at once, as the chunks of one stream.

    Args:
        stream: gives one answer.
        one_prompt: the prompt is computed, and counted, once for all of them.
    """
    head = {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": request.model,
    }
    arrived: asyncio.Queue[tuple[int, Delta | Completion | BaseException]] = asyncio.Queue()

    async def read(index: int) -> None:
        seed = None if request.seed is None else request.seed + index
        own = {name: value for name, value in request.parameters.items() if name not in ("n", "seed")}
        asked = structs.replace(request, seed=seed, parameters=own)
        try:
            async with aclosing(stream(asked)) as items:
                async for item in items:
                    arrived.put_nowait((index, item))
        except Exception as exc:
            arrived.put_nowait((index, exc))

    tasks = [asyncio.create_task(read(index)) for index in range(count)]
    completions: dict[int, Completion] = {}
    begun: set[int] = set()
    # those whose own chunks have said why they ended
    ended: set[int] = set()
    try:
        while len(completions) < count:
            index, item = await arrived.get()
            if isinstance(item, Delta):
                numbered = _numbered(item, index, head, first=index not in begun)
                begun.add(index)
                if b'"finish_reason":"' in item.chunk:
                    ended.add(index)
                yield numbered
            elif isinstance(item, Completion):
                completions[index] = item
                if index not in ended:
                    yield Delta(chunk=_chunk(head, index, {}, finish_reason=item.finish_reason))
            elif isinstance(item, UpstreamError) and begun:
                raise UpstreamInterrupted(item.message) from item
            else:
                raise item
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    yield _joined([completions[index] for index in range(count)], one_prompt=one_prompt)


def _numbered(delta: Delta, index: int, head: dict[str, Any], *, first: bool) -> Delta:
    """A delta of one answer as a chunk of all."""
    if delta.chunk:
        whole = msgspec.json.decode(delta.chunk)
        choices = [choice | {"index": index} for choice in whole["choices"]]
        chunk = msgspec.json.encode(whole | {"id": head["id"], "choices": choices})
    else:
        said = delta.raw or {"content": delta.text}
        chunk = _chunk(head, index, ({"role": "assistant"} if first else {}) | said)
    return Delta(text=delta.text if index == 0 else "", raw=_raw(delta, index), chunk=chunk)


def _raw(delta: Delta, index: int) -> dict[str, Any]:
    """What says that there was a token: those of other answers are none of the first's text."""
    return delta.raw if index == 0 else {"other": delta.is_token}


def _chunk(
    head: dict[str, Any], index: int, delta: dict[str, Any], *, finish_reason: str | None = None
) -> bytes:
    choice = {"index": index, "delta": delta, "finish_reason": finish_reason}
    return msgspec.json.encode(head | {"choices": [choice]})


def _joined(completions: list[Completion], *, one_prompt: bool) -> Completion:
    """The end of all: the first's, with the usage of all and every warning."""
    first = completions[0]
    usages = [completion.usage for completion in completions if completion.usage is not None]
    usage = None
    if usages:
        prompts = usages[:1] if one_prompt else usages
        usage = Usage(
            input_tokens=sum(each.input_tokens for each in prompts),
            output_tokens=sum(each.output_tokens for each in usages),
            cached_input_tokens=sum(each.cached_input_tokens for each in prompts),
        )
    warnings = [warning for each in completions for warning in each.raw.get("warnings", [])]
    return structs.replace(
        first,
        usage=usage,
        raw=first.raw | ({"warnings": warnings} if warnings else {}),
        violates_schema=any(each.violates_schema for each in completions),
    )

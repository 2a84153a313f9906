"""How pages are put before a model: in one call if they fit its context, else in several."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from gateway.core.json_schema.schema import relax_schema
from gateway.core.llm.prompt import PromptPage, Task, build_messages
from gateway.core.tokens.counters import TokenCounter
from gateway.core.tokens.split import split_markdown
from gateway.errors import ContextOverflow

# of a model whose context is not known
ASSUMED_CONTEXT_TOKENS = 128_000
MAX_CALLS = 64
# around the messages, by the model's chat template
_FRAME_TOKENS = 64
# around a page, beside its url, title and headings
_FENCE_TOKENS = 48
# for a piece of a page worth a call
_LEAST_ROOM_TOKENS = 64


class Budget(Struct, kw_only=True, frozen=True):
    """What a request may use.

    `scale` corrects our counts to the model's own: its tokens per one of ours.
    """

    context_tokens: int | None
    max_output_tokens: int
    max_input_tokens: int | None = None
    scale: float = 1.0


class Call(Struct, kw_only=True, frozen=True):
    """The pages, or pieces of pages, of one prompt."""

    pages: list[PromptPage]
    input_tokens: int


class Plan(Struct, kw_only=True, frozen=True):
    """All calls of a request; `task` is what each of them asks."""

    task: Task
    calls: list[Call]

    @property
    def input_tokens(self) -> int:
        """Of all calls together."""
        return sum(call.input_tokens for call in self.calls)


def plan_calls(task: Task, pages: Sequence[PromptPage], *, budget: Budget, count: TokenCounter) -> Plan:
    """Fit pages into as few calls as the context allows.

    Args:
        task: what is asked of the whole; of a part it asks by a schema in which nothing is required.
        pages: whole, in order.
        count: tokens of a text, before `budget.scale`.
    Raises:
        ContextOverflow: not even a piece of a page fits beside prompt and schema, or all calls together pass
            `max_input_tokens` or `MAX_CALLS`; with the counts.
    """

    def size(text: str) -> int:
        return -int(-count(text) * budget.scale // 1)

    def overhead_of(task: Task) -> int:
        return _FRAME_TOKENS + sum(
            size(message["content"]) for message in build_messages(task, [], delimiter="")
        )

    context = budget.context_tokens or ASSUMED_CONTEXT_TOKENS
    fences = [_FENCE_TOKENS + size(f"{page.url or ''} {page.title or ''}") for page in pages]
    total = sum(size(page.content) for page in pages) + sum(fences)
    overhead = overhead_of(task)
    if overhead + total + budget.max_output_tokens <= context:
        plan = Plan(task=task, calls=[Call(pages=list(pages), input_tokens=overhead + total)])
        _refuse_excess(plan.input_tokens, 1, budget, context)
        return plan
    part = msgspec.structs.replace(task, is_part=True, schema=task.schema and relax_schema(task.schema))
    overhead = overhead_of(part)
    room = context - budget.max_output_tokens - overhead
    if room - max(fences) < _LEAST_ROOM_TOKENS:
        raise ContextOverflow(
            f"prompt and schema take {overhead} tokens and the answer up to {budget.max_output_tokens}: the "
            f"model's context of {context} has no room for the pages ({total} tokens); shorten the prompt or the "
            "schema, lower max_output_tokens, or take a model with a larger context",
            prompt_tokens=overhead + total,
            context_tokens=context,
            max_output_tokens=budget.max_output_tokens,
        )
    least = -(-total // room)
    # before a long text is cut for nothing
    _refuse_excess(total + least * overhead, least, budget, context)
    plan = Plan(task=part, calls=_pack(pages, fences, room, overhead, size))
    _refuse_excess(plan.input_tokens, len(plan.calls), budget, context)
    return plan


def _pack(
    pages: Sequence[PromptPage], fences: Sequence[int], room: int, overhead: int, size: TokenCounter
) -> list[Call]:
    """Pieces in order, as many to a call as fit."""
    calls: list[Call] = []
    held: list[PromptPage] = []
    used = 0
    for page, fence in zip(pages, fences, strict=True):
        for piece in split_markdown(page.content, max_tokens=room - fence, count=size):
            if held and used + piece.tokens + fence > room:
                calls.append(Call(pages=held, input_tokens=overhead + used))
                held, used = [], 0
            content = page.content[piece.start : piece.end]
            held.append(msgspec.structs.replace(page, content=content, headings=piece.headings))
            used += piece.tokens + fence
    if held:
        calls.append(Call(pages=held, input_tokens=overhead + used))
    return calls


def _refuse_excess(tokens: int, calls: int, budget: Budget, context: int) -> None:
    limit = budget.max_input_tokens
    if limit is not None and tokens > limit:
        raise ContextOverflow(
            f"pages and prompt make {tokens} tokens in {calls} call(s), and max_input_tokens allows {limit}; "
            "raise it, or cut the pages with scrape.max_tokens or scrape.select",
            prompt_tokens=tokens,
            max_input_tokens=limit,
            context_tokens=context,
        )
    if calls > MAX_CALLS:
        raise ContextOverflow(
            f"pages and prompt make {tokens} tokens, {calls} calls to a model with a context of {context}, and "
            f"at most {MAX_CALLS} are made; cut the pages with scrape.max_tokens or scrape.select, or take a "
            "model with a larger context",
            prompt_tokens=tokens,
            context_tokens=context,
        )

"""Ask a model about pages that are read: at once if they fit its context, else part by part.

In this order: structured data that satisfies the schema answers without a model; pages that fit make one
call; longer ones are cut, asked about at once and merged (data by `core.merge`, texts by asking again about
what the parts answered). Data that does not validate is repaired once, by showing the model what is wrong.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from backends.base import CompletionRequest, Route
from gateway.completions.answer import Finished
from gateway.completions.completer import NOT_VALID, Completer, Spend
from gateway.completions.completion_cache import CachePolicy
from gateway.core.json_schema.schema import Violation, inline_root
from gateway.core.llm.call_plan import Call, Plan
from gateway.core.llm.prompt import (
    VERSION,
    Message,
    PromptPage,
    Task,
    build_messages,
    build_repair,
)
from gateway.core.tasks.answers import Answered, AnswerFromStructured, MergeAnswers, ValidateAnswer
from gateway.core.tasks.base import Workers
from gateway.core.tasks.prompts import MakeDelimiter
from gateway.core.tokens.tokenizer import name_of
from gateway.errors import ContextOverflow, GatewayError, ModelRefused, SchemaUnsatisfied
from gateway.extraction.call_planner import CallPlanner
from gateway.extraction.state import ExtractionState
from gateway.wire import Coverage, DeltaEvent, Estimate, ExtractRequest, Notice, encode_json

CALLS_AT_ONCE = 4
# of asking about answers, when a question goes to a text many times the context
MAX_ROUNDS = 3
# of a reply that an error carries
_RAW_CHARS = 20_000
_GATHERED = "values gathered from the parts of a longer text"

Emit = Callable[[DeltaEvent], None]


class ExtractionStrategy:
    """One request on its way from pages to an answer, which it leaves in the state."""

    def __init__(
        self,
        completer: Completer,
        request: ExtractRequest,
        state: ExtractionState,
        *,
        workers: Workers,
        planner: CallPlanner,
        tenant: str,
        secret: bytes,
        emit: Emit,
        spend: Spend,
    ) -> None:
        self._completer = completer
        self._planner = planner
        self._workers = workers
        self._request = request
        self._schema = None if request.schema is None else encode_json(request.schema)
        self._state = state
        self._tenant = tenant
        self._secret = secret
        self._emit = emit
        self._spend = spend

    async def answer(self) -> None:
        """Find the answer and emit it as it grows; a dry run only estimates the calls."""
        request, state = self._request, self._state
        if await self._answer_from_structured():
            return
        route = state.route
        if not (isinstance(route, Route) or request.dry_run):
            raise route
        task = Task(prompt=request.prompt, schema=request.schema)
        plan = await self._plan(task, [page.as_prompt() for page in state.pages])
        calls = len(plan.calls)
        if request.dry_run:
            state.coverage = Coverage(read=0, chunks=calls)
            state.estimate = Estimate(
                calls=calls,
                input_tokens=plan.input_tokens,
                output_tokens=calls * request.max_output_tokens,
                tokenizer=name_of(await self._planner.tokenizer_of(route, request)),
            )
            return
        state.coverage = Coverage(read=calls, chunks=calls)
        if calls == 1:
            await self._answer_at_once(plan.task, plan.calls[0].pages)
        elif self._schema is None:
            await self._answer_from_notes(task, plan)
        else:
            await self._answer_by_merging(task, plan, self._schema)

    async def _answer_from_structured(self) -> bool:
        request, state, schema = self._request, self._state, self._schema
        if schema is None or len(state.pages) != 1 or not state.pages[0].structured:
            return False
        structured = encode_json(state.pages[0].structured)
        data = await self._workers.run(
            AnswerFromStructured(schema=schema, structured=structured, prompt=request.prompt)
        )
        if data is None:
            return False
        state.needs_no_model()
        if request.dry_run:
            tokenizer = name_of(await self._planner.tokenizer_of(state.route, request))
            state.estimate = Estimate(calls=0, input_tokens=0, output_tokens=0, tokenizer=tokenizer)
        else:
            state.data = data
            state.finish_reason = "stop"
            self._emit(DeltaEvent(text=data.decode()))
        return True

    async def _answer_at_once(self, task: Task, pages: Sequence[PromptPage]) -> None:
        """One call, and a second one to repair data that does not validate."""
        state, schema = self._state, self._schema
        prompt = await self._prompt(task, pages)
        reply = await self._ask(prompt, attempt=1)
        if schema is None:
            state.text = reply.text
            return
        faults = await self._take(reply, schema)
        if faults and state.finish_reason == "length":
            limit = self._request.max_output_tokens
            raise _unsatisfied(reply, faults, f"the answer was cut at max_output_tokens={limit}, raise it")
        if faults:
            reply = await self._ask(prompt.repaired(reply.text, faults), attempt=2)
            if faults := await self._take(reply, schema):
                raise _unsatisfied(reply, faults, "and neither did the answer before it")
            repaired = "the first answer did not validate against the schema; the model corrected it"
            state.warnings.append(Notice(code="repaired", message=repaired))

    async def _answer_from_notes(self, task: Task, plan: Plan) -> None:
        """A text: ask every part, then ask about the parts' answers, until these fit one call."""
        for _ in range(MAX_ROUNDS):
            replies = await self._ask_all(plan)
            notes = [
                PromptPage(
                    content=reply.text or "(nothing)", title=f"what part {number} of {len(replies)} states"
                )
                for number, reply in enumerate(replies, 1)
                if reply is not None
            ]
            plan = await self._plan(task, notes)
            if len(plan.calls) == 1:
                await self._answer_at_once(task, plan.calls[0].pages)
                return
        raise ContextOverflow(
            f"the answers about the parts do not fit one call after {MAX_ROUNDS} rounds; lower "
            "max_output_tokens or take a model with a larger context",
            prompt_tokens=plan.input_tokens,
        )

    async def _answer_by_merging(self, task: Task, plan: Plan, schema: bytes) -> None:
        """Data: ask every part, merge, and have the model repair what still violates the schema."""
        replies = await self._ask_all(plan)
        answers = [
            Answered(pages=[page.content for page in call.pages], reply=reply.text if reply else None)
            for call, reply in zip(plan.calls, replies, strict=True)
        ]
        merged = await self._workers.run(MergeAnswers(schema=schema, answers=answers))
        for index in merged.unreadable:
            if reply := replies[index]:
                await self._reject(reply)
            self._lose_part("the model's answer about it is no JSON, or was cut at max_output_tokens")
        data, faults = merged.answer.data, merged.answer.violations
        if data is not None and not faults:
            self._state.data = data
            self._state.finish_reason = "stop"
            self._emit(DeltaEvent(text=data.decode()))
        elif data is None or data == b"null":
            said = _Reply(text="\n".join(reply.text for reply in replies if reply))
            raise _unsatisfied(said, faults, "no part of the pages gave such data")
        else:
            gathered = PromptPage(content=data.decode(), title=_GATHERED)
            await self._answer_at_once(task, [gathered])

    async def _plan(self, task: Task, pages: Sequence[PromptPage]) -> Plan:
        route, request = self._state.route, self._request
        tokenizer = name_of(await self._planner.tokenizer_of(route, request))
        known = {
            page.content: page.source.tokens.content
            for page in self._state.pages
            if page.source.tokens.tokenizer == tokenizer
        }
        counted = [known.get(page.content) for page in pages]
        return await self._planner.plan(task, pages, route=route, request=request, counted=counted)

    async def _ask_all(self, plan: Plan) -> "list[_Reply | None]":
        """Every call's reply; None for one that failed, as long as another did not."""
        limit = asyncio.Semaphore(CALLS_AT_ONCE)

        async def ask(call: Call) -> _Reply:
            async with limit:
                return await self._ask(await self._prompt(plan.task, call.pages))

        tasks = [asyncio.ensure_future(ask(call)) for call in plan.calls]
        try:
            results = await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            for task in tasks:
                task.cancel()
        failures = [result for result in results if isinstance(result, BaseException)]
        foreign = [failure for failure in failures if not isinstance(failure, GatewayError)]
        if foreign or len(failures) == len(results):
            raise (foreign or failures)[0]
        for failure in failures:
            self._lose_part(str(failure))
        return [result if isinstance(result, _Reply) else None for result in results]

    def _lose_part(self, reason: str) -> None:
        state = self._state
        state.coverage = Coverage(read=state.coverage.read - 1, chunks=state.coverage.chunks)
        message = f"a part of the pages was not read: {reason}"
        state.warnings.append(Notice(code="chunk_failed", message=message))

    async def _ask(self, prompt: "_Prompt", *, attempt: int | None = None) -> "_Reply":
        """One call's reply; with `attempt`, its deltas are emitted as they come."""
        request, options = self._request, self._request.cache
        answer = await self._completer.open(
            CompletionRequest(
                model=request.model or "",
                messages=prompt.messages,
                max_output_tokens=request.max_output_tokens,
                temperature=request.temperature,
                seed=request.seed,
                json_schema=prompt.schema and inline_root(prompt.schema),
            ),
            tenant=self._tenant,
            cache=CachePolicy(
                read=options is None or options.max_age_s > 0,
                write=options is None or options.store,
                max_age_s=options.max_age_s if options else CachePolicy().max_age_s,
                sampled=options is not None,
            ),
            identity=prompt.identity,
            spend=self._spend,
            workers=self._workers,
        )
        try:
            while answer.finished is None:
                for delta in await answer.batch():
                    if attempt is not None and delta.text:
                        self._emit(DeltaEvent(text=delta.text, attempt=attempt))
        finally:
            answer.close()
        finished = answer.finished
        self._state.add_call(finished)
        if refusal := _refusal(finished):
            await answer.reject()
            raise ModelRefused(
                f"model `{finished.model}` declines to answer: {refusal[:_RAW_CHARS]}; ask in other words, or another "
                "model",
                text=refusal[:_RAW_CHARS],
            )
        return _Reply(text=_said(finished), reject=answer.reject)

    async def _take(self, reply: "_Reply", schema: bytes) -> list[Violation]:
        """Keep the reply's data if it validates; else return the violations and remove it from the cache."""
        try:
            checked = await self._workers.run(ValidateAnswer(schema=schema, reply=reply.text))
        except GatewayError:
            # what cannot be validated now cannot when it comes again
            await self._reject(reply)
            raise
        if checked.violations:
            await self._reject(reply)
        else:
            self._state.data = checked.data
        return checked.violations

    async def _reject(self, reply: "_Reply") -> None:
        await reply.reject()
        self._state.not_stored = NOT_VALID

    async def _prompt(self, task: Task, pages: Sequence[PromptPage]) -> "_Prompt":
        delimiter = await self._workers.run(MakeDelimiter(pages=list(pages), secret=self._secret))
        messages = build_messages(task, pages, delimiter=delimiter)
        return _Prompt(messages=messages, identity=[VERSION, task, list(pages)], schema=task.schema)


class _Prompt(Struct, kw_only=True, frozen=True):
    """Messages, and what the cache knows them by: all that made them but the delimiter."""

    messages: list[Message]
    identity: list[Any]
    schema: dict[str, Any] | None

    def repaired(self, reply: str, faults: Sequence[Violation]) -> "_Prompt":
        """The prompt that shows the model its reply and what is wrong with it."""
        return _Prompt(
            messages=build_repair(self.messages, reply, faults),
            identity=[*self.identity, reply, list(faults)],
            schema=self.schema,
        )


async def _nothing_to_forget() -> None:
    pass


class _Reply(Struct, kw_only=True, frozen=True):
    """A model's reply, and how to remove it from the cache."""

    text: str
    reject: Callable[[], Awaitable[None]] = _nothing_to_forget


def _said(finished: Finished) -> str:
    """The answer's text; that of its tool call where the schema went out as a tool."""
    if finished.text or not finished.choices:
        return finished.text
    calls = finished.choices[0]["message"].get("tool_calls")
    function = calls[0].get("function") if calls else None
    return str(function.get("arguments") or "") if function else ""


def _refusal(finished: Finished) -> str | None:
    """Why the model did not answer, in its words where it has some."""
    said = finished.choices[0]["message"] if finished.choices else {}
    if refusal := said.get("refusal"):
        return str(refusal)
    nothing = not said.get("content") and not said.get("tool_calls")
    if nothing and finished.completion.finish_reason == "content_filter":
        return "its server filtered the answer"
    return None


def _unsatisfied(reply: _Reply, faults: Sequence[Violation], reason: str) -> SchemaUnsatisfied:
    listed = "; ".join(f"{fault.path or 'the whole'}: {fault.message}" for fault in faults[:3])
    return SchemaUnsatisfied(
        f"the model's answer does not validate against `schema` ({listed}), {reason}",
        text=reply.text[:_RAW_CHARS],
        violations=[msgspec.structs.asdict(fault) for fault in faults],
    )

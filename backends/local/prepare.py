"""From a request to a job: check, render, tokenize, constrain; and the check of what no grammar could enforce.

Runs on a thread of its own, so that a long prompt is tokenized while the model computes.
"""

import json
import time
from collections.abc import Callable
from typing import Any

from msgspec import structs

from backends.local.grammar import Constraint, constrain
from backends.local.guide import GuideMaker
from backends.local.job import Job, Spent, Ticket
from backends.local.messages import Finished, FromModel, Generate, RefusalKind, Refused, Step
from backends.local.native import NativeModel
from backends.local.parameters import RequestRejected, Sampling, Wanted, read_request, text_of
from backends.local.sampling import Sampler
from backends.local.tools import Tools, grammar_of, read_tools
from gateway.core.json_schema.schema import Schema
from gateway.errors import InvalidRequest

MAX_ATTEMPTS = 3
# of computing, for all grammars of a request: a busy machine loosens no schema
GRAMMAR_S = 2.0


class Refusal(Exception):
    """The request ends here, before any work."""

    def __init__(
        self, kind: RefusalKind, message: str, *, prompt_tokens: int = 0, context_tokens: int = 0
    ) -> None:
        super().__init__(message)
        self.kind, self.message = kind, message
        self.prompt_tokens, self.context_tokens = prompt_tokens, context_tokens

    def refused(self, number: int) -> Refused:
        return Refused(
            id=number,
            kind=self.kind,
            message=self.message,
            prompt_tokens=self.prompt_tokens,
            context_tokens=self.context_tokens,
        )


class Preparation:
    """Turns requests into jobs for one model.

    Args:
        model: its tokenizer, vocabulary and template are used; nothing is decoded here.
        submit: hands a job to the scheduler.
        emit: sends messages to the gateway.
        later: runs a call for the request of this number on this same thread, from another.
    """

    def __init__(
        self,
        model: NativeModel,
        *,
        submit: Callable[[Job], None],
        emit: Callable[[list[FromModel]], None],
        later: Callable[[int, Callable[[], None]], None],
    ) -> None:
        self._model, self._submit, self._emit, self._later = model, submit, emit, later
        self._guides = GuideMaker(model)
        self._longest_token_bytes = model.longest_piece_bytes()
        self.template = model.chat_template()

    def begin(self, request: Generate, ticket: Ticket) -> None:
        """Submit the request's first job, or answer it here.

        Raises:
            Refusal: it cannot be served.
        """
        try:
            wanted = read_request(request)
            schema = _checked(wanted.schema)
            tools = read_tools(request)
            constraint, may_try = None, self._may_try(ticket)
            if tools is not None:
                if schema or wanted.sampling.logprobs:
                    other = "response_format" if schema else "logprobs"
                    raise RequestRejected(f"tools: a local model cannot have them together with {other}")
                _check_tools(tools)
                constraint = Constraint(grammar=grammar_of(tools, self._guides.fault, may_try), open=[])
            elif schema is not None:
                constraint = constrain(schema.document, self._guides.fault, may_try)
            if ticket.cancelled:
                return
            self._attempt(_Attempt(request, ticket, wanted, schema, constraint, tools))
        except RequestRejected as exc:
            raise Refusal("rejected", str(exc)) from exc

    def _may_try(self, ticket: Ticket) -> Callable[[], bool]:
        """Whether another grammar may be tried for a request: others wait for this thread."""
        deadline: float | None = None

        def may_try() -> bool:
            nonlocal deadline
            if deadline is None:
                # made once, and at no request's expense
                _ = self._guides.tokenizer
                deadline = time.thread_time() + GRAMMAR_S
            return not ticket.cancelled and time.thread_time() < deadline

        return may_try

    def _attempt(self, attempt: "_Attempt") -> None:
        wanted, context = attempt.wanted, self._model.plan.context_tokens
        raw = attempt.request.prompt
        prompt = self._prompt(attempt) if raw is None else self._raw(raw)
        room = context - len(prompt)
        limit = room if wanted.max_output_tokens is None else min(room, wanted.max_output_tokens)
        if limit == 0:
            self._emit([_said_nothing(attempt.request, len(prompt))])
            return
        job = Job(
            attempt.ticket,
            prompt,
            limit=limit,
            sampler=Sampler(
                self._model,
                attempt.sampling(),
                self._guides.guide(attempt.constraint.grammar) if attempt.constraint else None,
            ),
            stop=[*wanted.stop, *(self.template.stop if raw is None else [])],
            tenant=attempt.request.tenant,
            warnings=attempt.warnings(),
            review=self._reviewer(attempt) if attempt.held else None,
            spent=attempt.spent,
        )
        self._submit(job)

    def _prompt(self, attempt: "_Attempt") -> list[int]:
        messages, tools = attempt.messages(), attempt.tools
        size = sum(len(text_of(message).encode("utf-8", "replace")) for message in messages)
        size += len(json.dumps([tool.sent for tool in tools.tools])) if tools else 0
        goes_on = attempt.schema is None
        return self._fitting(size, lambda: self.template.tokens(messages, tools=tools, goes_on=goes_on))

    def _raw(self, text: str) -> list[int]:
        """A prompt that its author has laid out, control tokens included."""
        size = len(text.encode("utf-8", "replace"))
        return self._fitting(size, lambda: self._model.tokenize(text, special=True, first=True))

    def _fitting(self, size_bytes: int, tokenize: Callable[[], list[int]]) -> list[int]:
        """The tokens of a prompt of this many bytes. Raises for one that is empty or has no room for an answer."""
        context = self._model.plan.context_tokens
        least = size_bytes // self._longest_token_bytes
        # no minutes spent on 50 MB
        tokens = [] if least >= context else tokenize()
        if not tokens and least < context:
            raise RequestRejected("messages: the prompt is empty; the model needs at least one token")
        if (count := len(tokens) or least) >= context:
            made_for = self._model.facts.trained_context_tokens
            more = f", or raise LOCAL_CONTEXT_TOKENS (up to {made_for})" if made_for > context else ""
            raise Refusal(
                "context",
                f"the prompt has {'' if tokens else 'at least '}{count} tokens; the model's context has "
                f"{context}, the answer's included: shorten the prompt{more}",
                prompt_tokens=count,
                context_tokens=context,
            )
        return tokens

    def _reviewer(self, attempt: "_Attempt") -> Callable[[Job], None]:
        return lambda job: self._later(job.id, lambda: self._review(attempt, job))

    def _review(self, attempt: "_Attempt", job: Job) -> None:
        """Check a held answer: release it, or ask again and name the fault."""
        if job.cancelled:
            return
        fault = violation(job.held_text, attempt.schema) if attempt.schema else None
        if fault and job.reason == "stop" and attempt.number < MAX_ATTEMPTS:
            try:
                self._attempt(attempt.again(job, fault))
                return
            except (RequestRejected, Refusal):
                # the conversation outgrew the context: what there is is the answer
                pass
        if fault:
            job.warnings.append({"code": "schema_violated", "message": fault})
        piece = job.release_held()
        self._emit([*([Step([piece], None)] if piece else []), job.finished()])


class _Attempt:
    """One try at a request; a later one carries the earlier answer and what was wrong with it."""

    def __init__(
        self,
        request: Generate,
        ticket: Ticket,
        wanted: Wanted,
        schema: Schema | None,
        constraint: Constraint | None,
        tools: Tools | None,
    ) -> None:
        self.request, self.ticket, self.wanted = request, ticket, wanted
        self.schema, self.constraint, self.tools = schema, constraint, tools
        self.number = 1
        self.spent = Spent()
        self._corrections: list[dict[str, Any]] = []

    @property
    def held(self) -> bool:
        """The answer is shown only after it was checked."""
        return bool(self.constraint and self.constraint.open)

    def messages(self) -> list[dict[str, Any]]:
        messages = list(self.request.messages)
        if self.constraint and self.constraint.is_floor:
            # last, so that instructions and page stay a prefix shared with other questions
            wish = f"Answer with JSON only, valid against this JSON Schema:\n{json.dumps(self.wanted.schema)}"
            messages[-1] = {**messages[-1], "content": f"{text_of(messages[-1])}\n\n{wish}"}
        return messages + self._corrections

    def sampling(self) -> Sampling:
        """The same seed would give the same wrong answer to almost the same question."""
        sampling = self.wanted.sampling
        return structs.replace(sampling, seed=sampling.seed and sampling.seed + self.number - 1)

    def warnings(self) -> list[dict[str, str]]:
        if not self.held or not self.constraint:
            return []
        message = (
            f"the schema could be enforced only in part (open: {'; '.join(self.constraint.open[:5])}): the answer "
            f"was checked afterwards, attempt {self.number} of at most {MAX_ATTEMPTS}"
        )
        return [{"code": "schema_not_enforced", "message": message}]

    def again(self, job: Job, fault: str) -> "_Attempt":
        following = _Attempt(self.request, self.ticket, self.wanted, self.schema, self.constraint, self.tools)
        following.number = self.number + 1
        following.spent = Spent(
            input_tokens=self.spent.input_tokens + len(job.prompt),
            cached_tokens=self.spent.cached_tokens + job.cached,
            output_tokens=self.spent.output_tokens + job.output_tokens,
        )
        following._corrections = [
            {"role": "assistant", "content": job.held_text},
            {
                "role": "user",
                "content": f"That does not satisfy the schema: {fault}. Answer again, JSON only.",
            },
        ]
        return following


def violation(text: str, schema: Schema) -> str | None:
    """Why a text is no JSON that satisfies the schema; None when it is."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as exc:
        return f"it is not JSON: {exc}"
    faults = schema.violations(value)
    return f"{faults[0].path or '/'}: {faults[0].message}" if faults else None


def _checked(document: dict[str, Any] | None) -> Schema | None:
    """A client's schema under the bounds of /v1/extract: whatever it says, checking against it takes little time."""
    if document is None:
        return None
    try:
        return Schema(document)
    except InvalidRequest as exc:
        raise RequestRejected(f"the JSON Schema is refused: {exc}") from exc


def _check_tools(tools: Tools) -> None:
    """The schemas of tools under the bounds of any other."""
    for tool in tools.tools:
        try:
            Schema(tool.parameters)
        except InvalidRequest as exc:
            raise RequestRejected(f"the parameters of the tool {tool.name} are refused: {exc}") from exc


def _said_nothing(request: Generate, prompt_tokens: int) -> Finished:
    return Finished(
        id=request.id,
        reason="length",
        input_tokens=prompt_tokens,
        cached_input_tokens=0,
        output_tokens=0,
        queue_ms=0,
    )

"""The local backend: OpenAI-shaped requests in, a GGUF model's text out, computed in its own process."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from msgspec import structs

from backends.base import (
    Completion,
    CompletionRequest,
    ContextExceeded,
    Delta,
    EmbeddingRequest,
    Embeddings,
    ModelInfo,
    UpstreamError,
    UpstreamInterrupted,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
    Usage,
    VocabularyFile,
    identity_of,
)
from backends.choices import asked_choices, several
from backends.local.child import missing_library
from backends.local.chunks import Chunks
from backends.local.histogram import ITL_BUCKETS_S, TTFT_BUCKETS_S, Histogram
from backends.local.memory import resident_bytes
from backends.local.messages import (
    Embed,
    Embedded,
    Finished,
    FromModel,
    Generate,
    ModelFacts,
    Open,
    Refused,
    Step,
    ToModel,
)
from backends.local.model_file import UNREADABLE, code_fingerprint, identify_file, identify_vocabulary
from backends.local.settings import default_threads
from backends.local.source import NoSuchModel, locate
from backends.local.supervisor import Inbox, Supervisor
from backends.local.tool_calls import ToolCallReader
from backends.wire.openai import embeddings_body

START_WAIT_S = 120.0
# of how a model is opened, what decides when an answer comes, not which
_NO_MATTER = {"path", "parallel", "threads", "extra_buffers"}


class LocalBackend:
    """Serves one GGUF file as the model `name`.

    Args:
        path: of a GGUF file, or of the first part of a split one, or a name that `source` knows.
        models_dir: where models of a hub are kept; None: `source.default_models_dir`.
        context_tokens: for one request, prompt and answer; None: the model's, up to 8192.
        parallel: requests computed together.
        gpu_layers: None: all, when the build of llama-cpp-python has a GPU.
        threads: None: cores less one.
        flash_attention: None: on a GPU only, where it changes no more than other kernels do.
        queue_limit: requests that may wait for a place; one more is refused with a Retry-After.
        command: starts the model's process; another one only in tests of its faults.
        silence_s: how long the process may say nothing, twice, while something is asked of it.
    """

    embeds_tokens = False

    def __init__(
        self,
        *,
        path: str,
        name: str = "local",
        models_dir: str | None = None,
        context_tokens: int | None = None,
        parallel: int = 4,
        gpu_layers: int | None = None,
        threads: int | None = None,
        flash_attention: bool | None = None,
        queue_limit: int = 64,
        command: Sequence[str] | None = None,
        silence_s: float = 60.0,
    ) -> None:
        self.name = name
        self._parallel, self._queue_limit = parallel, queue_limit
        self._path, self._models_dir = path, Path(models_dir) if models_dir else None
        opening = Open(
            path=path,
            context_tokens=context_tokens,
            parallel=parallel,
            gpu_layers=gpu_layers,
            threads=threads or default_threads(),
            flash_attention=flash_attention,
        )
        self._code: str | None = None
        self._settings = {
            name: value for name, value in structs.asdict(opening).items() if name not in _NO_MATTER
        }
        self._supervisor = Supervisor(
            opening, models_dir=self._models_dir, command=command, silence_s=silence_s
        )
        self._ttft_s, self._itl_s = Histogram(TTFT_BUCKETS_S), Histogram(ITL_BUCKETS_S)
        # of a request, for Retry-After
        self._mean_s = 1.0
        self._refused = 0

    # -- Backend

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[Delta | Completion, None]:
        """Deltas, then the completion; closing the iterator gives its place to another within a step."""
        count = asked_choices(request)
        answers = (
            self._answer(request) if count == 1 else several(self._answer, request, count, one_prompt=True)
        )
        async with aclosing(answers) as items:
            async for item in items:
                yield item

    async def _answer(self, request: CompletionRequest) -> AsyncGenerator[Delta | Completion, None]:
        """One answer."""
        began = time.monotonic()
        inbox = await self._enter(min(START_WAIT_S, request.timeout_s))
        ended = False
        chunks = Chunks(request.model) if request.parameters.get("logprobs") else None
        may_call = request.parameters.get("tools") and request.parameters.get("tool_choice") != "none"
        calls = ToolCallReader() if may_call else None
        said_at: float | None = None
        try:
            self._send(_generate(request, inbox.number))
            while True:
                message = await self._next(inbox, began + request.timeout_s)
                if isinstance(message, Step):
                    now = time.monotonic()
                    (self._ttft_s if said_at is None else self._itl_s).observe(now - (said_at or began))
                    said_at = now
                    for piece in message.pieces:
                        if calls:
                            for delta in calls.feed(piece.text):
                                yield delta
                            continue
                        yield Delta(text=piece.text, chunk=chunks.chunk(piece) if chunks else b"")
                elif isinstance(message, Finished):
                    ended = True
                    if chunks:
                        yield Delta(chunk=chunks.last(message.reason))
                    self._note_duration(began)
                    if calls:
                        for delta in calls.close():
                            yield delta
                    yield _completion(message, self.name, called=bool(calls and calls.calls))
                    return
                else:
                    ended = True
                    raise _failure(message, started=inbox.started)
        finally:
            self._supervisor.close_inbox(inbox, cancel=not ended)

    async def models(self) -> list[ModelInfo]:
        facts = self._supervisor.facts
        return [ModelInfo(name=self.name, context_tokens=facts.context_tokens if facts else None)]

    async def identity(self, model: str) -> str:
        """Of the file that is loaded, or, while none is, of the one that will be: with the template in it, the context
        and settings it is opened with, and the code that renders and samples."""
        facts = self._supervisor.facts
        file = facts.file if facts else await asyncio.to_thread(_identify, self._path, self._models_dir)
        if self._code is None:
            self._code = await asyncio.to_thread(code_fingerprint)
        return identity_of(file, self._settings, self._code)

    async def count_tokens(self, text: str, *, model: str) -> int | None:
        """None: it is counted by `vocabulary`, in processes that a text may take down."""
        return None

    async def health(self) -> str | None:
        self._supervisor.start()
        return self._supervisor.fault

    async def aclose(self) -> None:
        await self._supervisor.aclose()

    # -- beyond Backend

    async def start(self) -> ModelFacts:
        """Wait until the model answers.

        Raises:
            UpstreamUnavailable: it cannot be loaded; the message says why.
        """
        return await self._supervisor.ready(START_WAIT_S)

    async def vocabulary(self, model: str) -> VocabularyFile:
        """The file as it is now: nothing is loaded for it, so that it serves while the model loads, too.

        Raises:
            UpstreamUnavailable: llama.cpp is not installed, or there is no such file; the message says what to do.
        """
        return await asyncio.to_thread(_vocabulary, self._path, self._models_dir)

    async def embed(self, request: EmbeddingRequest) -> Embeddings:
        """One vector of length 1 a text.

        Raises:
            UpstreamRejected: the model makes no embeddings, or the texts are too many.
            ContextExceeded: a text is longer than the model's context.
            UpstreamUnavailable: too many requests wait.
            UpstreamTimeout: the request's time was over; the model stops at its next batch of texts.
        """
        texts = [text for text in request.input if isinstance(text, str)]
        if len(texts) != len(request.input):
            raise UpstreamRejected("input: a local model embeds texts, not tokens", upstream_status=400)
        if request.parameters.get("dimensions"):
            raise UpstreamRejected("dimensions: a local model's vectors cannot be cut", upstream_status=400)
        began = time.monotonic()
        inbox = await self._enter(min(START_WAIT_S, request.timeout_s))
        answer = await self._ask(inbox, Embed(inbox.number, texts), began + request.timeout_s)
        if not isinstance(answer, Embedded):
            raise _failure(answer, started=False)
        self._note_duration(began)
        # up to a second for a thousand texts
        return await asyncio.to_thread(
            embeddings_body,
            answer.vectors,
            model=self.name,
            input_tokens=answer.input_tokens,
            as_base64=request.as_base64,
        )

    @property
    def pid(self) -> int | None:
        """The model's process, while there is one."""
        return self._supervisor.pid

    def stats(self) -> dict[str, Any]:
        """Counters, gauges and histograms since the gateway started, under stable names."""
        counters = structs.asdict(self._supervisor.counters())
        steps, decode_steps = counters.pop("steps"), counters.pop("decode_steps")
        decoding, batched = counters.pop("decoding_sequences"), counters.pop("batched_tokens")
        return counters | {
            "resident_bytes": (resident_bytes(self.pid) if self.pid else None) or 0,
            "up": int(self._supervisor.fault is None),
            "restarts": self._supervisor.restarts,
            "refused": self._refused,
            "in_flight": self._supervisor.in_flight,
            "parallel": self._parallel,
            "queue_limit": self._queue_limit,
            "steps": steps,
            "step_tokens_mean": batched / steps if steps else 0.0,
            "batch_occupancy": decoding / decode_steps / self._parallel if decode_steps else 0.0,
            "ttft_s": self._ttft_s.snapshot(),
            "itl_s": self._itl_s.snapshot(),
        }

    # -- inside

    async def _enter(self, wait_s: float) -> Inbox:
        await self._supervisor.ready(wait_s)
        waiting = self._supervisor.in_flight - self._parallel
        if waiting >= self._queue_limit:
            self._refused += 1
            raise UpstreamUnavailable(
                f"{waiting} requests wait for the local model, the limit is {self._queue_limit}",
                retry_after_s=round(max(1.0, self._mean_s * waiting / self._parallel), 1),
            )
        return self._supervisor.open_inbox()

    def _send(self, message: ToModel) -> None:
        try:
            self._supervisor.send(message)
        except (ValueError, OverflowError) as exc:
            # too large a message, too large a number in it
            raise UpstreamRejected(f"the request cannot be passed on: {exc}", upstream_status=400) from exc

    async def _next(self, inbox: Inbox, deadline: float) -> FromModel:
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                # no task, as wait_for has
                message = await inbox.messages.get()
        except TimeoutError:
            late = "the request's time is over"
            raise (UpstreamInterrupted(late) if inbox.started else UpstreamTimeout(late)) from None
        if isinstance(message, Exception):
            raise message
        return message

    async def _ask(self, inbox: Inbox, question: ToModel, deadline: float) -> FromModel:
        """A question with one answer; what is not waited for to its end is cancelled."""
        ended = False
        try:
            self._send(question)
            answer = await self._next(inbox, deadline)
            ended = True
        finally:
            self._supervisor.close_inbox(inbox, cancel=not ended)
        return answer

    def _note_duration(self, began: float) -> None:
        self._mean_s += 0.2 * (time.monotonic() - began - self._mean_s)


def _identify(model: str, models_dir: Path | None) -> str:
    try:
        return identify_file(locate(model, models_dir))
    except NoSuchModel:
        return UNREADABLE


def _vocabulary(model: str, models_dir: Path | None) -> VocabularyFile:
    if fault := missing_library():
        raise UpstreamUnavailable(fault)
    try:
        path = locate(model, models_dir)
        return VocabularyFile(path=path, identity=identify_vocabulary(path))
    except NoSuchModel as exc:
        raise UpstreamUnavailable(str(exc)) from exc
    except OSError as exc:
        raise UpstreamUnavailable(
            f"{model} cannot be read: {exc.strerror}; LOCAL_MODEL is the path of a GGUF file"
        ) from exc


def _generate(request: CompletionRequest, number: int) -> Generate:
    return Generate(
        id=number,
        messages=request.messages,
        prompt=request.prompt,
        parameters=request.parameters,
        tenant=request.tenant,
        max_output_tokens=request.max_output_tokens,
        temperature=request.temperature,
        seed=request.seed,
        stop=request.stop,
        json_schema=request.json_schema,
    )


def _completion(finished: Finished, model: str, *, called: bool) -> Completion:
    return Completion(
        finish_reason="tool_calls" if called and finished.reason == "stop" else finished.reason,
        usage=Usage(
            input_tokens=finished.input_tokens,
            output_tokens=finished.output_tokens,
            cached_input_tokens=finished.cached_input_tokens,
        ),
        model=model,
        raw={"warnings": finished.warnings} if finished.warnings else {},
        queue_ms=finished.queue_ms,
        violates_schema=any(warning["code"] == "schema_violated" for warning in finished.warnings),
    )


def _failure(message: FromModel, *, started: bool) -> UpstreamError:
    if not isinstance(message, Refused):
        return UpstreamInterrupted(f"the model's process answered out of turn with {type(message).__name__}")
    match message.kind:
        case "rejected":
            return UpstreamRejected(
                message.message,
                upstream_status=400,
                body={"error": {"message": message.message, "type": "invalid_request_error"}},
            )
        case "context":
            return ContextExceeded(
                message.message, prompt_tokens=message.prompt_tokens, context_tokens=message.context_tokens
            )
        case "unavailable":
            return UpstreamInterrupted(message.message) if started else UpstreamUnavailable(message.message)

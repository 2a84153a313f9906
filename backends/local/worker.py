"""The model's own process: reads requests from standard input, writes answers to what was standard output.

Three threads. The reader takes frames, marks cancelled requests and wakes the others; the preparer renders
and tokenizes; the main thread owns the model and computes. A fault of native code ends this process and
nothing else.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

import numpy as np

from backends.local.embedding import Embedder
from backends.local.job import Ticket
from backends.local.messages import (
    LENGTH_BYTES,
    Broken,
    Cancel,
    Embed,
    Embedded,
    Finished,
    FromModel,
    Generate,
    Open,
    Ping,
    Pong,
    Ready,
    Refused,
    ToModel,
    decode_to_model,
    encode_frame,
    frame_length,
)
from backends.local.native import NativeModel
from backends.local.passes import Passes
from backends.local.prepare import Preparation, Refusal
from backends.local.scheduler import Scheduler
from backends.local.vocabulary import LoadError, deepen_stacks

# the gateway's event loop goes first
NICENESS = 5
EXIT_GRACE_S = 2.0
# spent at start on finding out what passes cost
MEASURE_S, MEASURE_TIMES = 2.0, 5


class Worker:
    """Wires reader, preparer and scheduler to one model."""

    def __init__(self, model: NativeModel, output: BinaryIO, token_s: float, passes: Passes) -> None:
        self._output, self._output_lock = output, threading.Lock()
        self._tickets: dict[int, Ticket] = {}
        self._preparer = ThreadPoolExecutor(1, thread_name_prefix="prepare")
        self._model = model
        self._scheduler = Scheduler(model, self.emit, token_s=token_s, passes=passes)
        self._embedder = Embedder(model, self.emit)
        self._loop = self._embedder if model.embeds else self._scheduler
        self._preparation = Preparation(
            model, submit=self._scheduler.submit, emit=self.emit, later=self._later
        )

    @property
    def notes(self) -> list[str]:
        return (
            []
            if self._model.embeds or not self._preparation.template.note
            else [self._preparation.template.note]
        )

    def emit(self, messages: list[FromModel]) -> None:
        """Write messages, from any thread."""
        for message in messages:
            if isinstance(message, Finished | Refused | Embedded):
                self._tickets.pop(message.id, None)
        data = b"".join(map(encode_frame, messages))
        with self._output_lock:
            self._output.write(data)
            self._output.flush()

    def run(self) -> None:
        self._loop.run()

    def stop(self) -> None:
        self._preparer.shutdown(wait=False, cancel_futures=True)
        self._loop.stop()

    def receive(self, message: ToModel) -> None:
        """Take one message; nothing here takes long."""
        match message:
            case Cancel(id=number):
                if left := self._tickets.pop(number, None):
                    left.cancelled = True
                    self._scheduler.notice()
            case Generate():
                ticket = self._tickets[message.id] = Ticket(message.id)
                self._later(message.id, lambda: self._generate(message, ticket))
            case Embed():
                ticket = self._tickets[message.id] = Ticket(message.id)
                self._later(message.id, lambda: self._embed(message, ticket))
            case Ping():
                self._later(0, lambda: self.emit([Pong(self._loop.counters)]))
            case Open():
                raise ValueError("the model is open already")

    def _later(self, number: int, call: Callable[[], None]) -> None:
        self._preparer.submit(self._guarded, number, call)

    def _guarded(self, number: int, call: Callable[[], None]) -> None:
        """Whatever goes wrong ends this request with a message, and no other."""
        try:
            call()
        except Refusal as refusal:
            self.emit([refusal.refused(number)])
        except BaseException as exc:
            # a Rust panic is no Exception
            sys.excepthook(*sys.exc_info())
            message = f"the local model failed on this request: {type(exc).__name__}: {exc}"
            self.emit([Refused(id=number, kind="unavailable", message=message)])

    def _generate(self, request: Generate, ticket: Ticket) -> None:
        if self._model.embeds:
            raise Refusal("rejected", "model: this is an embedding model; it writes no text")
        if not ticket.cancelled:
            self._preparation.begin(request, ticket)

    def _embed(self, request: Embed, ticket: Ticket) -> None:
        if not self._model.embeds:
            raise Refusal("rejected", "model: this one makes no embeddings; load one that has a pooling type")
        self._embedder.submit(request, ticket)


def read_message(source: BinaryIO) -> ToModel | None:
    """The next message; None when the gateway has closed the pipe."""
    prefix = source.read(LENGTH_BYTES)
    if len(prefix) < LENGTH_BYTES:
        return None
    return decode_to_model(source.read(frame_length(prefix)))


def try_batches(model: NativeModel) -> float:
    """Compute a small and a larger batch: where this build crashes on a CPU, it crashes here, before any
    request.

    Returns:
        Seconds of computing a token of a prompt takes.
    Source: llama.cpp issue 20824 (AMX kernels miscompiled by gcc 12: any batch of two or more tokens).
    """
    took_s = 0.0
    for size in (2, 32, 32):
        model.clear_memory()
        model.clear_batch()
        tokens = np.arange(size, dtype=np.int32) % model.vocabulary_size
        model.add(0, 0, tokens, output=True)
        began = time.thread_time()
        if code := model.decode():
            raise LoadError(f"llama.cpp could not compute a batch of {size} tokens: it answered {code}")
        took_s = (time.thread_time() - began) / size
    model.clear_memory()
    return took_s


def measure_passes(model: NativeModel) -> list[float]:
    """CPU-seconds that 1, 2, 3, … sequences take in one pass; as many as `MEASURE_S` suffices for.

    Empty where llama.cpp makes no passes: with one KV cache for all.
    """
    costs_s: list[float] = []
    if model.plan.unified_kv:
        return costs_s
    began = time.process_time()
    for count in range(1, model.plan.parallel + 1):
        seen_s = []
        for _ in range(MEASURE_TIMES):
            model.clear_memory()
            model.clear_batch()
            for sequence in range(count):
                model.add(sequence, 0, np.zeros(1, np.int32), output=True)
            before = time.process_time()
            if model.decode():
                return costs_s
            seen_s.append(time.process_time() - before)
        costs_s.append(min(seen_s))
        if time.process_time() - began > MEASURE_S:
            break
    model.clear_memory()
    return costs_s


def main() -> None:
    """Serve until standard input is closed."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # sent to the whole group; the gateway drains, then closes our input
        signal.signal(number, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    deepen_stacks()
    source, output = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # whatever native code prints goes to the log, not into a frame
    os.dup2(2, 1)
    opening = read_message(source)
    if not isinstance(opening, Open):
        return
    inbox = _Inbox(source)
    inbox.start()
    try:
        model = NativeModel(opening)
        token_s = try_batches(model)
        passes = Passes(measure_passes(model))
    except LoadError as exc:
        output.write(encode_frame(Broken(str(exc))))
        output.flush()
        os._exit(1)
    worker = Worker(model, output, token_s, passes)
    worker.emit([Ready(model.facts_with(worker.notes))])
    inbox.attach(worker)
    try:
        worker.run()
    except BrokenPipeError:
        # the gateway is gone
        pass
    # destructors of a GPU library may hang; everything worth keeping is with the gateway
    os._exit(0)


class _Inbox(threading.Thread):
    """Reads frames from the start, so that a gateway that dies while the model loads is noticed."""

    def __init__(self, source: BinaryIO) -> None:
        super().__init__(name="reader", daemon=True)
        self._source = source
        self._worker: Worker | None = None
        self._attached = threading.Event()

    def attach(self, worker: Worker) -> None:
        self._worker = worker
        self._attached.set()

    def run(self) -> None:
        try:
            while (message := read_message(self._source)) is not None:
                self._attached.wait()
                if self._worker:
                    self._worker.receive(message)
        finally:
            if self._worker is None:
                os._exit(0)
            # should the main thread be stuck
            threading.Timer(EXIT_GRACE_S, os._exit, (0,)).start()
            self._worker.stop()


if __name__ == "__main__":
    main()

"""Many requests, one model: every step decodes one token for each running request and a chunk of new prompts.

Rules of this file: one thread runs it and is the only one that touches the model's context. Work comes in
through `submit`, answers leave through `emit`, at most one `Step` a step. A request holds a KV sequence
from admission to its end; a cancelled one gives it back at the next step.
"""

import queue
import time
from collections.abc import Callable

from backends.local.job import Job
from backends.local.messages import Counters, FromModel, Refused, Step
from backends.local.native import NativeModel, Tokens
from backends.local.pace import Pace
from backends.local.passes import Passes
from backends.local.prefix import PrefixStore
from backends.local.sampling import NoCandidate
from gateway.primitives.fair_queue import FairQueue

ABORTED, NO_ROOM = 2, 1
# A message for every token costs the gateway as much as a tenth of a small model's step, and nobody reads so fast.
# First and last words do not wait.
EMIT_EVERY_S = 0.03


class DecodeFailed(Exception):
    """llama.cpp could not compute a batch and its state is not to be trusted: the process should end."""


class Scheduler:
    """Runs jobs until each has its answer.

    Args:
        model: loaded, with a context of its own.
        emit: takes messages for the gateway; called from the scheduler's thread.
        token_s: what a prompt's token costs, as far as is known.
        passes: how to put sequences into a batch.
    """

    def __init__(
        self,
        model: NativeModel,
        emit: Callable[[list[FromModel]], None],
        *,
        token_s: float = 0.0,
        passes: Passes | None = None,
    ) -> None:
        plan = model.plan
        self._model, self._emit = model, emit
        self._store = PrefixStore(
            sequences=plan.sequences, capacity=plan.context_tokens, cells=plan.cells, rewinds=model.rewinds
        )
        self._inbox: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._waiting: FairQueue[Job] = FairQueue()
        self._running: list[Job] = []
        self._pace = Pace(plan.batch_tokens, token_s)
        self._passes = passes or Passes()
        self._counts = Counters(kv_cells=plan.cells)
        self._emitted_at = 0.0
        self._stopping = False

    # -- from any thread

    def submit(self, job: Job) -> None:
        self._inbox.put(job)

    def notice(self) -> None:
        """A job was cancelled: look at the flags, and stop computing if nobody wants the batch."""
        running = tuple(self._running)
        if running and all(job.cancelled for job in running):
            self._model.abort(True)
        self._inbox.put(None)

    def stop(self) -> None:
        self._stopping = True
        self._model.abort(True)
        self._inbox.put(None)

    @property
    def counters(self) -> Counters:
        return self._counts

    # -- the scheduler's own thread

    def run(self) -> None:
        """Until `stop`. Raises DecodeFailed when the model's state is lost."""
        while not self._stopping:
            self._receive(block=not self._running and not self._waiting)
            self._drop_cancelled()
            self._admit()
            if self._running and not self._stopping:
                self._step()
        for job in [*self._running, *self._waiting]:
            job.close()

    def _receive(self, *, block: bool) -> None:
        while True:
            try:
                job = self._inbox.get(block=block)
            except queue.Empty:
                return
            block = False
            if job is not None:
                self._waiting.put(job, tenant=job.tenant)

    def _drop_cancelled(self) -> None:
        # the flag is set before the abort and read after it is cleared, so neither is ever missed for long
        self._model.abort(self._stopping)
        dropped = self._waiting.remove_where(lambda job: job.cancelled)
        for job in dropped:
            job.close()
        stopped = [job for job in self._running if job.cancelled]
        for job in stopped:
            self._leave(job)
        if dropped or stopped:
            self._count(cancelled=len(dropped) + len(stopped))
            self._emit([Step([], self._counts)])

    def _admit(self) -> None:
        while len(self._running) < self._model.plan.parallel and self._waiting:
            job = self._waiting.take(self._place)
            if job is None:
                return
            job.admitted_at = time.monotonic()
            self._running.append(job)
            self._count(prefix_lookups=1, prefix_hits=int(job.cached > 0), cached_tokens=job.cached)

    def _place(self, job: Job) -> bool:
        """Give a job its sequence, with as much of its prompt as is already computed."""
        if self._store.worth_waiting(job.prompt, owner=job.tenant):
            return False
        placement = self._store.place(job.prompt, reserve=job.limit, owner=job.tenant)
        if placement is None:
            return False
        for evicted in placement.evicted:
            self._model.trim_sequence(evicted, 0)
        if placement.copy_from is not None:
            self._model.copy_sequence(placement.copy_from, placement.sequence)
        job.sequence, job.computed = placement.sequence, placement.keep
        if not self._model.trim_sequence(placement.sequence, placement.keep):
            self._store.reused_nothing(placement.sequence)
            job.computed = 0
        job.cached = job.computed
        return True

    def _step(self) -> None:
        chunks = self._fill_batch()
        # of this thread, which computes its share of every operation
        began = time.thread_time()
        code = self._model.decode()
        if code == NO_ROOM and (idle := self._store.evict_idle()):
            for sequence in idle:
                self._model.trim_sequence(sequence, 0)
            code = self._model.decode()
        if code == NO_ROOM:
            self._refuse(max(self._running, key=lambda job: job.admitted_at), "the KV cache has no room left")
            return
        if code == ABORTED:
            self._forget_batch(chunks)
            return
        if code:
            raise DecodeFailed(f"llama_decode answered {code} for a batch of {self._model.batch_size} tokens")
        decoding = sum(not job.prefilling for job, _, _ in chunks)
        self._pace.learn(
            time.thread_time() - began, prompt_tokens=self._model.batch_size - decoding, decoding=decoding
        )
        self._after(chunks)

    def _fill_batch(self) -> list[tuple[Job, Tokens, int]]:
        """One token of each decoding job, and chunks of prompts. Each with the index of its output."""
        self._model.clear_batch()
        decoding = [job for job in self._running if not job.prefilling]
        prefilling = [job for job in self._running if job.prefilling]
        prompts = self._pace.share(prefilling, decoding=len(decoding))
        shares = {job.sequence: (job, count) for job, count in [*((job, 1) for job in decoding), *prompts]}
        order = self._passes.order([job.sequence for job in decoding], [job.sequence for job, _ in prompts])
        chunks = []
        for job, count in map(shares.__getitem__, order):
            tokens = job.upcoming(count)
            last = count == job.remaining
            chunks.append((job, tokens, self._model.add(job.sequence, job.computed, tokens, output=last)))
        self._count(
            steps=1,
            batched_tokens=self._model.batch_size,
            decode_steps=int(bool(decoding)),
            decoding_sequences=len(decoding),
            prompt_tokens=self._model.batch_size - len(decoding),
        )
        return chunks

    def _after(self, chunks: list[tuple[Job, Tokens, int]]) -> None:
        said: list[Job] = []
        for job, tokens, index in chunks:
            self._store.append(job.sequence, tokens)
            job.computed += len(tokens)
            if job.remaining:
                # more of its prompt is to come
                continue
            try:
                self._extend(job, index)
            except NoCandidate:
                job.end_without_candidate()
            said.append(job)
        now = time.monotonic()
        if now - self._emitted_at >= EMIT_EVERY_S or any(job.reason or job.is_to_begin for job in said):
            self._emitted_at = now
            self._emit_pieces(list(self._running))

    def _emit_pieces(self, running: list[Job]) -> None:
        """What was said since the last time, and the ends of those that are done."""
        pieces = [piece for job in running if (piece := job.take_piece())]
        endings = [message for job in running if job.reason for message in self._end(job)]
        self._count()
        self._emit([Step(pieces, self._counts), *endings])

    def _extend(self, job: Job, index: int) -> None:
        """Choose a job's next token from the output at `index`."""
        token = job.sampler.next_token(index)
        if self._model.ends_answer(token):
            job.reason = "stop"
            return
        job.say(token, self._model.piece(token), job.sampler.logprobs(index, token))
        if job.sampler.guide and job.sampler.guide.must_end:
            # no step is spent on the token that would say so
            job.reason = "stop"
        self._counts.generated_tokens += 1

    def _end(self, job: Job) -> list[FromModel]:
        self._leave(job)
        if job.review is None:
            return [job.finished()]
        # it says the rest, or submits another attempt
        job.review(job)
        return []

    def _leave(self, job: Job) -> None:
        self._running.remove(job)
        self._store.release(job.sequence)
        job.close()

    def _refuse(self, job: Job, message: str) -> None:
        self._leave(job)
        self._model.trim_sequence(job.sequence, 0)
        self._store.forget(job.sequence)
        # what it said before
        said: list[FromModel] = [Step([piece], self._counts)] if (piece := job.take_piece()) else []
        self._emit([*said, Refused(id=job.id, kind="unavailable", message=message)])

    def _forget_batch(self, chunks: list[tuple[Job, Tokens, int]]) -> None:
        """An aborted batch leaves sequences half written: back to where they were before it."""
        for job, _, _ in chunks:
            if self._model.trim_sequence(job.sequence, job.computed):
                continue
            self._store.reused_nothing(job.sequence)
            job.computed = 0

    def _count(self, **more: int) -> None:
        counts = self._counts
        counts.queued, counts.running = len(self._waiting), len(self._running)
        counts.kv_cells_used = self._store.cells_used
        for name, amount in more.items():
            setattr(counts, name, getattr(counts, name) + amount)

"""A model that computes: its context, its memory of sequences, and one batch at a time.

Rules of this file: only the model's own process imports it; every pointer stays inside; the thread that
created a `NativeModel` is the only one that decodes, while tokenizing and reading the vocabulary are safe
from any.
"""

import ctypes
import os
from typing import Any

import numpy as np
from llama_cpp import _ggml
from msgspec import structs
from numpy.typing import NDArray

from backends.local.memory import available_bytes, in_words, kv_bytes
from backends.local.messages import ModelFacts, Open
from backends.local.model_file import identify_file, parts_of
from backends.local.settings import DEFAULT_CONTEXT_TOKENS, ContextPlan, plan_context
from backends.local.vocabulary import (
    LoadError,
    Vocabulary,
    check_file,
    lib,
    load,
    load_vocabulary,
    said,
    start_library,
)

Tokens = NDArray[np.int32]


def _libc_strlen() -> Any:
    return (ctypes.cdll.msvcrt if os.name == "nt" else ctypes.CDLL(None)).strlen


class NativeModel(Vocabulary):
    """A loaded model with room for `plan.sequences` sequences of `plan.context_tokens`.

    Raises:
        LoadError: no such file, no GGUF, an architecture this build does not know, or not enough memory.
    """

    def __init__(self, opening: Open) -> None:
        check_file(opening.path)
        start_library()
        gpu = bool(lib.llama_supports_gpu_offload())
        gpu_layers = (-1 if gpu else 0) if opening.gpu_layers is None else opening.gpu_layers
        on_gpu = gpu and gpu_layers != 0
        if not on_gpu:
            _check_room(opening)
        self._file = identify_file(opening.path)
        super().__init__(load(opening.path, gpu_layers=gpu_layers, extra_buffers=opening.extra_buffers))
        # a recurrent state cannot be rolled back to the end of a shared prefix
        self.rewinds = not (
            lib.llama_model_is_recurrent(self._model) or lib.llama_model_is_hybrid(self._model)
        )
        self.plan = plan_context(
            opening,
            trained_tokens=int(lib.llama_model_n_ctx_train(self._model)),
            on_gpu=on_gpu,
            embeds=self.embeds,
        )
        self.kv_bytes = _kv_bytes(self, self.plan)
        self._abort = ctypes.create_string_buffer(2)
        self.context = self._open_context()
        self._memory = lib.llama_get_memory(self.context)
        self._allocate_batch(self.plan.batch_tokens)
        self.facts = self._facts(opening, gpu_layers)

    def facts_with(self, notes: list[str]) -> ModelFacts:
        return structs.replace(self.facts, notes=[*self.facts.notes, *notes])

    # -- one batch

    def clear_batch(self) -> None:
        self.batch_size = 0

    def add(self, sequence: int, start: int, tokens: Tokens, *, output: bool) -> int:
        """Put tokens of one sequence into the batch; returns where its output will be."""
        begin, end = self.batch_size, self.batch_size + len(tokens)
        self._token[begin:end] = tokens
        self._position[begin:end] = np.arange(start, start + len(tokens))
        self._sequence[begin:end] = sequence
        self._output[begin:end] = self.embeds
        self._output[end - 1] |= output
        self.batch_size = end
        return end - 1

    def decode(self) -> int:
        """Compute the batch: 0 done, 1 no room in the KV cache, 2 aborted, negative a fault."""
        self._batch.n_tokens = self.batch_size
        return int(lib.llama_decode(self.context, self._batch))

    def abort(self, wanted: bool) -> None:
        """Ask the running `decode` to stop between two nodes of its graph, from any thread."""
        self._abort[0] = b"\x01" if wanted else b"\x00"

    def logits(self, index: int) -> NDArray[np.float32]:
        """A view of the scores at a batch index, valid until the next decode."""
        return np.ctypeslib.as_array(lib.llama_get_logits_ith(self.context, index), (self.vocabulary_size,))

    @property
    def dimensions(self) -> int:
        """Numbers of an embedding."""
        return int(lib.llama_model_n_embd_out(self._model))

    def embedding(self, sequence: int) -> NDArray[np.float32]:
        pointer = lib.llama_get_embeddings_seq(self.context, sequence)
        return np.ctypeslib.as_array(pointer, (self.dimensions,))

    # -- memory of sequences

    def copy_sequence(self, source: int, target: int) -> None:
        # all of it: a partial copy between separate KV streams aborts the process
        lib.llama_memory_seq_rm(self._memory, target, -1, -1)
        lib.llama_memory_seq_cp(self._memory, source, target, -1, -1)

    def trim_sequence(self, sequence: int, keep: int) -> bool:
        """Forget everything after the first `keep` tokens; false when they are not all there to be kept."""
        if keep and lib.llama_memory_seq_rm(self._memory, sequence, keep, -1):
            first = lib.llama_memory_seq_pos_min(self._memory, sequence)
            last = lib.llama_memory_seq_pos_max(self._memory, sequence)
            if first == 0 and last == keep - 1:
                # a sliding window may have dropped the beginning
                return True
        lib.llama_memory_seq_rm(self._memory, sequence, -1, -1)
        return keep == 0

    def clear_memory(self) -> None:
        if self._memory:
            lib.llama_memory_clear(self._memory, True)

    # -- construction

    def _open_context(self) -> Any:
        plan, params = self.plan, lib.llama_context_default_params()
        params.n_ctx, params.n_seq_max = plan.cells, plan.sequences
        params.n_batch = params.n_ubatch = plan.batch_tokens
        params.n_threads = params.n_threads_batch = plan.threads
        params.kv_unified = plan.unified_kv
        params.flash_attn_type = plan.flash_attention
        params.embeddings = self.embeds
        params.no_perf = True
        if not self.embeds:
            # a score buffer per sequence, not per token of a batch
            params.n_outputs_max = plan.sequences
        # A callback in Python would need the interpreter's lock at every node of the graph. libc's strlen
        # over two bytes of ours is the same question asked in C: "" is 0, go on; "\x01" is 1, stop.
        params.abort_callback = ctypes.cast(_libc_strlen(), lib.ggml_abort_callback)
        params.abort_callback_data = ctypes.cast(self._abort, ctypes.c_void_p)
        context = lib.llama_init_from_model(self._model, params)
        if not context:
            raise LoadError(
                f"llama.cpp could not make a context of {plan.cells} tokens{said()}; lower "
                "LOCAL_CONTEXT_TOKENS or LOCAL_PARALLEL"
            )
        return context

    def _allocate_batch(self, size: int) -> None:
        """One llama_batch over numpy arrays that live as long as this object: filling it is slicing."""
        self.batch_size = 0
        self._token = np.zeros(size, np.int32)
        self._position = np.zeros(size, np.int32)
        self._sequence = np.zeros(size, np.int32)
        self._output = np.zeros(size, np.int8)
        self._count = np.ones(size, np.int32)
        self._sequences = self._sequence.ctypes.data + 4 * np.arange(size, dtype=np.uintp)
        pointer = ctypes.POINTER(ctypes.c_int32)
        self._batch = lib.llama_batch(
            n_tokens=0,
            token=self._token.ctypes.data_as(pointer),
            embd=None,
            pos=self._position.ctypes.data_as(pointer),
            n_seq_id=self._count.ctypes.data_as(pointer),
            seq_id=self._sequences.ctypes.data_as(ctypes.POINTER(pointer)),
            logits=self._output.ctypes.data_as(ctypes.POINTER(ctypes.c_int8)),
        )

    def _facts(self, opening: Open, gpu_layers: int) -> ModelFacts:
        buffer = ctypes.create_string_buffer(128)
        lib.llama_model_desc(self._model, buffer, len(buffer))
        return ModelFacts(
            file=self._file,
            description=buffer.value.decode("utf-8", "replace"),
            size_bytes=int(lib.llama_model_size(self._model)),
            parameters=int(lib.llama_model_n_params(self._model)),
            context_tokens=self.plan.context_tokens,
            trained_context_tokens=int(lib.llama_model_n_ctx_train(self._model)),
            parallel=self.plan.parallel,
            threads=self.plan.threads,
            gpu_layers=gpu_layers,
            devices=devices(),
            unified_kv=self.plan.unified_kv,
            flash_attention=self.plan.flash_attention != 0,
            extra_buffers=opening.extra_buffers,
            kv_bytes=self.kv_bytes,
            embeds=self.embeds,
            notes=self.plan.notes,
        )


def devices() -> list[str]:
    """Every device this build can compute on: `CPU: AMD EPYC`, `CUDA0: NVIDIA H200`."""
    ggml = _ggml.libggml
    ggml.ggml_backend_dev_count.restype = ctypes.c_size_t
    ggml.ggml_backend_dev_get.restype = ctypes.c_void_p
    ggml.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
    for function in (ggml.ggml_backend_dev_name, ggml.ggml_backend_dev_description):
        function.restype, function.argtypes = ctypes.c_char_p, [ctypes.c_void_p]
    found = []
    for index in range(ggml.ggml_backend_dev_count()):
        device = ggml.ggml_backend_dev_get(index)
        name, text = ggml.ggml_backend_dev_name(device), ggml.ggml_backend_dev_description(device)
        found.append(f"{name.decode('utf-8', 'replace')}: {text.decode('utf-8', 'replace').strip()}")
    return found


def _check_room(opening: Open) -> None:
    """Refuse, by the file's header alone, a model whose weights and KV cache do not fit the memory."""
    about = Vocabulary(load_vocabulary(opening.path))
    plan = plan_context(
        opening,
        trained_tokens=int(about.metadata("{arch}.context_length") or DEFAULT_CONTEXT_TOKENS),
        on_gpu=False,
        embeds=about.embeds,
    )
    weights_bytes = sum(part.stat().st_size for part in parts_of(opening.path))
    cache_bytes = _kv_bytes(about, plan)
    about.free()
    _check_memory(
        f"its weights take {in_words(weights_bytes)}, the KV cache of {plan.sequences} sequences of "
        f"{plan.context_tokens} tokens {in_words(cache_bytes)}, together",
        weights_bytes + cache_bytes,
    )


def _kv_bytes(model: Vocabulary, plan: ContextPlan) -> int:
    if model.embeds:
        return 0
    return kv_bytes(lambda key: model.metadata(f"{{arch}}.{key}"), plan.cells) or 0


def _check_memory(what: str, needed_bytes: int) -> None:
    """Refuse a model that does not fit the memory, before the kernel kills a process."""
    free = available_bytes()
    if free is not None and needed_bytes > free:
        raise LoadError(
            f"not enough memory: {what} {in_words(needed_bytes)}, {in_words(free)} are available; lower "
            "LOCAL_CONTEXT_TOKENS or LOCAL_PARALLEL, or choose a smaller quantisation"
        )

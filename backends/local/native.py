"""The one place that calls llama.cpp: a model, its context, its tokenizer, and one batch at a time.

Rules of this file: only the model's own process imports it; every pointer stays inside; the thread that
created a `NativeModel` is the only one that decodes, while tokenizing and reading the vocabulary are safe
from any.
"""

import ctypes
import os
from collections import deque
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as _library
import numpy as np
from llama_cpp import _ggml
from msgspec import structs
from numpy.typing import NDArray

from backends.local.memory import available_bytes, in_words, kv_bytes
from backends.local.messages import ModelFacts, Open
from backends.local.model_file import identify_file, parts_of
from backends.local.settings import DEFAULT_CONTEXT_TOKENS, ContextPlan, plan_context

# its annotations describe ctypes objects too loosely to be checked against
lib: Any = _library
Tokens = NDArray[np.int32]

_log_lines: deque[str] = deque(maxlen=20)


class LoadError(Exception):
    """The model cannot be served; the message says why and what to do."""


def _keep_log(level: int, text: bytes, _data: Any) -> None:
    if level in (3, 4) and text.strip():
        # warnings and errors: the reason of a failed load is only there
        _log_lines.append(text.decode("utf-8", "replace").strip())


# llama.cpp holds no reference of its own
_log_callback = lib.llama_log_callback(_keep_log)


def _libc_strlen() -> Any:
    return (ctypes.cdll.msvcrt if os.name == "nt" else ctypes.CDLL(None)).strlen


class NativeModel:
    """A loaded model with room for `plan.sequences` sequences of `plan.context_tokens`.

    Raises:
        LoadError: no such file, no GGUF, an architecture this build does not know, or not enough memory.
    """

    def __init__(self, opening: Open) -> None:
        _check_file(opening.path)
        lib.llama_log_set(_log_callback, ctypes.c_void_p(0))
        lib.llama_backend_init()
        gpu = bool(lib.llama_supports_gpu_offload())
        gpu_layers = (-1 if gpu else 0) if opening.gpu_layers is None else opening.gpu_layers
        on_gpu = gpu and gpu_layers != 0
        if not on_gpu:
            self._check_room(opening)
        self._file = identify_file(opening.path)
        self._model = _load(opening, gpu_layers)
        self.vocab = lib.llama_model_get_vocab(self._model)
        self.vocabulary_size = int(lib.llama_vocab_n_tokens(self.vocab))
        self.embeds = self.metadata("{arch}.pooling_type") not in (None, "0")
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
        self.kv_bytes = self._kv_bytes(self.plan)
        self._abort = ctypes.create_string_buffer(2)
        self.context = self._open_context()
        self._memory = lib.llama_get_memory(self.context)
        self._pieces: dict[int, bytes] = {}
        self._allocate_batch(self.plan.batch_tokens)
        self.facts = self._facts(opening, gpu_layers)

    def facts_with(self, notes: list[str]) -> ModelFacts:
        return structs.replace(self.facts, notes=[*self.facts.notes, *notes])

    # -- about the model

    def metadata(self, key: str) -> str | None:
        """A metadata value as text; `{arch}` in the key stands for the architecture's name."""
        if "{arch}" in key:
            key = key.replace("{arch}", self.metadata("general.architecture") or "")
        buffer = ctypes.create_string_buffer(256)
        length = lib.llama_model_meta_val_str(self._model, key.encode(), buffer, len(buffer))
        if length < 0:
            return None
        if length >= len(buffer):
            buffer = ctypes.create_string_buffer(length + 1)
            lib.llama_model_meta_val_str(self._model, key.encode(), buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace")

    def special_text(self, token: int) -> str:
        """How a special token is written in a template; empty when the model has none."""
        if token < 0:
            return ""
        return (lib.llama_vocab_get_text(self.vocab, token) or b"").decode("utf-8", "replace")

    @property
    def bos(self) -> int:
        return int(lib.llama_vocab_bos(self.vocab))

    @property
    def eos(self) -> int:
        return int(lib.llama_vocab_eos(self.vocab))

    def control_texts(self) -> list[str]:
        """The written form of every token that means something to the model and nothing in a text."""
        wanted = lib.LLAMA_TOKEN_ATTR_CONTROL | lib.LLAMA_TOKEN_ATTR_UNKNOWN
        return [
            text
            for token in range(self.vocabulary_size)
            if lib.llama_vocab_get_attr(self.vocab, token) & wanted and (text := self.special_text(token))
        ]

    def longest_piece_bytes(self) -> int:
        """No token stands for more bytes than this."""
        return max((len(self.piece(token)) for token in range(self.vocabulary_size)), default=1) or 1

    def ends_answer(self, token: int) -> bool:
        return bool(lib.llama_vocab_is_eog(self.vocab, token))

    # -- tokenizer

    def tokenize(self, text: str, *, special: bool, first: bool = False) -> list[int]:
        """Tokens of a text. `special`: control tokens in it count as such; `first`: BOS where due."""
        data = text.encode("utf-8", "replace")
        tokens = (ctypes.c_int32 * (len(data) + 2))()
        count = lib.llama_tokenize(self.vocab, data, len(data), tokens, len(tokens), first, special)
        if count < 0:
            # a tokenizer that makes more tokens than bytes
            tokens = (ctypes.c_int32 * -count)()
            count = lib.llama_tokenize(self.vocab, data, len(data), tokens, len(tokens), first, special)
        return list(tokens[:count])

    def piece(self, token: int) -> bytes:
        """The bytes a token stands for; none for a control token."""
        known = self._pieces.get(token)
        if known is None:
            buffer = ctypes.create_string_buffer(64)
            length = lib.llama_token_to_piece(self.vocab, token, buffer, len(buffer), 0, False)
            if length < 0:
                buffer = ctypes.create_string_buffer(-length)
                length = lib.llama_token_to_piece(self.vocab, token, buffer, len(buffer), 0, False)
            known = self._pieces[token] = buffer.raw[:length]
        return known

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
                f"llama.cpp could not make a context of {plan.cells} tokens{_said()}; lower "
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

    def _check_room(self, opening: Open) -> None:
        """Refuse, by the file's header alone, a model whose weights and KV cache do not fit the memory."""
        self._model = _load(opening, 0, vocabulary_only=True)
        plan = plan_context(
            opening,
            trained_tokens=int(self.metadata("{arch}.context_length") or DEFAULT_CONTEXT_TOKENS),
            on_gpu=False,
            embeds=self.metadata("{arch}.pooling_type") not in (None, "0"),
        )
        weights_bytes = sum(part.stat().st_size for part in parts_of(opening.path))
        cache_bytes = self._kv_bytes(plan)
        lib.llama_model_free(self._model)
        _check_memory(
            f"its weights take {in_words(weights_bytes)}, the KV cache of {plan.sequences} sequences of "
            f"{plan.context_tokens} tokens {in_words(cache_bytes)}, together",
            weights_bytes + cache_bytes,
        )

    def _kv_bytes(self, plan: ContextPlan) -> int:
        if self.metadata("{arch}.pooling_type") not in (None, "0"):
            return 0
        return kv_bytes(lambda key: self.metadata(f"{{arch}}.{key}"), plan.cells) or 0

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


def _load(opening: Open, gpu_layers: int, *, vocabulary_only: bool = False) -> Any:
    params = lib.llama_model_default_params()
    params.vocab_only = vocabulary_only
    params.n_gpu_layers = gpu_layers
    params.use_extra_bufts = opening.extra_buffers
    model = lib.llama_model_load_from_file(os.fsencode(opening.path), params)
    if not model:
        raise LoadError(f"llama.cpp cannot load {opening.path}{_said()}")
    return model


def _said() -> str:
    """The end of llama.cpp's log, which has the reason: an architecture, a missing tensor, an allocation."""
    errors = [line.split(": ", 1)[-1] for line in _log_lines]
    return ": " + "; ".join(dict.fromkeys(errors[-3:])) if errors else ""


def _check_file(path: str) -> None:
    try:
        with Path(path).open("rb") as file:
            magic = file.read(4)
    except OSError as exc:
        raise LoadError(
            f"{path} cannot be read: {exc.strerror}; LOCAL_MODEL is the path of a GGUF file"
        ) from exc
    if magic != b"GGUF":
        raise LoadError(f"{path} is not a GGUF file: it begins with {magic!r}, not b'GGUF'")


def _check_memory(what: str, needed_bytes: int) -> None:
    """Refuse a model that does not fit the memory, before the kernel kills a process."""
    free = available_bytes()
    if free is not None and needed_bytes > free:
        raise LoadError(
            f"not enough memory: {what} {in_words(needed_bytes)}, {in_words(free)} are available; lower "
            "LOCAL_CONTEXT_TOKENS or LOCAL_PARALLEL, or choose a smaller quantisation"
        )

"""A model's file as llama.cpp reads it: its vocabulary, what it says of itself, and how it is loaded.

With `native`, which adds what computes, this is all that calls llama.cpp. Only processes that may be lost import it:
the model's own, and those that count by its tokenizer. Reading a vocabulary is safe from any thread.

For many models llama.cpp looks for words by std::regex, which takes 330 bytes of stack a character, and ends a process
that has no more: so long runs without a space are cut, and threads have the stack for what is left.
"""

import ctypes
import os
import re
import sys
import threading
from collections import deque
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as _library

from backends.local.template import ChatTemplate
from gateway.core.tokens.counters import cut_long_runs

# its annotations describe ctypes objects too loosely to be checked against
lib: Any = _library

# enough for a word of twice LONG_RUN_CHARS; as far as it is not needed it takes no memory
_STACK_BYTES = 96 * 1024**2
_SPACE = re.compile(r"\s")
_log_lines: deque[str] = deque(maxlen=20)
# an empty list of devices: nothing asks what GPUs there are
_NO_DEVICES = (ctypes.c_void_p * 1)()


class LoadError(Exception):
    """The model cannot be served; the message says why and what to do."""


def _keep_log(level: int, text: bytes, _data: Any) -> None:
    if level in (3, 4) and text.strip():
        # warnings and errors: the reason of a failed load is only there
        _log_lines.append(text.decode("utf-8", "replace").strip())


# llama.cpp holds no reference of its own
_log_callback = lib.llama_log_callback(_keep_log)


class Vocabulary:
    """The vocabulary of a loaded model.

    Args:
        model: llama.cpp's pointer to it, from `load` or `load_vocabulary`.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self.vocab = lib.llama_model_get_vocab(model)
        self.vocabulary_size = int(lib.llama_vocab_n_tokens(self.vocab))
        self._pieces: dict[int, bytes] = {}
        self.embeds = self.metadata("{arch}.pooling_type") not in (None, "0")

    def free(self) -> None:
        """Give its memory back; nothing of it may be used any more."""
        lib.llama_model_free(self._model)

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

    def chat_template(self) -> ChatTemplate:
        """What makes a prompt of a conversation."""
        return ChatTemplate(
            self.metadata("tokenizer.chat_template"),
            tokenize=lambda text, special, first: self.tokenize(text, special=special, first=first),
            control_texts=self.control_texts(),
            bos=self.special_text(self.bos),
            eos=self.special_text(self.eos),
        )

    # -- tokenizer

    def tokenize(self, text: str, *, special: bool, first: bool = False) -> list[int]:
        """Tokens of a text. `special`: control tokens in it count as such; `first`: BOS where due."""
        tokens: list[int] = []
        for piece in cut_long_runs(text, _is_run):
            tokens += self._tokenize_piece(piece, special, first and not tokens)
        return tokens

    def _tokenize_piece(self, text: str, special: bool, first: bool) -> list[int]:
        data = text.encode("utf-8", "replace")
        tokens = (ctypes.c_int32 * (len(data) + 2))()
        count = lib.llama_tokenize(self.vocab, data, len(data), tokens, len(tokens), first, special)
        if count < 0:
            # a tokenizer that makes more tokens than bytes
            tokens = (ctypes.c_int32 * -count)()
            count = lib.llama_tokenize(self.vocab, data, len(data), tokens, len(tokens), first, special)
        return list(tokens[:count])

    def count(self, text: str) -> int:
        """Tokens of a text that begins nothing; control tokens in it count as the characters they are."""
        return sum(map(self._count_piece, cut_long_runs(text, _is_run)))

    def _count_piece(self, text: str) -> int:
        data = text.encode("utf-8", "replace")
        # without room for them llama.cpp says how many there are, as a negative number
        return -int(lib.llama_tokenize(self.vocab, data, len(data), None, 0, False, False))

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


def _is_run(block: str) -> bool:
    return block.isspace() or not _SPACE.search(block)


def deepen_stacks() -> None:
    """Give this process's first thread, that of each fork of it, and all threads to come the stack they need."""
    threading.stack_size(_STACK_BYTES)
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_STACK)
        soft = _STACK_BYTES if most == resource.RLIM_INFINITY else min(_STACK_BYTES, most)
        resource.setrlimit(resource.RLIMIT_STACK, (soft, most))


def start_library() -> None:
    """Once a process, before anything is loaded."""
    lib.llama_log_set(_log_callback, ctypes.c_void_p(0))
    lib.llama_backend_init()


def load(path: str, *, gpu_layers: int, extra_buffers: bool) -> Any:
    """Load a model.

    Raises:
        LoadError: llama.cpp cannot.
    """
    params = lib.llama_model_default_params()
    params.n_gpu_layers = gpu_layers
    params.use_extra_bufts = extra_buffers
    return _loaded(path, params)


def load_vocabulary(path: str) -> Any:
    """Load all but the weights: the vocabulary, and the metadata.

    Raises:
        LoadError: no such file, no GGUF, or one that this build does not know.
    """
    check_file(path)
    params = lib.llama_model_default_params()
    params.vocab_only = True
    params.n_gpu_layers = 0
    params.devices = ctypes.addressof(_NO_DEVICES)
    return _loaded(path, params)


def _loaded(path: str, params: Any) -> Any:
    model = lib.llama_model_load_from_file(os.fsencode(path), params)
    if not model:
        raise LoadError(
            f"llama.cpp cannot load {path}{said()}; fetch the file again if it is not whole, or install a newer "
            "llama-cpp-python if the model is newer than it"
        )
    return model


def said() -> str:
    """The end of llama.cpp's log, which has the reason: an architecture, a missing tensor, an allocation."""
    errors = [line.split(": ", 1)[-1] for line in _log_lines]
    return ": " + "; ".join(dict.fromkeys(errors[-3:])) if errors else ""


def check_file(path: str) -> None:
    """Raises LoadError for what is no GGUF file."""
    try:
        with Path(path).open("rb") as file:
            magic = file.read(4)
    except OSError as exc:
        raise LoadError(
            f"{path} cannot be read: {exc.strerror}; LOCAL_MODEL is the path of a GGUF file"
        ) from exc
    if magic != b"GGUF":
        raise LoadError(
            f"{path} is not a GGUF file: it begins with {magic!r}, not b'GGUF'; LOCAL_MODEL is the path of one"
        )

"""Choosing the next token: one chain of llama.cpp samplers a request, and a grammar beside it where one is
asked for.

The grammar is asked after the choice, not before: about one token it answers in microseconds. Only when the chosen
token is refused are all of them filtered and the choice made again.
"""

import ctypes
import math
import secrets
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.local.guide import Guide
from backends.local.native import NativeModel
from backends.local.parameters import Sampling
from backends.local.vocabulary import lib

PENALTY_WINDOW_TOKENS = 64
NO_PENALTIES = (1.0, 0.0, 0.0)
_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])


class NoCandidate(Exception):
    """Grammar and biases leave no token at all."""


class Sampler:
    """Chooses tokens for one request; `close` frees what llama.cpp holds for it."""

    def __init__(self, model: NativeModel, sampling: Sampling, guide: Guide | None) -> None:
        self._model, self._sampling = model, sampling
        self.guide = guide
        self._chain = _chain(model, sampling)
        self._highest_wins = sampling.temperature == 0 and not _changes_scores(sampling)

    def next_token(self, index: int) -> int:
        """Choose and remember the token that follows the output at a batch index.

        Raises:
            NoCandidate: every token is refused by the grammar.
        """
        if self.guide is None and not self._highest_wins:
            return int(lib.llama_sampler_sample(self._chain, self._model.context, index))
        logits = self._model.logits(index)
        token = self._choose(logits)
        if self.guide is None:
            return token
        if not self.guide.allows(token):
            allowed = self.guide.allowed()
            if not allowed.any():
                raise NoCandidate
            token = self._choose(np.where(allowed, logits, np.float32(-np.inf)))
            if not allowed[token]:
                # a bias banned all that the grammar left
                raise NoCandidate
        self.guide.accept(token)
        lib.llama_sampler_accept(self._chain, token)
        return token

    def _choose(self, logits: NDArray[np.float32]) -> int:
        if self._highest_wins:
            # without an array of candidates in between
            return int(logits.argmax())
        return _Candidates(logits).choose(self._chain)

    def logprobs(self, index: int, token: int) -> dict[str, Any] | None:
        """OpenAI's `logprobs.content` entry for a chosen token, before any sampler changed the scores."""
        if not self._sampling.logprobs:
            return None
        logits = self._model.logits(index)
        shift = float(logits.max())
        normal = shift + math.log(float(np.exp(logits - shift, dtype=np.float64).sum()))
        count = self._sampling.top_logprobs
        top = np.argpartition(logits, -count)[-count:] if count else np.empty(0, np.int64)
        ranked = sorted(top.tolist(), key=lambda t: -logits[t])
        entry = self._entry(token, float(logits[token]) - normal)
        entry["top_logprobs"] = [self._entry(other, float(logits[other]) - normal) for other in ranked]
        return entry

    def close(self) -> None:
        if self._chain:
            lib.llama_sampler_free(self._chain)
        self._chain = None

    def _entry(self, token: int, logprob: float) -> dict[str, Any]:
        data = self._model.piece(token)
        return {"token": data.decode("utf-8", "replace"), "logprob": logprob, "bytes": list(data)}


class _Candidates:
    """A llama_token_data_array over a numpy array."""

    def __init__(self, logits: NDArray[np.float32]) -> None:
        self._data = np.zeros(len(logits), _CANDIDATE)
        self._data["id"] = np.arange(len(logits), dtype=np.int32)
        self._data["logit"] = logits
        pointer = self._data.ctypes.data_as(ctypes.POINTER(lib.llama_token_data))
        self._array = lib.llama_token_data_array(data=pointer, size=len(logits), selected=-1, sorted=False)

    def choose(self, chain: Any) -> int:
        lib.llama_sampler_apply(chain, ctypes.byref(self._array))
        return int(self._array.data[self._array.selected].id)


def _chain(model: NativeModel, sampling: Sampling) -> Any:
    """llama.cpp's own order: biases and penalties, then ever fewer candidates, then the draw."""
    chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())

    def add(sampler: Any) -> None:
        lib.llama_sampler_chain_add(chain, sampler)

    if sampling.logit_bias:
        known = {t: bias for t, bias in sampling.logit_bias.items() if 0 <= t < model.vocabulary_size}
        entries = (lib.llama_logit_bias * len(known))(*((t, _bias(bias)) for t, bias in known.items()))
        add(lib.llama_sampler_init_logit_bias(model.vocabulary_size, len(known), entries))
    penalties = _penalties(sampling)
    if penalties != NO_PENALTIES:
        add(lib.llama_sampler_init_penalties(model.vocabulary_size, PENALTY_WINDOW_TOKENS, *penalties))
    if sampling.temperature == 0:
        add(lib.llama_sampler_init_greedy())
        return chain
    if sampling.top_k:
        add(lib.llama_sampler_init_top_k(sampling.top_k))
    if sampling.top_p < 1:
        add(lib.llama_sampler_init_top_p(sampling.top_p, 1))
    if sampling.min_p > 0:
        add(lib.llama_sampler_init_min_p(sampling.min_p, 1))
    add(lib.llama_sampler_init_temp(sampling.temperature))
    seed = secrets.randbits(32) if sampling.seed is None else sampling.seed & 0xFFFFFFFF
    if seed == 0xFFFFFFFF:
        # llama.cpp reads this one as "any"
        seed = 0
    add(lib.llama_sampler_init_dist(seed))
    return chain


def _changes_scores(sampling: Sampling) -> bool:
    return bool(sampling.logit_bias) or _penalties(sampling) != NO_PENALTIES


def _penalties(sampling: Sampling) -> tuple[float, float, float]:
    return sampling.repeat_penalty, sampling.frequency_penalty, sampling.presence_penalty


def _bias(value: float) -> float:
    # OpenAI: "values like -100 should result in a ban"
    return -math.inf if value <= -100 else value

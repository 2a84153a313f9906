"""Which tokens a grammar allows next: llguidance over the model's own vocabulary."""

from functools import cached_property

import numpy as np
from llguidance import LLMatcher, LLTokenizer, TokenizerWrapper
from numpy.typing import NDArray

from backends.local.native import NativeModel


class GuideMaker:
    """Makes guides for one model. The first one takes a second for a vocabulary of 100,000 tokens."""

    def __init__(self, model: NativeModel) -> None:
        self._model = model

    @cached_property
    def tokenizer(self) -> LLTokenizer:
        size = range(self._model.vocabulary_size)
        ends = [token for token in size if self._model.ends_answer(token)]
        return LLTokenizer(TokenizerWrapper(_Vocabulary(self._model)), eos_token=ends)

    def guide(self, grammar: str) -> "Guide":
        return Guide(LLMatcher(self.tokenizer, grammar, log_level=0), self._model)

    def fault(self, grammar: str) -> str | None:
        """Why no answer can be held to a grammar; None when one can."""
        guide = self.guide(grammar)
        return None if guide.allowed().any() else guide.fault or "it allows nothing"


class Guide:
    """How far one answer has come in its grammar. A grammar that became too complex allows nothing more."""

    def __init__(self, matcher: LLMatcher, model: NativeModel) -> None:
        self._matcher, self._size = matcher, model.vocabulary_size

    @property
    def fault(self) -> str | None:
        return self._matcher.get_error() or None

    @property
    def may_end(self) -> bool:
        """What was said is a whole answer."""
        return not self._matcher.is_error() and self._matcher.is_accepting()

    @property
    def must_end(self) -> bool:
        """It is whole, and nothing can follow."""
        return self.may_end and self._matcher.is_stopped()

    def allows(self, token: int) -> bool:
        return not self._matcher.is_error() and self._matcher.validate_tokens([token]) == 1

    def allowed(self) -> NDArray[np.bool_]:
        """Of every token, whether it may be next."""
        if self._matcher.is_error():
            return np.zeros(self._size, np.bool_)
        bits = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        if self._matcher.is_stopped() and not self.may_end:
            # where nothing can follow it says that the answer may end, whole or not
            return np.zeros(self._size, np.bool_)
        return np.unpackbits(bits, count=self._size, bitorder="little").astype(np.bool_)

    def accept(self, token: int) -> None:
        self._matcher.consume_token(token)


class _Vocabulary:
    """What llguidance asks of a tokenizer, by its names."""

    def __init__(self, model: NativeModel) -> None:
        self._model = model
        self.eos_token_id = model.eos
        self.bos_token_id = model.bos if model.bos >= 0 else None
        pieces = [model.piece(token) for token in range(model.vocabulary_size)]
        # a control token stands for no bytes
        self.special_token_ids = [token for token, piece in enumerate(pieces) if not piece]
        self.tokens = [piece or model.special_text(token).encode() for token, piece in enumerate(pieces)]

    def __call__(self, text: bytes) -> list[int]:
        return self._model.tokenize(text.decode("utf-8", "replace"), special=False)

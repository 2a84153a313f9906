"""What counts: an encoding of this gateway, or the vocabulary of a model that is served here."""

from msgspec import Struct


class ModelVocabulary(Struct, kw_only=True, frozen=True):
    """A model's own vocabulary. Only processes that hold it count by it (`gateway.workers.counting`).

    Args:
        name: the model's, which answers name as the tokenizer.
        path: of its file.
        identity: of that file and of what reads it: another one may count otherwise.
    """

    name: str
    path: str
    identity: str


# the name of an encoding, or a model's vocabulary
Tokenizer = str | ModelVocabulary


def name_of(tokenizer: Tokenizer) -> str:
    """What answers call it."""
    return tokenizer if isinstance(tokenizer, str) else tokenizer.name

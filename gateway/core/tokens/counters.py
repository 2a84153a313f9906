"""Exact token counts, without a download.

Two counters give the same numbers. toktok carries its vocabularies inside its extension module, takes linear
time on any text (at most 0.5 µs a character, on a run of dashes) and releases the GIL; it was compared with
tiktoken on every page and ground truth of WCXB (2,982 texts, 448 MB, no difference; 6.6 to 9.5 times faster).
tiktoken is the reference, and serves where toktok has no wheel, from the rank files in `vocab/`.

Text is always ordinary text: `<|endoftext|>` in a page counts as the characters it is. A lone surrogate
counts as U+FFFD, as in tiktoken.
"""

import base64
import hashlib
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol, runtime_checkable

from msgspec import Struct

from gateway.core.tokens.tokenizer import ModelVocabulary, Tokenizer
from gateway.errors import InternalError, InvalidRequest
from gateway.wire import ChatMessage, ContentPart

TokenCounter = Callable[[str], int]


@runtime_checkable
class ModelCounter(Protocol):
    """Counts as one model reads: a text, and a conversation as its chat template lays it out."""

    def __call__(self, text: str) -> int: ...

    def count_chat(self, messages: Sequence[ChatMessage]) -> int: ...


VOCAB = Path(__file__).parent / "vocab"


class Vocabulary(Struct, kw_only=True, frozen=True):
    """What a text is counted by; its ranks are a file of its name in `vocab/`.

    Args:
        encodings: that count by it: harmony adds special tokens alone, and text has none.
        sha256: of the file of ranks.
        words: where a text is cut into words before merging: tiktoken's own expression, held equal by a test.
    """

    encodings: tuple[str, ...]
    sha256: str
    words: str


# the tokenizers of this gateway, all of them
VOCABULARIES = {
    "o200k_base": Vocabulary(
        encodings=("o200k_base", "o200k_harmony"),
        sha256="446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        words=(
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
            r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
            r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ),
    ),
    "cl100k_base": Vocabulary(
        encodings=("cl100k_base",),
        sha256="223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        words=(
            r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
            r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
        ),
    ),
}
_VOCABULARY_OF = {
    encoding: name for name, vocabulary in VOCABULARIES.items() for encoding in vocabulary.encodings
}

# OpenAI's published rule for gpt-3.5-turbo, gpt-4 and gpt-4o: each message is framed by 3 tokens, a name
# costs 1 more, and the answer is primed with 3
MESSAGE_TOKENS, NAME_TOKENS, ANSWER_TOKENS = 3, 1, 3

LONG_RUN_CHARS = 2**17
# those of models, by their vocabularies' identities
_models: dict[str, ModelCounter] = {}


def resolve_tokenizer(name: str) -> str:
    """Name the encoding that `name` means: an encoding itself, or a model of OpenAI's.

    Raises:
        InvalidRequest: `name` is neither, or its ranks are not part of this package.
    """
    if name in _VOCABULARY_OF:
        return name
    # 80 ms CPU, and only names of models need it
    from tiktoken import encoding_name_for_model

    try:
        encoding = encoding_name_for_model(name)
    except KeyError:
        encoding = ""
    if encoding not in _VOCABULARY_OF:
        raise InvalidRequest(
            f"tokenizer {name[:100]!r} is not one this gateway counts exactly; use {', '.join(_VOCABULARY_OF)}, "
            "or an OpenAI model that has one of them, such as gpt-5, gpt-4.1, gpt-4o, o3, gpt-4, "
            "gpt-3.5-turbo, gpt-oss-120b or text-embedding-3-small",
            field="tokenizer",
        )
    return encoding


def vocabulary_digest(tokenizer: Tokenizer) -> str:
    """What counts, as one name: the SHA-256 of an encoding's ranks, a model's vocabulary by its identity.

    Raises:
        InvalidRequest: as `resolve_tokenizer`.
    """
    if isinstance(tokenizer, ModelVocabulary):
        return tokenizer.identity
    return VOCABULARIES[_VOCABULARY_OF[resolve_tokenizer(tokenizer)]].sha256


def add_counter(vocabulary: ModelVocabulary, counter: ModelCounter) -> None:
    """Have `get_counter` know a model's vocabulary from now on, in this process."""
    _models[vocabulary.identity] = counter


def get_counter(tokenizer: Tokenizer) -> TokenCounter:
    """The counter of an encoding, a model of OpenAI's or a model's vocabulary; the same object for the same ranks.

    The first count loads the vocabulary: 0.4 CPU-s and 63 MB for o200k_base, 0.15 CPU-s and 47 MB for
    cl100k_base, GIL released. Call it once from a thread to have that behind you.

    Raises:
        InvalidRequest: as `resolve_tokenizer`.
        InternalError: the vocabulary is not in this process.
    """
    if isinstance(tokenizer, str):
        return _counter(_VOCABULARY_OF[resolve_tokenizer(tokenizer)])
    if tokenizer.identity not in _models:
        raise InternalError(
            f"the vocabulary of {tokenizer.name} is not in the process that was to count by it"
        )
    return _models[tokenizer.identity]


def count_messages(messages: Sequence[ChatMessage], count: TokenCounter) -> int:
    """Count a conversation as its model sees it: by a model's own template, or with OpenAI's published framing.

    Counted: role, name, and content (a string, or the `text` parts of a list); 3 tokens a message, 1 a name,
    3 for the answer's opening. Not counted: tool definitions and tool calls, whose framing is unpublished.

    Raises:
        InvalidRequest: content holds a part that is no text, and so has no count in this vocabulary, or a model's
            template refuses the messages.
    """
    if isinstance(count, ModelCounter):
        return count.count_chat(messages)
    total = ANSWER_TOKENS
    for index, message in enumerate(messages):
        total += MESSAGE_TOKENS + count(message.role)
        total += sum(count(text) for text in _texts(message.content, f"messages[{index}].content"))
        if message.name is not None:
            total += NAME_TOKENS + count(message.name)
    return total


def _texts(content: str | list[ContentPart] | None, field: str) -> Iterator[str]:
    if isinstance(content, str):
        yield content
        return
    for index, part in enumerate(content or ()):
        if part.type != "text" or part.text is None:
            where = f"{field}[{index}]"
            raise InvalidRequest(f"{where} is not a text part; only text has an exact count", field=where)
        yield part.text


@cache
def _counter(ranks: str) -> TokenCounter:
    return _LazyCounter(ranks)


class _LazyCounter:
    """Loads its vocabulary on the first count, once, whichever threads come first."""

    def __init__(self, ranks: str) -> None:
        self._ranks = ranks
        self._count: TokenCounter | None = None
        self._loading = threading.Lock()

    def __call__(self, text: str) -> int:
        count = self._count or self._load()
        return count(text)

    def _load(self) -> TokenCounter:
        with self._loading:
            if self._count is None:
                try:
                    self._count = toktok_counter(self._ranks)
                except ImportError:
                    # no wheel for this platform
                    self._count = tiktoken_counter(self._ranks)
            return self._count


def toktok_counter(ranks: str) -> TokenCounter:
    """Load toktok's vocabulary."""
    import toktok

    def count(text: str) -> int:
        # truncate with no limit rather than batch_count: the same count without 28 µs of set-up a call
        try:
            return int(toktok.truncate(text, sys.maxsize, ranks)[1])
        except UnicodeEncodeError:
            whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            return int(toktok.truncate(whole, sys.maxsize, ranks)[1])

    count("")
    return count


def tiktoken_counter(ranks: str) -> TokenCounter:
    """Build tiktoken's encoding from the rank file in this package.

    Exact but for runs of 131,072 and more letters or white space, which are cut (each cut may add a token):
    tiktoken panics on 999,999 spaces and takes 9 s for 4 million letters.

    Raises:
        RuntimeError: the rank file is not the one tiktoken expects.
    """
    from tiktoken import Encoding

    encoding = Encoding(
        ranks, pat_str=VOCABULARIES[ranks].words, mergeable_ranks=load_ranks(ranks), special_tokens={}
    )

    def count(text: str) -> int:
        return sum(len(encoding.encode_ordinary(piece)) for piece in cut_long_runs(text, _is_run))

    return count


def load_ranks(ranks: str, *, folder: Path = VOCAB) -> dict[bytes, int]:
    """Read a rank file, token bytes to rank, and refuse one whose SHA-256 is not the published one."""
    path = folder / f"{ranks}.tiktoken"
    data = path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    published = VOCABULARIES[ranks].sha256
    if found != published:
        raise RuntimeError(f"{path} is damaged: SHA-256 {found}, not {published}; reinstall the package")
    return {
        base64.b64decode(token): int(rank) for token, rank in (line.split() for line in data.splitlines())
    }


def decode_tokens(tokens: Sequence[int], *, tokenizer: str) -> str:
    """The text of an encoding's tokens; bytes that are no UTF-8 become U+FFFD.

    Raises:
        InvalidRequest: a number is none of its tokens.
    """
    words = _bytes_of(_VOCABULARY_OF[tokenizer])
    try:
        return b"".join([words[token] for token in tokens]).decode("utf-8", "replace")
    except KeyError as exc:
        raise InvalidRequest(f"{exc.args[0]} is no token of {tokenizer}") from exc


@cache
def _bytes_of(ranks: str) -> dict[int, bytes]:
    return {rank: token for token, rank in load_ranks(ranks).items()}


def cut_long_runs(text: str, is_run: Callable[[str], bool]) -> Iterator[str]:
    """Cut behind every aligned block of `LONG_RUN_CHARS` that is nothing but a run: no run stays twice as long."""
    start = 0
    for end in range(LONG_RUN_CHARS, len(text), LONG_RUN_CHARS):
        if is_run(text[end - LONG_RUN_CHARS : end]):
            yield text[start:end]
            start = end
    yield text[start:]


def _is_run(block: str) -> bool:
    return block.isspace() or block.isalpha()

"""Counts are tiktoken's, on any text, and never need the network."""

import hashlib
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.tokens.counters import (
    VOCAB,
    VOCABULARIES,
    TokenCounter,
    count_messages,
    decode_tokens,
    get_counter,
    load_ranks,
    resolve_tokenizer,
    tiktoken_counter,
    toktok_counter,
)
from gateway.errors import InvalidRequest
from gateway.wire import ChatMessage, ContentPart

RANKS = sorted(VOCABULARIES)
COUNTERS = {"toktok": toktok_counter, "tiktoken": tiktoken_counter}


@pytest.fixture(scope="session")
def references(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tiktoken.Encoding]:
    """tiktoken's own encodings, its own hash check included, with our files as its download cache."""
    folder = tmp_path_factory.mktemp("tiktoken")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", str(folder))
        for ranks in RANKS:
            url = f"https://openaipublic.blob.core.windows.net/encodings/{ranks}.tiktoken"
            shutil.copy(VOCAB / f"{ranks}.tiktoken", folder / hashlib.sha1(url.encode()).hexdigest())
        return {name: tiktoken.get_encoding(name) for name in [*RANKS, "o200k_harmony"]}


@pytest.fixture(scope="session", params=[(c, r) for c in COUNTERS for r in RANKS], ids="-".join)
def pair(
    request: pytest.FixtureRequest, references: dict[str, tiktoken.Encoding]
) -> tuple[TokenCounter, tiktoken.Encoding]:
    counter, ranks = request.param
    return COUNTERS[counter](ranks), references[ranks]


@pytest.mark.parametrize("ranks", RANKS)
def test_ranks_and_word_patterns_are_those_of_tiktoken(
    ranks: str, references: dict[str, tiktoken.Encoding]
) -> None:
    reference = references[ranks]
    assert VOCABULARIES[ranks].words == reference._pat_str
    assert load_ranks(ranks) == reference._mergeable_ranks


def test_harmony_counts_text_as_o200k_does(references: dict[str, tiktoken.Encoding]) -> None:
    assert references["o200k_harmony"]._pat_str == VOCABULARIES["o200k_base"].words
    assert references["o200k_harmony"]._mergeable_ranks == references["o200k_base"]._mergeable_ranks
    assert get_counter("o200k_harmony") is get_counter("o200k_base")


Pair = tuple[TokenCounter, tiktoken.Encoding]

SPECIAL_TEXTS = {
    "empty": "",
    "special": "a<|endoftext|>b<|im_start|>system<|fim_prefix|>",
    "lone-surrogates": "a\ud800b \udcff\udcff \ud83d\ude00",
    "nul": "a\0b\0\0",
    "newlines": "a\r\n\r\n\n  \n\tb\r \r c \n",
    "trailing-space": "word   ",
    "spaces": " " * 5000 + "x" + "\t" * 5000 + "\u3000" * 3000,
    "contractions": "I'LL she'S o'ſ don'T we'rE'veE 'Re",
    "digits": "1234567890" * 50 + "١٢٣٤٥",
    "chinese": "东京特許許可局局長今日急遽休暇許可拒否。" * 40,
    "thai-hindi": "ไม่มีอะไร क्षत्रिय नमस्ते",
    "marks": "e\u0301\u0302\u0303" * 300,
    "emoji": "👨‍👩‍👧🏴󠁧󠁢󠁥󠁮󠁧󠁿❤️" * 50,
    "capitals": "HTTPServerÉtatǅungleʰʲ" * 20,
    "one-long-word": "abcdefghij" * 2000,
    "base64": hashlib.sha512(b"x").hexdigest() * 100,
    "rules": "=" * 3000 + "-" * 3001 + "/" * 999 + "\n" + "*" * 777,
    "html": '<div class="a b"\n\t data-x=\'{"k":[1,2,{}]}\'>&nbsp;&#8217;</div>\n\n' * 100,
}


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in SPECIAL_TEXTS.items()])
def test_count_equals_reference(pair: Pair, text: str) -> None:
    count, reference = pair
    assert count(text) == len(reference.encode_ordinary(text))


def test_count_equals_reference_on_every_token_of_the_vocabulary(pair: Pair) -> None:
    count, reference = pair
    tokens = [raw.decode("utf-8", "replace") for raw in reference.token_byte_values()]
    for start in range(0, len(tokens), 500):  # joined by a letter, and by nothing
        for joint in ("x", ""):
            text = joint.join(tokens[start : start + 500])
            assert count(text) == len(reference.encode_ordinary(text)), (start, joint)


SPACES = [" ", "  ", "\n", "\r\n", "\t", "\u00a0", "\u2028"]
MARKS = ["'", "/", "=", "_", "<", ">", "<|", "|>", "\u200d", "\ufeff", "😀", "1", "12"]
LETTERS = ["'s", "'LL", "a", "A", "é", "e\u0301", "ſ", "ʰ", "ǅ", "中", "한", "ไ", "क्", "tion"]
PIECES = st.sampled_from([*SPACES, *MARKS, *LETTERS])


@given(st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=60).map("".join)))
@settings(max_examples=300, deadline=None)
def test_count_equals_reference_on_any_text(pair: Pair, text: str) -> None:
    count, reference = pair
    assert count(text) == len(reference.encode_ordinary(text))


@pytest.mark.parametrize("ranks", RANKS)
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(" " * 1_200_000 + "x", id="spaces-that-panic-tiktoken"),
        pytest.param("中" * 1_000_000, id="chinese"),
        pytest.param("=" * 1_000_000, id="rule"),
        pytest.param("ab" * 2_000_000, id="letters"),
    ],
)
def test_count_ends_soon_on_endless_runs_and_both_counters_agree(ranks: str, text: str) -> None:
    started = time.process_time()
    fast = toktok_counter(ranks)(text)
    assert time.process_time() - started < 5
    slow = tiktoken_counter(ranks)(text)
    assert abs(fast - slow) <= len(text) // 2**17, "one token a cut at most"


def test_fallback_is_exact_below_its_cut(references: dict[str, tiktoken.Encoding]) -> None:
    text = "x" * 131_071 + " " * 131_071 + "é" * 100_000 + "\n" * 131_000
    assert tiktoken_counter("o200k_base")(text) == len(references["o200k_base"].encode_ordinary(text))


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("o200k_base", "o200k_base"),
        ("cl100k_base", "cl100k_base"),
        ("o200k_harmony", "o200k_harmony"),
        ("gpt-5", "o200k_base"),
        ("gpt-4o-mini", "o200k_base"),
        ("o3", "o200k_base"),
        ("gpt-4", "cl100k_base"),
        ("gpt-3.5-turbo-0125", "cl100k_base"),
        ("text-embedding-3-large", "cl100k_base"),
        ("gpt-oss-120b", "o200k_harmony"),
    ],
)
def test_resolve_tokenizer_knows_encodings_and_models(name: str, encoding: str) -> None:
    assert resolve_tokenizer(name) == encoding


@pytest.mark.parametrize(
    "name", ["claude-sonnet-4", "p50k_base", "text-davinci-003", "gpt2", "", "x" * 10_000]
)
def test_resolve_tokenizer_refuses_what_it_cannot_count(name: str) -> None:
    with pytest.raises(InvalidRequest, match="o200k_base") as caught:
        resolve_tokenizer(name)
    assert caught.value.extra == {"field": "tokenizer"}
    assert len(caught.value.detail) < 500


@pytest.mark.parametrize("text", ["", "Hello, world", "naïve 北京 🦫\n\n  x"])
def test_decode_tokens_gives_the_text_back(references: dict[str, tiktoken.Encoding], text: str) -> None:
    tokens = references["cl100k_base"].encode(text)
    assert decode_tokens(tokens, tokenizer="cl100k_base") == text


@pytest.mark.parametrize("token", [-1, 100_257, 2**70])
def test_decode_tokens_refuses_what_is_none(token: int) -> None:
    with pytest.raises(InvalidRequest, match=f"{token} is no token of cl100k_base"):
        decode_tokens([1, token], tokenizer="cl100k_base")


def test_count_messages_adds_the_published_framing() -> None:
    count = get_counter("gpt-4o")
    messages = [
        ChatMessage(role="system", content="Be brief."),
        ChatMessage(role="user", name="ada", content=[ContentPart(type="text", text="Hello")]),
        ChatMessage(role="assistant", content=None),
    ]
    texts = ["system", "Be brief.", "user", "ada", "Hello", "assistant"]
    assert count_messages(messages, count) == sum(map(count, texts)) + 3 * 3 + 1 + 3


@pytest.mark.parametrize(
    "part", [ContentPart(type="image_url"), ContentPart(type="text"), ContentPart(text="x")]
)
def test_count_messages_refuses_what_has_no_count(part: ContentPart) -> None:
    with pytest.raises(InvalidRequest, match=r"messages\[0\]\.content\[0\]"):
        count_messages([ChatMessage(role="user", content=[part])], len)


def test_counter_gives_one_answer_to_many_threads() -> None:
    code = (
        "import threading\n"
        "from gateway.core.tokens.counters import get_counter\n"
        "seen = []\n"
        "threads = [threading.Thread(target=lambda: seen.append(get_counter('gpt-5')('héllo wörld')))"
        " for _ in range(8)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "print(sorted(set(seen)), len(seen))"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60)
    assert done.stdout.split()[-1] == "8" and done.stdout.count(",") == 0, done.stderr


def test_counting_leaves_other_threads_running() -> None:
    count = get_counter("o200k_base")
    text = "-" * 1_000_000  # the slowest text known, several tenths of a second
    thread = threading.Thread(target=count, args=(text,))
    thread.start()
    turns = 0
    while thread.is_alive():
        turns += 1
    assert turns > 1000


def test_damaged_rank_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "o200k_base.tiktoken").write_bytes(b"IQ== 0\n")
    with pytest.raises(RuntimeError, match="is damaged"):
        load_ranks("o200k_base", folder=tmp_path)

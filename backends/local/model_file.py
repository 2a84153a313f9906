"""The identity of a GGUF file, from a small part of it: another file under the same name has another identity.

A file of 40 GB is not read for that. Its first megabytes hold the header, the chat template, the vocabulary and the
table of tensors; of the weights, where a fine-tune differs from its base, there are samples; and there is the time of
the last change.
"""

import hashlib
from functools import cache, lru_cache
from pathlib import Path

from backends.base import identity_of
from gateway.cache.fingerprint import fingerprint

HEAD_BYTES = 32 * 1024**2
SAMPLES, SAMPLE_BYTES = 64, 64 * 1024
UNREADABLE = "unreadable"
_LIBRARIES = ("llama-cpp-python", "llguidance", "jinja2", "numpy")


def identify_file(path: str) -> str:
    """32 hexadecimal digits of a model's file, or of all parts of a split one; UNREADABLE where it is not.

    Blocks for some 50 ms, unless the file was asked about before and has not changed.
    """
    try:
        parts = [(part, (stat := part.stat()).st_size, stat.st_mtime_ns) for part in parts_of(path)]
        return _identify(tuple(parts))
    except OSError:
        return UNREADABLE


def identify_vocabulary(path: str) -> str:
    """Of a model's file and of what reads it: where it is the same, a text has the same count.

    Blocks as `identify_file`.

    Raises:
        OSError: the file cannot be read.
    """
    file = identify_file(path)
    if file == UNREADABLE:
        # for the reason
        Path(path).open("rb").close()
    return identity_of(file, code_fingerprint())


@cache
def code_fingerprint() -> str:
    """Of the code and the libraries that render, tokenize and sample. Blocks for some milliseconds, once."""
    here = Path(__file__).parent
    return fingerprint([here], root=here, libraries=_LIBRARIES)


def parts_of(path: str) -> list[Path]:
    """The files of a model: one, or all parts of a split one (`…-00001-of-00003.gguf`)."""
    file = Path(path)
    stem, _, total = file.stem.rpartition("-of-")
    if not (total.isdigit() and stem[-6:-5] == "-"):
        return [file]
    return sorted(file.parent.glob(f"{stem[:-5]}*-of-{total}.gguf"))


@lru_cache(maxsize=8)
def _identify(parts: tuple[tuple[Path, int, int], ...]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path, size, changed_ns in parts:
        digest.update(f"{size} {changed_ns}\n".encode())
        with path.open("rb") as file:
            digest.update(file.read(HEAD_BYTES))
            for number in range(SAMPLES if size > HEAD_BYTES else 0):
                file.seek(HEAD_BYTES + (size - HEAD_BYTES) * number // SAMPLES)
                digest.update(file.read(SAMPLE_BYTES))
    return digest.hexdigest()

"""A fingerprint of the code, weights and libraries that make a cached value: it changes with every byte of them.

It is part of the keys, so that no version number has to be raised by hand: retrained weights, a changed rule or an
upgraded library find no old entries. Computed once, when the service starts: 12 ms.
"""

import hashlib
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGE = Path(__file__).parent.parent
# what turns a page into content, with its result types; of a folder every file but those without influence on it
_SOURCES = ("core", "wire", "scraping/content.py", "scraping/scraper.py")
_SILENT = {".pyc", ".md", ""}
# megabytes, each checked against its SHA-256 by `core.tokens.counters`, which is among the sources
_PINNED = {".tiktoken"}
LIBRARIES = (
    "chardet",
    "mammoth",
    "google-re2",
    "idna",
    "markdown-it-py",
    "markdownify",
    # markdownify's parser
    "beautifulsoup4",
    "msgspec",
    "numpy",
    "pypdfium2",
    "selectolax",
    "threadpoolctl",
    "tiktoken",
    "toktok-rs",
    # the walk in C, where it is installed
    "winnow-native",
)


def core_fingerprint(package: Path = PACKAGE) -> str:
    """Of all that decides what is made of a page: `gateway.core` with its weights, and the libraries it uses.

    Args:
        package: the folder of `gateway`, wherever it is: the same bytes have the same name.
    """
    return fingerprint((package / name for name in _SOURCES), root=package, libraries=LIBRARIES)


def fingerprint(sources: Iterable[Path], *, root: Path, libraries: Iterable[str] = ()) -> str:
    """Of files and folders, the versions of libraries, and Python's: 32 hexadecimal digits.

    Args:
        root: above the sources; where it is makes no difference.
        libraries: names of distributions; one that is missing counts as such.
    """
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(file for source in sources for file in _files(source)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    versions = [f"{name} {_version(name)}" for name in libraries]
    digest.update(repr([*versions, sys.version_info[:3]]).encode())
    return digest.hexdigest()


def _files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise FileNotFoundError(f"{source} is no part of this package any more: say here what took its place")
    return [path for path in source.rglob("*") if path.is_file() and path.suffix not in _SILENT | _PINNED]


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "missing"

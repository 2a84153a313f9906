"""Where the pages of a job go: stdout, a file of lines, or a folder with a file a page.

Files are continued: their last whole line says which result was the last that came.
"""

import re
import unicodedata
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import UNSET, Struct

from gateway import wire
from gateway.cli.inputs import UsageError
from gateway.wire.jobs import JobResult

# what of a file's name comes from the page's address, in bytes of UTF-8
_NAME_BYTES = 120
_NOT_IN_NAMES = re.compile(r"[^\w.]+")
_SUFFIXES = {"markdown": ".md", "text": ".txt", "html": ".html"}


class Output(Protocol):
    """Takes results; `seq` is the number of the last one it has."""

    seq: int

    def write(self, result: JobResult) -> None:
        """Add a result."""

    def close(self) -> None:
        """Nothing more comes."""


class Stdout:
    """A line of JSON a result."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.seq = 0
        self._stream = stream

    def write(self, result: JobResult) -> None:
        self._stream.write(wire.encode_json(result) + b"\n")
        self._stream.flush()

    def close(self) -> None:
        pass


class _Line(Struct, kw_only=True, frozen=True):
    """What is read again of a line that was written."""

    seq: int
    file: str | None = None


class Lines:
    """A file with a line of JSON a result, continued after its last whole line."""

    def __init__(self, path: Path) -> None:
        self.seq = 0
        self.files: set[str] = set()
        self._path = path
        try:
            with path.open("a+b") as file:
                file.seek(0)
                file.truncate(self._read(file))
            self._file = path.open("ab")
        except OSError as exc:
            raise UsageError(f"{path} cannot be written: {exc.strerror}") from exc
        except msgspec.DecodeError as exc:
            raise UsageError(f"{path} has lines that are not results: {exc}") from exc

    def _read(self, file: IO[bytes]) -> int:
        """Bytes of whole lines; what follows was being written when the process ended."""
        decode = msgspec.json.Decoder(_Line).decode
        whole_bytes = 0
        for text in file:
            if not text.endswith(b"\n"):
                break
            line = decode(text)
            whole_bytes += len(text)
            self.seq = line.seq
            if line.file is not None:
                self.files.add(line.file)
        return whole_bytes

    def write(self, result: JobResult) -> None:
        self.add(result.seq, result)

    def add(self, seq: int, line: Any) -> None:
        """Write one line."""
        self._file.write(wire.encode_json(line) + b"\n")
        self._file.flush()
        self.seq = seq

    def close(self) -> None:
        self._file.close()
        if self.seq == 0:
            # a file that nothing came into would stand in the next command's way
            self._path.unlink(missing_ok=True)


class Folder:
    """A folder with a file a page, named by its address, and `index.jsonl` that says which is which.

    Args:
        format: of the pages, for their files' suffix.
    """

    def __init__(self, path: Path, *, format: str) -> None:
        self._path = path
        self._suffix = _SUFFIXES[format]
        self._index = Lines(path / "index.jsonl")
        self._taken = {name.casefold() for name in self._index.files}
        self.seq = self._index.seq

    def write(self, result: JobResult) -> None:
        line: dict[str, Any] = {"seq": result.seq, "url": result.url, "status": result.status}
        if result.page is not UNSET:
            name = self._name(result.page.final_url or result.url)
            try:
                (self._path / name).write_text(result.page.content + "\n", "utf-8")
            except OSError as exc:
                raise UsageError(f"{self._path / name} cannot be written: {exc.strerror}") from exc
            self._taken.add(name.casefold())
            line |= {"file": name, "title": result.page.title, "tokens": result.page.tokens.content}
        further = {"data": result.data, "text": result.text, "error": result.error}
        line |= {name: value for name, value in further.items() if value is not UNSET}
        self._index.add(result.seq, line)
        self.seq = result.seq

    def close(self) -> None:
        self._index.close()

    def _name(self, url: str) -> str:
        stem = name_of(url)
        name, number = stem + self._suffix, 1
        # some file systems take names in upper and lower case for the same
        while name.casefold() in self._taken:
            number += 1
            name = f"{stem}-{number}{self._suffix}"
        return name


def name_of(url: str) -> str:
    """A name for a page's file, without suffix: host and path in letters, digits and `-_.`, no path of its own."""
    parts = urlsplit(url)
    text = unicodedata.normalize("NFC", unquote(f"{parts.hostname or ''}/{parts.path}?{parts.query}"))
    words = _NOT_IN_NAMES.sub("-", text).strip("-.")
    return words.encode()[:_NAME_BYTES].decode(errors="ignore").rstrip("-.") or "page"

"""Rows of cleaned pages, as Parquet or as lines of JSON; a file appears under its name when it is whole."""

from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, Self

import msgspec
from msgspec import Struct

from gateway.errors import UnsupportedContent
from gateway.wire import Metadata, encode_json

RowFormat = Literal["parquet", "jsonl"]
# of a row group
_ROWS_AT_ONCE = 500
_BYTES_AT_ONCE = 16 * 1024**2


class Row(Struct, kw_only=True, frozen=True):
    """A page of a stored crawl. `error` is why it could not be read; then there is no markdown."""

    url: str
    date: str
    title: str | None = None
    markdown: str | None = None
    tokens: int | None = None
    html_tokens: int | None = None
    confidence: float | None = None
    metadata: Metadata | None = None
    error: str | None = None


class Rows(Protocol):
    """Takes rows, and gives the file its name at the end."""

    def write(self, row: Row) -> None:
        """Add a row."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Give the file its name, unless something was raised."""


def open_rows(path: Path, format: RowFormat) -> Rows:
    """A new file of rows.

    Raises:
        OSError: it cannot be written.
        UnsupportedContent: pyarrow is not installed.
    """
    return ParquetRows(path) if format == "parquet" else JsonRows(path)


class JsonRows:
    """A line of JSON a row."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._file = self._part.open("wb")

    def write(self, row: Row) -> None:
        self._file.write(encode_json(row) + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._file.close()
        _settle(self._part, self._path, failed=kind is not None)


class ParquetRows:
    """Columns as the fields of `Row`, compressed with zstd."""

    def __init__(self, path: Path) -> None:
        try:
            import pyarrow as pa
            from pyarrow import parquet
        except ModuleNotFoundError as exc:
            raise UnsupportedContent(
                "Parquet needs the extra `warc`: pip install 'winnow-gateway[warc]'; --format jsonl does without"
            ) from exc
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._schema = _schema(pa)
        self._table = pa.Table
        self._writer = parquet.ParquetWriter(self._part, self._schema, compression="zstd")
        self._rows: list[dict[str, Any]] = []
        self._bytes = 0

    def write(self, row: Row) -> None:
        self._rows.append(msgspec.to_builtins(row))
        self._bytes += len(row.markdown or "")
        if len(self._rows) >= _ROWS_AT_ONCE or self._bytes >= _BYTES_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(self._table.from_pylist(self._rows, schema=self._schema))
        self._rows, self._bytes = [], 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
        self._writer.close()
        _settle(self._part, self._path, failed=kind is not None)


def _settle(part: Path, path: Path, *, failed: bool) -> None:
    if failed:
        part.unlink(missing_ok=True)
    else:
        part.replace(path)


def _schema(pa: Any) -> Any:
    text, number, share = pa.string(), pa.int64(), pa.float64()
    fields = Metadata.__struct_fields__
    metadata = pa.struct([(name, pa.list_(text) if name == "tags" else text) for name in fields])
    kinds = {
        "tokens": number,
        "html_tokens": number,
        "confidence": share,
        "metadata": metadata,
    }
    return pa.schema([(name, kinds.get(name, text)) for name in Row.__struct_fields__])

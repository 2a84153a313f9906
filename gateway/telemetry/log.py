"""One JSON line for each request and for each unhandled exception; never a secret.

A request's line has a fixed list of fields, chosen by `gateway.api.context`. In every other line addresses lose their
query and user part, and whatever looks like a key is replaced, in every field.
"""

import asyncio
import re
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec
import structlog

_SECRET = re.compile(
    r"(wnw_|sk-|sk_|Bearer\s+|Basic\s+)[A-Za-z0-9._~+/=-]{4,}"
    r"|(?i:(api[-_]?key|token|secret|password|passwd|signature|sig|auth)=)[^&\s\"']+"
    r"|(?<=://)[^/@\s]+@"
    r"|(?<=[?])[^\s\"']+"
)
_encode = msgspec.json.Encoder(enc_hook=repr).encode


def redact(text: str) -> str:
    """Replace keys, queries and user parts of addresses."""
    return _SECRET.sub("[redacted]", text)


def make_log(stream: TextIO = sys.stderr) -> structlog.typing.FilteringBoundLogger:
    """A logger of this process: JSON lines, or a readable form when the stream is a terminal."""
    pretty = stream.isatty()
    last: Any = structlog.dev.ConsoleRenderer() if pretty else _render
    # bound once: the proxy would assemble a logger for every line
    log: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(stream) if pretty else _Lines(stream),
        processors=[_stamp, _make_safe, last],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
    ).bind()
    return log


class _Lines:
    """Writes the lines of one turn of the event loop with one call to the system.

    A line that cannot be written is lost; its request goes on.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        # the loop that is going to
        self._flushing: asyncio.AbstractEventLoop | None = None

    def msg(self, line: bytes) -> None:
        try:
            self._stream.buffer.write(line + b"\n")
        except (OSError, ValueError):
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._flush()
            return
        if self._flushing is not loop:
            self._flushing = loop
            loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = None
        try:
            self._stream.buffer.flush()
        except (OSError, ValueError):
            pass

    info = warning = error = critical = msg


def _stamp(_: Any, level: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["level"] = level
    event["timestamp"] = datetime.now(UTC)
    return event


def _make_safe(logger: Any, level: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Tracebacks as text, and every text without secrets."""
    if event["event"] == "request":
        # has a fixed list of fields, chosen to hold nothing secret
        return event
    rendered = structlog.processors.format_exc_info(logger, level, event)
    return {name: redact(value) if isinstance(value, str) else value for name, value in rendered.items()}


def _render(_: Any, __: str, event: MutableMapping[str, Any]) -> bytes:
    return _encode(event)

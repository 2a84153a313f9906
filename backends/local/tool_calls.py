"""An answer's text as it comes → text and calls of tools, in OpenAI's deltas. Sans-IO."""

import json
import re
import secrets
from typing import Any

from backends.base import Delta
from backends.local.tools import CLOSES, OPENS

# as the grammar has a call begin
_HEAD = re.compile(r'\s*\{"name": ("(?:[^"\\]|\\.)*"), "arguments": ')


class ToolCallReader:
    """Takes pieces of an answer that a grammar holds to `backends.local.tools`, gives deltas.

    Text that may turn out to begin a call is held back until it is known, and white space before one is dropped.
    """

    def __init__(self) -> None:
        # begun so far
        self.calls = 0
        self._held = ""
        self._state = self._text
        self._depth = 0
        self._in_string = self._escaped = False

    def feed(self, text: str) -> list[Delta]:
        """The deltas that are certain now."""
        self._held += text
        deltas: list[Delta] = []
        while True:
            state, before = self._state, len(self._held)
            if (delta := state()) is not None:
                deltas.append(delta)
            if self._state == state and (not self._held or len(self._held) == before):
                return deltas

    def close(self) -> list[Delta]:
        """What is left when the answer ended; a call that was cut in its head is none."""
        held, self._held = self._held, ""
        return [Delta(text=held)] if self._state == self._text and held.strip() else []

    def _text(self) -> Delta | None:
        said, opened, rest = self._held.partition(OPENS)
        if opened:
            self._held, self._state = rest, self._head
            said = said.rstrip()
        else:
            kept = _sure_length(said)
            said, self._held = said[:kept], said[kept:]
        return Delta(text=said) if said else None

    def _head(self) -> Delta | None:
        if (head := _HEAD.match(self._held)) is None:
            return None
        self._held, self._state = self._held[head.end() :], self._arguments
        self._depth, self._in_string, self._escaped = 0, False, False
        self.calls += 1
        function = {"name": json.loads(head[1]), "arguments": ""}
        return _delta(self.calls - 1, id=f"call_{secrets.token_hex(12)}", type="function", function=function)

    def _arguments(self) -> Delta | None:
        """All of an object, up to the brace that closes it."""
        end = len(self._held)
        for at, character in enumerate(self._held):
            if self._in_string:
                if self._escaped:
                    self._escaped = False
                elif character == "\\":
                    self._escaped = True
                elif character == '"':
                    self._in_string = False
            elif character == '"':
                self._in_string = True
            elif character in "{[":
                self._depth += 1
            elif character in "}]":
                if self._depth == 0:
                    # of the call: its arguments are no object
                    end, self._state = at, self._tail
                    break
                self._depth -= 1
                if self._depth == 0:
                    end, self._state = at + 1, self._tail
                    break
        said, self._held = self._held[:end], self._held[end:]
        return _delta(self.calls - 1, function={"arguments": said}) if said else None

    def _tail(self) -> Delta | None:
        _, closed, rest = self._held.partition(CLOSES)
        if closed:
            self._held, self._state = rest, self._text
        return None


def _sure_length(text: str) -> int:
    """How much of a text cannot belong to a tag that begins after it."""
    for size in range(min(len(OPENS) - 1, len(text)), 0, -1):
        if text.endswith(OPENS[:size]):
            text = text[:-size]
            break
    return len(text.rstrip())


def _delta(index: int, **call: Any) -> Delta:
    return Delta(raw={"tool_calls": [{"index": index, **call}]})

"""The JSON in what a model said, whatever it wrapped it in."""

import json
import re
from itertools import islice
from typing import Any

import msgspec

_THINKING = re.compile(r"\A\s*<(think|thinking|reasoning)>.*?</\1>", re.DOTALL)
_FENCE = re.compile(r"```[A-Za-z]*[ \t]*\r?\n(.*?)\r?\n?```", re.DOTALL)
_OPENING = re.compile(r"[{\[]")
_MAX_STARTS = 50  # brackets tried as the beginning, so that a text of brackets costs no quadratic time
_decoder = json.JSONDecoder(parse_constant=lambda name: _refuse(name))


class NoJson(ValueError):
    """The reply holds no JSON; the message says where reading it failed."""


def read_json(reply: str) -> Any:
    """Decode a reply that is JSON, or that holds it in a fence or between sentences.

    Raises:
        NoJson: there is none, or it is cut off.
    """
    text = _THINKING.sub("", reply, count=1).strip()
    if not text:
        raise NoJson("the reply is empty")
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as exc:
        fault = str(exc)
    for fenced in _FENCE.findall(text):
        try:
            return msgspec.json.decode(fenced)
        except (msgspec.DecodeError, RecursionError):
            continue
    found = _largest_json(text)
    if found is None:
        raise NoJson(f"the reply is no JSON: {fault}")
    return found


def _largest_json(text: str) -> Any:
    """The longest object or array that stands among other text; None where there is none."""
    best: Any = None
    longest = end = 0
    for start in islice((match.start() for match in _OPENING.finditer(text)), _MAX_STARTS):
        if start < end:
            continue  # inside the one just read
        try:
            value, end = _decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if end - start > longest:
            best, longest = value, end - start
    return best


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")

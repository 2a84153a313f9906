"""The JSON in what a model said, whatever it wrapped it in."""

import re
from typing import Any

import msgspec

from gateway.core.text.json_in_text import largest_json

_THINKING = re.compile(r"\A\s*<(think|thinking|reasoning)>.*?</\1>", re.DOTALL)
_FENCE = re.compile(r"```[A-Za-z]*[ \t]*\r?\n(.*?)\r?\n?```", re.DOTALL)


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
    found = largest_json(text)
    if found is None:
        raise NoJson(f"the reply is no JSON: {fault}")
    return found

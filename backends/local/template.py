"""From chat messages to prompt tokens: the model's own template, in a sandbox, without control tokens from texts.

A template comes out of a downloaded file, so it runs in Jinja's sandbox (CVE-2024-34359). And the text of a
message may come from a web page: a control token written in it, `<|im_end|>` say, must not end the message.
Such places are swapped for a private-use mark before the template runs and tokenized afterwards as the
plain characters they are.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from backends.local.parameters import RequestRejected, text_of

# what a base model without a template gets
PLAIN_TEMPLATE = (
    "{% for message in messages %}{{ message.role | capitalize }}: {{ message.content }}\n\n{% endfor %}"
    "{% if add_generation_prompt %}Assistant:{% endif %}"
)
PLAIN_STOP = ["\nUser:", "\nSystem:"]

_MARK = re.compile("\ue0f0([0-9]+)\ue0f1")
_PROBE = [{"role": "user", "content": "Hello"}]


class _Raised(Exception):
    """The template called raise_exception."""


class ChatTemplate:
    """Renders and tokenizes chats.

    Args:
        source: the template's Jinja; None for a model that has none.
        tokenize: (text, special, first) → tokens.
        control_texts: how control tokens are written.
        bos, eos: as the template may write them.
    """

    def __init__(
        self,
        source: str | None,
        *,
        tokenize: Callable[[str, bool, bool], list[int]],
        control_texts: list[str],
        bos: str = "",
        eos: str = "",
    ) -> None:
        self._tokenize, self._tokens = tokenize, {"bos_token": bos, "eos_token": eos}
        self._bos = bos
        longest_first = sorted(map(re.escape, control_texts), key=len, reverse=True)
        self._control = re.compile("|".join(longest_first)) if longest_first else None
        self.note: str | None = None
        self.stop: list[str] = []
        self._template = self._compile(source)

    def tokens(self, messages: list[dict[str, Any]]) -> list[int]:
        """The prompt.

        Raises:
            RequestRejected: the template refuses these messages, or a part is no text.
        """
        literals: list[str] = []
        marked = [{**message, "content": self._mark(text_of(message), literals)} for message in messages]
        try:
            rendered = self._render(marked)
        except _Raised as exc:
            folded = _fold_system(marked)
            if folded is None:
                raise RequestRejected(f"messages: the model's chat template refuses them: {exc}") from exc
            rendered = self._render_or_reject(folded)
        except Exception as exc:
            # a template is a program: whatever it raises, it could not render this
            raise RequestRejected(f"messages: the model's chat template failed on them: {exc}") from exc
        return self._tokenize_marked(rendered, literals)

    def _compile(self, source: str | None) -> Any:
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        environment.globals["raise_exception"] = _raise
        environment.globals["strftime_now"] = lambda text: datetime.now().strftime(text)
        if source:
            try:
                self._template = environment.from_string(source)
                self._render(_PROBE)
                return self._template
            except Exception as exc:
                self.note = f"the chat template in the file does not work ({exc}); a plain transcript is used"
        else:
            self.note = "the file has no chat template (a base model?); a plain transcript is used"
        self.stop = PLAIN_STOP
        return environment.from_string(PLAIN_TEMPLATE)

    def _render(self, messages: list[dict[str, Any]]) -> str:
        rendered: str = self._template.render(messages=messages, add_generation_prompt=True, **self._tokens)
        return rendered

    def _render_or_reject(self, messages: list[dict[str, Any]]) -> str:
        try:
            return self._render(messages)
        except (_Raised, TemplateError) as exc:
            raise RequestRejected(f"messages: the model's chat template refuses them: {exc}") from exc

    def _mark(self, text: str, literals: list[str]) -> str:
        # a text must not hold our own delimiter
        text = text.replace("\ue0f0", "\ufffd")
        if self._control is None:
            return text

        def swap(match: re.Match[str]) -> str:
            literals.append(match[0])
            return f"\ue0f0{len(literals) - 1}\ue0f1"

        return self._control.sub(swap, text)

    def _tokenize_marked(self, rendered: str, literals: list[str]) -> list[int]:
        # where the template wrote BOS itself, the tokenizer must not add a second
        first = not (self._bos and rendered.startswith(self._bos))
        # text, number, text, number, … text
        pieces = _MARK.split(rendered)
        tokens: list[int] = []
        for index, piece in enumerate(pieces):
            if index % 2:
                tokens += self._tokenize(literals[int(piece)], False, False)
            elif piece or index == 0:
                tokens += self._tokenize(piece, True, first and index == 0)
        return tokens


def _raise(message: str) -> None:
    raise _Raised(message)


def _fold_system(messages: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """The system text at the head of the first user message, for templates that know no system role."""
    if len(messages) < 2 or messages[0].get("role") != "system" or messages[1].get("role") != "user":
        return None
    joined = f"{messages[0]['content']}\n\n{messages[1]['content']}"
    return [{**messages[1], "content": joined}, *messages[2:]]

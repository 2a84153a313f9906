"""From chat messages to prompt tokens: the model's own template, in a sandbox, without control tokens from texts.

A template comes out of a downloaded file, so it runs in Jinja's sandbox (CVE-2024-34359). And the text of a
message may come from a web page: a control token written in it, `<|im_end|>` say, must not end the message.
Such places are swapped for a private-use mark before the template runs and tokenized afterwards as the
plain characters they are.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from backends.local.parameters import RequestRejected, text_of
from backends.local.tools import OPENS, Tools, for_a_template, in_words

# what a base model without a template gets
PLAIN_TEMPLATE = (
    "{% for message in messages %}{{ message.role | capitalize }}: {{ message.content }}\n\n{% endfor %}"
    "{% if add_generation_prompt %}Assistant:{% endif %}"
)
PLAIN_STOP = ["\nUser:", "\nSystem:"]

_MARK = re.compile("\ue0f0([0-9]+)\ue0f1")
# stands at the end of an answer that is to be gone on from
_END = "\ue0f2"
_PROBE_TOOL = {
    "name": "probe_of_tools",
    "description": "",
    "parameters": {"type": "object", "properties": {}, "required": []},
}
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
        self._knows_tools = self._find_tools()

    def tokens(
        self, messages: list[dict[str, Any]], *, tools: Tools | None = None, goes_on: bool = True
    ) -> list[int]:
        """The prompt.

        Args:
            tools: that the model may call.
            goes_on: whether an assistant's message at the end is the beginning of the answer.
        Raises:
            RequestRejected: the template refuses these messages, or a part is no text.
        """
        literals: list[str] = []
        if not self._knows_tools:
            messages, tools = in_words(messages, tools), None
        marked = [
            {
                **message,
                # OpenAI's newer name, which templates do not know
                "role": "system" if message.get("role") == "developer" else message.get("role"),
                "content": self._mark(text_of(message), literals),
            }
            for message in messages
        ]
        marked = for_a_template(marked, lambda value: self._mark_all(value, literals))
        sent = [self._mark_all(tool.sent, literals) for tool in tools.tools] if tools else None
        if goes_on and tools is None and (begun := self._begun(marked)) is not None:
            return self._tokenize_marked(begun, literals)
        try:
            rendered = self._render(marked, tools=sent)
        except _Raised as exc:
            folded = _fold_system(marked)
            if folded is None:
                raise RequestRejected(f"messages: the model's chat template refuses them: {exc}") from exc
            rendered = self._render_or_reject(folded, tools=sent)
        except Exception as exc:
            # a template is a program: whatever it raises, it could not render this
            raise RequestRejected(f"messages: the model's chat template failed on them: {exc}") from exc
        return self._tokenize_marked(rendered, literals)

    def _compile(self, source: str | None) -> Any:
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        # Jinja's own is for HTML
        environment.filters["tojson"] = _to_json
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

    def _begun(self, messages: list[dict[str, Any]]) -> str | None:
        """The prompt up to the end of the answer that is there already; None where there is none to go on from."""
        last = messages[-1]
        if last.get("role") != "assistant" or last.get("tool_calls") or not last["content"]:
            return None
        ended = [*messages[:-1], last | {"content": f"{last['content']}{_END}"}]
        try:
            rendered = self._render(ended, add_generation_prompt=False)
        except Exception:
            # as another turn it may still be rendered
            return None
        begun, found, _ = rendered.rpartition(_END)
        return begun if found else None

    def _render(self, messages: list[dict[str, Any]], **more: Any) -> str:
        given = {"add_generation_prompt": True, "tools": None} | self._tokens | more
        rendered: str = self._template.render(messages=messages, **given)
        return rendered

    def _find_tools(self) -> bool:
        """Whether the template tells a model of tools, and has it call them in the form that is read here."""
        try:
            rendered = self._render(_PROBE, tools=[{"type": "function", "function": _PROBE_TOOL}])
        except Exception:
            return False
        return str(_PROBE_TOOL["name"]) in rendered and OPENS in rendered

    def _render_or_reject(self, messages: list[dict[str, Any]], **more: Any) -> str:
        try:
            return self._render(messages, **more)
        except (_Raised, TemplateError) as exc:
            raise RequestRejected(f"messages: the model's chat template refuses them: {exc}") from exc

    def _mark(self, text: str, literals: list[str]) -> str:
        # a text must not hold our own delimiter
        text = text.replace("\ue0f0", "\ufffd").replace(_END, "\ufffd")
        if self._control is None:
            return text

        def swap(match: re.Match[str]) -> str:
            literals.append(match[0])
            return f"\ue0f0{len(literals) - 1}\ue0f1"

        return self._control.sub(swap, text)

    def _mark_all(self, value: Any, literals: list[str]) -> Any:
        if isinstance(value, str):
            return self._mark(value, literals)
        if isinstance(value, list):
            return [self._mark_all(item, literals) for item in value]
        if isinstance(value, dict):
            return {self._mark(key, literals): self._mark_all(item, literals) for key, item in value.items()}
        return value

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


def _to_json(value: Any, indent: int | None = None, **_: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _raise(message: str) -> None:
    raise _Raised(message)


def _fold_system(messages: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """The system text at the head of the first user message, for templates that know no system role."""
    if len(messages) < 2 or messages[0].get("role") != "system" or messages[1].get("role") != "user":
        return None
    joined = f"{messages[0]['content']}\n\n{messages[1]['content']}"
    return [{**messages[1], "content": joined}, *messages[2:]]

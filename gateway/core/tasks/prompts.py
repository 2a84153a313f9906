"""Fitting pages into prompts: counted, cut, and fenced by a delimiter that stands nowhere in them."""

from typing import ClassVar

from msgspec import Struct

from gateway.core.llm import prompt
from gateway.core.llm.call_plan import Budget, Plan, plan_calls
from gateway.core.llm.prompt import PromptPage, make_delimiter
from gateway.core.tasks.base import Task
from gateway.core.tokens.counters import get_counter
from gateway.core.tokens.split import split_markdown
from gateway.core.tokens.tokenizer import Tokenizer


class PlanCalls(Task[Plan], kw_only=True, frozen=True):
    """Fit pages into as few calls as the model's context allows.

    `counted` are the tokens of each page's content where they are known by this tokenizer.
    """

    doing: ClassVar[str] = "planning the calls to the model"

    question: prompt.Task
    pages: list[PromptPage]
    counted: list[int | None]
    budget: Budget
    tokenizer: Tokenizer

    def run(self) -> Plan:
        count_anew = get_counter(self.tokenizer)
        known = {
            page.content: tokens
            for page, tokens in zip(self.pages, self.counted, strict=True)
            if tokens is not None
        }

        def count(text: str) -> int:
            tokens = known.get(text)
            return count_anew(text) if tokens is None else tokens

        return plan_calls(self.question, self.pages, budget=self.budget, count=count)


class MakeDelimiter(Task[str], kw_only=True, frozen=True):
    """The delimiter of a prompt's pages, which stands nowhere in them."""

    doing: ClassVar[str] = "preparing the prompt"

    pages: list[PromptPage]
    secret: bytes

    def run(self) -> str:
        return make_delimiter(self.pages, secret=self.secret)


class Cut(Struct, kw_only=True, frozen=True):
    """The beginning of a text, and its tokens."""

    content: str
    tokens: int


class CutMarkdown(Task[Cut], kw_only=True, frozen=True):
    """The longest beginning of a text that fits, cut wherever it must be."""

    doing: ClassVar[str] = "cutting the page to its budget"

    content: str
    max_tokens: int
    tokenizer: Tokenizer

    def run(self) -> Cut:
        count = get_counter(self.tokenizer)
        first = split_markdown(self.content, max_tokens=self.max_tokens, count=count)[0]
        content = self.content[: first.end]
        return Cut(content=content, tokens=count(content))

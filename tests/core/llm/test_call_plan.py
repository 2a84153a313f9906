"""Pages put before a model: in one call if they fit, else in several, never more than asked for."""

from typing import Any

import pytest

from gateway.core.llm.call_plan import MAX_CALLS, Budget, plan_calls
from gateway.core.llm.prompt import PromptPage, Task, build_messages
from gateway.errors import ContextOverflow


def count_words(text: str) -> int:
    return len(text.split())


def page(words: int, name: str = "w") -> PromptPage:
    return PromptPage(content="\n\n".join(f"{name}{number}" for number in range(words)), title=name)


def plan(pages: list[PromptPage], *, task: Task | None = None, **budget: Any) -> Any:
    fits = Budget(**({"context_tokens": 1000, "max_output_tokens": 100} | budget))
    return plan_calls(task or Task(prompt="?"), pages, budget=fits, count=count_words)


def sent(task: Task, pages: list[PromptPage]) -> int:
    return sum(count_words(message["content"]) for message in build_messages(task, pages, delimiter="m"))


def test_plan_calls_makes_one_call_of_what_fits() -> None:
    pages = [page(50, "a"), page(50, "b")]
    made = plan(pages)
    assert [call.pages for call in made.calls] == [pages] and not made.task.is_part
    assert sent(made.task, pages) <= made.input_tokens <= 900


def test_plan_calls_cuts_what_does_not_fit_and_loses_nothing() -> None:
    pages = [page(1500, "a"), page(10, "b"), page(700, "c")]
    made = plan(pages)
    assert made.task.is_part and len(made.calls) > 2
    words = " ".join(piece.content for call in made.calls for piece in call.pages).split()
    assert words == " ".join(one.content for one in pages).split()
    for call in made.calls:
        assert sent(made.task, call.pages) <= call.input_tokens <= 900


def test_plan_calls_asks_parts_by_a_schema_that_requires_nothing() -> None:
    properties = {f"p{number}": {"type": "string"} for number in range(20)}
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    made = plan([page(2000)], task=Task(schema=schema))
    assert made.task.schema is not None and "required" not in made.task.schema
    for call in made.calls:
        assert sent(made.task, call.pages) <= call.input_tokens <= 900


def test_plan_calls_counts_as_the_model_does() -> None:
    assert len(plan([page(400)]).calls) == 1
    assert len(plan([page(400)], scale=2.5).calls) > 1


def test_plan_calls_assumes_a_context_where_none_is_known() -> None:
    assert len(plan([page(5000)], context_tokens=None).calls) == 1


@pytest.mark.parametrize(
    ("words", "budget"),
    [
        pytest.param(10, {"max_output_tokens": 990}, id="no-room-beside-the-answer"),
        pytest.param(100, {"max_input_tokens": 150}, id="callers-limit"),
        pytest.param(3000, {"max_input_tokens": 3100}, id="callers-limit-over-all-calls"),
        pytest.param(900 * MAX_CALLS, {}, id="too-many-calls"),
    ],
)
def test_plan_calls_refuses_with_the_counts(words: int, budget: dict[str, Any]) -> None:
    with pytest.raises(ContextOverflow) as caught:
        plan([page(words)], **budget)
    assert caught.value.extra["context_tokens"] == 1000 and caught.value.extra["prompt_tokens"] > 100

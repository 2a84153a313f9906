"""Calls of instructor and of LangChain's chat models against a gateway; prints what came of each as JSON.

`test_model_clients.py` runs it with an interpreter that has them, and nothing of this project.
"""

import json
import sys
from typing import Any

import anthropic
import instructor
import openai
import pydantic
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

GATEWAY = sys.argv[1]
KEY = "open-sesame"


class Product(pydantic.BaseModel):
    name: str
    price: float


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return f"{city}: 5 degrees"


def use_instructor(client: Any, words: str) -> list[Any]:
    asked: dict[str, Any] = {
        "model": "m",
        "messages": [{"role": "user", "content": words}],
        "response_model": Product,
        "max_tokens": 100,
    }
    whole = client.create(**asked)
    *_, last = client.create_partial(**asked)
    return [whole.model_dump(), last.model_dump()]


def use_langchain(model: Any, error: type[Exception]) -> dict[str, Any]:
    asked: list[Any] = [HumanMessage("How is the weather?")]
    with_tools = model.bind_tools([weather])
    called = with_tools.invoke(asked)
    (call,) = called.tool_calls
    result = ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"])
    whole = model.invoke("Hello")
    try:
        model.invoke("busy")
    except error as exc:
        failure = exc.status_code  # type: ignore[attr-defined]
    return {
        "text": whole.text,
        "usage": [whole.usage_metadata["input_tokens"], whole.usage_metadata["output_tokens"]],
        "streamed": "".join(piece.text for piece in model.stream("Hello")),
        "call": [call["name"], call["args"]],
        "answer": with_tools.invoke([*asked, called, result]).text,
        "object": model.with_structured_output(Product, method="json_schema").invoke("kettle").model_dump(),
        "failure": failure,
    }


openais = openai.OpenAI(base_url=f"{GATEWAY}/v1", api_key=KEY)
anthropics = anthropic.Anthropic(base_url=GATEWAY, api_key=KEY)
chat: dict[str, Any] = {"model": "m", "api_key": KEY, "max_retries": 0}
came = {
    "instructor": {
        "tools": use_instructor(instructor.from_openai(openais), "call the tool"),
        "json_schema": use_instructor(
            instructor.from_openai(openais, mode=instructor.Mode.JSON_SCHEMA), "kettle"
        ),
        "anthropic": use_instructor(instructor.from_anthropic(anthropics), "call the tool"),
    },
    "langchain": {
        "chat": use_langchain(ChatOpenAI(base_url=f"{GATEWAY}/v1", **chat), openai.RateLimitError),
        "responses": use_langchain(
            ChatOpenAI(base_url=f"{GATEWAY}/v1", use_responses_api=True, **chat), openai.RateLimitError
        ),
        "anthropic": use_langchain(ChatAnthropic(base_url=GATEWAY, **chat), anthropic.RateLimitError),
    },
}
print(json.dumps(came))

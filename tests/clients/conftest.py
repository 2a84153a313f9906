"""One gateway with a key and a model that follows a script, for clients of models."""

import json
from collections.abc import Iterator

import pytest

from backends.specs import BackendSettings, ModelSpec
from gateway.auth.keys import Key, hash_secret
from tests.service import running_gateway


def call(name: str, /, **arguments: object) -> dict[str, object]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {
        "tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": function}],
        "finish_reason": "tool_calls",
    }


SCRIPT = [
    {"match": "break", "deltas": ["Hel", "lo"], "fail_after": 1},
    {"match": "busy", "status": 429, "retry_after_s": 7},
    # the result of the tool
    {"match": "5 degrees", "deltas": ["It is ", "5 degrees."]},
    {"match": "weather", **call("weather", city="Leeds")},
    {"match": "call the tool", **call("Product", name="Kettle", price=64.9)},
    {"match": "kettle", "deltas": ['{"name": "Kettle", ', '"price": 64.9}']},
    {"deltas": ["Hello ", "there."]},
]


@pytest.fixture(scope="session")
def keyed_model_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway with the key `open-sesame`, whose model `m` follows SCRIPT."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "script.json").write_text(json.dumps(SCRIPT))
    backend = BackendSettings(
        name="scripted",
        kind="scripted",
        path=str(folder / "script.json"),
        models=[ModelSpec(name="m", context_tokens=8000)],
    )
    keys = [Key(name="ann", sha256=hash_secret("open-sesame"))]
    with running_gateway(folder, backends=[backend], keys=keys) as url:
        yield url

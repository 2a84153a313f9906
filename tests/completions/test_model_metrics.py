"""Metrics carry the conventional names, and as many series as there are models configured, not more."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from backends.base import CompletionRequest, Price, Route
from backends.scripted import Reply, ScriptedBackend
from gateway import errors
from gateway.completions.completer import Completer
from gateway.completions.model_metrics import MOST_MODELS, ModelMetrics
from tests.inline import InlineWorkers

pytestmark = pytest.mark.anyio


class AnyModel:
    """Routes every name to one backend."""

    def __init__(self, backend: ScriptedBackend) -> None:
        self._backend = backend

    async def resolve(self, model: str | None = None) -> Route:
        return Route(name=model or "m", backend=self._backend, model="u", price=Price(input=1e6, output=1e6))

    async def models(self) -> list[Route]:
        return []

    def aliases(self) -> dict[str, str]:
        return {}


def ask(model: str = "m") -> CompletionRequest:
    return CompletionRequest(model=model, messages=[{"role": "user", "content": "one two"}], temperature=0)


async def complete(completer: Completer, request: CompletionRequest) -> None:
    await (await completer.open(request)).whole()


async def test_answer_is_counted_under_the_conventional_names() -> None:
    registry = CollectorRegistry()
    completer = Completer(
        AnyModel(ScriptedBackend()), watcher=ModelMetrics(registry), workers=InlineWorkers()
    )
    await complete(completer, ask())
    text = generate_latest(registry).decode()
    labels = 'gen_ai_operation_name="chat",gen_ai_provider_name="scripted",gen_ai_request_model="m"'
    assert f'gen_ai_client_token_usage_sum{{{labels},gen_ai_token_type="input"}} 2.0' in text
    assert f'gen_ai_client_operation_duration_seconds_count{{error_type="",{labels}}} 1.0' in text
    assert f"gen_ai_server_time_to_first_token_seconds_count{{{labels}}} 1.0" in text
    assert f"gen_ai_server_time_per_output_token_seconds_count{{{labels}}} 1.0" in text
    assert f'winnow_completion_cache_total{{{labels},status="miss"}} 1.0' in text
    assert f'winnow_completion_cost_usd_total{{{labels},kind="spent"}} 7.0' in text
    assert 'le="7.5"' in text


async def test_failure_is_counted_by_its_code() -> None:
    registry = CollectorRegistry()
    completer = Completer(
        AnyModel(ScriptedBackend([Reply(status=503)])),
        watcher=ModelMetrics(registry),
        workers=InlineWorkers(),
    )
    with pytest.raises(errors.BackendUnavailable):
        await complete(completer, ask())
    assert 'error_type="backend_unavailable"' in generate_latest(registry).decode()


async def test_invented_model_names_do_not_make_series_without_end() -> None:
    registry = CollectorRegistry()
    completer = Completer(
        AnyModel(ScriptedBackend()), watcher=ModelMetrics(registry), workers=InlineWorkers()
    )
    for number in range(MOST_MODELS + 20):
        await complete(completer, ask(f"m{number}"))
    text = generate_latest(registry).decode()
    assert text.count("gen_ai_server_time_to_first_token_seconds_count{") == MOST_MODELS + 1

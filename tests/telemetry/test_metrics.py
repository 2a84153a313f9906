"""What /metrics says after some work, read as Prometheus reads it."""

import re
from pathlib import Path

import httpx2
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from backends.specs import BackendSettings, ModelSpec
from fixtures.site import Site
from tests.service import running_gateway

DEPLOY = Path(__file__).parents[2] / "deploy"
_LABELS = {"gen_ai_request_model", "gen_ai_token_type"}


def read_metrics(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_count_pages_tokens_and_requests(site: Site, tmp_path: Path) -> None:
    target = site.target
    with (
        running_gateway(tmp_path, allow_targets=[target], clean_timeout_s=5) as url,
        httpx2.Client(base_url=url, timeout=60) as client,
    ):
        body = {"url": f"{site.url}/pages/listing-go-blog"}
        pages = [client.post("/v1/scrape", json=body).json() for _ in range(3)]
        client.post("/v1/scrape", json={"colour": 1})
        client.get("/v1/nothing")
        assert (
            client.post("/v1/scrape", json={"html": "<p>" + "-" * 9_000_000}).json()["code"]
            == "clean_timeout"
        )
        values = read_metrics(client.get("/metrics").text)

    def value(name: str, **labels: str) -> float:
        return values[(name, frozenset(labels.items()))]

    assert value("winnow_pages_total", cache="miss") == 1
    assert value("winnow_pages_total", cache="hit") == 2
    assert value("winnow_page_tokens_total", kind="saved") == sum(page["tokens"]["saved"] for page in pages)
    assert value("winnow_stage_seconds_count", stage="clean") == 1
    assert value("winnow_request_seconds_count", route="/v1/scrape", status="200") == 3
    assert value("winnow_request_seconds_count", route="/v1/scrape", status="400") == 1
    assert value("winnow_running") == 0
    assert value("winnow_worker_kills_total", reason="time") == 1
    assert value("winnow_tasks") > 0
    assert any(name.startswith("winnow_cache_") for name, _ in values)


def test_metrics_book_what_a_page_saves_once(site: Site, tmp_path: Path) -> None:
    (tmp_path / "script.json").write_bytes(msgspec.json.encode([{"deltas": ["Yes."]}]))
    model = ModelSpec(name="m", context_tokens=8000)
    backend = BackendSettings(name="b", kind="scripted", path=str(tmp_path / "script.json"), models=[model])
    page_url = f"{site.url}/pages/documentation-go-tutorial"
    with (
        running_gateway(tmp_path, backends=[backend], allow_targets=[site.target]) as url,
        httpx2.Client(base_url=url, timeout=60) as client,
    ):

        def booked() -> dict[str, float]:
            values = read_metrics(client.get("/metrics").text)
            return {
                kind: values[("winnow_page_tokens_total", frozenset({("kind", kind)}))]
                for kind in ("html", "full", "saved", "content")
            }

        body = {"url": page_url, "max_tokens": 200}
        pieces = [client.post("/v1/scrape", json=body).json()]
        while cursor := pieces[-1]["next_cursor"]:
            pieces.append(client.post("/v1/scrape", json=body | {"cursor": cursor}).json())
        assert len(pieces) > 2
        tokens = pieces[0]["tokens"]
        once = {kind: tokens[kind] for kind in ("html", "full", "saved")}
        assert booked() == once | {"content": sum(piece["tokens"]["content"] for piece in pieces)}
        # the same bytes again are answered without the scraper
        for _ in range(2):
            client.post("/v1/scrape", json=body | {"cursor": pieces[0]["next_cursor"]})
        assert {kind: booked()[kind] for kind in once} == once
        # a page that is cut to its share of a budget is read twice for one answer
        web = {"urls": [page_url], "max_tokens": 300}
        message = {"role": "user", "content": "Is it?"}
        answer = client.post("/v1/chat/completions", json={"model": "m", "messages": [message], "web": web})
        assert answer.json()["winnow"]["web"][0]["page_tokens"] == tokens["full"]
        assert {kind: booked()[kind] for kind in once} == {kind: 2 * count for kind, count in once.items()}


def test_dashboard_and_alerts_name_metrics_that_there_are(model_gateway_url: str) -> None:
    told = httpx2.get(f"{model_gateway_url}/metrics", timeout=60).text
    families = {family.name for family in text_string_to_metric_families(told)}
    written = (DEPLOY / "grafana/winnow.json").read_text() + (DEPLOY / "prometheus/alerts.yml").read_text()
    asked = set(re.findall(r"\b(?:winnow|gen_ai)_\w+(?=[{\[) ]|\\?\"|$)", written, re.MULTILINE)) - _LABELS
    assert len(asked) > 10
    assert {re.sub(r"_(bucket|sum|count|total)$", "", name) for name in asked} <= families

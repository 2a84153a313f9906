"""What /metrics says after some work, read as Prometheus reads it."""

import re
from pathlib import Path

import httpx2
from prometheus_client.parser import text_string_to_metric_families

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


def test_dashboard_and_alerts_name_metrics_that_there_are(model_gateway_url: str) -> None:
    told = httpx2.get(f"{model_gateway_url}/metrics", timeout=60).text
    families = {family.name for family in text_string_to_metric_families(told)}
    written = (DEPLOY / "grafana/winnow.json").read_text() + (DEPLOY / "prometheus/alerts.yml").read_text()
    asked = set(re.findall(r"\b(?:winnow|gen_ai)_\w+(?=[{\[) ]|\\?\"|$)", written, re.MULTILINE)) - _LABELS
    assert len(asked) > 10
    assert {re.sub(r"_(bucket|sum|count|total)$", "", name) for name in asked} <= families

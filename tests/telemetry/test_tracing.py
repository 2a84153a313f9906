"""Traces as a collector receives them: the tree of a request, handed on to models, with no secret in it."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from fixtures.service import running_service
from fixtures.site import Site
from gateway.telemetry.spans import are_recorded, span, trace_headers
from gateway.telemetry.tracing import no_traces, start_tracing
from tests.upstream import HELLO, Said, upstream

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
SECRET = "wnw_open-sesame"


class Collector:
    """An OTLP collector: what spans came, by name, and every byte of them."""

    def __init__(self) -> None:
        self.raw = b""
        self.spans: dict[str, list[Any]] = {}
        self.service = ""

    def take(self, body: bytes) -> None:
        self.raw += body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.service = attributes_of(resource.resource)["service.name"]
            for scope in resource.scope_spans:
                for sent in scope.spans:
                    self.spans.setdefault(sent.name, []).append(sent)

    def one(self, name: str) -> Any:
        (span,) = self.spans[name]
        return span


def attributes_of(sent: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in sent.attributes}


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that OTEL_EXPORTER_OTLP_ENDPOINT names."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            collector.take(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("OTEL_SERVICE_NAME", "winnow-test")
        yield collector
        server.shutdown()


@contextmanager
def traced_service(folder: Path, **settings: str) -> Iterator[str]:
    """A service whose spans the collector has when the block has ended."""
    with running_service(folder, WINNOW_CLEAN_WORKERS="1", **settings) as (process, url):
        yield url
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def test_scrape_is_a_span_and_each_of_its_stages_one_below(
    tmp_path: Path, site: Site, collector: Collector
) -> None:
    settings = {"WINNOW_API_KEYS": f"alice:{SECRET}", "WINNOW_ALLOW_TARGETS": site.target}
    with traced_service(tmp_path, **settings) as url:
        answer = httpx2.post(
            f"{url}/v1/scrape",
            json={"url": f"{site.url}/pages/listing-go-blog?token=planted"},
            headers={"x-api-key": SECRET, "traceparent": PARENT},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
    root = collector.one("POST /v1/scrape")
    assert (root.trace_id.hex(), root.parent_span_id.hex()) == (TRACE, "b7ad6b7169203331")
    told = attributes_of(root)
    assert told["http.response.status_code"] == 200
    assert (told["winnow.key"], told["winnow.cache"]) == ("alice", "miss")
    assert told["winnow.request_id"] == answer.headers["x-request-id"]
    assert {"queue", "cache get", "fetch", "worker", "clean", "count", "cache set"} <= set(collector.spans)
    assert {each.trace_id.hex() for spans in collector.spans.values() for each in spans} == {TRACE}
    assert collector.one("queue").parent_span_id == root.span_id
    assert collector.one("clean").parent_span_id == collector.one("worker").span_id
    assert attributes_of(collector.one("fetch"))["server.address"] == "127.0.0.1"
    assert collector.service == "winnow-test"
    for secret in (b"planted", b"token=", SECRET.encode(), b"listing-go-blog"):
        assert secret not in collector.raw


def test_failed_stage_tells_its_code_and_no_words(tmp_path: Path, collector: Collector) -> None:
    with traced_service(tmp_path) as url:
        httpx2.post(f"{url}/v1/scrape", json={"url": "http://127.0.0.1:9/private-path"}, timeout=60)
    assert attributes_of(collector.one("fetch"))["error.type"] == "url_refused"
    told = attributes_of(collector.one("POST /v1/scrape"))
    assert (told["winnow.code"], told["http.response.status_code"]) == ("url_refused", 400)
    assert b"private-path" not in collector.raw


@pytest.mark.anyio
async def test_model_call_carries_the_trace_on_and_speaks_genai(tmp_path: Path, collector: Collector) -> None:
    async with upstream(Said(HELLO)) as server:
        config = tmp_path / "winnow.toml"
        config.write_text(
            f"""
            [[backends]]
            name = "cluster"
            kind = "remote"
            url = "{server.url}"
            models = [{{ name = "m", upstream = "up" }}]
            """
        )
        with traced_service(tmp_path, WINNOW_CONFIG=str(config)) as url:
            async with httpx2.AsyncClient(base_url=url, timeout=60) as client:
                body = {"model": "m", "messages": [{"role": "user", "content": "planted prompt"}], "seed": 4}
                headers = {"traceparent": PARENT}
                answered = await client.post("/v1/chat/completions", json=body, headers=headers)
                assert answered.status_code == 200, answered.text
    call = collector.one("chat up")
    (heard,) = (heard for heard in server.heard if heard.method == "POST")
    assert heard.headers["traceparent"] == f"00-{TRACE}-{call.span_id.hex()}-01"
    told = attributes_of(call)
    assert told["gen_ai.response.time_to_first_chunk"] > 0
    assert {name: told[name] for name in told if name.startswith("gen_ai.usage")} == {
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 2,
        "gen_ai.usage.cache_read.input_tokens": 0,
    }
    assert (told["gen_ai.provider.name"], told["gen_ai.request.model"]) == ("cluster", "up")
    assert (told["gen_ai.response.model"], told["gen_ai.request.seed"]) == ("up-1", 4)
    assert b"planted" not in collector.raw
    assert b"Hel" not in collector.raw


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({}, id="no-endpoint"),
        pytest.param(
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"}, id="disabled"
        ),
    ],
)
def test_tracing_is_off_and_records_nothing(environ: dict[str, str]) -> None:
    assert start_tracing(environ) is no_traces
    assert not are_recorded()
    with span("stage", {"name": "value"}) as current:
        assert not current.is_recording()
        assert trace_headers() == {}


def test_tracing_without_the_extra_says_so_and_stays_off() -> None:
    code = (
        "import sys; sys.modules['opentelemetry.exporter'] = None\n"
        "from gateway.telemetry.tracing import no_traces, start_tracing\n"
        "assert start_tracing({'OTEL_EXPORTER_OTLP_ENDPOINT': 'http://127.0.0.1:1'}) is no_traces"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, "extra `otel`" in done.stderr) == (0, True), done.stderr


def test_provider_that_a_launcher_has_set_up_is_used_and_hears_no_message() -> None:
    code = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from gateway.errors import FetchTimeout
from gateway.telemetry.spans import span
from gateway.telemetry.tracing import no_traces, start_tracing

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
assert start_tracing({'OTEL_EXPORTER_OTLP_ENDPOINT': 'http://127.0.0.1:1'}) is no_traces
try:
    with span("fetch", {"empty": None}):
        raise FetchTimeout("planted")
except FetchTimeout:
    pass
[sent] = exporter.get_finished_spans()
assert dict(sent.attributes) == {"error.type": "fetch_timeout"}, sent.attributes
assert not sent.status.is_ok and "planted" not in sent.to_json()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

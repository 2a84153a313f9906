"""What Firecrawl's and Jina's dialects add to a cached scrape: CPU of the gateway's process a request.

    python -m bench.compat            # rounds alternate, so noise hits all alike; the machine may be busy

`/v1/scrape` answers a request that it has answered before without decoding it; with a header that asks for markdown
first it goes the way of every other request. The same page, one connection, one request after the other.
"""

import json
import statistics
import sys
import tempfile
from http.client import HTTPConnection
from pathlib import Path

from bench.cached_scrape import PAGE, post
from bench.processes import cpu_s, start
from fixtures.redis import free_port

ROUNDS, REQUESTS = 15, 200
JSON = {"content-type": "application/json"}


def main() -> None:
    site, gateway = free_port(), free_port()
    page = f"http://127.0.0.1:{site}/pages/{PAGE}"
    body = json.dumps({"url": page}).encode()
    calls: dict[str, tuple[str, str, bytes | None, dict[str, str]]] = {
        "/v1/scrape, known request": ("POST", "/v1/scrape", body, JSON),
        "/v1/scrape": ("POST", "/v1/scrape", body, JSON | {"accept": "application/json, */*"}),
        "/v2/scrape (Firecrawl)": ("POST", "/v2/scrape", body, JSON),
        "/r/": ("GET", f"/r/{page}", None, {}),
        "/jina/": ("GET", f"/jina/{page}", None, {}),
    }
    with tempfile.TemporaryDirectory() as folder:
        environ = {
            "WINNOW_PORT": str(gateway),
            "WINNOW_CACHE_DIR": str(Path(folder) / "cache"),
            "WINNOW_ALLOW_TARGETS": f"127.0.0.1/32:{site}",
        }
        origin = start([sys.executable, "-m", "fixtures.site", "--port", str(site)])
        ours = start([sys.executable, "-m", "gateway.cli.main", "serve"], environ)
        try:
            post(gateway, body)
            connection = HTTPConnection("127.0.0.1", gateway, timeout=60)

            def cpu_ms(name: str) -> float:
                method, path, sent, headers = calls[name]
                before = cpu_s(ours.pid)
                for _ in range(REQUESTS):
                    connection.request(method, path, sent, headers)
                    answer = connection.getresponse()
                    content = answer.read()
                    if answer.status != 200:
                        raise SystemExit(f"{path} answered {answer.status}: {content[:500]!r}")
                return (cpu_s(ours.pid) - before) * 1e3 / REQUESTS

            for name in calls:
                cpu_ms(name)
            rounds = [{name: cpu_ms(name) for name in calls} for _ in range(ROUNDS)]
        finally:
            for process in (origin, ours):
                process.terminate()
                process.wait()
    print(f"{ROUNDS} rounds of {REQUESTS} requests; medians, CPU-ms a request")
    for name in calls:
        own = statistics.median(each[name] for each in rounds)
        more = statistics.median(each[name] - each["/v1/scrape"] for each in rounds)
        print(f"{name:28}{own:8.3f} {more:+8.3f} to /v1/scrape")


if __name__ == "__main__":
    main()

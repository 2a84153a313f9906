"""Cached scrapes through HTTP against a bare Litestar handler that returns the same bytes.

    python -m bench.cached_scrape            # needs wrk (Debian package); rounds alternate, so noise hits both alike

Same server (uvicorn, one worker, same settings), same load (wrk, 8 connections), same response body.
Prints the medians of requests a second and of CPU-ms a request, and the median of the rounds' ratios: the two
runs of a round share what the machine does meanwhile.
"""

import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from bench.figures import note
from bench.processes import cpu_s, start
from fixtures.redis import free_port

ROUNDS, SECONDS, CONNECTIONS = 20, 1, 8
PAGE = "documentation-go-tutorial"

BARE = """
from litestar import Litestar, Response, post
import uvicorn
BODY = open({body!r}, "rb").read()

@post("/v1/scrape", status_code=200)
async def scrape() -> Response[bytes]:
    return Response(BODY, media_type="application/json")

uvicorn.run(Litestar([scrape], openapi_config=None), port={port}, log_level="warning", access_log=False,
            server_header=False)
"""


def post(port: int, body: bytes) -> bytes:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/scrape", data=body, headers={"content-type": "application/json"}
    )
    for _ in range(100):
        try:
            return bytes(urllib.request.urlopen(request, timeout=30).read())
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"nothing answers on port {port}")


def load(port: int, pid: int, script: Path) -> tuple[float, float]:
    """Requests a second, and CPU-ms of the server a request."""
    before = cpu_s(pid)
    command = [
        "wrk",
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{SECONDS}s",
        "-s",
        str(script),
        f"http://127.0.0.1:{port}",
    ]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in output:
        raise SystemExit(f"errors under load:\n{output}")
    requests = int(re.findall(r"(\d+) requests in", output)[0])
    return float(re.findall(r"Requests/sec:\s+([\d.]+)", output)[0]), (cpu_s(pid) - before) * 1e3 / requests


def main() -> None:
    if not shutil.which("wrk"):
        raise SystemExit("wrk is not installed; on Debian: apt-get install wrk")
    site, bare, gateway = free_port(), free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        body = json.dumps({"url": f"http://127.0.0.1:{site}/pages/{PAGE}"}).encode()
        (work / "post.lua").write_text(
            f'wrk.method = "POST"\nwrk.path = "/v1/scrape"\nwrk.body = {json.dumps(body.decode())}\n'
            'wrk.headers["Content-Type"] = "application/json"\n'
        )
        environ = {
            "WINNOW_PORT": str(gateway),
            "WINNOW_CACHE_DIR": str(work / "cache"),
            "WINNOW_ALLOW_TARGETS": f"127.0.0.1/32:{site}",
        }
        origin = start([sys.executable, "-m", "fixtures.site", "--port", str(site)])
        ours = start([sys.executable, "-m", "gateway.cli.main", "serve"], environ)
        running = [origin, ours]
        try:
            post(gateway, body)
            answer = post(gateway, body)
            assert json.loads(answer)["cache"]["status"] == "hit"
            (work / "body.json").write_bytes(answer)
            handler = start([sys.executable, "-c", BARE.format(body=str(work / "body.json"), port=bare)])
            running.append(handler)
            post(bare, body)
            rounds = [
                (load(bare, handler.pid, work / "post.lua"), load(gateway, ours.pid, work / "post.lua"))
                for _ in range(ROUNDS)
            ]
        finally:
            for process in running:
                process.terminate()
                process.wait()
    print(
        f"response of {len(answer):,} bytes, {CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS} s each"
    )
    names = ("bare Litestar handler", "cached /v1/scrape")
    for name, runs in zip(names, zip(*rounds, strict=True), strict=True):
        rate, cpu_ms = map(statistics.median, zip(*runs, strict=True))
        print(f"{name:24}{rate:8.0f} requests/s {cpu_ms:8.3f} CPU-ms a request")
    by_rate = statistics.median(ours[0] / floor[0] for floor, ours in rounds)
    by_cpu = statistics.median(floor[1] / ours[1] for floor, ours in rounds)
    note(rate_ratio=by_rate, cpu_ratio=by_cpu)
    print(f"ratio: {by_rate:.2f} of the requests a second, {by_cpu:.2f} by CPU (target 0.60)")


if __name__ == "__main__":
    main()

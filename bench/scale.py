"""Cached scrapes through nginx at one replica and at two, and what each process spends a request.

    python -m bench.scale                     # needs nginx, redis-server and wrk (Debian packages), and root
    python -m bench.scale --pages FOLDER      # other pages than the fixtures': FOLDER/<name>/source.html

Everything runs on this machine. Where load generator, balancer, Valkey and replicas share its cores, requests a
second say what the machine can do, not what a second replica adds: so it is measured twice, as it comes and with
a quarter of a core for each replica, as containers are given theirs. Rounds alternate.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.figures import note
from bench.processes import ROOT, cpu_s, family, resident_mb
from fixtures.fleet import Fleet, missing_packages, wait_until_ready
from fixtures.redis import free_port

ROUNDS, SECONDS, CONNECTIONS = 3, 5, 16
CORES = 0.25  # of each replica, in the second measurement
PERIOD_US = 10_000
MISSES = 140

LOAD = """
local bodies, turn = {bodies}, 0
function request()
  turn = turn % #bodies + 1
  return wrk.format("POST", "/v1/scrape", {{["Content-Type"] = "application/json"}}, bodies[turn])
end
"""


def scrape(address: str, body: bytes) -> dict[str, object]:
    request = urllib.request.Request(
        f"{address}/v1/scrape", data=body, headers={"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return dict(json.load(answer))


def commands(fleet: Fleet) -> int:
    assert fleet.redis
    return int(re.findall(rb"total_commands_processed:(\d+)", fleet.redis.command("INFO", "stats"))[0])


def count_operations(fleet: Fleet, bodies: list[bytes]) -> None:
    """Valkey commands a request: on a miss, on a hit by another replica, on a hit that memory answers."""
    first, second = (f"http://127.0.0.1:{port}" for port in fleet.ports[:2])
    found = {}
    print("\nValkey commands a request")
    for name, address in (("miss", first), ("hit, from Valkey", second), ("hit, from memory", second)):
        before = commands(fleet)
        statuses = {scrape(address, body)["cache"]["status"] for body in bodies}  # type: ignore[index]
        # the probe's own INFO is one
        found[name] = (commands(fleet) - before - 1) / len(bodies)
        print(f"{name:20}{found[name]:8.1f}   {statuses}")
    note(commands=found)


def measure_misses(fleet: Fleet, site: str, pages: Path) -> None:
    """New addresses one after another: CPU of the service and of its cleaning workers, bytes kept in Valkey."""
    main, *workers = family(fleet.gateways[0].pid)
    slugs = sorted(path.name for path in pages.iterdir() if path.is_dir())
    asked = [slugs[n % len(slugs)] for n in range(MISSES)]
    html = sum((pages / slug / "source.html").stat().st_size for slug in asked) / MISSES
    service, cleaning, kept = cpu_s(main), cpu_s(*workers), redis_bytes(fleet)
    for n, slug in enumerate(asked):
        answer = scrape(fleet.url, json.dumps({"url": f"{site}/pages/{slug}?{n}"}).encode())
        assert answer["cache"]["status"] == "miss"  # type: ignore[index]
    service, cleaning = (cpu_s(main) - service) * 1e3 / MISSES, (cpu_s(*workers) - cleaning) * 1e3 / MISSES
    kept = int((redis_bytes(fleet) - kept) / MISSES)
    workers_mb = [resident_mb(pid) for pid in workers]
    note(
        misses={"service_cpu_ms": service, "cleaning_cpu_ms": cleaning},
        kept={"bytes": kept, "html_ratio": html / kept},
        worker_mb=max(workers_mb),
    )
    print(f"\n{MISSES} misses: CPU-ms a page {service:.1f} service, {cleaning:.1f} cleaning worker")
    print(f"kept in Valkey a page of {html:,.0f} bytes of HTML: {kept:,} bytes ({html / kept:.1f} : 1)")
    print(f"cleaning worker: {', '.join(f'{size:.0f} MB' for size in workers_mb)}")


def redis_bytes(fleet: Fleet) -> int:
    assert fleet.redis
    return int(re.findall(rb"used_memory:(\d+)", fleet.redis.command("INFO", "memory"))[0])


@contextmanager
def limited(processes: list[subprocess.Popen[bytes]]) -> Iterator[None]:
    """While the block lasts, CORES for each of the processes, by a control group of its own."""
    base = Path("/sys/fs/cgroup")
    quota_us = int(CORES * PERIOD_US)
    unified = (base / "cgroup.controllers").exists()
    root = base if unified else base / "cpu"
    limits = (
        {"cpu.max": f"{quota_us} {PERIOD_US}"}
        if unified
        else {"cpu.cfs_period_us": str(PERIOD_US), "cpu.cfs_quota_us": str(quota_us)}
    )
    groups = [root / f"winnow-bench-{process.pid}" for process in processes]
    try:
        for process, group in zip(processes, groups, strict=True):
            group.mkdir()
            for name, value in limits.items():
                (group / name).write_text(value)
            (group / "cgroup.procs").write_text(str(process.pid))
        yield
    finally:
        for process, group in zip(processes, groups, strict=True):
            if group.exists():
                (root / "cgroup.procs").write_text(str(process.pid))
                group.rmdir()


def load(fleet: Fleet, script: Path) -> dict[str, float]:
    gateways = [process.pid for process in fleet.gateways]  # a hit is nothing to their cleaning workers
    assert fleet.balancer
    balancer = family(fleet.balancer.pid)
    before = cpu_s(*gateways), cpu_s(*balancer), os.times()
    output = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script), fleet.url],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(f"errors under load:\n{output}")
    requests = int(re.findall(r"(\d+) requests in", output)[0])
    after = os.times()
    generating_s = after.children_user + after.children_system
    generating_s -= before[2].children_user + before[2].children_system
    return {
        "requests/s": float(re.findall(r"Requests/sec:\s+([\d.]+)", output)[0]),
        "gateway CPU-ms": (cpu_s(*gateways) - before[0]) * 1e3 / requests,
        "nginx CPU-ms": (cpu_s(*balancer) - before[1]) * 1e3 / requests,
        "wrk CPU-ms": generating_s * 1e3 / requests,
    }


Spent = list[dict[str, float]]


def compare(fleets: dict[int, Fleet], script: Path) -> tuple[Spent, dict[str, float]]:
    """What one replica and two spend a request, by what spends it; what two do and spend of what one does."""
    rounds: dict[int, list[dict[str, float]]] = {replicas: [] for replicas in fleets}
    for _ in range(ROUNDS):
        for replicas, fleet in fleets.items():
            rounds[replicas].append(load(fleet, script))
    median = {
        replicas: {name: statistics.median(row[name] for row in rows) for name in rows[0]}
        for replicas, rows in rounds.items()
    }
    for replicas, row in median.items():
        print(f"replicas {replicas}   " + "   ".join(f"{name} {value:8.3f}" for name, value in row.items()))
    one, two = median[1], median[2]
    growth = two["gateway CPU-ms"] / one["gateway CPU-ms"]
    print(
        f"two to one: {two['requests/s'] / one['requests/s']:.2f} x the requests a second, "
        f"{growth:.2f} x the gateway's CPU a request"
    )
    return list(median.values()), {"rate": two["requests/s"] / one["requests/s"], "cpu": growth}


def main() -> None:
    missing = missing_packages() + ([] if shutil.which("wrk") else ["wrk"])
    if missing:
        raise SystemExit(
            f"not installed: {' '.join(missing)} (on Debian: apt-get install {' '.join(missing)})"
        )
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=Path, default=ROOT / "fixtures" / "pages")
    pages = parser.parse_args().pages
    slugs = sorted(path.name for path in pages.iterdir() if path.is_dir())[:14]
    port = free_port()
    bodies = [json.dumps({"url": f"http://127.0.0.1:{port}/pages/{slug}"}).encode() for slug in slugs]
    settings = {"WINNOW_ALLOW_TARGETS": f"127.0.0.1/32:{port}"}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        quoted = ", ".join(json.dumps(body.decode()) for body in bodies)
        (folder / "load.lua").write_text(LOAD.format(bodies=f"{{{quoted}}}"))
        site = subprocess.Popen(
            [sys.executable, "-m", "fixtures.site", "--port", str(port), "--pages", str(pages)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        stack.callback(site.wait)
        stack.callback(site.terminate)
        wait_until_ready(f"http://127.0.0.1:{port}", path="/")
        fleets = {n: stack.enter_context(Fleet(replicas=n, settings=settings)) for n in (1, 2)}
        idle_mb = resident_mb(fleets[1].gateways[0].pid)
        count_operations(fleets[2], bodies)
        measure_misses(fleets[1], f"http://127.0.0.1:{port}", pages)
        for body in bodies:
            scrape(fleets[1].url, body)
        print(f"\n{len(bodies)} cached pages, {CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS} s")
        cores = os.cpu_count() or 1
        print(f"\n{cores} cores for replicas, nginx, Valkey and wrk together")
        rows, shared = compare(fleets, folder / "load.lua")
        print(f"\n{CORES} of a core for each replica, the rest for the others")
        with limited([process for fleet in fleets.values() for process in fleet.gateways]):
            more, own = compare(fleets, folder / "load.lua")
            rows += more
        served_mb = resident_mb(fleets[1].gateways[0].pid)
    for name, column in (("hit_cpu_ms", "gateway CPU-ms"), ("nginx_cpu_ms", "nginx CPU-ms")):
        spent = [row[column] for row in rows]
        note(**{name: [min(spent), max(spent)]})
    note(idle_mb=idle_mb, served_mb=served_mb)
    # two replicas to one: all on the machine's cores, and each with CORES of its own
    note(two_to_one={"shared cores": shared, "own share": own})
    print(f"a gateway's main process: {idle_mb:.0f} MB idle, {served_mb:.0f} MB after the load")


if __name__ == "__main__":
    main()

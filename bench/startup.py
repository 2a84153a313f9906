"""What starting costs: importing the SDK, `winnow --help`, a service that is ready, its memory at rest.

    python -m bench.startup

CPU of child processes, medians of five; readiness is wall time from `winnow serve` to the first 200 of
/health/ready. Memory is the proportional set size (PSS) of the service and all its children, before any page
and after one.
"""

import contextlib
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator

from bench.figures import note
from bench.processes import ROOT, family, proportional_mb


def cpu_ms(*command: str) -> float:
    """User and system CPU of one run of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1e3


def answers(url: str, body: bytes | None = None) -> bool:
    request = urllib.request.Request(url, data=body, headers={"content-type": "application/json"})
    with contextlib.suppress(OSError):
        return bool(urllib.request.urlopen(request, timeout=30).status == 200)
    return False


@contextlib.contextmanager
def serving() -> Iterator[tuple[int, str, float]]:
    """A service of its own: its pid, its address, and the seconds until it was ready."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        environ = os.environ | {"WINNOW_PORT": str(port), "WINNOW_CACHE_DIR": folder}
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli.main", "serve"],
            cwd=ROOT,
            env=environ,
            stdout=subprocess.DEVNULL,
        )
        url = f"http://127.0.0.1:{port}"
        try:
            while not answers(f"{url}/health/ready"):
                if process.poll() is not None:
                    raise SystemExit("the service ended at start")
                time.sleep(0.01)
            yield process.pid, url, time.perf_counter() - began
        finally:
            process.terminate()
            process.wait()


def main() -> None:
    imports = [cpu_ms("-c", "from gateway import sdk") - cpu_ms("-c", "pass") for _ in range(5)]
    print(
        f"from gateway import sdk   {statistics.median(imports):7.0f} CPU-ms above a bare interpreter (150)"
    )
    helps = [cpu_ms("-m", "gateway.cli.main", "--help") for _ in range(5)]
    print(f"winnow --help             {statistics.median(helps):7.0f} CPU-ms (300)")
    readies = []
    for _ in range(3):
        with serving() as (pid, url, ready_s):
            readies.append(ready_s)
            time.sleep(3)
            idle = [proportional_mb(member) for member in family(pid)]
            answers(f"{url}/v1/scrape", b'{"html": "<p>Some words to clean and count.</p>"}')
            used = [proportional_mb(member) for member in family(pid)]
    note(sdk_cpu_ms=statistics.median(imports), help_cpu_ms=statistics.median(helps))
    note(ready_s=statistics.median(readies), rest_mb=sum(idle), used_mb=sum(used))
    print(f"ready                     {statistics.median(readies):7.2f} s (2)")
    print(
        f"memory at rest            {sum(idle):7.0f} MB PSS in {len(idle)} processes: {[round(x) for x in idle]} (150)"
    )
    print(
        f"memory after a page       {sum(used):7.0f} MB PSS in {len(used)} processes: {[round(x) for x in used]}"
    )


if __name__ == "__main__":
    main()

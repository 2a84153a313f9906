"""What `winnow clean-warc` costs: pages a second and CPU a page, on the pages of WCXB as one WARC file.

    python -m bench.archives --data DIR              # 500 pages; needs the extra `warc`

CPU is of the command with its workers, start-up left out by a run over one page. On a busy machine CPU holds, pages a
second do not.
"""

import argparse
import gzip
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from bench.figures import note
from bench.processes import ROOT, cpu_s, family, resident_mb
from training.corpus import Sample, page_ids, read_samples


def record(sample: Sample) -> bytes:
    content = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + sample.html
    url = sample.url or "https://a.test/"
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2026-01-02T03:04:05Z\r\n"
        "WARC-Record-ID: <urn:uuid:9c2b4d0e-0000-4000-8000-000000000000>\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + content + b"\r\n\r\n", 1)


def measure(folder: Path, name: str, samples: Iterable[Sample]) -> tuple[float, float, float]:
    """Seconds, CPU seconds, and the most MB that the command's own process held."""
    with (folder / f"{name}.warc.gz").open("wb") as file:
        for sample in samples:
            file.write(record(sample))
    command = [sys.executable, "-m", "gateway.cli.main", "clean-warc", f"{name}.warc.gz", "-o", "rows"]
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)})
    spent: dict[int, float] = {}
    most_mb = 0.0
    while process.poll() is None:
        for pid in family(process.pid):
            try:
                spent[pid] = cpu_s(pid)
                most_mb = max(most_mb, resident_mb(process.pid))
            except OSError:
                pass
        time.sleep(0.05)
    return time.monotonic() - began, sum(spent.values()), most_mb


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the corpus")
    parser.add_argument("--pages", type=int, default=500)
    options = parser.parse_args()
    ids = page_ids(options.data)[: options.pages]
    with tempfile.TemporaryDirectory() as folder:
        one_s, one_cpu_s, _ = measure(Path(folder), "one", read_samples(options.data, ids[:1]))
        all_s, all_cpu_s, most_mb = measure(Path(folder), "all", read_samples(options.data, ids))
        size_kb = (Path(folder) / "rows" / "all.parquet").stat().st_size / 1024
    pages = len(ids) - 1
    cpu_ms = (all_cpu_s - one_cpu_s) / pages * 1e3
    hours = cpu_ms * 1e6 / 3600
    note(pages=pages + 1, cpu_ms=cpu_ms, pages_per_core_s=1000 / cpu_ms, core_hours=hours)
    note(most_mb=most_mb, rows_kb=size_kb / len(ids))
    print(
        f"{cpu_ms:.1f} CPU-ms a page: {1000 / cpu_ms:.0f} pages/s and core, 10⁹ pages {hours:,.0f} core-hours"
    )
    print(
        f"{pages / (all_s - one_s):.1f} pages/s here, {most_mb:.0f} MB, {size_kb / len(ids):.1f} KB of rows a page"
    )


if __name__ == "__main__":
    main()

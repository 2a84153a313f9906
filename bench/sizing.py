"""How many cores and how much memory a fleet needs: arithmetic on what was measured, for docs/scaling.md."""

import math
from typing import Any

# half of all pages from the cache, a peak of three times the average, cores 60 % busy at the peak
CACHED, PEAK, BUSY = 0.5, 3, 0.6
MONTH_S = 30 * 86_400
PAGES = (10**6, 10**7, 10**8, 10**9)
_POWERS = {10**6: "10⁶", 10**7: "10⁷", 10**8: "10⁸", 10**9: "10⁹"}


def to_markdown(results: dict[str, dict[str, Any]]) -> str:
    """The arithmetic for 10⁹ pages a month in words, and its outcome for fewer.

    Args:
        results: figures of `bench.scale` and of `redis-benchmark`, as `bench.tables.read_results` gives them.
    """
    scale, store = results["scale"], results["redis_benchmark"]
    service_ms, cleaning_ms = scale["misses"]["service_cpu_ms"], scale["misses"]["cleaning_cpu_ms"]
    hit_ms, kept = max(scale["hit_cpu_ms"]), scale["kept"]["bytes"]
    miss_commands, hit_commands = scale["commands"]["miss"], scale["commands"]["hit, from Valkey"]
    busy = f"at {BUSY * 100:.0f} % busy"
    page_ms = (1 - CACHED) * (service_ms + cleaning_ms) + CACHED * hit_ms
    commands = (1 - CACHED) * miss_commands + CACHED * hit_commands
    average = 10**9 / MONTH_S
    peak = PEAK * average
    new = (1 - CACHED) * average
    lines = [
        f"- pages a second: a month has 30 × 86,400 = {MONTH_S:,} s; 10⁹ / {MONTH_S:,} = {average:.0f} on average, "
        f"{peak:,.0f} at the peak",
        f"- CPU a page: ½ × ({service_ms:.1f} + {cleaning_ms:.1f}) + ½ × {hit_ms:.2f} = {page_ms:.1f} ms; "
        f"{peak:,.0f} × {page_ms / 1e3:.4f} = {peak * page_ms / 1e3:.1f} cores, {busy} "
        f"{_cores(peak, page_ms):.0f}",
        f"- Valkey: ½ × {miss_commands:.0f} + ½ × {hit_commands:.0f} = {commands:.1f} commands a page: "
        f"{_about(peak * commands)} a second at the peak, "
        f"{peak * commands / store['commands_per_s'] * 100:.0f} % of one core",
        f"- Valkey's memory for an hour of new pages: {new:.0f} a second × 3,600 s × {kept:,} bytes = "
        f"{_bytes(new * 3600 * kept)}",
        "",
        "| pages a month | average / s | peak / s | gateway cores | Valkey commands / s, peak | Valkey memory an "
        "hour | HTML read / s |",
        "|---|---|---|---|---|---|---|",
    ]
    for pages in PAGES:
        average = pages / MONTH_S
        new = (1 - CACHED) * average
        needed = _cores(PEAK * average, page_ms)
        lines.append(
            f"| {_POWERS[pages]} | {_about(average)} | {_about(PEAK * average)} | {math.ceil(needed)} "
            f"({_about(needed)} needed) | {_about(PEAK * average * commands)} | {_bytes(new * 3600 * kept)} | "
            f"{_bytes(new * kept * scale['kept']['html_ratio'])} |"
        )
    return "\n".join(lines)


def _cores(pages_per_s: float, page_ms: float) -> float:
    return pages_per_s * page_ms / 1e3 / BUSY


def _about(value: float) -> str:
    """Three digits at most."""
    rounded = float(f"{value:.{3 if value >= 100 else 2}g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"


def _bytes(value: float) -> str:
    unit, size = ("GB", 1e9) if value >= 1e9 else ("MB", 1e6)
    return f"{float(f'{value / size:.2g}'):g} {unit}"

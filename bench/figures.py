"""What a measurement found, noted for `bench.record`, which keeps it for the documents."""

import json
import os
from pathlib import Path
from typing import Any

# names the file that notes go to
VARIABLE = "BENCH_FIGURES"


def note(**figures: Any) -> None:
    """Add figures to those of this run; without `bench.record` around it nothing happens.

    Args:
        figures: numbers with their unit in the name, texts, pairs of the least and the most, or dicts of these.
    """
    if path := os.environ.get(VARIABLE):
        file = Path(path)
        known = json.loads(file.read_text("utf-8")) if file.exists() else {}
        file.write_text(json.dumps(known | _rounded(figures), ensure_ascii=False), "utf-8")


def _rounded(value: Any) -> Any:
    """Four digits say more than a repetition confirms."""
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value

"""Writes what was learned: half-precision arrays in one file."""

from pathlib import Path

import numpy as np

from gateway.core.classifier.network import Classifier

_WIDE = {"low", "high", "input_weight", "input_bias"}  # half precision does not span features as they are


def write_classifier(path: Path, classifier: Classifier) -> None:
    """Write the arrays `gateway.core.classifier.network.read_classifier` reads."""
    half = np.float16
    arrays: dict[str, np.ndarray] = {
        "expected": classifier.expected,
        "observed": classifier.observed,
    }
    for name, table in (("tokens", classifier.lexicon.tokens), ("words", classifier.lexicon.words)):
        arrays[f"{name}_names"] = np.frombuffer("\n".join(table).encode(), dtype=np.uint8)
        arrays[f"{name}_scores"] = np.array(list(table.values()), dtype=half)
    for field, weights in classifier.network._asdict().items():
        arrays[field] = weights.astype(np.float32 if field in _WIDE else half)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, allow_pickle=False, **arrays)

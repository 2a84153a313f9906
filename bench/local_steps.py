"""What llama.cpp takes for a step, by the number of sequences in it: how far batching can help on this machine.

    python -m bench.local_steps

The starter in several quantisations, one token of each of so many sequences in one pass: milliseconds of CPU a token,
beside those of a prompt's token and of an answer's that is computed alone. No scheduler above can gain more than these
numbers let it; passes that cost more than several small ones are split by ours (`backends/local/passes.py`).
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from backends.local.messages import Open
from backends.local.native import NativeModel
from bench.figures import note
from bench.local_quants import FILE_TYPES, make

FILLED_TOKENS, SEQUENCES, PROMPT_TOKENS = 80, 8, 64


def pass_ms(model: NativeModel, sequences: int, tokens: int) -> float:
    """CPU-milliseconds a token of a pass over so many sequences with so many tokens each."""
    model.clear_batch()
    for sequence in range(sequences):
        model.trim_sequence(sequence, FILLED_TOKENS)
        new = np.arange(1000 + sequence, 1000 + sequence + tokens, dtype=np.int32)
        model.add(sequence, FILLED_TOKENS, new, output=True)
    began = time.process_time()
    assert model.decode() == 0
    return (time.process_time() - began) * 1000 / (sequences * tokens)


def opened(path: Path, threads: int, *, flash_attention: bool) -> NativeModel:
    opening = Open(
        path=str(path), context_tokens=512, parallel=SEQUENCES, gpu_layers=0, threads=threads,
        flash_attention=flash_attention,
    )  # fmt: skip
    model = NativeModel(opening)
    for sequence in range(SEQUENCES):
        model.clear_batch()
        model.add(sequence, 0, np.arange(FILLED_TOKENS, dtype=np.int32) + 300, output=False)
        assert model.decode() == 0
    return model


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quants", nargs="+", choices=FILE_TYPES, default=list(FILE_TYPES))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    shapes = {f"of {count}": (count, 1) for count in range(1, SEQUENCES + 1)} | {"prompt": (1, PROMPT_TOKENS)}
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for quant in options.quants:
            path = make(Path(folder), quant)
            for name, flash_attention in ((quant, False), (f"{quant} FlashAttention", True)):
                model = opened(path, options.threads, flash_attention=flash_attention)
                seen: dict[str, list[float]] = {shape: [] for shape in shapes}
                for _ in range(options.rounds):
                    for shape, (sequences, tokens) in shapes.items():
                        seen[shape].append(pass_ms(model, sequences, tokens))
                found[name] = {shape: statistics.median(costs) for shape, costs in seen.items()}
                print(
                    f"{name:22} " + "  ".join(f"{shape} {cost:.2f}" for shape, cost in found[name].items()),
                    flush=True,
                )
    note(**found)


if __name__ == "__main__":
    main()

"""What a step costs by the number of sequences in it: how far batching can help on this machine.

    python -m bench.local_steps --weights q8_0

llama.cpp alone, no scheduler: a batch of n sequences, one token each, in milliseconds of CPU a token. Where the
second row is not well below the first, this processor's kernels gain little from small batches, and no scheduler
above them can gain more.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from backends.local.messages import Open
from backends.local.native import NativeModel
from fixtures.make_gguf import SHAPES, write_model

FILLED_TOKENS, REPEAT, SEQUENCES = 64, 8, 16


def step_ms(model: NativeModel, sequences: int, tokens: int) -> float:
    """CPU-milliseconds a token of a batch of so many sequences with so many tokens each."""
    spent = []
    for _ in range(REPEAT):
        model.clear_batch()
        for sequence in range(sequences):
            model.trim_sequence(sequence, FILLED_TOKENS)
            new = np.arange(1000 + sequence, 1000 + sequence + tokens, dtype=np.int32)
            model.add(sequence, FILLED_TOKENS, new, output=True)
        began = time.process_time()
        assert model.decode() == 0
        spent.append((time.process_time() - began) * 1000 / (sequences * tokens))
    return statistics.median(spent)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", nargs="+", default=["f16", "q8_0"])
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for weights in options.weights:
            path = write_model(Path(folder) / f"{weights}.gguf", shape=SHAPES["100m"], weights=weights)
            opening = Open(
                path=str(path), context_tokens=1024, parallel=SEQUENCES, gpu_layers=0, threads=options.threads
            )
            model = NativeModel(opening)
            for sequence in range(SEQUENCES):
                model.clear_batch()
                model.add(sequence, 0, np.arange(FILLED_TOKENS, dtype=np.int32) + 300, output=False)
                assert model.decode() == 0
            print(f"100 M {weights}, {options.threads} thread(s): CPU-ms a token")
            for sequences in (1, 2, 4, 8, 16):
                print(f"  {sequences:2} decoding      {step_ms(model, sequences, 1):6.2f}")
            for tokens in (16, 64, 256):
                print(f"  {tokens:3} of a prompt  {step_ms(model, 1, tokens):6.2f}")


if __name__ == "__main__":
    main()

"""The starter model in other quantisations: CPU time of a prompt and of an answer, in turns, one thread.

The files are made from the starter's own (Q4_1): their speed says something about the quantisations, their answers
nothing.

    python -m bench.local_quants
"""

import argparse
import ctypes
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from backends.local.messages import Open
from backends.local.native import NativeModel
from backends.local.source import locate
from backends.local.vocabulary import lib, start_library
from bench.figures import note

# llama.cpp's enum llama_ftype
FILE_TYPES = {"Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "F16": 1}


def make(folder: Path, quant: str) -> Path:
    """The starter, written as this quantisation."""
    path = folder / f"starter-{quant}.gguf"
    start_library()
    params = lib.llama_model_quantize_default_params()
    params.ftype, params.allow_requantize, params.nthread = FILE_TYPES[quant], True, 1
    if lib.llama_model_quantize(locate("starter").encode(), str(path).encode(), ctypes.byref(params)):
        raise RuntimeError(f"llama.cpp could not write {path}")
    return path


def run(model: NativeModel, *, prompt_tokens: int, answer_tokens: int) -> tuple[float, float]:
    """Tokens a CPU-second of a prompt, and of an answer after it."""
    model.clear_memory()
    tokens = np.random.default_rng(1).integers(1000, 30_000, prompt_tokens, dtype=np.int32)
    began = time.thread_time()
    for start in range(0, prompt_tokens, model.plan.batch_tokens):
        piece = tokens[start : start + model.plan.batch_tokens]
        compute(model, piece, start)
    prompt_s = time.thread_time() - began
    began = time.thread_time()
    for step in range(answer_tokens):
        compute(model, tokens[step : step + 1], prompt_tokens + step)
    return prompt_tokens / prompt_s, answer_tokens / (time.thread_time() - began)


def compute(model: NativeModel, tokens: "np.ndarray[tuple[int], np.dtype[np.int32]]", start: int) -> None:
    model.clear_batch()
    model.add(0, start, tokens, output=True)
    if code := model.decode():
        raise RuntimeError(f"llama_decode answered {code}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--answer", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        models, sizes = {}, {}
        for quant in FILE_TYPES:
            path = make(Path(folder), quant)
            sizes[quant] = path.stat().st_size
            models[quant] = NativeModel(
                Open(path=str(path), context_tokens=1024, parallel=1, gpu_layers=0, threads=1)
            )
        seen: dict[str, list[tuple[float, float]]] = {quant: [] for quant in models}
        for _ in range(arguments.rounds):
            for quant, model in models.items():
                seen[quant].append(run(model, prompt_tokens=arguments.prompt, answer_tokens=arguments.answer))
    found = {}
    print("| | MB | prompt tokens a CPU-second | answer tokens a CPU-second |\n|---|---|---|---|")
    for quant, rates in seen.items():
        prompt, answer = (statistics.median(each) for each in zip(*rates, strict=True))
        found[quant] = {
            "mb": sizes[quant] / 1e6,
            "prompt_tokens_per_s": prompt,
            "answer_tokens_per_s": answer,
        }
        print(f"| {quant} | {sizes[quant] / 1e6:.0f} | {prompt:.0f} | {answer:.0f} |")
    note(**found)


if __name__ == "__main__":
    main()

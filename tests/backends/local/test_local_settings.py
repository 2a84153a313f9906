"""How a model is laid out: the CPU and the GPU path, from values alone."""

import subprocess
import sys

import pytest

from backends.local import LocalBackend, build
from backends.local.histogram import Histogram
from backends.local.messages import MAX_FRAME_BYTES, Embed, Open, decode_to_model, encode_frame, frame_length
from backends.local.settings import FLASH_AUTO, FLASH_OFF, FLASH_ON, ContextPlan, plan_context
from backends.specs import BackendSpec, ConfigurationError


def plan(
    *,
    context: int | None = None,
    trained: int = 32768,
    gpu: bool = False,
    embeds: bool = False,
    parallel: int = 4,
    flash_attention: bool | None = None,
) -> ContextPlan:
    opening = Open(
        path="x",
        context_tokens=context,
        parallel=parallel,
        gpu_layers=None,
        threads=3,
        flash_attention=flash_attention,
    )
    return plan_context(opening, trained_tokens=trained, on_gpu=gpu, embeds=embeds)


def test_cpu_gives_every_request_its_own_cells() -> None:
    made = plan()
    assert (made.unified_kv, made.flash_attention) == (False, FLASH_OFF)
    assert (made.sequences, made.context_tokens, made.cells) == (4, 8192, 4 * 8192)


@pytest.mark.parametrize("gpu", [False, True])
def test_flash_attention_is_what_was_asked(gpu: bool) -> None:
    for asked, given in ((True, FLASH_ON), (False, FLASH_OFF)):
        assert plan(gpu=gpu, flash_attention=asked).flash_attention == given


def test_gpu_shares_cells_and_keeps_more_prefixes() -> None:
    made = plan(gpu=True)
    assert (made.unified_kv, made.flash_attention) == (True, FLASH_AUTO)
    assert (made.sequences, made.parallel, made.cells) == (8, 4, 4 * 8192)


@pytest.mark.parametrize(
    ("asked", "trained", "given"),
    [
        pytest.param(None, 32768, 8192, id="default"),
        pytest.param(None, 4096, 4096, id="small-model"),
        pytest.param(16384, 32768, 16384, id="asked"),
        pytest.param(1000, 32768, 1024, id="rounded-up"),
        pytest.param(300, 400, 400, id="never-beyond-the-model"),
    ],
)
def test_context_is_what_was_asked_up_to_the_models(asked: int | None, trained: int, given: int) -> None:
    assert plan(context=asked, trained=trained).context_tokens == given


def test_context_beyond_the_model_is_noted() -> None:
    made = plan(context=100_000, trained=4096)
    assert made.context_tokens == 4096
    assert "100000" in made.notes[0] and "4096" in made.notes[0]


def test_embedding_model_takes_a_text_in_one_batch() -> None:
    assert plan(embeds=True, trained=2048, gpu=True).batch_tokens == 2048
    assert plan(embeds=True).unified_kv and plan(embeds=True).sequences == 4


def test_backend_is_built_from_a_specification() -> None:
    options = {"context_tokens": None, "parallel": 2, "gpu_layers": 0, "threads": 1, "flash_attention": True}
    made = build(BackendSpec(name="mine", kind="local", path="x.gguf", options=options))
    assert isinstance(made, LocalBackend) and made.name == "mine"
    with pytest.raises(ConfigurationError, match="`path`"):
        build(BackendSpec(name="mine", kind="local"))


def test_importing_the_backend_loads_no_native_code() -> None:
    code = "import sys, backends.local; print({'llama_cpp', 'jinja2', 'jsonschema'} & sys.modules.keys())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_frames_carry_messages_both_ways() -> None:
    frame = encode_frame(Embed(7, ["漢"]))
    assert frame_length(frame[:4]) == len(frame) - 4
    assert decode_to_model(frame[4:]) == Embed(7, ["漢"])


def test_frame_above_the_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="above the limit"):
        encode_frame(Embed(1, ["x" * (MAX_FRAME_BYTES + 1)]))
    with pytest.raises(ValueError, match="above the limit"):
        frame_length(b"hell")


def test_histogram_counts_cumulatively() -> None:
    histogram = Histogram((0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 3.0):
        histogram.observe(value)
    assert histogram.snapshot() == {"buckets": [[0.1, 2], [1.0, 3]], "sum": pytest.approx(3.65), "count": 4}

"""Files that cannot be served, and a model's process that dies, hangs or is left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from msgspec import structs

from backends.base import (
    CompletionRequest,
    ContextExceeded,
    UpstreamInterrupted,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from backends.local import LocalBackend, probe
from backends.local.child import worker_command
from backends.local.memory import available_bytes, kv_bytes
from backends.local.messages import (
    LENGTH_BYTES,
    Finished,
    FromModel,
    Generate,
    Open,
    Refused,
    decode_from_model,
    frame_length,
)
from backends.local.native import NativeModel, _check_memory
from backends.local.passes import Passes
from backends.local.worker import Worker
from fixtures.make_gguf import BYTES_ALONE, SHAPES, write_model
from tests.backends.local.local_model import ask, opened, until

pytestmark = pytest.mark.anyio


def cut(source: Path, target: Path) -> Path:
    data = source.read_bytes()
    target.write_bytes(data[: len(data) * 2 // 3])
    return target


FILES: dict[str, tuple[Callable[[Path, Path], Path], str]] = {
    "missing": (lambda tiny, folder: folder / "nowhere.gguf", "cannot be read: No such file"),
    "a-folder": (lambda tiny, folder: folder, "cannot be read"),
    "not-gguf": (lambda tiny, folder: written(folder / "page.gguf", b"<html></html>"), "is not a GGUF file"),
    "empty": (lambda tiny, folder: written(folder / "empty.gguf", b""), "is not a GGUF file"),
    "only-a-header": (lambda tiny, folder: written(folder / "head.gguf", b"GGUF"), "fetch the file again"),
    "truncated": (lambda tiny, folder: cut(tiny, folder / "cut.gguf"), "not within the file bounds"),
    "unknown-architecture": (
        lambda tiny, folder: write_model(folder / "alien.gguf", architecture="alien"),
        "unknown model architecture: 'alien'",
    ),
}


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(("make", "says"), FILES.values(), ids=FILES)
async def test_file_that_is_no_model_is_named(
    make: Callable[[Path, Path], Path], says: str, tiny: str, tmp_path: Path
) -> None:
    async with opened(str(make(Path(tiny), tmp_path))) as backend:
        with pytest.raises(UpstreamUnavailable, match=says) as fault:
            await ask(backend)
        assert fault.value.retry_after_s
        assert says in str(await backend.health())


async def test_model_file_that_appears_later_is_served(tiny: str, tmp_path: Path) -> None:
    path = tmp_path / "late.gguf"
    async with opened(str(path)) as backend:
        with pytest.raises(UpstreamUnavailable):
            await ask(backend)
        os.link(tiny, path)
        await until(lambda: backend.stats()["up"])
        assert (await ask(backend)).usage.output_tokens == 24


def limited(command: list[str], kilobytes: int) -> list[str]:
    return ["/bin/sh", "-c", f'ulimit -v {kilobytes}; exec "$@"', "sh", *command]


async def test_too_little_memory_is_a_fault_with_a_remedy(model_folder: Path) -> None:
    from fixtures.make_gguf import Shape

    shape = Shape(embedding=64, blocks=16, heads=4, feed_forward=128, context=131072)
    model = str(write_model(model_folder / "long.gguf", shape=shape))  # 0.5 GiB of KV cache a sequence
    command = limited(worker_command(), 2_500_000)
    async with opened(model, context_tokens=131072, parallel=16, command=command) as backend:
        with pytest.raises(UpstreamUnavailable, match="LOCAL_CONTEXT_TOKENS"):
            await ask(backend)


def test_memory_is_checked_before_it_is_taken() -> None:
    from backends.local.vocabulary import LoadError

    free = available_bytes()
    assert free and free > 0
    with pytest.raises(LoadError, match=r"not enough memory: .* take .* GiB, .* available"):
        _check_memory("its weights take", 2**50)


async def test_model_whose_cache_does_not_fit_is_refused_before_it_is_loaded(model_folder: Path) -> None:
    from fixtures.make_gguf import Shape

    shape = Shape(embedding=64, blocks=16, heads=4, feed_forward=128, context=2**22)
    model = str(write_model(model_folder / "endless.gguf", shape=shape))
    async with opened(model, context_tokens=2**22, parallel=128) as backend:
        with pytest.raises(
            UpstreamUnavailable, match=r"not enough memory: its weights take .*, the KV cache of 128"
        ) as no:
            await ask(backend)
    assert "2048.0 GiB" in str(no.value)


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"block_count": "30", "attention.head_count": "9", "attention.head_count_kv": "3", "embedding_length": "576"},
         30 * 3 * 128 * 2 * 100),
        ({"block_count": "2", "attention.head_count": "4", "embedding_length": "64", "attention.key_length": "32",
          "attention.value_length": "16"}, 2 * 4 * 48 * 2 * 100),
        ({"block_count": "3", "attention.head_count": "8", "attention.head_count_kv": "[8, 4, 0]",
          "embedding_length": "512"}, 12 * 128 * 2 * 100),
        ({"block_count": "3"}, None),
    ],
)  # fmt: skip
def test_cache_is_told_by_the_metadata(metadata: dict[str, str], expected: int | None) -> None:
    assert kv_bytes(metadata.get, 100) == expected


def test_container_limit_counts(tmp_path: Path) -> None:
    for name, text in (
        ("memory.max", "1000000"),
        ("memory.current", "700000"),
        ("memory.stat", "anon 1\ninactive_file 200000\n"),
    ):
        (tmp_path / name).write_text(text)
    assert available_bytes(cgroup=tmp_path) == 500_000
    assert available_bytes(tmp_path / "nothing", tmp_path / "nothing") is None


async def test_model_without_a_template_answers_as_a_transcript(tmp_path: Path) -> None:
    model = str(write_model(tmp_path / "base.gguf", chat_template=None))
    async with opened(model) as backend:
        facts = await backend.start()
        answer = await ask(backend, max_output_tokens=5)
    assert "no chat template" in facts.notes[0]
    assert answer.usage.output_tokens == 5


async def test_killed_process_interrupts_what_was_streaming(tiny: str) -> None:
    async with opened(tiny, parallel=1) as backend:
        began = time.monotonic()
        await backend.start()
        took_s = time.monotonic() - began
        stream = backend.stream(_long())
        await anext(stream)
        waiting = asyncio.create_task(ask(backend))
        await until(lambda: backend.stats()["queued"] == 1)
        assert backend.pid
        os.kill(backend.pid, signal.SIGKILL)
        with pytest.raises(UpstreamInterrupted, match="SIGKILL"):
            while True:
                await anext(stream)
        with pytest.raises(UpstreamUnavailable, match="SIGKILL") as unserved:
            await waiting
        # a pause, and about as long as the first start
        assert unserved.value.retry_after_s and unserved.value.retry_after_s > took_s / 2
        assert "SIGKILL" in str(await backend.health())
        with pytest.raises(UpstreamUnavailable) as refusal:
            await ask(backend)
        assert refusal.value.retry_after_s
        await until(lambda: backend.stats()["up"])
        assert (await ask(backend)).usage.output_tokens == 24
        stats = backend.stats()
    assert stats["restarts"] == 1 and stats["up"] == 1
    assert stats["generated_tokens"] > 24  # the first process's tokens still count


CRASH_WITH_EXTRA_BUFFERS = """
import io, json, os, signal, sys
sys.path[:] = json.loads(sys.argv[1])
from backends.local.messages import encode_frame, frame_length, decode_to_model
prefix = sys.stdin.buffer.read(4)
opening = decode_to_model(sys.stdin.buffer.read(frame_length(prefix)))
if opening.extra_buffers:
    os.kill(os.getpid(), signal.SIGSEGV)
from backends.local import worker
read, first = worker.read_message, [opening]
worker.read_message = lambda source: first.pop() if first else read(source)
worker.main()
"""


async def test_crash_of_the_probe_turns_repacked_weights_off(tiny: str) -> None:
    command = [sys.executable, "-c", CRASH_WITH_EXTRA_BUFFERS, *worker_command()[3:]]
    async with opened(tiny, command=command) as backend:
        facts = await backend.start()
        assert not facts.extra_buffers
        assert (await ask(backend)).usage.output_tokens == 24
        assert backend.stats()["restarts"] == 0


async def test_process_that_falls_silent_is_replaced(tiny: str) -> None:
    async with opened(tiny, silence_s=0.4) as backend:
        await backend.start()
        assert backend.pid
        os.kill(backend.pid, signal.SIGSTOP)
        with pytest.raises(UpstreamUnavailable, match="did not answer"):
            await ask(backend)
        await until(lambda: backend.stats()["up"])
        assert (await ask(backend)).usage.output_tokens == 24


async def test_process_that_writes_rubbish_is_a_fault(tiny: str) -> None:
    async with opened(tiny, command=[sys.executable, "-c", "print('hello')"]) as backend:
        with pytest.raises(UpstreamUnavailable, match="no message"):
            await ask(backend)


async def test_command_that_does_not_exist_is_a_fault(tiny: str) -> None:
    async with opened(tiny, command=["/nonexistent/python"]) as backend:
        with pytest.raises(UpstreamUnavailable, match="could not be started"):
            await ask(backend)


async def test_late_answer_is_a_timeout_and_frees_its_place(tiny: str) -> None:
    async with opened(tiny, parallel=1) as backend:
        await backend.start()
        first = backend.stream(_long())
        await anext(first)
        with pytest.raises(UpstreamTimeout):
            await ask(backend, timeout_s=0.2)
        await first.aclose()
        with pytest.raises(UpstreamInterrupted, match="time is over"):
            async for _ in backend.stream(_long(timeout_s=0.3)):
                pass
        assert (await ask(backend)).usage.output_tokens == 24


async def test_closing_ends_the_process_in_the_middle_of_work(tiny: str) -> None:
    backend = LocalBackend(path=tiny)
    stream = backend.stream(_long())
    await anext(stream)
    pid = backend.pid
    assert pid
    await backend.aclose()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(UpstreamInterrupted):
        while True:
            await anext(stream)
    with pytest.raises(UpstreamUnavailable, match="shut down"):
        await ask(backend)


PARENT = """
import asyncio, sys
from backends.base import CompletionRequest
from backends.local import LocalBackend
async def main():
    backend = LocalBackend(path=sys.argv[1])
    messages = [{"role": "user", "content": "x"}]
    request = CompletionRequest(model="local", messages=messages, max_output_tokens=3000)
    stream = backend.stream(request)
    await anext(stream)
    print(backend.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_process_ends_when_the_gateway_is_killed(tiny: str) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    gateway = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, tiny, stdout=subprocess.PIPE, env=environment
    )
    assert gateway.stdout
    pid = int(await gateway.stdout.readline())
    gateway.kill()
    await gateway.wait()
    await until(lambda: not _runs(pid))


async def test_child_is_given_no_secrets(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2")
    monkeypatch.setenv("WINNOW_API_KEYS", "hunter2")
    async with opened(tiny) as backend:
        await backend.start()
        environment = _environment(backend.pid)
    assert b"hunter2" not in environment
    assert b"OMP_WAIT_POLICY=passive" in environment


@pytest.mark.parametrize(
    ("pre_tokenizer", "character"),
    [
        pytest.param("gpt-4o", " ", id="spaces"),
        pytest.param("deepseek-llm", "字", id="ideographs"),
        pytest.param("viking", "a", id="letters"),
    ],
)
async def test_long_run_of_one_character_does_not_end_the_process(
    tmp_path: Path, pre_tokenizer: str, character: str
) -> None:
    """Of vocabularies whose words llama.cpp finds by std::regex, which takes stack for every character."""
    # a text is tokenized where it may fit by its length
    shape = structs.replace(SHAPES["tiny"], context=2**16)
    path = write_model(tmp_path / "model.gguf", shape=shape, pre_tokenizer=pre_tokenizer, merges=BYTES_ALONE)
    text = character * (200_000 // len(character.encode()))
    async with opened(str(path), context_tokens=2**16, parallel=1) as backend:
        await backend.start()
        pid = backend.pid
        with pytest.raises(ContextExceeded) as refusal:
            await ask(backend, text)
        # those of the template too: "user", "assistant" and line breaks, a token a letter
        assert refusal.value.prompt_tokens == len(text.encode()) + 19
        assert backend.pid == pid and not backend.stats()["restarts"]


def test_request_that_makes_a_library_panic_is_refused_and_the_next_one_served(tiny: str) -> None:
    class Panic(BaseException):
        pass

    class Panicking(NativeModel):
        def tokenize(self, text: str, *, special: bool, first: bool = False) -> list[int]:
            if text == "panic":
                raise Panic
            return super().tokenize(text, special=special, first=first)

    output = BytesIO()
    opening = Open(path=tiny, context_tokens=512, parallel=1, gpu_layers=0, threads=1, flash_attention=False)
    worker = Worker(Panicking(opening), output, 0.0, Passes())
    for number, text in ((1, "panic"), (2, "well")):
        worker.receive(nothing_more(number, text))
    for _ in range(1000):
        if len(told := frames(output.getvalue())) == 2:
            break
        time.sleep(0.01)
    worker.stop()
    refused, finished = told
    assert isinstance(refused, Refused) and (refused.id, refused.kind) == (1, "unavailable")
    assert isinstance(finished, Finished) and finished.id == 2


def nothing_more(number: int, prompt: str) -> Generate:
    """Tokenize a prompt, and say nothing."""
    return Generate(
        id=number, messages=[{"role": "user", "content": prompt}], prompt=prompt, parameters={}, tenant="",
        max_output_tokens=0, temperature=0, seed=None, stop=[], json_schema=None,
    )  # fmt: skip


def frames(data: bytes) -> list[FromModel]:
    found = []
    while data:
        end = LENGTH_BYTES + frame_length(data[:LENGTH_BYTES])
        found.append(decode_from_model(data[LENGTH_BYTES:end]))
        data = data[end:]
    return found


async def test_probe_reports_build_device_and_two_tokens(tiny: str) -> None:
    findings = await probe(path=tiny, parallel=2)
    assert {finding.level for finding in findings} == {"ok"}
    text = "\n".join(finding.text for finding in findings)
    for part in ("llama-cpp-python 0.", "CPU", "2 requests at once, 4096 tokens each", "+ 2 tokens in"):
        assert part in text


async def test_probe_names_a_fault(tmp_path: Path) -> None:
    findings = await probe(path=str(tmp_path / "none.gguf"))
    assert findings[-1].level == "error" and "No such file" in findings[-1].text
    assert (await probe(path=None))[-1].level == "ok"


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _environment(pid: int | None) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def _long(timeout_s: float = 600) -> CompletionRequest:
    return CompletionRequest(
        model="local",
        messages=[{"role": "user", "content": "go on"}],
        max_output_tokens=3000,
        temperature=1.0,
        timeout_s=timeout_s,
    )

"""No process that reads strangers' bytes knows a secret of the service's: not in its environment, nor anywhere."""

import contextlib
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from gateway.environment import child_environment
from tests.leaks import descendants
from tests.requirements import require_packages

require_packages(["llama_cpp"], extra="local")
require_packages(["gguf"], group="dev")

from fixtures.make_gguf import write_model  # noqa: E402 -- it needs gguf

KEYS_OF_THE_GATEWAY = (
    "WINNOW_API_KEYS",
    "WINNOW_REMOTE_API_KEY",
    "WINNOW_ANTHROPIC_API_KEY",
    "WINNOW_API_KEY",
)
SECRETS = (
    *KEYS_OF_THE_GATEWAY,
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_CLIENT_SECRET",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "HF_TOKEN",
    "GITHUB_TOKEN",
    "SSH_AUTH_SOCK",
    "DATABASE_URL",
    "REDIS_URL",
    "PGPASSWORD",
    "MYSQL_PWD",
    "HTTP_PROXY",
    "https_proxy",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "SENTRY_DSN",
    "SMTP_PASS",
    "LLAMA_ARG_API_KEY",
    "whatever_it_is_called",
)


@pytest.mark.parametrize("computes", [False, True])
@pytest.mark.parametrize("name", [*SECRETS, "PYTHONPATH", "LD_PRELOAD", "PATH_OF_MY_KEY", "XOMP_WAIT_POLICY"])
def test_environment_passes_nothing_on_that_is_not_on_the_list(name: str, computes: bool) -> None:
    assert child_environment({name: "s3cret"}, computes=computes) == {}


def test_environment_tells_where_things_are() -> None:
    ours = {"PATH": "/bin", "HOME": "/root", "LC_ALL": "C.UTF-8", "TZ": "UTC", "TMPDIR": "/tmp"}
    assert child_environment(ours) == ours


@pytest.mark.parametrize(
    "name", ["CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "GGML_CUDA_FORCE_MMQ"]
)
def test_environment_tells_only_who_computes_of_the_hardware(name: str) -> None:
    assert child_environment({name: "1"}, computes=True) == {name: "1"}
    assert child_environment({name: "1"}) == {}


def test_environment_adds_what_the_process_needs_over_what_is_ours() -> None:
    assert child_environment({"TZ": "CET", "A": "1"}, TZ="UTC", B="2") == {"TZ": "UTC", "B": "2"}


@contextlib.contextmanager
def service_with(environ: dict[str, str]) -> Iterator[tuple[int, str]]:
    """`winnow serve` in a process of its own; yields its number and address."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WINNOW_")}
    command = [sys.executable, "-m", "gateway.cli.main", "serve"]
    process = subprocess.Popen(
        command, env=kept | environ | {"WINNOW_PORT": "0"}, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        greeting = process.stdout.readline()
        address = re.search(r"http://\S+:\d+", greeting)
        assert address, "the service ended at start"
        yield process.pid, address[0]
    finally:
        process.terminate()
        process.communicate(timeout=60)


def knows(pid: int, secret: bytes) -> bool:
    """Whether the bytes are anywhere in a process's own memory: `os.environ`, a copy of it, or the argument list."""
    with Path(f"/proc/{pid}/mem").open("rb") as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights, *_ = line.split()
            if not rights.startswith("rw"):
                continue
            first, end = (int(place, 16) for place in span.split("-"))
            memory.seek(first)
            with contextlib.suppress(OSError):  # a page of a device
                if secret in memory.read(end - first):
                    return True
    return False


def test_no_process_of_the_service_knows_a_secret_of_it(tmp_path: Path) -> None:
    planted = secrets.token_hex(16)
    environ = {name: f"http://user:{planted}@127.0.0.1:9/" for name in SECRETS}
    environ |= {name: planted for name in KEYS_OF_THE_GATEWAY} | {"WINNOW_API_KEYS": f"me:{planted}"}
    environ |= {
        "WINNOW_CACHE_DIR": str(tmp_path / "cache"),
        "WINNOW_CLEAN_WORKERS": "1",
        "WINNOW_LOCAL_MODEL": str(write_model(tmp_path / "tiny.gguf")),
        "NO_PROXY": "*",
    }
    with (
        service_with(environ) as (pid, url),
        httpx2.Client(
            base_url=url, headers={"authorization": f"Bearer {planted}"}, trust_env=False, timeout=60
        ) as client,
    ):
        assert client.post("/v1/scrape", json={"html": "<p>Hello"}).status_code == 200
        chat = {"model": "local", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2}
        for _ in range(300):
            if (answer := client.post("/v1/chat/completions", json=chat)).status_code != 503:
                break
            time.sleep(0.1)
        assert answer.status_code == 200, answer.text
        assert knows(pid, planted.encode()), "this way of looking finds nothing"
        commands = {child: Path(f"/proc/{child}/cmdline").read_bytes() for child in descendants(pid)}
        assert (
            sum(b"gateway.workers.fork_server" in command for command in commands.values()) >= 2
        )  # and a worker of it
        assert sum(b"backends.local.worker" in command for command in commands.values()) == 1
        for child, command in commands.items():
            environment = Path(f"/proc/{child}/environ").read_bytes()
            assert planted.encode() not in command + environment, command
            assert not [name for name in SECRETS if name.encode() + b"=" in environment], command
            assert not knows(child, planted.encode()), command

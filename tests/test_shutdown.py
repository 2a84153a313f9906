"""What a signal does to a running service: refuse, finish, end, leave, with nothing left behind."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from fixtures.site import Site


@contextlib.contextmanager
def serving(tmp_path: Path, site: Site, **environ: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WINNOW_")}
    settings = {
        "WINNOW_PORT": str(port),
        "WINNOW_CACHE_DIR": str(tmp_path / "cache"),
        "WINNOW_CLEAN_WORKERS": "1",
        "WINNOW_ALLOW_TARGETS": site.target,
    }
    command = [sys.executable, "-m", "gateway.cli", "serve"]
    process = subprocess.Popen(
        command, env=clean | settings | environ, stdout=subprocess.DEVNULL, start_new_session=True
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            with contextlib.suppress(httpx2.TransportError):
                httpx2.get(f"{url}/health/live")
                break
            assert process.poll() is None, "the service ended at start"
            time.sleep(0.1)
        yield process, url
    finally:
        process.kill()
        process.wait()


def left_behind(process: subprocess.Popen[bytes]) -> list[int]:
    """Processes of the service's session that are still there."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == process.pid and fields[0] != "Z":
                    found.append(int(entry.name))
    return found


def nothing_is_left(process: subprocess.Popen[bytes]) -> bool:
    """Within five seconds."""
    for _ in range(50):
        if not left_behind(process):
            return True
        time.sleep(0.1)
    return False


def in_background(base: str, **body: object) -> tuple[threading.Thread, list[httpx2.Response]]:
    answers: list[httpx2.Response] = []
    thread = threading.Thread(
        target=lambda: answers.append(httpx2.post(f"{base}/v1/scrape", json=body, timeout=30))
    )
    thread.start()
    return thread, answers


def test_signal_lets_work_finish_and_refuses_new(tmp_path: Path, site: Site) -> None:
    with serving(tmp_path, site) as (process, url):
        thread, answers = in_background(url, url=f"{site.url}/slow/1500/pages/listing-go-blog")
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        ready = httpx2.get(f"{url}/health/ready")
        assert (ready.status_code, ready.json()["draining"]) == (503, True)
        refused = httpx2.post(f"{url}/v1/scrape", json={"html": "<p>x</p>"})
        assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
        thread.join(20)
        assert answers[0].status_code == 200
        process.wait(10)
        assert nothing_is_left(process)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_second_signal_ends_at_once(tmp_path: Path, site: Site, workers: str) -> None:
    with serving(tmp_path, site, WINNOW_WORKERS=workers) as (process, url):
        with contextlib.suppress(httpx2.TransportError):
            httpx2.post(f"{url}/v1/scrape", json={"url": f"{site.url}/slow/20000/missing"}, timeout=0.5)
        thread = threading.Thread(target=lambda: _ignore(url, site))
        thread.start()
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        time.sleep(1)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        process.wait(3)
        thread.join(10)
        assert nothing_is_left(process)


def test_signal_to_every_process_of_several_lets_work_finish(tmp_path: Path, site: Site) -> None:
    """As a terminal's Ctrl-C and systemd's stop do it."""
    with serving(tmp_path, site, WINNOW_WORKERS="2") as (process, url):
        thread, answers = in_background(url, url=f"{site.url}/slow/2500/pages/listing-go-blog")
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        thread.join(20)
        assert answers[0].status_code == 200
        process.wait(10)
        assert nothing_is_left(process)


def test_processes_leave_when_their_supervisor_is_killed(tmp_path: Path, site: Site) -> None:
    with serving(tmp_path, site, WINNOW_WORKERS="2") as (process, url):
        assert httpx2.post(f"{url}/v1/scrape", json={"html": "<p>x</p>"}, timeout=30).status_code == 200
        process.kill()
        process.wait()
        assert nothing_is_left(process)


def _ignore(url: str, site: Site) -> None:
    with contextlib.suppress(httpx2.TransportError):
        httpx2.post(f"{url}/v1/scrape", json={"url": f"{site.url}/slow/20000/missing"}, timeout=30)


def test_stream_that_outlasts_the_drain_ends_with_an_error(tmp_path: Path, site: Site) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps([{"deltas": ["word "] * 500, "gap_s": 0.1}]))
    config = tmp_path / "winnow.toml"
    config.write_text(f'[[backends]]\nname = "slow"\nkind = "scripted"\npath = "{script}"\n')
    with serving(tmp_path, site, WINNOW_CONFIG=str(config), WINNOW_DRAIN_S="2") as (process, url):
        request = {"model": "scripted", "messages": [{"role": "user", "content": "go"}], "stream": True}
        with httpx2.stream("POST", f"{url}/v1/chat/completions", json=request, timeout=30) as response:
            lines = response.iter_lines()
            assert next(lines).startswith("data: ")
            process.send_signal(signal.SIGTERM)
            events = [line for line in lines if line.startswith("data: ")]
        assert "error" in json.loads(events[-1].removeprefix("data: "))
        process.wait(5)


def test_client_that_does_not_read_does_not_prolong_the_drain(tmp_path: Path, site: Site) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps([{"deltas": ["word " * 20_000] * 2000, "gap_s": 0.01}]))
    config = tmp_path / "winnow.toml"
    config.write_text(f'[[backends]]\nname = "wordy"\nkind = "scripted"\npath = "{script}"\n')
    body = json.dumps({"messages": [{"role": "user", "content": "go"}], "stream": True}).encode()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n"
    with serving(tmp_path, site, WINNOW_CONFIG=str(config), WINNOW_DRAIN_S="6") as (process, url):
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as connection:
            connection.sendall(head % len(body) + body)
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
            process.send_signal(signal.SIGTERM)
            process.wait(6)
        assert nothing_is_left(process)


def test_pages_that_outlast_the_drain_end_with_an_error(tmp_path: Path, site: Site) -> None:
    page, slow = f"{site.url}/pages/listing-go-blog", f"{site.url}/slow/20000/missing"
    config = tmp_path / "winnow.toml"
    config.write_text('[[backends]]\nname = "any"\nkind = "scripted"\n')
    with serving(tmp_path, site, WINNOW_CONFIG=str(config), WINNOW_DRAIN_S="3") as (process, url):
        thread, answers = in_background(url, url=slow)
        request = {"urls": [page, slow], "prompt": "What is new?", "stream": True}
        with httpx2.stream("POST", f"{url}/v1/extract", json=request, timeout=30) as response:
            lines = response.iter_lines()
            assert next(lines) == "event: source"
            process.send_signal(signal.SIGTERM)
            names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
        assert names[-1] == "error"
        thread.join(10)
        assert (answers[0].status_code, answers[0].json()["code"]) == (503, "overloaded")
        process.wait(10)
        assert nothing_is_left(process)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_idle_service_leaves_at_once(tmp_path: Path, site: Site, number: signal.Signals) -> None:
    with serving(tmp_path, site) as (process, _):
        process.send_signal(number)
        process.wait(5)

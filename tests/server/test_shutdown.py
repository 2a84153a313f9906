"""What a signal does to a running service: refuse, finish, end, leave, with nothing left behind."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from fixtures.service import Service, running_service
from fixtures.site import Site
from tests.leaks import wait_until

PATIENCE_S = 60  # for what happens at once, on a busy machine
PAGE = "pages/listing-go-blog"


@contextlib.contextmanager
def serving(tmp_path: Path, site: Site, **environ: str) -> Iterator[Service]:
    settings = {"WINNOW_CLEAN_WORKERS": "1", "WINNOW_ALLOW_TARGETS": site.target}
    with running_service(tmp_path, **(settings | environ)) as service:
        yield service


def draining(url: str) -> bool:
    ready = httpx2.get(f"{url}/health/ready", timeout=PATIENCE_S)
    return (ready.status_code, ready.json()["draining"]) == (503, True)


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
    wait_until(lambda: not left_behind(process))
    return True


def in_background(base: str, site: Site, path: str) -> tuple[threading.Thread, list[httpx2.Response]]:
    """Scrape a path of the site; returns once the site has been asked for it."""
    answers: list[httpx2.Response] = []
    body = {"url": f"{site.url}{path}"}

    def scrape() -> None:
        with contextlib.suppress(httpx2.TransportError):  # cut off
            answers.append(httpx2.post(f"{base}/v1/scrape", json=body, timeout=2 * PATIENCE_S))

    before = site.hits[path]
    thread = threading.Thread(target=scrape)
    thread.start()
    wait_until(lambda: site.hits[path] > before)
    return thread, answers


def test_signal_lets_work_finish_and_refuses_new(tmp_path: Path, site: Site) -> None:
    with serving(tmp_path, site, WINNOW_DRAIN_S="200") as (process, url):
        thread, answers = in_background(url, site, f"/held/{tmp_path.name}/{PAGE}")
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: draining(url))
        refused = httpx2.post(f"{url}/v1/scrape", json={"html": "<p>x</p>"}, timeout=PATIENCE_S)
        assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
        site.released.add(tmp_path.name)
        thread.join(PATIENCE_S)
        assert answers[0].status_code == 200
        process.wait(PATIENCE_S)
        assert nothing_is_left(process)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_second_signal_ends_at_once(tmp_path: Path, site: Site, workers: str) -> None:
    with serving(tmp_path, site, WINNOW_WORKERS=workers, WINNOW_DRAIN_S="600") as (process, url):
        thread, answers = in_background(url, site, f"/held/{tmp_path.name}/{PAGE}")
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: draining(url))
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)  # the request is held, and the drain lasts ten times as long
        thread.join(PATIENCE_S)
        assert not answers
        assert nothing_is_left(process)


def test_signal_to_every_process_of_several_lets_work_finish(tmp_path: Path, site: Site) -> None:
    """As a terminal's Ctrl-C and systemd's stop do it."""
    with serving(tmp_path, site, WINNOW_WORKERS="2", WINNOW_DRAIN_S="200") as (process, url):
        thread, answers = in_background(url, site, f"/held/{tmp_path.name}/{PAGE}")
        os.killpg(process.pid, signal.SIGINT)
        wait_until(lambda: draining(url))
        site.released.add(tmp_path.name)
        thread.join(PATIENCE_S)
        assert answers[0].status_code == 200
        process.wait(PATIENCE_S)
        assert nothing_is_left(process)


def test_processes_leave_when_their_supervisor_is_killed(tmp_path: Path, site: Site) -> None:
    with serving(tmp_path, site, WINNOW_WORKERS="2") as (process, url):
        answer = httpx2.post(f"{url}/v1/scrape", json={"html": "<p>x</p>"}, timeout=PATIENCE_S)
        assert answer.status_code == 200
        process.kill()
        process.wait()
        assert nothing_is_left(process)


def test_stream_that_outlasts_the_drain_ends_with_an_error(tmp_path: Path, site: Site) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps([{"deltas": ["word "] * 500, "gap_s": 1}]))
    config = tmp_path / "winnow.toml"
    config.write_text(f'[[backends]]\nname = "slow"\nkind = "scripted"\npath = "{script}"\n')
    with serving(tmp_path, site, WINNOW_CONFIG=str(config), WINNOW_DRAIN_S="2") as (process, url):
        request = {"model": "scripted", "messages": [{"role": "user", "content": "go"}], "stream": True}
        with httpx2.stream(
            "POST", f"{url}/v1/chat/completions", json=request, timeout=PATIENCE_S
        ) as response:
            lines = response.iter_lines()
            assert next(lines).startswith("data: ")
            process.send_signal(signal.SIGTERM)
            events = [line for line in lines if line.startswith("data: ")]
        assert "error" in json.loads(events[-1].removeprefix("data: "))
        process.wait(PATIENCE_S)  # the stream would take minutes


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
            process.wait(PATIENCE_S)  # it would wait for ever for what nobody reads
        assert nothing_is_left(process)


def test_pages_that_outlast_the_drain_end_with_an_error(tmp_path: Path, site: Site) -> None:
    page, slow = f"{site.url}/{PAGE}", f"/held/{tmp_path.name}/missing"
    config = tmp_path / "winnow.toml"
    config.write_text('[[backends]]\nname = "any"\nkind = "scripted"\n')
    with serving(tmp_path, site, WINNOW_CONFIG=str(config), WINNOW_DRAIN_S="3") as (process, url):
        thread, answers = in_background(url, site, slow)
        request = {"urls": [page, site.url + slow], "prompt": "What is new?", "stream": True}
        with httpx2.stream("POST", f"{url}/v1/extract", json=request, timeout=PATIENCE_S) as response:
            lines = response.iter_lines()
            assert next(lines) == "event: source"
            process.send_signal(signal.SIGTERM)
            names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
        assert names[-1] == "error"
        thread.join(PATIENCE_S)
        assert (answers[0].status_code, answers[0].json()["code"]) == (503, "overloaded")
        process.wait(PATIENCE_S)
        assert nothing_is_left(process)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_idle_service_leaves_at_once(tmp_path: Path, site: Site, number: signal.Signals) -> None:
    with serving(tmp_path, site, WINNOW_DRAIN_S="600") as (process, _):
        process.send_signal(number)
        process.wait(PATIENCE_S)  # a tenth of the drain

"""`winnow map`, `crawl`, `batch` and `jobs` as their user meets them, with a gateway and without."""

import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.site import Answer, Site, running_site
from gateway import sdk
from gateway.cli.inputs import UsageError
from gateway.cli.outputs import Folder, Lines, name_of
from gateway.wire.jobs import JobResult
from tests.service import running_gateway

WORDS = " ".join(f"Sentence number {n} of the page has a few words." for n in range(12))


def page(name: str, *links: str) -> Answer:
    anchors = "".join(f'<a href="{link}">{link}</a> ' for link in links)
    body = f"<title>{name}</title><article><h1>{name}</h1><p>{name}: {WORDS}</p><p>{anchors}</p></article>"
    return Answer(200, {"content-type": "text/html"}, body.encode())


@pytest.fixture(scope="module")
def pages() -> Iterator[Site]:
    with running_site({}) as site:
        site.extra = {f"/{name}": page(name) for name in "abcdef"}
        site.extra |= {"/": page("home", "/a", "/docs/b", "/missing"), "/docs/b": page("b")}
        site.extra["/missing"] = Answer(404, {}, b"")
        yield site


@pytest.fixture(scope="module")
def gateway(pages: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_gateway(tmp_path_factory.mktemp("many"), allow_targets=[pages.target]) as url:
        yield url


class Shell:
    """Runs `winnow` in a folder of the test's own."""

    def __init__(self, folder: Path, pages: Site) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("WINNOW_")}
        self.folder = folder
        self.environ = clean | {
            "WINNOW_CACHE_DIR": str(folder / "cache"),
            "WINNOW_CLEAN_WORKERS": "1",
            "WINNOW_BROWSER": "off",
            "WINNOW_ALLOW_TARGETS": pages.target,
        }

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "gateway.cli.main", *arguments]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        # what runs in the background of a shell ignores Ctrl-C, and so would its children
        signal.signal(signal.SIGINT, signal.default_int_handler)
        return subprocess.Popen(command, env=self.environ, cwd=self.folder, text=True, **options)

    def run(self, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        process = self.start(*arguments, stdin=subprocess.PIPE)
        out, err = process.communicate(stdin, timeout=120)
        return process.returncode, out, err


@pytest.fixture
def shell(tmp_path: Path, pages: Site) -> Shell:
    """Commands that do their work themselves."""
    return Shell(tmp_path, pages)


@pytest.fixture
def remote(shell: Shell, gateway: str) -> Shell:
    """Commands that have a gateway."""
    shell.environ["WINNOW_URL"] = gateway
    return shell


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_crawl_writes_a_file_a_page(shell: Shell, pages: Site) -> None:
    code, out, err = shell.run("crawl", pages.url, "--sitemap", "skip", "--links", "none", "-o", "site")
    assert (code, out) == (0, ""), err
    assert "completed: 3 pages, 1 failed, 0 duplicates" in err and "1 × origin_status" in err
    folder = shell.folder / "site"
    index = {
        line["url"].removeprefix(pages.url): line for line in lines((folder / "index.jsonl").read_text())
    }
    assert index["/docs/b"]["file"] == "127.0.0.1-docs-b.md" and index["/"]["file"] == "127.0.0.1.md"
    assert (folder / index["/docs/b"]["file"]).read_text().startswith("# b\n")
    assert index["/missing"]["error"]["code"] == "origin_status" and "file" not in index["/missing"]
    assert not (shell.folder / "site.winnow").exists()
    code, _, err = shell.run("crawl", pages.url, "-o", "site")
    assert code == 2 and "site is there already" in err


@pytest.mark.parametrize("with_gateway", [False, True], ids=["alone", "gateway"])
def test_interrupted_batch_goes_on_with_the_same_command(
    shell: Shell, pages: Site, gateway: str, with_gateway: bool
) -> None:
    if with_gateway:
        shell.environ["WINNOW_URL"] = gateway
    name = f"later{with_gateway}"
    urls = [f"{pages.url}/a", f"{pages.url}/b", f"{pages.url}/held/{name}/c"]
    (shell.folder / "urls.txt").write_text("# three\n" + "\n".join(urls) + "\n")
    command = ("batch", "urls.txt", "-o", "pages.jsonl", "--format", "text")
    output = shell.folder / "pages.jsonl"

    process = shell.start(*command)
    deadline = time.monotonic() + 60
    while not output.exists() or output.read_text().count("\n") < 2:
        assert time.monotonic() < deadline and process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "the same command goes on" in err, err
    assert ("winnow jobs cancel" in err) == with_gateway

    code, _, err = shell.run("batch", "urls.txt", "-o", "pages.jsonl")
    assert code == 2 and "belongs to another" in err
    with output.open("a") as file:
        # as a process that was killed while it wrote leaves it
        file.write('{"seq":3,"url"')
    pages.released.add(name)
    code, _, err = shell.run(*command)
    assert code == 0, err
    found = lines(output.read_text())
    assert [line["seq"] for line in found] == [1, 2, 3] and sorted(line["url"] for line in found) == sorted(
        urls
    )
    assert not (shell.folder / "pages.jsonl.winnow").exists()


def test_interrupted_crawl_is_cancelled_when_asked(remote: Shell, pages: Site) -> None:
    process = remote.start("batch", "-", "-o", "pages.jsonl", "--cancel", stdin=subprocess.PIPE)
    assert process.stdin
    process.stdin.write(f"{pages.url}/d\n{pages.url}/held/never/d\n")
    process.stdin.close()
    process.stdin = None
    output = remote.folder / "pages.jsonl"
    deadline = time.monotonic() + 60
    while not output.exists() or not output.read_text():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "cancelled after 1 results" in err, err
    with sdk.Client(remote.environ["WINNOW_URL"]) as client:
        assert client.jobs(limit=1)[0].status == "cancelled"


def test_batch_prints_lines_and_jobs_lists_them(remote: Shell, pages: Site) -> None:
    code, out, err = remote.run("batch", "-", stdin=f"{pages.url}/e\n\n{pages.url}/missing\n")
    assert code == 0, err
    found = lines(out)
    assert {line["status"] for line in found} == {"done", "failed"}
    code, out, _ = remote.run("jobs", "list")
    job_id, kind, status, done = out.splitlines()[0].split("\t")
    assert (code, kind, status, done) == (0, "batch", "completed", "2 of 2 pages")
    code, out, _ = remote.run("jobs", "cancel", job_id)
    assert code == 0 and json.loads(out)["id"] == job_id


def test_batch_names_a_webhook(remote: Shell, pages: Site) -> None:
    (remote.folder / "secret").write_text("a secret of sixteen or more\n")
    hook = ("--webhook", f"{pages.url}/a", "--webhook-event", "completed", "--webhook-secret-file", "secret")
    code, _, err = remote.run("batch", "-", *hook, stdin=f"{pages.url}/c")
    assert code == 0, err
    for _ in range(400):
        if posted := [asked for asked in list(pages.requests) if asked.method == "POST"]:
            break
        time.sleep(0.05)
    assert json.loads(posted[0].body)["type"] == "completed" and "webhook-signature" in posted[0].headers


def test_webhook_wants_a_gateway(shell: Shell) -> None:
    code, _, err = shell.run("batch", "-", "--webhook", "https://a.test", stdin="https://b.test")
    assert code == 2 and "WINNOW_URL" in err


def test_map_prints_addresses(remote: Shell, pages: Site) -> None:
    code, out, err = remote.run("map", pages.url, "--search", "docs")
    assert (code, out) == (0, f"{pages.url}/docs/b\n") and "1 addresses" in err


def test_progress_is_drawn_on_a_terminal(remote: Shell, pages: Site) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    process = remote.start("batch", "-", stdin=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    process.communicate(f"{pages.url}/f\n{pages.url}/missing\n", timeout=60)
    drawn = b""
    while True:
        try:
            drawn += os.read(ours, 65536)
        except OSError:
            break
    os.close(ours)
    assert process.returncode == 0
    assert b"2/2" in drawn and b"errors=1" in drawn and b"page/s" in drawn


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("crawl", "https://a.test", "--limit", "0"), 2, "--limit"),
        (("crawl", "https://a.test", "--include-path", "("), 2, "include"),
        (("crawl", "https://a.test", "--model", "m"), 2, "--prompt"),
        (("crawl", "https://a.test", "--webhook-event", "page"), 2, "--webhook URL"),
        (
            ("crawl", "https://a.test", "--webhook", "https://b.test", "--webhook-secret-file", "nowhere"),
            2,
            "cannot be read",
        ),
        (("batch", "nowhere.txt"), 2, "cannot be read"),
        (("batch", "-"), 2, "has no address"),
        (("jobs", "show", "nothing"), 1, "not_found"),
    ],
)
def test_what_cannot_be_done_has_its_exit_code(
    remote: Shell, arguments: tuple[str, ...], code: int, words: str
) -> None:
    ended, _, err = remote.run(*arguments)
    assert ended == code and words in err


def test_job_that_is_refused_leaves_nothing_behind(remote: Shell, pages: Site) -> None:
    for output in ("x.jsonl", "folder"):
        code, _, err = remote.run("crawl", pages.url, "--include-path", "(", "-o", output)
        assert code == 2 and "include" in err
        code, _, err = remote.run("crawl", pages.url, "--limit", "1", "-o", output)
        assert code == 0, err


def test_jobs_want_a_gateway(shell: Shell) -> None:
    code, _, err = shell.run("jobs", "list")
    assert code == 2 and "WINNOW_URL" in err


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://a.test/", "a.test"),
        ("https://a.test/docs/Guide.html?x=1&y=2", "a.test-docs-Guide.html-x-1-y-2"),
        ("https://a.test/../../etc/passwd", "a.test-..-..-etc-passwd"),
        ("https://a.test/%2e%2e%2f%00%0a\\con", "a.test-..-con"),
        ("https://a.test/文档/é", "a.test-文档-é"),
        ("https://a.test/" + "x" * 500, "a.test-" + "x" * 113),
        ("https://a.test/" + "文" * 100, "a.test-" + "文" * 37),
        ("", "page"),
    ],
)
def test_names_are_safe(url: str, name: str) -> None:
    assert name_of(url) == name and "/" not in name and not name.startswith(".")


def result(seq: int, url: str) -> JobResult:
    return JobResult(seq=seq, url=url, depth=0, status="failed")


def test_folder_numbers_names_that_are_taken(remote: Shell, pages: Site) -> None:
    with sdk.Client(remote.environ["WINNOW_URL"]) as client:
        (read,) = client.batch([f"{pages.url}/a"])
    for _ in range(2):
        # opened again it knows which are taken
        folder = Folder(remote.folder / "", format="markdown")
        folder.write(read)
        folder.close()
    folder = Folder(remote.folder, format="markdown")
    folder.write(read)
    folder.close()
    assert {path.name for path in remote.folder.glob("*.md")} == {
        "127.0.0.1-a.md",
        "127.0.0.1-a-2.md",
        "127.0.0.1-a-3.md",
    }


def test_lines_go_on_after_the_last_whole_one(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    first = Lines(path)
    first.write(result(1, "a"))
    first.close()
    whole = path.read_bytes()
    for cut in range(1, 10):
        path.write_bytes(whole + whole.replace(b":1", b":2")[:cut])
        again = Lines(path)
        assert again.seq == 1
        again.close()
        assert path.read_bytes() == whole
    path.write_text("something else\n")
    with pytest.raises(UsageError, match="not results"):
        Lines(path)

"""`winnow clean-warc`: pages of WARC files become rows; what is broken in them costs itself alone."""

import gzip
import inspect
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import brotli
import msgspec
import pytest

from gateway.archives.cleaner import targets_of
from gateway.cli.archives import clean_alone, limits_of
from gateway.core.tokens.counters import get_counter
from gateway.settings import load_settings
from tests.requirements import require, require_packages

WORDS = " ".join(f"Sentence number {n} of the page has a few words." for n in range(12))


def record(url: str, body: bytes, *, status: str = "200 OK", kind: str = "response", **headers: str) -> bytes:
    """A record of a WARC file, compressed by itself as the format wants."""
    fields = {"Content-Type": "text/html; charset=utf-8"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    content = f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2026-01-02T03:04:05Z\r\n"
        "WARC-Record-ID: <urn:uuid:9c2b4d0e-0000-4000-8000-000000000000>\r\n"
        f"Content-Type: application/http; msgtype={kind}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + content + b"\r\n\r\n")


def page(name: str) -> bytes:
    return f"<title>{name}</title><article><h1>{name}</h1><p>{name}: {WORDS}</p></article>".encode()


def clean_warc(
    folder: Path, *arguments: str, environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    require(find_spec("fastwarc") is not None, "fastwarc is missing: pip install -e '.[warc]'")
    own = {name: value for name, value in os.environ.items() if not name.startswith("WINNOW_")}
    own |= {"WINNOW_CLEAN_WORKERS": "1", "WINNOW_MAX_BODY_BYTES": "100000"} | (environ or {})
    command = [sys.executable, "-m", "gateway.cli.main", "clean-warc", *arguments, "-o", "rows"]
    return subprocess.run(command, env=own, cwd=folder, capture_output=True, text=True, timeout=120)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_pages_become_rows_and_what_is_none_does_not(tmp_path: Path) -> None:
    bomb = gzip.compress(b"<p>" + b"a" * 30_000_000)
    (tmp_path / "crawl.warc.gz").write_bytes(
        record("https://a.test/robots.txt", b"", kind="request")
        + record("https://a.test/one", page("One"))
        + record("https://a.test/packed", gzip.compress(page("Packed")), Content_Encoding="gzip")
        + record("https://a.test/moved", b"", status="301 Moved", Location="/one")
        + record("https://a.test/picture", b"\x89PNG", Content_Type="image/png")
        + record("https://a.test/program", b"\x7fELF\x00\x01", Content_Type="application/octet-stream")
        + record("https://a.test/bomb", bomb, Content_Encoding="gzip")
        + record("https://a.test/last", page("Last"))
    )
    ended = clean_warc(tmp_path, "crawl.warc.gz", "--format", "jsonl")
    assert ended.returncode == 0, ended.stderr
    assert "3 pages" in ended.stderr and "1 failed" in ended.stderr and "1 without text" in ended.stderr
    rows = lines(tmp_path / "rows" / "crawl.jsonl")
    assert [row["url"].rpartition("/")[2] for row in rows] == ["one", "packed", "bomb", "last"]
    assert [row["error"] for row in rows] == [None, None, "too_large", None]
    first = rows[0]
    assert (first["title"], first["date"]) == ("One", "2026-01-02T03:04:05+00:00")
    assert first["markdown"].startswith("# One\n\nOne: Sentence number 0")
    assert first["tokens"] == get_counter("o200k_base")(first["markdown"]) and first["metadata"]["tags"] == []


def chunked(body: bytes) -> bytes:
    half = len(body) // 2
    parts = [b"%x;name=value\r\n%b\r\n" % (len(part), part) for part in (body[:half], body[half:])]
    return b"".join(parts) + b"0\r\n\r\n"


def test_page_that_cannot_be_decoded_costs_itself_alone(tmp_path: Path) -> None:
    zeros = brotli.compress(b"\0" * 100_000_000, quality=1)
    packed = gzip.compress(page("Packed"))
    records = {
        "gzip": record("https://a.test/gzip", page("Gzip"), Content_Encoding="gzip"),
        "deflate": record("https://a.test/deflate", page("Deflate"), Content_Encoding="deflate"),
        "br": record("https://a.test/br", page("Br"), Content_Encoding="br"),
        "zstd": record("https://a.test/zstd", page("Zstd"), Content_Encoding="zstd"),
        "unknown": record("https://a.test/unknown", page("Unknown"), Content_Encoding="utf-8"),
        "cut": record("https://a.test/cut", packed[:16], Content_Encoding="gzip"),
        "zeros": record("https://a.test/zeros", zeros, Content_Encoding="br"),
        "cut-chunks": record(
            "https://a.test/cut-chunks", chunked(page("Cut"))[:-30], Transfer_Encoding="chunked"
        ),
        "no-last": record("https://a.test/no-last", chunked(page("Cut"))[:-5], Transfer_Encoding="chunked"),
        "no-size": record("https://a.test/no-size", chunked(page("Cut"))[:-4], Transfer_Encoding="chunked"),
        "head": record("https://a.test/head", page("Head"), X_Long="a" * 100_000),
        "joined": record("https://a.test/joined", page("Joined"), Transfer_Encoding="chunked"),
        "chunks": record("https://a.test/chunks", chunked(page("Chunks")), Transfer_Encoding="chunked"),
        "both": record(
            "https://a.test/both", chunked(packed), Transfer_Encoding="chunked", Content_Encoding="gzip"
        ),
        "last": record("https://a.test/last", page("Last")),
    }
    (tmp_path / "crawl.warc.gz").write_bytes(b"".join(records.values()))
    ended = clean_warc(tmp_path, "crawl.warc.gz", "--format", "jsonl")
    assert ended.returncode == 0, ended.stderr
    rows = {row["url"].rpartition("/")[2]: row for row in lines(tmp_path / "rows" / "crawl.jsonl")}
    assert {name: row["error"] or row["title"] for name, row in rows.items()} == {
        **dict.fromkeys(["gzip", "deflate", "br", "zstd"], "connect_failed"),
        "unknown": "unsupported_content",
        "cut": "connect_failed",
        "zeros": "too_large",
        **dict.fromkeys(["cut-chunks", "no-last", "no-size"], "connect_failed"),
        "head": "too_large",
        "joined": "Joined",
        "chunks": "Chunks",
        "both": "Packed",
        "last": "Last",
    }


def test_same_command_goes_on_with_the_files_that_are_missing(tmp_path: Path) -> None:
    (tmp_path / "a.warc.gz").write_bytes(record("https://a.test/", page("A")))
    (tmp_path / "b.warc").write_bytes(gzip.decompress(record("https://b.test/", page("B"))))
    assert clean_warc(tmp_path, "a.warc.gz", "--format", "jsonl").returncode == 0
    done = tmp_path / "rows" / "a.jsonl"
    done.write_text("{}\n")
    ended = clean_warc(tmp_path, "a.warc.gz", "b.warc", "--format", "jsonl")
    assert ended.returncode == 0 and "is there already" in ended.stderr
    assert lines(done) == [{}]
    assert [row["title"] for row in lines(tmp_path / "rows" / "b.jsonl")] == ["B"]


def test_file_that_breaks_off_leaves_no_rows_and_the_next_are_read(tmp_path: Path) -> None:
    whole = record("https://a.test/", page("A"))
    (tmp_path / "broken.warc.gz").write_bytes(whole + whole[:-40])
    (tmp_path / "none.warc.gz").write_bytes(b"this is no archive" * 100)
    (tmp_path / "whole.warc.gz").write_bytes(whole)
    ended = clean_warc(tmp_path, "broken.warc.gz", "none.warc.gz", "whole.warc.gz", "--format", "jsonl")
    assert ended.returncode == 1
    assert "broken.warc.gz was left out" in ended.stderr and "none.warc.gz was left out" in ended.stderr
    assert [path.name for path in (tmp_path / "rows").iterdir()] == ["whole.jsonl"]


def test_rows_are_parquet(tmp_path: Path) -> None:
    require(find_spec("pyarrow") is not None, "pyarrow is missing: pip install -e '.[warc]'")
    (tmp_path / "crawl.warc.gz").write_bytes(
        record("https://a.test/", page("A")) + record("https://a.test/long", b"a" * 200_000)
    )
    ended = clean_warc(tmp_path, "crawl.warc.gz")
    assert ended.returncode == 0, ended.stderr
    from pyarrow import parquet

    first, second = parquet.read_table(tmp_path / "rows" / "crawl.parquet").to_pylist()
    assert first["title"] == "A" and first["tokens"] > 0 and first["metadata"]["tags"] == []
    assert (second["markdown"], second["error"], second["metadata"]) == (None, "too_large", None)


def test_nodes_of_a_cluster_are_sent_no_secret() -> None:
    secret = "a secret of sixteen or more"
    settings = load_settings({"WINNOW_WEBHOOK_SECRET": secret, "WINNOW_CLEAN_WORKERS": "3"})
    assert settings.webhook_secret == secret
    limits = limits_of(settings)
    assert limits.clean_workers == 3 and limits.max_body_bytes == settings.max_body_bytes
    # what the work of a task is bound to
    assert all(isinstance(value, int | float) for value in msgspec.structs.astuple(limits))
    assert "settings" not in inspect.signature(clean_alone).parameters


@pytest.mark.slow
def test_files_are_shared_out_over_a_cluster(tmp_path: Path) -> None:
    require(find_spec("ray") is not None, "ray is missing: pip install -e '.[ray]'")
    for name in "ab":
        (tmp_path / f"{name}.warc.gz").write_bytes(record(f"https://{name}.test/", page(name.upper())))
    (tmp_path / "none.warc.gz").write_bytes(b"this is no archive" * 100)
    files = [f"{name}.warc.gz" for name in ("a", "none", "b")]
    ended = clean_warc(tmp_path, *files, "--format", "jsonl", "--ray", "local")
    assert ended.returncode == 1 and "none.warc.gz was left out: " in ended.stderr, ended.stderr
    rows = [lines(tmp_path / "rows" / f"{name}.jsonl") for name in "ab"]
    assert [row["title"] for [row] in rows] == ["A", "B"]


def test_cluster_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "a.warc.gz").write_bytes(record("https://a.test/", page("A")))
    ended = clean_warc(tmp_path, "a.warc.gz", "--ray", "nonsense")
    assert ended.returncode == 2 and "--ray" in ended.stderr


def test_files_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="rename one"):
        list(targets_of([Path("a/x.warc.gz"), Path("b/x.warc")], tmp_path, format="jsonl"))
    ended = clean_warc(tmp_path, "nowhere.warc")
    assert ended.returncode == 2 and "no file nowhere.warc" in ended.stderr


def test_pages_are_counted_by_a_local_model(tmp_path: Path) -> None:
    require_packages(["llama_cpp"], extra="local")
    require_packages(["gguf"], group="dev")
    from fixtures.make_gguf import write_model

    (tmp_path / "crawl.warc.gz").write_bytes(record("https://a.test/one", page("Éé")))
    asked = ("crawl.warc.gz", "--format", "jsonl", "--tokenizer", "local")
    ended = clean_warc(tmp_path, *asked)
    assert ended.returncode == 2 and "LOCAL_MODEL" in ended.stderr
    environ = {"WINNOW_LOCAL_MODEL": str(write_model(tmp_path / "tiny.gguf"))}
    ended = clean_warc(tmp_path, *asked, environ=environ)
    assert ended.returncode == 0, ended.stderr
    (row,) = lines(tmp_path / "rows" / "crawl.jsonl")
    # a vocabulary of bytes and a few words
    assert row["tokens"] > 3 * get_counter("o200k_base")(row["markdown"])
    ended = clean_warc(tmp_path, *asked, "--ray", "local", environ=environ)
    assert ended.returncode == 2 and "--ray" in ended.stderr

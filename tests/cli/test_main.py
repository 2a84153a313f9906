"""`winnow` as its user meets it: stdout, stderr and exit codes of real processes."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from backends.specs import BackendSettings
from fixtures.site import Site
from gateway import sdk

HTML = "<html><body><h1>Sample</h1><p>Some words worth reading.</p></body></html>"


DOCUMENTS = Path(__file__).parents[2] / "fixtures" / "documents"


def winnow(
    *arguments: str, cache: Path, stdin: str | None = None, **environ: str
) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WINNOW_")}
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli.main", *arguments],
        env=clean | {"WINNOW_CACHE_DIR": str(cache), "WINNOW_CLEAN_WORKERS": "1"} | environ,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_scrape_prints_markdown_and_reports_tokens(site: Site, tmp_path: Path) -> None:
    url = site.url + "/pages/documentation-go-tutorial"
    result = winnow("scrape", url, cache=tmp_path, WINNOW_ALLOW_TARGETS=site.target)
    assert result.returncode == 0, result.stderr
    assert "Hello, World!" in result.stdout
    first = result.stderr.splitlines()[0]
    assert "→" in first and "tokens (−" in first and "cache miss" in first
    cut = winnow("scrape", url, "--max-tokens", "300", cache=tmp_path, WINNOW_ALLOW_TARGETS=site.target)
    whole, _, returned = cut.stderr.partition(" · ")[0].partition("), ")
    assert first.startswith(whole) and re.fullmatch(r"[12]?\d\d returned", returned)
    again = winnow("scrape", url, "--json", cache=tmp_path, WINNOW_ALLOW_TARGETS=site.target)
    assert json.loads(again.stdout)["cache"]["status"] == "hit"


def test_scrape_reads_stdin_and_files(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(HTML)
    from_stdin = winnow("scrape", "-", "--scope", "page", cache=tmp_path / "c", stdin=HTML)
    from_file = winnow("scrape", str(page), "--scope", "page", cache=tmp_path / "c")
    assert from_stdin.stdout == from_file.stdout == "# Sample\n\nSome words worth reading.\n"


def test_scrape_goes_through_a_gateway_when_one_is_named(gateway_url: str, tmp_path: Path) -> None:
    result = winnow(
        "scrape", "-", "--scope", "page", cache=tmp_path / "c", stdin=HTML, WINNOW_URL=gateway_url
    )
    assert result.stdout.startswith("# Sample")
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("name", ["guide.pdf", "data.json", "news.rss", "news.atom", "notes.md", "plain.txt"])
def test_scrape_reads_a_file_of_any_kind_as_it_would_over_http(
    gateway_url: str, site: Site, tmp_path: Path, name: str
) -> None:
    with sdk.Client(gateway_url) as client:
        fetched = client.scrape(f"{site.url}/documents/{name}", links="none")
    asked = ["scrape", str(DOCUMENTS / name), "--links", "none"]  # without an address nothing resolves them
    result = winnow(*asked, cache=tmp_path, WINNOW_URL=gateway_url)
    printed = result.stdout
    assert printed == fetched.content + "\n"
    assert result.stderr.startswith(f"{fetched.tokens.html:,} → {fetched.tokens.content:,} tokens")
    if name in ("guide.pdf", "data.json", "news.rss"):  # known without a name: a pipe has none
        command = 'exec "$0" -m gateway.cli.main scrape <(cat "$1") --links none'
        piped = subprocess.run(
            ["bash", "-c", command, sys.executable, str(DOCUMENTS / name)],
            env=os.environ | {"WINNOW_URL": gateway_url},
            capture_output=True,
            text=True,
        )
        assert piped.stdout == printed, piped.stderr


@pytest.mark.parametrize("charset", ["iso-8859-1", "shift_jis", "utf-16"])
def test_scrape_reads_a_file_in_the_encoding_it_declares(tmp_path: Path, charset: str) -> None:
    words = "日本語の文章" if charset == "shift_jis" else "Grüße aus Köln"
    page = tmp_path / "page.html"
    page.write_bytes(f"<html><meta charset={charset}><body><p>{words}</p>".encode(charset))
    result = winnow("scrape", str(page), "--scope", "page", cache=tmp_path / "c")
    assert result.stdout == words + "\n", result.stderr


def test_output_is_whole_where_stdout_speaks_ascii(gateway_url: str, tmp_path: Path) -> None:
    there = {"WINNOW_URL": gateway_url, "PYTHONIOENCODING": "ascii"}
    page = tmp_path / "page.html"
    page.write_text("<p>Grüße, 日本 🐝</p>", encoding="utf-8")
    asked = ["scrape", str(page), "--scope", "page"]
    shown = winnow(*asked, cache=tmp_path / "c", **there)
    assert (shown.returncode, shown.stdout) == (0, "Gr&#252;&#223;e, &#26085;&#26412; &#128029;\n")
    told = winnow(*asked, "--json", cache=tmp_path / "c", **there)
    assert json.loads(told.stdout)["content"] == "Grüße, 日本 🐝"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(["scrape", "missing.html"], 2, "no file missing.html", id="missing-file"),
        pytest.param(["scrape", "./missing.html"], 2, "neither a URL nor a file", id="missing-path"),
        pytest.param(["scrape", "gateway"], 2, "gateway cannot be read: Is a directory", id="folder"),
        pytest.param(
            ["scrape", "host.invalid/page.html"], 1, "host.invalid does not resolve", id="bare-host"
        ),
        pytest.param(["scrape", str(DOCUMENTS / "scanned.pdf")], 1, "a scan", id="scan"),
        pytest.param(["scrape", "http://10.0.0.1/"], 1, "url_refused", id="refused"),
        pytest.param(["scrape", "nothing-of-this-name"], 2, "neither a URL nor a file", id="no-such-file"),
        pytest.param(["scrape", "-", "--max-tokens", "0"], 2, "--max-tokens: ", id="out-of-range"),
        pytest.param(["scrape", "-", "--select", "p["], 2, "no CSS selector", id="no-selector"),
        pytest.param(["scrape", "-", "--tokenizer", "abacus"], 2, "o200k_base", id="unknown-tokenizer"),
        pytest.param(["scrape"], 2, "usage:", id="no-source"),
        pytest.param(["frobnicate"], 2, "invalid choice", id="unknown-command"),
    ],
)
def test_failures_have_their_exit_code(tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    result = winnow(*arguments, cache=tmp_path, stdin=HTML)
    assert (result.returncode, result.stdout) == (code, "")
    assert words in result.stderr and "Traceback" not in result.stderr


def test_misspelt_setting_is_refused_with_the_nearest(tmp_path: Path) -> None:
    result = winnow("serve", cache=tmp_path, WINNOW_PROT="1")
    assert result.returncode == 2 and "WINNOW_PORT" in result.stderr


def test_serve_refuses_a_network_without_keys(tmp_path: Path) -> None:
    result = winnow("serve", "--host", "0.0.0.0", cache=tmp_path)
    assert result.returncode == 2 and "WINNOW_API_KEYS" in result.stderr


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        pytest.param({"WINNOW_ALLOW_TARGETS": "10.0.0.1"}, "'10.0.0.1' is not CIDR:port", id="target"),
        pytest.param({"WINNOW_CACHE_URL": "ftp://host"}, "CACHE_URL must start with", id="cache"),
        pytest.param({"WINNOW_DEFAULT_MODEL": "nobody's"}, "nobody's", id="model"),
    ],
)
def test_serve_refuses_what_cannot_be_built_before_it_listens(
    tmp_path: Path, environ: dict[str, str], words: str
) -> None:
    result = winnow("serve", cache=tmp_path, WINNOW_PORT="0", WINNOW_REMOTE_MODELS="m", **environ)
    assert (result.returncode, result.stdout) == (2, "") and words in result.stderr
    assert "Traceback" not in result.stderr
    doctor = winnow("doctor", cache=tmp_path, WINNOW_REMOTE_MODELS="m", **environ)
    assert doctor.returncode == 1 and doctor.stdout.startswith("FAIL settings: ") and words in doctor.stdout


@pytest.mark.parametrize("workers", ["1", "2"])
def test_serve_refuses_a_port_that_is_taken(tmp_path: Path, workers: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = winnow("serve", cache=tmp_path, WINNOW_PORT=port, WINNOW_WORKERS=workers)
    assert (result.returncode, result.stdout) == (2, "")
    assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in result.stderr


def test_cache_commands_fail_where_the_store_does(tmp_path: Path) -> None:
    for action in ("stats", "clear"):
        result = winnow("cache", action, cache=tmp_path, WINNOW_CACHE_URL="valkey://127.0.0.1:1/0")
        assert (result.returncode, result.stdout) == (1, "") and "cache at 127.0.0.1:1" in result.stderr


def test_cache_stats_and_clear(site: Site, tmp_path: Path) -> None:
    url = site.url + "/pages/listing-go-blog"
    winnow("scrape", url, cache=tmp_path, WINNOW_ALLOW_TARGETS=site.target)
    assert winnow("cache", "stats", cache=tmp_path).stdout.count(":") > 1
    assert int(winnow("cache", "clear", cache=tmp_path).stdout.split(":")[1]) >= 2
    assert winnow("cache", "clear", cache=tmp_path).stdout == "cleared: 0\n"


def test_doctor_names_each_part(tmp_path: Path) -> None:
    result = winnow("doctor", cache=tmp_path)
    assert result.returncode == 0, result.stdout
    assert {line.split()[1].rstrip(":") for line in result.stdout.splitlines()} >= {
        "settings",
        "cache",
        "cleaning",
    }


def test_doctor_says_what_is_wrong(tmp_path: Path) -> None:
    result = winnow("doctor", cache=tmp_path, WINNOW_PORT="x")
    assert result.returncode == 1 and "FAIL settings" in result.stdout


def test_doctor_tries_the_proxies(tmp_path: Path) -> None:
    result = winnow("doctor", cache=tmp_path, WINNOW_PROXY_URL="http://ada:s3cr3t@127.0.0.1:1")
    assert result.returncode == 1
    assert "FAIL proxy: http://127.0.0.1:1: no connection to it" in result.stdout
    assert "s3cr3t" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        pytest.param({"WINNOW_REMOTE_URL": "http://127.0.0.1:9/v1"}, "cannot be reached", id="unreachable"),
        # as in an image that was built without the extra
        pytest.param({"ANTHROPIC_API_KEY": "k"}, "pip install 'winnow-gateway[anthropic]'", id="no-extra"),
    ],
)
def test_backend_without_models_says_why(tmp_path: Path, settings: dict[str, str], told: str) -> None:
    (tmp_path / "anthropic.py").write_text("raise ImportError(name='anthropic')\n")
    environ = settings | {"PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}
    models = winnow("models", cache=tmp_path, **environ)
    assert models.returncode == 1 and told in models.stderr and not models.stdout
    doctor = winnow("doctor", cache=tmp_path, **environ)
    assert doctor.returncode == 1 and "FAIL models: " in doctor.stdout and told in doctor.stdout


def test_help_is_quick_to_import() -> None:
    large = {"asyncio", "httpx2", "litestar", "openai", "selectolax"}
    probe = f"import sys, gateway.cli.main; print(*{large} & sys.modules.keys())"
    result = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert not result.stdout.split()


@pytest.fixture(scope="module")
def config(scripted: BackendSettings, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A winnow.toml with the scripted backend."""
    path = tmp_path_factory.mktemp("config") / "winnow.toml"
    path.write_text(
        f'[[backends]]\nname = "scripted"\nkind = "scripted"\npath = "{scripted.path}"\n'
        '[[backends.models]]\nname = "m"\ncontext_tokens = 8000\n'
    )
    return str(path)


WIDGET = "<h1>Acme Widget</h1><p>The Acme Widget costs $1,299.00 and is made in Leeds."
SCHEMA = '{"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}'


def test_extract_prints_data_and_reports_evidence(tmp_path: Path, model_gateway_url: str) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text(SCHEMA)
    asked = ["extract", "-", "--schema", str(schema), "--prompt", "name and price, as printed on the tin"]
    result = winnow(*asked, cache=tmp_path / "c", stdin=WIDGET, WINNOW_URL=model_gateway_url)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == {"name": "Acme Widget", "price": 1299}
    assert "evidence: 2 of 2" in result.stderr and "scripted · m" in result.stderr
    streamed = winnow(*asked, "--stream", cache=tmp_path / "c", stdin=WIDGET, WINNOW_URL=model_gateway_url)
    assert json.loads(streamed.stdout) == json.loads(result.stdout) and "cache hit" in streamed.stderr
    assert not (tmp_path / "c").exists()


def test_extract_ends_the_line_of_an_answer_that_breaks_off(tmp_path: Path, model_gateway_url: str) -> None:
    asked = ["extract", "-", "--prompt", "break it", "--stream"]
    result = winnow(*asked, cache=tmp_path / "c", stdin=WIDGET, WINNOW_URL=model_gateway_url)
    assert (result.returncode, result.stdout) == (1, "one two \n")
    assert "backend_interrupted" in result.stderr


def test_extract_foresees_its_cost_in_a_dry_run(tmp_path: Path, config: str) -> None:
    asked = ["extract", "-", "--prompt", "Where?", "--dry-run"]
    result = winnow(*asked, cache=tmp_path, stdin=WIDGET, WINNOW_CONFIG=config)
    assert json.loads(result.stdout)["estimate"]["calls"] == 1 and "would make 1 call" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(["-"], 2, "--prompt", id="nothing-asked"),
        pytest.param(["-", "--schema", "nowhere.json"], 2, "nowhere.json", id="no-schema-file"),
        pytest.param(["-", "--prompt", "?"], 1, "WINNOW_REMOTE_URL", id="no-model"),
    ],
)
def test_extract_failures_have_their_exit_code(
    tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    result = winnow("extract", *arguments, cache=tmp_path, stdin=WIDGET)
    assert (result.returncode, result.stdout) == (code, "") and words in result.stderr


def test_models_lists_them_or_says_how_to_get_one(tmp_path: Path, model_gateway_url: str) -> None:
    served = winnow("models", cache=tmp_path, WINNOW_URL=model_gateway_url)
    assert served.stdout == "m\tscripted\t8,000 tokens\n"
    without = winnow("models", cache=tmp_path)
    assert without.returncode == 1 and "WINNOW_LOCAL_MODEL" in without.stderr

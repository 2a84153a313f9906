"""Models of a hub: found by name, pulled, gone on with, checked, listed, served offline and removed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backends.base import UpstreamUnavailable
from backends.local.hub import PullFailed, look_up, pull, remove, stored_models
from backends.local.source import HubName, NoSuchModel, choose_files, locate, parse_hub_name
from fixtures.hub import Hub, running_hub
from tests.backends.local.local_model import ask, opened
from tests.requirements import require_packages

require_packages(["huggingface_hub"], extra="hub")
pytestmark = pytest.mark.anyio

FILE = "tiny.Q4_0.gguf"
NAME = HubName("owner", "repo")
# what comes is written in pieces of 10 MB
LONG = bytes(24 * 1024**2)


@pytest.fixture
def hub(tiny: str) -> Iterator[Hub]:
    with running_hub(Hub({FILE: Path(tiny).read_bytes(), "README.md": b"# Tiny"})) as hub:
        yield hub


def pulled(hub: Hub, folder: Path, **options: Any) -> Path:
    return pull(look_up(NAME, endpoint=hub.url), folder, endpoint=hub.url, **options)


def winnow(
    *arguments: str, hub: Hub, folder: Path, limit: str = "true", timeout_s: int = 30
) -> subprocess.Popen[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("WINNOW_", "HF_"))}
    environ |= {
        "HF_ENDPOINT": hub.url,
        "HF_HUB_DOWNLOAD_TIMEOUT": str(timeout_s),
        "WINNOW_MODELS_DIR": str(folder),
    }
    environ["HF_HOME"] = str(folder / "hf")
    return subprocess.Popen(
        ["/bin/sh", "-c", f'{limit}; exec "$@"', "sh", sys.executable, "-m", "gateway.cli.main", *arguments],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def test_model_is_pulled_listed_served_without_the_hub_and_removed(hub: Hub, tmp_path: Path) -> None:
    command = winnow("models", "pull", "hf:owner/repo:Q4_0", hub=hub, folder=tmp_path)
    printed, told = command.communicate(timeout=60)
    assert command.returncode == 0, told
    assert Path(printed.strip()) == tmp_path / "owner" / "repo" / FILE
    assert "licence: apache-2.0" in told and "checksum right" in told
    hub.status = 503

    listed, _ = winnow("models", "list", hub=hub, folder=tmp_path).communicate(timeout=60)
    assert listed.split("\t")[0] == f"hf:owner/repo:{FILE}" and "whole" in listed
    async with opened("hf:owner/repo", models_dir=str(tmp_path)) as backend:
        assert (await ask(backend)).usage.output_tokens == 24
        assert await backend.identity("local")

    _, told = winnow("models", "rm", "hf:owner/repo", hub=hub, folder=tmp_path).communicate(timeout=60)
    assert "is removed" in told
    assert stored_models(tmp_path) == []
    with pytest.raises(NoSuchModel, match="winnow models pull hf:owner/repo"):
        locate("hf:owner/repo", tmp_path)


async def test_model_that_was_not_pulled_says_how(tmp_path: Path) -> None:
    async with opened("hf:owner/repo:Q4_0", models_dir=str(tmp_path)) as backend:
        with pytest.raises(UpstreamUnavailable, match="winnow models pull hf:owner/repo:Q4_0"):
            await ask(backend)


def test_pull_that_was_killed_goes_on_where_it_was(hub: Hub, tmp_path: Path) -> None:
    hub.files[FILE] += LONG
    hub.waits, hub.breaks_at = True, len(LONG) // 2
    killed = winnow("models", "pull", "hf:owner/repo", hub=hub, folder=tmp_path)
    part = tmp_path / "owner" / "repo" / f"{FILE}.part"
    assert hub.reached.wait(60)
    while not (part.exists() and part.stat().st_size):
        assert killed.poll() is None
    killed.kill()
    killed.communicate()
    have = part.stat().st_size
    assert 0 < have <= hub.breaks_at
    (interrupted,) = stored_models(tmp_path)
    assert interrupted.missing_bytes == len(hub.files[FILE]) - have

    hub.waits = False
    hub.go_on.set()
    path = pulled(hub, tmp_path)
    assert hub.ranges == [None, f"bytes={have}-"]
    assert path.read_bytes() == hub.files[FILE]
    assert not part.exists()
    assert pulled(hub, tmp_path) == path and len(hub.ranges) == 2  # nothing is left to do


def test_connection_that_breaks_is_taken_up_again(hub: Hub, tmp_path: Path) -> None:
    hub.files[FILE] += LONG
    hub.breaks, hub.breaks_at = 1, len(LONG) // 2
    assert pulled(hub, tmp_path).read_bytes() == hub.files[FILE]
    assert len(hub.ranges) == 2 and hub.ranges[1]


@pytest.mark.parametrize(
    ("fault", "says", "kept"),
    [
        pytest.param({"sends": {FILE: b"GGUF" + b"x" * 100_000}}, "should be of size", True, id="too-short"),
        pytest.param({"sends": {FILE: b"GGUF" + b"x" * 2_000_000}}, "sends more", False, id="too-long"),
        pytest.param({"announced": {FILE: {"sha256": "0" * 64}}}, "checksum", False, id="another-checksum"),
        pytest.param({"announced": {FILE: {"size": 2**60}}}, "are free at", False, id="larger-than-the-disk"),
        pytest.param({"announced": {FILE: {"size": 0}}}, "size of 0", False, id="no-size"),
        pytest.param({"files": {FILE: b"<html>" * 99}}, "not a GGUF", False, id="not-gguf"),
        pytest.param({"status": 503}, "try again later", False, id="failing"),
        pytest.param({"status": 403, "error_code": "GatedRepo"}, "accept its terms", False, id="gated"),
    ],
)
def test_fault_of_the_hub_is_told_and_leaves_no_model(
    fault: dict[str, Any], says: str, kept: bool, hub: Hub, tmp_path: Path
) -> None:
    for name, value in fault.items():
        setattr(hub, name, value)
    with pytest.raises(PullFailed, match=says):
        pulled(hub, tmp_path)
    with pytest.raises(NoSuchModel):
        locate("hf:owner/repo", tmp_path)
    assert (tmp_path / "owner" / "repo" / f"{FILE}.part").exists() == kept


def test_repository_that_is_not_there_is_told(hub: Hub) -> None:
    with pytest.raises(NoSuchModel, match="no owner/other, or shows it to its members only"):
        look_up(HubName("owner", "other"), endpoint=hub.url)


def test_hub_that_is_down_is_told(tmp_path: Path, hub: Hub) -> None:
    model = look_up(NAME, endpoint=hub.url)
    with running_hub(Hub({})) as gone:
        address = gone.url
    with pytest.raises(PullFailed, match="cannot be reached"):
        look_up(NAME, endpoint=address)
    assert model.size_bytes == len(hub.files[FILE])


def test_slow_hub_is_waited_for(hub: Hub, tmp_path: Path) -> None:
    hub.pause_s = 0.03
    assert pulled(hub, tmp_path).read_bytes() == hub.files[FILE]
    assert len(hub.ranges) == 1


@pytest.mark.slow
def test_hub_that_breaks_every_download_is_given_up(hub: Hub, tmp_path: Path) -> None:
    hub.breaks, hub.breaks_at = 99, 1000
    with pytest.raises(PullFailed, match="cannot be reached"):
        pulled(hub, tmp_path)
    assert stored_models(tmp_path)[0].missing_bytes


@pytest.mark.slow
def test_hub_that_falls_silent_is_given_up(hub: Hub, tmp_path: Path) -> None:
    hub.waits = True
    command = winnow("models", "pull", "hf:owner/repo", hub=hub, folder=tmp_path, timeout_s=1)
    _, told = command.communicate(timeout=100)
    assert command.returncode == 1 and "cannot be reached" in told, told


def test_disk_that_fills_up_is_told_and_what_came_is_kept(hub: Hub, tmp_path: Path) -> None:
    command = winnow("models", "pull", "hf:owner/repo", hub=hub, folder=tmp_path, limit="ulimit -f 400")
    _, told = command.communicate(timeout=60)
    assert command.returncode == 1 and "make room" in told and "run the same command again" in told, told
    assert (tmp_path / "owner" / "repo" / f"{FILE}.part").stat().st_size > 0
    assert pulled(hub, tmp_path).read_bytes() == hub.files[FILE]


@pytest.mark.slow
def test_two_pulls_of_a_model_do_not_mix(hub: Hub, tmp_path: Path) -> None:
    hub.waits, hub.breaks_at = True, 1000
    first = winnow("models", "pull", "hf:owner/repo", hub=hub, folder=tmp_path)
    assert hub.reached.wait(60)
    with pytest.raises(PullFailed, match="another pull of owner/repo is running"):
        pulled(hub, tmp_path)
    hub.go_on.set()
    first.communicate(timeout=60)
    assert first.returncode == 0


async def test_gguf_that_the_hub_has_cut_is_a_fault_of_the_model(hub: Hub, tmp_path: Path) -> None:
    hub.files = {FILE: hub.files[FILE][:120_000]}
    pulled(hub, tmp_path)
    async with opened("hf:owner/repo", models_dir=str(tmp_path)) as backend:
        with pytest.raises(UpstreamUnavailable, match="not within the file bounds"):
            await ask(backend)


def test_one_of_two_models_of_a_repository_is_removed(hub: Hub, tmp_path: Path) -> None:
    hub.files["tiny.Q8_0.gguf"] = hub.files[FILE]
    for quant in ("Q4_0", "Q8_0"):
        pull(look_up(HubName("owner", "repo", quant), endpoint=hub.url), tmp_path, endpoint=hub.url)
    assert len(stored_models(tmp_path)) == 2
    assert remove(HubName("owner", "repo", "Q8_0"), tmp_path) == len(hub.files[FILE])
    assert [model.name for model in stored_models(tmp_path)] == [f"hf:owner/repo:{FILE}"]


def test_file_of_the_same_size_and_another_content_is_pulled_anew(hub: Hub, tmp_path: Path) -> None:
    path = pulled(hub, tmp_path)
    hub.files[FILE] = hub.files[FILE][:-1] + b"!"
    assert pulled(hub, tmp_path).read_bytes() == hub.files[FILE]
    # not pulled at all
    path.write_bytes(bytes(len(hub.files[FILE])))
    (path.parent / "model.json").unlink()
    assert pulled(hub, tmp_path).read_bytes() == hub.files[FILE]


def test_old_file_is_not_taken_for_the_new_one_after_a_pull_that_failed(hub: Hub, tmp_path: Path) -> None:
    pulled(hub, tmp_path)
    hub.files[FILE] = hub.files[FILE][:-1] + b"!"
    model = look_up(NAME, endpoint=hub.url)
    hub.status = 503
    with pytest.raises(PullFailed):
        pull(model, tmp_path, endpoint=hub.url)
    assert stored_models(tmp_path)[0].missing_bytes
    hub.status = 200
    assert pull(model, tmp_path, endpoint=hub.url).read_bytes() == hub.files[FILE]


def test_files_that_were_not_pulled_outlive_a_removal(hub: Hub, tmp_path: Path) -> None:
    hub.files = {f"q4/{FILE}": hub.files[FILE]}
    folder = pulled(hub, tmp_path).parents[1]
    (folder / "mine.gguf").write_bytes(b"GGUF")
    remove(NAME, tmp_path)
    assert [path.name for path in folder.rglob("*")] == ["mine.gguf"]
    (folder / "mine.gguf").unlink()
    pulled(hub, tmp_path)
    remove(NAME, tmp_path)
    assert not folder.exists()


def test_model_is_not_removed_while_it_is_pulled(hub: Hub, tmp_path: Path) -> None:
    from filelock import FileLock

    path = pulled(hub, tmp_path)
    with FileLock(path.parent / ".lock"), pytest.raises(PullFailed, match="is running"):
        remove(NAME, tmp_path)
    assert path.exists()


def test_files_of_one_name_in_two_folders_are_two_models(hub: Hub, tmp_path: Path) -> None:
    paths = ["q4/model.gguf", "q8/model.gguf"]
    hub.files = dict.fromkeys(paths, hub.files[FILE])
    for path in paths:
        pull(look_up(HubName("owner", "repo", path), endpoint=hub.url), tmp_path, endpoint=hub.url)
    assert [model.name for model in stored_models(tmp_path)] == [f"hf:owner/repo:{path}" for path in paths]
    remove(HubName("owner", "repo", paths[1]), tmp_path)
    assert [model.name for model in stored_models(tmp_path)] == ["hf:owner/repo:q4/model.gguf"]


FILES = [
    "README.md",
    "m-Q4_K_M.gguf",
    "m-Q8_0.gguf",
    "mmproj-m-F16.gguf",
    "F16/m-F16-00001-of-00002.gguf",
    "F16/m-F16-00002-of-00002.gguf",
]


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (None, FILES[1:2]),
        ("q8_0", FILES[2:3]),
        ("m-Q8_0.gguf", FILES[2:3]),
        ("F16", FILES[4:]),
        ("m-F16-00001-of-00002.gguf", FILES[4:]),
        (FILES[5], FILES[4:]),
    ],
)
def test_name_means_the_files_of_one_model(wanted: str | None, chosen: list[str]) -> None:
    assert choose_files(FILES, HubName("o", "r", wanted)) == chosen


def test_path_goes_before_the_same_name_in_a_folder() -> None:
    files = ["model.gguf", "q8/model.gguf"]
    assert [choose_files(files, HubName("o", "r", file)) for file in files] == [[file] for file in files]


@pytest.mark.parametrize(
    ("files", "wanted", "says"),
    [
        (["README.md"], None, "has no GGUF file"),
        (FILES, "Q5_0", "no file Q5_0; say which of these: .*m-Q4_K_M"),
        (["a-Q4_0.gguf", "b-Q4_0.gguf"], "Q4_0", "2 files"),
        (["a-IQ1.gguf", "b-IQ1.gguf"], None, "no file of a usual quantisation"),
    ],
)
def test_name_that_means_no_model_says_which_there_are(
    files: list[str], wanted: str | None, says: str
) -> None:
    with pytest.raises(NoSuchModel, match=says):
        choose_files(files, HubName("o", "r", wanted))


@pytest.mark.parametrize(
    "text", ["hf:", "hf:owner", "hf:../x", "hf:o/../r", "hf:o/r:../../x", "hf:o/r:", "hf:o/r/s"]
)
def test_name_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(NoSuchModel, match="hf:owner/repo"):
        parse_hub_name(text)

"""What a model file is: another one under the same name answers for itself."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from backends.base import CompletionRequest, Route
from backends.local import LocalBackend
from backends.local.model_file import HEAD_BYTES, identify_file
from fixtures.make_gguf import CHAT_TEMPLATE, write_model
from gateway.completions.completer import Completer
from tests.backends.local.local_model import opened, until
from tests.inline import InlineWorkers
from tests.shelf import DictCache

pytestmark = pytest.mark.anyio


class OneModel:
    """Routes everything to one backend."""

    def __init__(self, backend: LocalBackend) -> None:
        self._route = Route(name="local", backend=backend, model="local")

    async def resolve(self, model: str | None = None) -> Route:
        return self._route

    async def models(self) -> list[Route]:
        return [self._route]

    def aliases(self) -> dict[str, str]:
        return {}


def swap(path: Path, **changes: Any) -> None:
    """Put another model in the file's place, as a download does: whole, by a rename."""
    other = write_model(path.with_suffix(".new"), **changes)
    other.rename(path)


def sparse(path: Path, *, size: int, changed_ns: int = 10**18) -> Path:
    with path.open("wb") as file:
        file.write(b"GGUF header")
        file.truncate(size)
    os.utime(path, ns=(changed_ns, changed_ns))
    return path


async def test_swapped_file_under_the_same_name_is_a_miss(tmp_path: Path) -> None:
    path, cache = write_model(tmp_path / "model.gguf"), DictCache()

    async def ask() -> tuple[str, str]:
        """As the gateway does after a restart."""
        async with opened(str(path)) as backend:
            completer = Completer(OneModel(backend), cache=cache, workers=InlineWorkers())
            request = CompletionRequest(
                model="local",
                messages=[{"role": "user", "content": "Say something"}],
                temperature=0,
                max_output_tokens=24,
            )
            finished = await (await completer.open(request)).whole()
            await completer.aclose()
            return finished.text, finished.cache.status

    first, again = await ask(), await ask()
    assert (first[1], again) == ("miss", (first[0], "hit"))
    swap(path, seed=8)  # header, tensors' table and size are the same
    swapped = await ask()
    assert swapped[1] == "miss" and swapped[0] != first[0]
    assert await ask() == (swapped[0], "hit")


async def test_identity_is_of_the_file_that_is_loaded(tmp_path: Path) -> None:
    path = write_model(tmp_path / "model.gguf")
    async with opened(str(path)) as backend:
        before = await backend.identity("local")
        await backend.start()
        assert await backend.identity("local") == before, "a cached answer need not wait for the model"
        swap(path, seed=8)
        assert await backend.identity("local") == before, "the old one still answers"
        pid = backend.pid
        assert pid
        os.kill(pid, 9)
        await until(lambda: backend.pid not in (None, pid))
        await until(lambda: backend.stats()["up"])
        assert await backend.identity("local") != before


@pytest.mark.parametrize(
    ("changes", "settings", "same"),
    [
        pytest.param({}, {}, True, id="nothing"),
        pytest.param({}, {"threads": 7, "parallel": 2, "queue_limit": 9}, True, id="only-when"),
        pytest.param({}, {"context_tokens": 512}, False, id="context"),
        pytest.param({}, {"flash_attention": True}, False, id="arithmetic"),
        pytest.param({"seed": 8}, {}, False, id="weights"),
        pytest.param({"chat_template": CHAT_TEMPLATE + " "}, {}, False, id="template"),
        pytest.param({"weights": "q8_0"}, {}, False, id="quantisation"),
    ],
)
async def test_identity_changes_with_what_changes_answers(
    tmp_path: Path, changes: dict[str, Any], settings: dict[str, Any], same: bool
) -> None:
    one, other = write_model(tmp_path / "one.gguf"), write_model(tmp_path / "other.gguf", **changes)
    for path in (one, other):
        os.utime(path, ns=(10**18, 10**18))
    identities = {
        await LocalBackend(path=str(one)).identity("local"),
        await LocalBackend(path=str(other), **settings).identity("local"),
    }
    assert (len(identities) == 1) == same


def test_copy_of_a_file_is_the_same_model(tmp_path: Path) -> None:
    path = sparse(tmp_path / "model.gguf", size=1000)
    (tmp_path / "elsewhere").mkdir()
    copy = shutil.copy2(path, tmp_path / "elsewhere" / "other-name.gguf")
    assert identify_file(str(copy)) == identify_file(str(path))


def test_large_file_is_another_by_its_weights_its_size_or_its_time(tmp_path: Path) -> None:
    size = 3 * HEAD_BYTES
    path = sparse(tmp_path / "model.gguf", size=size)
    tuned = sparse(tmp_path / "tuned.gguf", size=size)
    with tuned.open("r+b") as file:
        file.seek(size // 2)
        file.write(os.urandom(2 * (size - HEAD_BYTES) // 64))  # as much as lies between two samples
    os.utime(tuned, ns=(10**18, 10**18))
    longer = sparse(tmp_path / "longer.gguf", size=size + 1)
    later = sparse(tmp_path / "later.gguf", size=size, changed_ns=10**18 + 1)
    assert len({identify_file(str(each)) for each in (path, tuned, longer, later)}) == 4


def test_every_part_of_a_split_model_counts(tmp_path: Path) -> None:
    first, second = (sparse(tmp_path / f"m-0000{n}-of-00002.gguf", size=1000) for n in (1, 2))
    before = identify_file(str(first))
    second.write_bytes(b"GGUF others")
    assert identify_file(str(first)) != before


def test_file_that_cannot_be_read_is_said_to_be(tmp_path: Path) -> None:
    assert identify_file(str(tmp_path / "missing.gguf")) == "unreadable"

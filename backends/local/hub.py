"""Models of a hub on this machine: pulled once, checked, listed, removed; served offline afterwards.

`<models>/<owner>/<repo>/<file>.gguf` is a whole file whose checksum was right; `<file>.gguf.part` is one that is still
to come, and is gone on with. `model.json` beside them says where they are from.
"""

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from backends.local.memory import in_words
from backends.local.source import HubName, NoSuchModel, choose_files

if TYPE_CHECKING:
    from huggingface_hub import HfApi

CARD, _LOCK = "model.json", ".lock"
# left free on the disk
SPARE_BYTES = 256 * 1024**2
METADATA_TIMEOUT_S = 20.0
_CHUNK_BYTES = 4 * 1024**2
_FULL = frozenset([errno.ENOSPC, errno.EDQUOT, errno.EFBIG])


class PullFailed(Exception):
    """A model could not be pulled; the message says why and what to do. What came so far is kept."""


class RemoteFile(Struct, frozen=True, kw_only=True):
    """A file as the hub announces it; `sha256` is None where it keeps none."""

    path: str
    size_bytes: int
    sha256: str | None


class RemoteModel(Struct, frozen=True, kw_only=True):
    """What would be pulled."""

    repo_id: str
    commit: str
    licence: str | None
    files: list[RemoteFile]

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)


class StoredModel(Struct, frozen=True, kw_only=True):
    """A model on this machine; `missing_bytes` above 0: its pull did not come to its end."""

    name: str
    size_bytes: int
    licence: str | None
    missing_bytes: int = 0


def look_up(name: HubName, *, endpoint: str | None = None) -> RemoteModel:
    """Ask the hub what a name means.

    Raises:
        PullFailed: the hub cannot be asked, or does not let us.
        NoSuchModel: it has no such repository or file.
    """
    with _translated(name):
        info = _api(endpoint).model_info(name.repo_id, files_metadata=True, timeout=METADATA_TIMEOUT_S)
    siblings = {sibling.rfilename: sibling for sibling in info.siblings or []}
    files = []
    for path in choose_files(siblings, name):
        lfs, size = siblings[path].lfs, siblings[path].size
        if not isinstance(size, int) or size <= 0 or ".." in Path(path).parts or Path(path).is_absolute():
            raise PullFailed(f"the hub announces {path!r} with a size of {size}; nothing was pulled")
        files.append(RemoteFile(path=path, size_bytes=size, sha256=lfs.sha256 if lfs else None))
    card: Any = info.card_data or {}
    licence = card.get("license_name") or card.get("license")
    return RemoteModel(
        repo_id=name.repo_id,
        commit=info.sha or "main",
        licence=str(licence) if licence else None,
        files=files,
    )


def pull(
    model: RemoteModel,
    models_dir: Path,
    *,
    endpoint: str | None = None,
    report: Callable[[str], None] = lambda line: None,
    bar: type[Any] | None = None,
) -> Path:
    """Bring a model here, or what is missing of it; the path of its first file.

    Args:
        report: takes a line about each file that is done.
        bar: a class like tqdm, for the progress of each file.
    Raises:
        PullFailed: not enough room, another pull of it runs, the hub failed, or what it sent is not what it announced.
    """
    folder = models_dir / model.repo_id
    name = HubName(*model.repo_id.split("/"))
    with _translated(name):
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder, name):
            _drop_others(model, folder)
            _check_room(model, folder)
            # before the files: who is interrupted finds in the list what is missing
            _remember(model, folder)
            for file in model.files:
                _pull_file(model, file, folder, endpoint=endpoint, bar=bar)
                report(f"{file.path}: {in_words(file.size_bytes)}, {_checked(file)}")
    return folder / model.files[0].path


def stored_models(models_dir: Path) -> list[StoredModel]:
    """What is on this machine, by name."""
    return [stored for card in _cards(models_dir) for stored in _stored(*card)]


def remove(name: HubName, models_dir: Path) -> int:
    """Remove a model's files, with what an interrupted pull left; how many bytes that freed.

    Files that were not pulled stay.

    Raises:
        NoSuchModel: it is not here.
        PullFailed: a pull of it is running, or huggingface_hub is not installed.
    """
    folder = models_dir / name.repo_id
    if not _known(folder):
        raise NoSuchModel(f"{name} is not on this machine; winnow models list names those that are")
    with _translated(name), _locked(folder, name):
        known = [file.path for file in _known(folder)]
        chosen = known if name.wanted is None else choose_files(known, name)
        freed = 0
        for path in chosen:
            for file in (folder / path, _part(folder / path)):
                if file.exists():
                    freed += file.stat().st_size
                    file.unlink()
        rest = [file for file in _known(folder) if file.path not in chosen]
        if rest:
            card = msgspec.json.decode((folder / CARD).read_bytes(), type=RemoteModel)
            _write_card(folder, msgspec.structs.replace(card, files=rest))
        else:
            (folder / CARD).unlink()
            (folder / _LOCK).unlink()
    for path in chosen:
        _remove_empty((folder / path).parent, models_dir / name.owner)
    return freed


# -- one file


def _pull_file(model: RemoteModel, file: RemoteFile, folder: Path, *, endpoint: str | None, bar: Any) -> None:
    from huggingface_hub import hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils._headers import build_hf_headers

    path, part = folder / file.path, _part(folder / file.path)
    if path.exists() and path.stat().st_size == file.size_bytes:
        # its content is known, see `_drop_others`
        return
    part.parent.mkdir(parents=True, exist_ok=True)
    if part.exists() and part.stat().st_size > file.size_bytes:
        part.unlink()
    with _removed_if_wrong(part), part.open("ab") as opened:
        http_get(
            hf_hub_url(model.repo_id, file.path, revision=model.commit, endpoint=endpoint),
            _Bounded(opened, file),  # type: ignore[arg-type]
            resume_size=opened.tell(),
            headers=build_hf_headers(),
            expected_size=file.size_bytes,
            displayed_filename=Path(file.path).name,
            tqdm_class=bar,
        )
        opened.flush()
        os.fsync(opened.fileno())
    with _removed_if_wrong(part):
        if fault := _fault_of(part, file):
            raise PullFailed(f"{file.path} {fault}; it was removed, pull it again")
    part.replace(path)


@contextmanager
def _removed_if_wrong(part: Path) -> Iterator[None]:
    """What is not what was announced is of no use to the next pull."""
    try:
        yield
    except PullFailed:
        part.unlink()
        raise


class _Bounded:
    """A file that takes no more bytes than were announced: a server that sends without end fills no disk."""

    def __init__(self, opened: Any, file: RemoteFile) -> None:
        self._opened, self._file = opened, file
        self.tell, self.seek, self.truncate = opened.tell, opened.seek, opened.truncate

    def write(self, data: bytes) -> int:
        if self._opened.tell() + len(data) > self._file.size_bytes:
            raise PullFailed(
                f"the hub announced {self._file.size_bytes} bytes of {self._file.path} and sends more; it was removed"
            )
        written: int = self._opened.write(data)
        return written


def _fault_of(path: Path, file: RemoteFile) -> str | None:
    """What about a whole file's content is not as announced."""
    digest = hashlib.sha256()
    with path.open("rb") as opened:
        magic = opened.read(4)
        opened.seek(0)
        while data := opened.read(_CHUNK_BYTES):
            digest.update(data)
    if file.sha256 and digest.hexdigest() != file.sha256:
        return f"has the checksum {digest.hexdigest()[:16]}…, announced was {file.sha256[:16]}…"
    return None if magic == b"GGUF" else "is not a GGUF file"


def _checked(file: RemoteFile) -> str:
    return "checksum right" if file.sha256 else "the hub has no checksum of it"


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


# -- the folder


@contextmanager
def _locked(folder: Path, name: HubName) -> Iterator[None]:
    from filelock import FileLock, Timeout

    try:
        with FileLock(folder / _LOCK, timeout=0):
            yield
    except Timeout:
        raise PullFailed(f"another pull of {name.repo_id} is running; wait for its end") from None


def _drop_others(model: RemoteModel, folder: Path) -> None:
    """Remove files of the model's names and sizes with another content: of an earlier commit, or not pulled at all.

    Before the card says the new checksums: what has the size and checksum of the card was checked.
    """
    checked = {(file.path, file.sha256) for file in _known(folder)}
    for file in model.files:
        path = folder / file.path
        if (file.path, file.sha256) in checked or not path.exists():
            continue
        if path.stat().st_size == file.size_bytes and _fault_of(path, file):
            path.unlink()


def _remove_empty(folder: Path, above: Path) -> None:
    """Remove a folder, and those around it below `above`, as far as they are empty."""
    while folder != above:
        try:
            folder.rmdir()
        except OSError:
            # something else is in it
            return
        folder = folder.parent


def _check_room(model: RemoteModel, folder: Path) -> None:
    needed = model.size_bytes - sum(_have_bytes(folder, file) for file in model.files)
    free = shutil.disk_usage(folder).free
    if needed and needed + SPARE_BYTES > free:
        raise PullFailed(
            f"{model.repo_id} needs {in_words(needed)} more and {in_words(SPARE_BYTES)} to spare, {in_words(free)} are "
            f"free at {folder}; make room, or set WINNOW_MODELS_DIR to another disk"
        )


def _have_bytes(folder: Path, file: RemoteFile) -> int:
    for path in (folder / file.path, _part(folder / file.path)):
        if path.exists():
            return min(path.stat().st_size, file.size_bytes)
    return 0


def _remember(model: RemoteModel, folder: Path) -> None:
    others = [file for file in _known(folder) if file.path not in {new.path for new in model.files}]
    _write_card(folder, msgspec.structs.replace(model, files=[*others, *model.files]))


def _write_card(folder: Path, model: RemoteModel) -> None:
    fresh = folder / f"{CARD}.new"
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(model)))
    fresh.replace(folder / CARD)


def _known(folder: Path) -> list[RemoteFile]:
    try:
        return msgspec.json.decode((folder / CARD).read_bytes(), type=RemoteModel).files
    except (OSError, msgspec.DecodeError):
        return []


def _cards(models_dir: Path) -> Iterator[tuple[Path, RemoteModel]]:
    for card in sorted(models_dir.glob(f"*/*/{CARD}")):
        try:
            yield card.parent, msgspec.json.decode(card.read_bytes(), type=RemoteModel)
        except (OSError, msgspec.DecodeError):
            # not ours, or from another version
            continue


def _stored(folder: Path, model: RemoteModel) -> Iterator[StoredModel]:
    left = [file.path for file in model.files]
    while left:
        owner, repo = model.repo_id.split("/")
        files = choose_files(left, HubName(owner, repo, left[0]))
        left = [path for path in left if path not in files]
        known = [file for file in model.files if file.path in files]
        missing = sum(file.size_bytes - _have_bytes(folder, file) for file in known)
        yield StoredModel(
            name=f"hf:{model.repo_id}:{files[0]}",
            size_bytes=sum(file.size_bytes for file in known),
            licence=model.licence,
            missing_bytes=missing,
        )


# -- the hub


def _api(endpoint: str | None) -> "HfApi":
    from huggingface_hub import HfApi

    return HfApi(endpoint=endpoint, library_name="winnow")


@contextmanager
def _translated(name: HubName) -> Iterator[None]:
    """The hub's and the disk's faults in our words."""
    try:
        from huggingface_hub.errors import (
            GatedRepoError,
            HfHubHTTPError,
            OfflineModeIsEnabled,
            RepositoryNotFoundError,
        )
    except ImportError:
        raise PullFailed('huggingface_hub is not installed: pip install "winnow-gateway[hub]"') from None
    import httpx2

    try:
        yield
    except GatedRepoError as exc:
        raise PullFailed(
            f"{name.repo_id} asks you to accept its terms on its page first; then set HF_TOKEN to a token of yours"
        ) from exc
    except RepositoryNotFoundError as exc:
        raise NoSuchModel(
            f"the hub has no {name.repo_id}, or shows it to its members only: check the name, or set HF_TOKEN"
        ) from exc
    except HfHubHTTPError as exc:
        raise PullFailed(f"the hub failed at {name.repo_id}: {_line(exc)}; try again later") from exc
    except (httpx2.HTTPError, OfflineModeIsEnabled) as exc:
        raise PullFailed(
            f"the hub cannot be reached ({_line(exc)}); what came is kept, run the same command again. "
            "Models that are here are served without it"
        ) from exc
    except OSError as exc:
        first = "make room, or set WINNOW_MODELS_DIR to another disk, and " if exc.errno in _FULL else ""
        raise PullFailed(f"{_line(exc)}; what came is kept, {first}run the same command again") from exc


def _line(exc: Exception) -> str:
    text = str(exc).strip()
    return text.splitlines()[0] if text else type(exc).__name__

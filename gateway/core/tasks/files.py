"""Reading the files that callers put into prompts, as text that any model can be given."""

import base64
from typing import ClassVar

from msgspec import Struct

from gateway.core.llm.prompt import fence_file
from gateway.core.model.page import CleanOptions
from gateway.core.tasks.base import Task
from gateway.core.tokens.formats import parts_of
from gateway.errors import GatewayError, InvalidRequest


class AttachedFile(Struct, kw_only=True, frozen=True):
    """A file of a prompt: `data` is base64, alone or as a `data:` URL; `name` may tell its type."""

    data: str
    name: str


class ReadFiles(Task[list[str]], kw_only=True, frozen=True):
    """The texts of all files of one prompt, each fenced; together, so that they share one deadline."""

    doing: ClassVar[str] = "reading the files of the prompt"

    files: list[AttachedFile]

    def run(self) -> list[str]:
        return [
            fence_file(_markdown(file, number), name=file.name) for number, file in enumerate(self.files, 1)
        ]


def _markdown(file: AttachedFile, number: int) -> str:
    from gateway.core.cleaning import clean
    from gateway.core.documents.reader import read_document

    media_type, body = _decode(file, number)
    try:
        document = read_document(body, content_type=media_type, url=file.name or None)
        page = clean(document.html, options=CleanOptions(scope="page"))
    except GatewayError as exc:
        raise InvalidRequest(f"{_called(file, number)}: {exc.detail}") from exc
    return "".join(parts_of(page))


def _decode(file: AttachedFile, number: int) -> tuple[str, bytes]:
    """Its media type, empty where it says none, and its bytes."""
    head, data = "", file.data
    if data.startswith("data:"):
        head, _, data = data.removeprefix("data:").partition(",")
    try:
        # broken into lines by some clients
        return head.removesuffix(";base64"), base64.b64decode("".join(data.split()), validate=True)
    except ValueError as exc:
        raise InvalidRequest(f"{_called(file, number)}: its data is not base64") from exc


def _called(file: AttachedFile, number: int) -> str:
    named = f" ({file.name[:100]})" if file.name else ""
    return f"file {number} of the prompt{named}"

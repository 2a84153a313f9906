"""Files in prompts (PDFs, office documents): text for the models whose server does not read files itself.

They stand in messages as OpenAI's chat completions have them, `{"type": "file", "file": {"file_data", "filename"}}`.
"""

from collections.abc import Iterator
from typing import Any

from backends.base import Backend, CompletionRequest, reads_files, reads_native
from gateway.core.tasks.base import Workers
from gateway.core.tasks.files import AttachedFile, ReadFiles
from gateway.errors import InvalidRequest

Messages = list[dict[str, Any]]


def holds_files(messages: Messages) -> bool:
    """Whether a message holds a file."""
    return any(True for _ in _files_in(messages))


def can_be_asked(backend: Backend, request: CompletionRequest) -> bool:
    """Whether a backend is given all of a prompt as it stands: `native` holds all, `messages` maybe not."""
    if request.unsaid or (request.native and reads_native(backend)):
        return reads_native(backend)
    return reads_files(backend) or not holds_files(request.messages)


async def read_files(messages: Messages, workers: Workers) -> Messages:
    """The messages with the text of each file in its place; those without files are the same.

    Raises:
        InvalidRequest: a file cannot be read, or is not in the request.
        CleanTimeout: reading all of them takes too long.
    """
    files = [_file_of(part) for part in _files_in(messages)]
    if not files:
        return messages
    texts = await workers.run(ReadFiles(files=files))
    left = iter(texts)
    return [_with_texts(message, left) for message in messages]


def _files_in(messages: Messages) -> Iterator[dict[str, Any]]:
    for message in messages:
        content = message.get("content")
        if isinstance(content, list):
            yield from filter(_is_file, content)


def _is_file(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "file"


def _file_of(part: dict[str, Any]) -> AttachedFile:
    match part.get("file"):
        case {"file_data": str(data), **more}:
            name = more.get("filename")
            return AttachedFile(data=data, name=name if isinstance(name, str) else "")
    raise InvalidRequest(
        "a file of the prompt has no `file_data`: files are not kept on this server, so send its content as base64"
    )


def _with_texts(message: dict[str, Any], texts: Iterator[str]) -> dict[str, Any]:
    content = message.get("content")
    if not isinstance(content, list) or not any(map(_is_file, content)):
        return message
    parts = [{"type": "text", "text": next(texts)} if _is_file(part) else part for part in content]
    if all(isinstance(part, dict) and part.get("type") == "text" for part in parts):
        # many servers' templates take nothing but a text
        return message | {"content": "\n\n".join([str(part.get("text")) for part in parts])}
    return message | {"content": parts}

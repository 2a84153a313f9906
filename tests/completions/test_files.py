"""Files in prompts: text for models whose server does not read files, as they are for those whose does."""

import base64
from pathlib import Path
from typing import Any

import openai
import pytest

from backends.remote import RemoteBackend
from backends.specs import BackendSpec, ModelSpec
from gateway.core.tasks.base import pack, unpack
from gateway.core.tasks.files import AttachedFile, ReadFiles
from gateway.core.tasks.work import run
from tests.models import HI, gateway
from tests.upstream import HELLO, Said, error

pytestmark = pytest.mark.anyio
DOCUMENTS = Path(__file__).parents[2] / "fixtures" / "documents"


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def document(name: str) -> str:
    return encoded((DOCUMENTS / name).read_bytes())


def file(data: str, name: str = "") -> dict[str, Any]:
    return {"type": "file", "file": {"file_data": data, "filename": name}}


GUIDE = file(f"data:application/pdf;base64,{document('guide.pdf')}", "guide.pdf")


def user(*parts: dict[str, Any]) -> Any:
    return [{"role": "user", "content": list(parts)}]


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


async def heard(*parts: dict[str, Any], **fields: Any) -> Any:
    """The content that a server gets which reads no files."""
    async with gateway(Said(HELLO)) as stack:
        await stack.openai.chat.completions.create(model="m", messages=user(*parts), **fields)
        (message,) = stack.up.heard[0].body["messages"]
    return message["content"]


async def test_pdf_of_a_chat_becomes_text_between_delimiters() -> None:
    content = await heard(text("What is this?"), GUIDE)
    question, begin, *middle, end = [line for line in content.split("\n") if line]
    assert question == "What is this?"
    delimiter = begin.partition(" ")[0].removeprefix("[[")
    assert (begin, end) == (f"[[{delimiter} file begins: guide.pdf]]", f"[[{delimiter} file ends]]")
    assert "# Keeping bees" in middle
    assert content.count(delimiter) == 2


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        pytest.param(document("guide.pdf"), "", "# Keeping bees", id="bare-base64-known-by-its-bytes"),
        pytest.param(encoded(b"# Hive\n\nWax."), "a.md", "# Hive", id="markdown-by-its-name"),
        pytest.param(f"data:text/csv;base64,{encoded(b'a,b')}", "", "a,b", id="text-by-its-type"),
        pytest.param(
            f"data:text/html;base64,{encoded(b'<nav>x</nav><p>Wax')}", "", "x\n\nWax", id="all-of-a-page"
        ),
        pytest.param("\n".join([encoded(b"Wax"), ""]), "a.txt", "Wax", id="lines-of-base64"),
    ],
)
async def test_type_is_told_by_the_file_its_name_or_its_bytes(data: str, name: str, words: str) -> None:
    assert words in await heard(file(data, name))


async def test_file_stays_beside_pictures_where_it_stood() -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://a.test/a.png"}}
    before, shown, behind = await heard(
        file(encoded(b"one"), "1.txt"), picture, file(encoded(b"two"), "2.txt")
    )
    assert "\n\none\n\n" in before["text"] and shown == picture and "\n\ntwo\n\n" in behind["text"]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        pytest.param(
            file(document("locked.pdf"), "l.pdf"), r"file 1 of the prompt \(l.pdf\): .*password", id="locked"
        ),
        pytest.param(file(document("scanned.pdf")), "file 1 of the prompt: .*OCR", id="scanned"),
        pytest.param(file("data:application/pdf;base64,%%%"), "its data is not base64", id="no-base64"),
        pytest.param(file("é"), "its data is not base64", id="no-ascii"),
        pytest.param(file(encoded(b"\x7fELF\0\0")), "nothing here turns", id="a-program"),
        pytest.param(
            {"type": "file", "file": {"file_id": "file-1"}}, "has no `file_data`", id="kept-elsewhere"
        ),
        pytest.param({"type": "file", "file": "x"}, "has no `file_data`", id="no-object"),
        pytest.param({"type": "file"}, "has no `file_data`", id="nothing"),
    ],
)
async def test_file_that_cannot_be_read_is_refused_by_its_number(part: dict[str, Any], words: str) -> None:
    async with gateway(Said(HELLO)) as stack:
        with pytest.raises(openai.BadRequestError, match=words):
            await stack.openai.chat.completions.create(model="m", messages=user(part))
        assert stack.up.heard == []


async def test_server_that_reads_files_gets_them_as_they_are() -> None:
    kept = {"type": "file", "file": {"file_id": "file-1"}}
    async with gateway(Said(HELLO)) as stack:
        own = BackendSpec(
            name="own", kind="remote", url=stack.up.url, reads_files=True, models=[ModelSpec(name="n")]
        )
        async with gateway(Said(HELLO), own) as front:
            await front.openai.chat.completions.create(model="n", messages=user(GUIDE, kept))
            assert stack.up.heard[0].body["messages"] == user(GUIDE, kept)


@pytest.mark.parametrize(
    ("url", "said", "reads"),
    [
        ("https://api.openai.com/v1", None, True),
        ("https://api.openai.com/v1", False, False),
        ("https://a.test/v1", None, False),
        ("https://a.test/v1", True, True),
    ],
)
async def test_openais_own_servers_read_files_and_others_where_it_is_said(
    url: str, said: bool | None, reads: bool
) -> None:
    backend = RemoteBackend(name="x", url=url, reads_files=said)
    assert backend.reads_files is reads
    await backend.aclose()


async def test_fallback_that_reads_no_files_is_not_asked_for_a_prompt_of_them() -> None:
    async with gateway(error("down", status=503)) as down, gateway(Said(HELLO)) as well:
        first = ModelSpec(name="n", fallbacks=["o"])
        reader = BackendSpec(name="reader", kind="remote", url=down.up.url, reads_files=True, models=[first])
        other = BackendSpec(name="other", kind="remote", url=well.up.url, models=[ModelSpec(name="o")])
        async with gateway(Said(HELLO), reader, other) as front:
            await front.openai.chat.completions.create(model="n", messages=HI)
            with pytest.raises(openai.InternalServerError):
                await front.openai.chat.completions.create(model="n", messages=user(GUIDE))
        assert len(well.up.heard) == 1


async def test_responses_take_files_too() -> None:
    part: Any = {"type": "input_file", "filename": "guide.pdf", "file_data": document("guide.pdf")}
    async with gateway(Said(HELLO)) as stack:
        await stack.openai.responses.create(model="m", input=[{"role": "user", "content": [part]}])
        (message,) = stack.up.heard[0].body["messages"]
    assert "# Keeping bees" in message["content"]


async def test_text_of_a_file_counts_for_the_context() -> None:
    async with gateway(Said(HELLO)) as stack:
        small = BackendSpec(
            name="small", kind="remote", url=stack.up.url, models=[ModelSpec(name="n", context_tokens=60)]
        )
        async with gateway(Said(HELLO), small) as front:
            await front.openai.chat.completions.create(model="n", messages=HI)
            with pytest.raises(openai.BadRequestError, match="of model `n`"):
                await front.openai.chat.completions.create(model="n", messages=user(GUIDE))


def test_files_are_read_as_a_task_of_the_workers() -> None:
    task = ReadFiles(files=[AttachedFile(data=encoded(b"Wax"), name="a.txt")])
    (content,) = unpack(task, run(pack(task)))
    assert "\n\nWax\n\n" in content

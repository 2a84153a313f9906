"""What has changed between two copies of a page."""

from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from gateway.core.documents.document import Received
from gateway.core.model.page import CleanOptions
from gateway.core.tasks.base import Task
from gateway.core.text.changes import compare
from gateway.core.tokens.formats import parts_of
from gateway.wire import Change, Format

MAX_CHANGES = 1_000


class Changes(Struct, kw_only=True, frozen=True):
    """The first changes, and how many more there are."""

    blocks: list[Change]
    left_out: int


class FindChanges(Task[Changes], kw_only=True, frozen=True):
    """Compare the contents of two copies, read with the same options."""

    doing: ClassVar[str] = "comparing the page with an earlier copy"

    old: Received
    new: Received
    # of the newer copy: a page that moved has not changed its links
    url: str | None
    options: CleanOptions
    format: Format

    def run(self) -> Changes:
        found = compare(self._blocks(self.old), self._blocks(self.new))
        blocks = [Change(old=each.old, new=each.new) for each in found[:MAX_CHANGES]]
        return Changes(blocks=blocks, left_out=len(found) - len(blocks))

    def _blocks(self, copy: Received) -> list[str]:
        from gateway.core.cleaning import clean
        from gateway.core.documents.reader import read_document

        document = read_document(copy.body, content_type=copy.content_type, url=self.url)
        options = self.options if document.kind == "html" else replace(self.options, scope="page")
        page = clean(document.html, url=self.url, options=options)
        return [block for part in parts_of(page, self.format) if (block := part.strip())]

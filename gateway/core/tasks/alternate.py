"""Reading a page's offer of its own markdown."""

from typing import ClassVar

from gateway.core.documents.alternate import markdown_alternate
from gateway.core.tasks.base import Task


class FindMarkdownAlternate(Task[str | None], kw_only=True, frozen=True):
    """The address of the page's own markdown, None where it offers none."""

    doing: ClassVar[str] = "reading the page's links to other formats"

    body: bytes
    headers: dict[str, str]
    url: str

    def run(self) -> str | None:
        return markdown_alternate(self.body, headers=self.headers, url=self.url)

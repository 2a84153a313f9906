"""Finding where pages state the values of an answer."""

from typing import ClassVar

import msgspec
from msgspec import Struct

from gateway.core.tasks.base import Task
from gateway.wire import Evidence

# judged: the main process holds what is found as objects
MAX_LEAVES = 100_000


class StatedPage(Struct, kw_only=True, frozen=True):
    """A page as evidence needs it.

    `structured` is what it states as data, as JSON; empty unless the answer was made of that.
    """

    content: str
    title: str | None
    structured: bytes = b"[]"


class FindEvidence(Task[list[Evidence]], kw_only=True, frozen=True):
    """Judge every value of `data`, which is JSON, by the pages; at most the first `MAX_LEAVES`."""

    doing: ClassVar[str] = "finding the evidence"

    data: bytes
    pages: list[StatedPage]

    def run(self) -> list[Evidence]:
        from gateway.core.llm.evidence import find_evidence

        return find_evidence(
            msgspec.json.decode(self.data),
            [page.content for page in self.pages],
            beside=[_stated_beside(page) for page in self.pages],
            most=MAX_LEAVES,
        )


def _stated_beside(page: StatedPage) -> str:
    """What a page states outside its content."""
    from gateway.core.llm.evidence import leaves_of

    return "\n".join(
        [page.title or "", *(str(leaf.value) for leaf in leaves_of(msgspec.json.decode(page.structured)))]
    )

"""What a worker process does: `run` is called with the bytes of a task."""

from selectolax.lexbor import SelectolaxError

# what tasks import when they run is here before the first worker is forked, so that all share it
import gateway.core.crawling.links
import gateway.core.crawling.sitemap
import gateway.core.documents.reader
import gateway.core.llm.evidence
import gateway.core.llm.merge
import gateway.core.llm.reply
import gateway.core.llm.structured_answer  # noqa: F401
from gateway.core.cleaning import clean
from gateway.core.dom.native import prefer_native
from gateway.core.tasks.alternate import FindMarkdownAlternate
from gateway.core.tasks.answers import AnswerFromStructured, CheckSchema, MergeAnswers, ValidateAnswer
from gateway.core.tasks.base import Tasks
from gateway.core.tasks.body import DecodeBody
from gateway.core.tasks.changes import FindChanges
from gateway.core.tasks.crawling import (
    CheckScope,
    FindNoAddresses,
    FollowLinks,
    IdentifyAddresses,
    ReadLinkList,
    ReadSitemap,
    ReadSitemapLines,
)
from gateway.core.tasks.evidence import FindEvidence
from gateway.core.tasks.files import ReadFiles
from gateway.core.tasks.page import CleanPage
from gateway.core.tasks.prompts import CutMarkdown, MakeDelimiter, PlanCalls
from gateway.core.tasks.robots import CheckRobots
from gateway.core.tasks.tokens import CountTokens, DecodeTokens
from gateway.core.tokens.counters import get_counter
from gateway.wire import DEFAULT_TOKENIZER

_tasks = Tasks(
    CleanPage
    | FindChanges
    | FindMarkdownAlternate
    | CountTokens
    | DecodeTokens
    | CheckSchema
    | AnswerFromStructured
    | ValidateAnswer
    | MergeAnswers
    | FindEvidence
    | PlanCalls
    | MakeDelimiter
    | CutMarkdown
    | CheckRobots
    | CheckScope
    | FindNoAddresses
    | FollowLinks
    | IdentifyAddresses
    | ReadSitemap
    | ReadSitemapLines
    | ReadLinkList
    | DecodeBody
    | ReadFiles
)


def run(task: bytes) -> bytes:
    """Do one task. Never raises a GatewayError: it is the answer then.

    Raises:
        MemoryError: the task needs more than this process may have.
    """
    try:
        return _tasks.run(task)
    except SelectolaxError as exc:
        # Lexbor parses anything, unless an allocation fails
        raise MemoryError from exc


def warm(*without: str) -> None:
    """Load what the first task would otherwise wait for: the parser, the classifier, the usual vocabulary.

    Args:
        without: "native" where pages are to be walked by Python.
    """
    warm_cleaner(*without)
    get_counter(DEFAULT_TOKENIZER)("")


def warm_cleaner(*without: str) -> None:
    """As `warm`, but for the vocabulary."""
    prefer_native("native" not in without)
    clean("<p>")

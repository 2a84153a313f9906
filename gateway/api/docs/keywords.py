"""The docstrings of the client's keyword arguments, which editors show, written from the requests' types.

python -m gateway.api.docs.keywords        # make api-docs

In `FILE` every field of a class of `KINDS` is followed by its docstring; all else stays as it is.
"""

import ast
import re
import textwrap
from pathlib import Path

from msgspec import Struct

from gateway.api.docs.fields import fields_of
from gateway.wire import AnswerCacheOptions, ExtractRequest, ScrapeOptions, ScrapeRequest, TokensRequest
from gateway.wire.jobs import BatchRequest, CrawlRequest, MapRequest, PageQuestion, Webhook
from gateway.wire.search import SearchRequest

FILE = Path(__file__).parents[2] / "sdk" / "keywords.py"
KINDS: dict[str, type[Struct]] = {
    "PageKeywords": ScrapeOptions,
    "ScrapeKeywords": ScrapeRequest,
    "TokensKeywords": TokensRequest,
    "CacheKeywords": AnswerCacheOptions,
    "ExtractKeywords": ExtractRequest,
    "QuestionKeywords": PageQuestion,
    "WebhookKeywords": Webhook,
    "BatchKeywords": BatchRequest,
    "CrawlKeywords": CrawlRequest,
    "MapKeywords": MapRequest,
    "SearchKeywords": SearchRequest,
}
# of lines, room for the closing quotes left
_WIDTH = 107
_NULL = re.compile(r"\bnull\b")


def fill_docstrings(source: str) -> str:
    """The source with each field's docstring as its type has it now.

    Raises:
        KeyError: a class is not in `KINDS`, or its type has no such field.
    """
    lines = source.splitlines()
    # from the end, so that the lines before stay where the tree has them
    for definition in reversed(ast.parse(source).body):
        if not isinstance(definition, ast.ClassDef):
            continue
        fields = fields_of(KINDS[definition.name])
        body = definition.body
        for index, node in reversed(list(enumerate(body))):
            if not isinstance(node, ast.AnnAssign):
                continue
            end = after = node.end_lineno or 0
            if index + 1 < len(body) and isinstance(body[index + 1], ast.Expr):
                after = body[index + 1].end_lineno or 0
            lines[end:after] = _docstring(fields[ast.unparse(node.target)])
    return "\n".join(lines) + "\n"


def _docstring(schema: dict[str, object]) -> list[str]:
    text = _NULL.sub("None", str(schema["description"]))
    if (default := schema.get("default")) not in (None, [], {}):
        text += f" Default: `{default!r}`."
    opening = '    r"""' if "\\" in text else '    """'
    lines = textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=opening,
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [*lines[:-1], lines[-1] + '"""']


def main() -> None:
    FILE.write_text(fill_docstrings(FILE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()

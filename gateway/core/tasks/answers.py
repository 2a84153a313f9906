"""A caller's schema and a model's answers: checked, validated, merged. Both are strangers' programs and texts.

Schemas and data cross as JSON: MessagePack has no integers beyond 64 bits.
"""

from functools import lru_cache
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from gateway.core.json_schema.pointer import count_values
from gateway.core.json_schema.schema import Schema, Violation
from gateway.core.tasks.base import Task
from gateway.errors import GatewayError, InvalidRequest, SchemaUnsatisfied

# of an answer: the main process holds them as objects
MAX_VALUES = 200_000

_decode, _encode = msgspec.json.decode, msgspec.json.encode


class CheckSchema(Task[None], kw_only=True, frozen=True):
    """Refuse a schema that is not valid, not bounded or not self-contained."""

    doing: ClassVar[str] = "checking `schema`"
    exceeded: ClassVar[type[GatewayError]] = InvalidRequest

    # JSON, as the others here
    schema: bytes

    def run(self) -> None:
        _schema_of(self.schema)


class AnswerFromStructured(Task[bytes | None], kw_only=True, frozen=True):
    """The data that the page's own structured data gives for the schema, None where it gives none."""

    doing: ClassVar[str] = "reading the page's structured data"

    schema: bytes
    structured: bytes
    prompt: str | None

    def run(self) -> bytes | None:
        from gateway.core.llm.structured_answer import answer_from_structured

        schema = _schema_of(self.schema)
        found = answer_from_structured(
            _decode(self.structured),
            schema.document,
            prompt=self.prompt,
            validates=lambda data: not schema.violations(data),
        )
        return None if found is None else _encode(found.data)


class Checked(Struct, kw_only=True, frozen=True):
    """Data that a model gave, and how it breaks the schema; None where it was no JSON."""

    data: bytes | None
    violations: list[Violation]


class ValidateAnswer(Task[Checked], kw_only=True, frozen=True):
    """Read the JSON in a reply and hold it against the schema."""

    doing: ClassVar[str] = "validating the model's answer"
    exceeded: ClassVar[type[GatewayError]] = SchemaUnsatisfied

    schema: bytes
    reply: str

    def run(self) -> Checked:
        from gateway.core.llm.reply import NoJson, read_json

        try:
            data = read_json(self.reply)
        except NoJson as exc:
            return _refused(str(exc))
        return _check(data, self.schema)


class Answered(Struct, kw_only=True, frozen=True):
    """What was asked about a part of the pages: their contents, and the reply where there is one."""

    pages: list[str]
    reply: str | None


class Merged(Struct, kw_only=True, frozen=True):
    """One value out of several; `unreadable` are the indexes of replies that hold no JSON."""

    answer: Checked
    unreadable: list[int]


class MergeAnswers(Task[Merged], kw_only=True, frozen=True):
    """Read the replies about the parts of a text, and make one value of them."""

    doing: ClassVar[str] = "merging the model's answers"
    exceeded: ClassVar[type[GatewayError]] = SchemaUnsatisfied

    schema: bytes
    answers: list[Answered]

    def run(self) -> Merged:
        from gateway.core.llm.evidence import find_evidence
        from gateway.core.llm.merge import Part, merge_parts
        from gateway.core.llm.reply import NoJson, read_json

        parts, unreadable = [], []
        for index, answered in enumerate(self.answers):
            if answered.reply is None:
                continue
            try:
                data = read_json(answered.reply)
            except NoJson:
                unreadable.append(index)
                continue
            evidence = find_evidence(data, answered.pages)
            supported = frozenset(found.path for found in evidence if found.status == "supported")
            parts.append(Part(data=data, supported=supported))
        return Merged(answer=_check(merge_parts(parts), self.schema), unreadable=unreadable)


def _check(data: Any, schema: bytes) -> Checked:
    if count_values(data, limit=MAX_VALUES) > MAX_VALUES:
        return _refused(f"it has more than {MAX_VALUES} values")
    try:
        encoded = _encode(data)
    except UnicodeEncodeError:
        return _refused("it has half of a surrogate pair, which is no character")
    return Checked(data=encoded, violations=_schema_of(schema).violations(data))


def _refused(reason: str) -> Checked:
    return Checked(data=None, violations=[Violation(path="", message=reason)])


# one request asks for the same schema several times
@lru_cache(4)
def _schema_of(encoded: bytes) -> Schema:
    return Schema(_decode(encoded))

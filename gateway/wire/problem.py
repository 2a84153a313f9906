"""The body of an error."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType


class Problem(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """RFC 9457 problem details, the body of every error outside the OpenAI routes."""

    type: Annotated[str, Meta(description="`urn:winnow:error:` and the code.")]
    title: Annotated[str, Meta(description="The kind of error in words.")]
    status: Annotated[int, Meta(description="HTTP status.")]
    detail: Annotated[str, Meta(description="What happened, where, and what to do next.")]
    code: Annotated[str, Meta(description="Stable name of the error.")]
    request_id: Annotated[str, Meta(description="Finds the request in the gateway's log.")]
    extra: Annotated[
        dict[str, Any], Meta(description="Facts about the error, such as both counts of a context overflow.")
    ] = {}
    error: Annotated[
        str | UnsetType,
        Meta(
            description="`detail` again, where the body was one of Firecrawl's v1, whose clients show this."
        ),
    ] = UNSET

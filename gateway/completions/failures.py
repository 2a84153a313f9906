"""What a backend raised → the error that the caller gets. Pure."""

import re

from backends.base import (
    ContextExceeded,
    Route,
    UpstreamError,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from gateway import errors

# the rest of a server's 4xx are about our key, our quota or our address
_CALLERS_FAULT = {400, 413, 415, 422}


# how servers say that a prompt is longer than the model's context: OpenAI, llama-server, vLLM, Anthropic
_OVERFLOWS = {"context_length_exceeded", "exceed_context_size_error"}
_OVERFLOW_WORDS = re.compile(
    r"maximum context length|context length exceeded|prompt is too long", re.IGNORECASE
)


def to_gateway_error(failure: UpstreamError, route: Route, *, begun: bool) -> errors.GatewayError:
    """The error for a failure of `route`; `begun` says that tokens were sent already."""
    where = f"backend `{route.backend.name}`, model `{route.name}`"
    if begun:
        return errors.BackendInterrupted(f"{where}: {failure.message}; what was sent is incomplete")
    match failure:
        case ContextExceeded():
            return errors.ContextOverflow(
                failure.message, prompt_tokens=failure.prompt_tokens, context_tokens=failure.context_tokens
            )
        case UpstreamTimeout():
            return errors.BackendTimeout(f"{where}: {failure.message}", retry_after_s=failure.retry_after_s)
        case UpstreamUnavailable():
            return errors.BackendUnavailable(
                f"{where}: {failure.message}", retry_after_s=failure.retry_after_s, headers=failure.headers
            )
        case UpstreamRejected(upstream_status=429):
            return errors.BackendRateLimited(
                f"{where}: {failure.message}", retry_after_s=failure.retry_after_s, headers=failure.headers
            )
        case UpstreamRejected() if failure.upstream_status in _CALLERS_FAULT:
            return errors.BackendRejected(f"{where}: {failure.message}", error=failure.body)
    return errors.BackendError(
        f"{where}: {failure.message}", retry_after_s=failure.retry_after_s, headers=failure.headers
    )


def is_worth_a_fallback(failure: UpstreamError) -> bool:
    """Whether another backend may do better: not when the request itself is at fault."""
    if isinstance(failure, UpstreamRejected):
        return failure.upstream_status not in _CALLERS_FAULT or is_overflow(failure)
    return True


def is_overflow(failure: UpstreamError) -> bool:
    """Whether the prompt was too long for the model; one with a longer context may take it."""
    if isinstance(failure, UpstreamRejected):
        named = {failure.body.get("code"), failure.body.get("type")} & _OVERFLOWS
        return failure.upstream_status in (400, 413) and bool(
            named or _OVERFLOW_WORDS.search(failure.message)
        )
    return isinstance(failure, ContextExceeded)

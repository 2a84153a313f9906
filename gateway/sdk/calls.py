"""The client's half without a network: what to send, how to read what comes back, when to try again."""

import random
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, Generic, TypeVar, Unpack

import msgspec
from msgspec import Struct

from gateway.errors import BY_CODE, BackendInterrupted, GatewayError, GatewayUnreachable
from gateway.net import sse
from gateway.net.retry_after import read_retry_after
from gateway.primitives.did_you_mean import did_you_mean
from gateway.sdk.keywords import ExtractKeywords, ScrapeKeywords, SearchKeywords, TokensKeywords
from gateway.sdk.schemas import instance_of, json_schema_of
from gateway.wire import (
    ANSWER_TIMEOUT_S,
    MAX_TIMEOUT_S,
    AnswerCacheOptions,
    DeltaEvent,
    EvidenceEvent,
    ExtractDone,
    ExtractEvent,
    ExtractRequest,
    ExtractResponse,
    ModelPrice,
    ScrapeOptions,
    ScrapeRequest,
    ScrapeResponse,
    SourceEvent,
    TokensRequest,
    TokensResponse,
)
from gateway.wire.search import SearchRequest, SearchResponse

MAX_RETRY_WAIT_S = 30.0
# what the gateway needs beyond the deadlines of page and model; a stream is silent for 15 s at most
GRACE_S = 10.0
# a call that neither fetches a page nor asks a model
SHORT_CALL_S = 30.0 + GRACE_S
# how many pages are read beyond the one that is due, for each that is read at a time
AHEAD = 4
_RETRIED = {429, 503}
SUCCESSES = {200, 202}

T = TypeVar("T")
Request = TypeVar("Request", bound=Struct)


class Call(Struct, Generic[T], kw_only=True, frozen=True):
    """One exchange, not yet sent: the request, and how to read the body of a success."""

    path: str
    read: Callable[[bytes], T]
    timeout_s: float
    body: bytes = b""
    method: str = "POST"
    headers: Mapping[str, str] = {}


class Model(Struct, kw_only=True, frozen=True):
    """A model that can be asked for."""

    id: str
    # the backend that serves it
    owned_by: str = ""
    context_length: int | None = None
    # US dollars per million tokens, where the gateway is configured with it
    price: ModelPrice | None = None


class _Models(Struct, kw_only=True, frozen=True):
    data: list[Model]


def scrape_call(
    url: str | ScrapeRequest | None = None, **options: Unpack[ScrapeKeywords]
) -> Call[ScrapeResponse]:
    """The exchange behind `Client.scrape`."""
    request = url if isinstance(url, ScrapeRequest) else make_request(ScrapeRequest, {"url": url, **options})
    return Call(
        path="/v1/scrape",
        body=encode_request(request),
        read=reader_of(ScrapeResponse),
        timeout_s=_page_s(request) + GRACE_S,
    )


def tokens_call(text: str | None = None, **options: Unpack[TokensKeywords]) -> Call[TokensResponse]:
    """The exchange behind `Client.tokens`."""
    request = make_request(TokensRequest, {"text": text, **options})
    return Call(
        path="/v1/tokens",
        body=encode_request(request),
        read=reader_of(TokensResponse),
        timeout_s=SHORT_CALL_S,
    )


def extract_call(
    url: str | ExtractRequest | None = None,
    *,
    schema: Any = None,
    stream: bool = False,
    **options: Unpack[ExtractKeywords],
) -> Call[Any]:
    """The exchange behind `Client.extract`: reads an instance of `schema` if it is a type, else the response."""
    if isinstance(url, ExtractRequest):
        request = msgspec.structs.replace(url, stream=stream)
    else:
        fields: dict[str, Any] = {"url": url, "schema": json_schema_of(schema), "stream": stream, **options}
        request = make_request(ExtractRequest, fields, scrape=ScrapeOptions, cache=AnswerCacheOptions)
    decode = reader_of(ExtractResponse)
    kind = None if request.dry_run else type_of(schema)
    return Call(
        path="/v1/extract",
        body=encode_request(request),
        read=lambda body: instance_of(kind, decode(body).data) if kind else decode(body),
        timeout_s=_page_s(request.scrape) + ANSWER_TIMEOUT_S + GRACE_S,
    )


def search_call(query: str | SearchRequest, **options: Unpack[SearchKeywords]) -> Call[SearchResponse]:
    """The exchange behind `Client.search`."""
    if isinstance(query, SearchRequest):
        request = query
    else:
        request = make_request(SearchRequest, {"query": query, **options}, scrape=ScrapeOptions)
    return Call(
        path="/v1/search",
        body=encode_request(request),
        read=reader_of(SearchResponse),
        timeout_s=_page_s(request.scrape or ScrapeOptions()) + SHORT_CALL_S,
    )


def models_call() -> Call[list[Model]]:
    """The exchange behind `Client.models`."""
    decode = reader_of(_Models)
    return Call(path="/v1/models", method="GET", read=lambda body: decode(body).data, timeout_s=SHORT_CALL_S)


def make_request(
    kind: type[Request], fields: Mapping[str, Any], *, inside: str = "", **parts: type[Struct]
) -> Request:
    """A request of these fields.

    Args:
        inside: the field that this is the value of, for messages.
        parts: types of fields that may be given as dicts.
    Raises:
        TypeError: there is no field of a name, in the server's words.
    """
    known = kind.__struct_fields__
    made = dict(fields)
    for name, value in fields.items():
        if name not in known:
            place = f"{inside}: " if inside else ""
            raise TypeError(
                f"{place}unknown field `{name}`{did_you_mean(name, known) or '; there are ' + ', '.join(known)}"
            )
        if name in parts and isinstance(value, dict):
            made[name] = make_request(parts[name], value, inside=name)
    return kind(**made)


def _page_s(options: ScrapeOptions) -> float:
    """How long a page may take; the gateway's own setting is unknown here, but not its bound."""
    return options.timeout_s or MAX_TIMEOUT_S


def check_concurrency(concurrency: int) -> None:
    """Raises ValueError unless pages can be read so many at a time."""
    if concurrency < 1:
        raise ValueError(f"concurrency must be at least 1, not {concurrency}")


class EventReader:
    """Bytes of an extraction's stream in, typed events out; sans-IO.

    Args:
        kind: the type that `data` of the last event is made an instance of; None leaves it as it is.
    """

    _KINDS: Mapping[str, Any] = {
        "source": SourceEvent,
        "delta": DeltaEvent,
        "evidence": EvidenceEvent,
        "done": ExtractDone,
    }

    def __init__(self, kind: Any = None) -> None:
        self._kind = type_of(kind)
        self._decoder = sse.EventDecoder()
        self._done = False

    def begin(self, headers: Mapping[str, str]) -> None:
        """A 200 has come with these headers; raises GatewayUnreachable when they are of no stream."""
        if not headers.get("content-type", "").startswith(sse.CONTENT_TYPE):
            raise not_a_gateway("no stream of events came")

    def feed(self, chunk: bytes) -> Iterator[ExtractEvent]:
        """The events that `chunk` completes; those that only a newer gateway has are skipped.

        Raises:
            GatewayError: the event `error`.
        """
        for event in self._decoder.feed(chunk):
            if event.name == "error":
                raise read_error(200, {}, event.data)
            if event.name in self._KINDS:
                read: ExtractEvent = reader_of(self._KINDS[event.name])(event.data)
                if isinstance(read, ExtractDone):
                    self._done = True
                    if self._kind is not None and read.data is not None:
                        read = msgspec.structs.replace(read, data=instance_of(self._kind, read.data))
                yield read

    def end(self) -> None:
        """The stream is over; raises BackendInterrupted when it was cut off."""
        if not self._done:
            raise BackendInterrupted("the stream ended without `done`; what was received is incomplete")


def type_of(schema: Any) -> Any:
    """The type that answers are made instances of (`list[Product]` is one too), None for a JSON Schema."""
    return None if isinstance(schema, dict) else schema


def reader_of(kind: type[T]) -> Callable[[bytes], T]:
    """Reads JSON as `kind`; raises GatewayUnreachable where it is none: then no gateway sent it."""
    decode = msgspec.json.Decoder(kind).decode

    def read(body: bytes) -> T:
        try:
            return decode(body)
        except msgspec.DecodeError as exc:
            raise not_a_gateway(f"no {kind.__name__.lstrip('_')} came ({exc})") from exc

    return read


def not_a_gateway(reason: str) -> GatewayUnreachable:
    return GatewayUnreachable(
        f"what answers is no gateway, or one of another version: {reason}; look at WINNOW_URL"
    )


def encode_request(request: Struct) -> bytes:
    """Only what differs from the defaults is sent, so an older gateway understands a newer client."""
    sent = {}
    for field in msgspec.structs.fields(request):
        default = field.default_factory() if callable(field.default_factory) else field.default
        value = getattr(request, field.name)
        if value != default:
            sent[field.encode_name] = value
    return msgspec.json.encode(sent)


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> GatewayError:
    """The exception that a problem document (or OpenAI's error) stands for; a redirect is no gateway's answer."""
    if 300 <= status < 400:
        target = headers.get("location", "nowhere")
        return GatewayUnreachable(
            f"what answers sends elsewhere ({status} to {target}); a key is not sent after it: "
            "set WINNOW_URL to the gateway's own address"
        )
    try:
        problem = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        problem = {}
    if isinstance(problem.get("error"), dict):
        # of the models
        problem = problem["error"]
    kind = BY_CODE.get(str(problem.get("code")), GatewayError)
    said = problem.get("detail") or problem.get("message")
    detail = str(said or f"the gateway answered {status} without saying why")
    facts: dict[str, Any] = {"retry_after_s": read_retry_after(headers, now=time.time())}
    if isinstance(problem.get("extra"), dict):
        facts |= problem["extra"]
    error = kind(detail, **facts)
    error.request_id = problem.get("request_id") or headers.get("x-request-id")
    return error


class Answer(Struct, frozen=True):
    """What came back; `stream` is the open response of a success that is read as it comes."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    stream: Any = None


def exchange(call: Call[T], tries: int) -> Generator[Call[T] | float, Answer | None, Answer]:
    """Yields the call when it is to be sent, or seconds to sleep; returns the answer that is a success."""
    for attempt in range(tries):
        answer = yield call
        assert answer is not None
        if answer.status in SUCCESSES:
            return answer
        error = read_error(answer.status, answer.headers, answer.body)
        wait_s = error.retry_after_s
        if wait_s is None:
            wait_s = 0.5 * 2**attempt * (1 + random.random())
        if answer.status not in _RETRIED or attempt + 1 == tries or wait_s > MAX_RETRY_WAIT_S:
            raise error
        yield wait_s
    raise ValueError(f"tries must be at least 1, not {tries}")

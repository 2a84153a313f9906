"""Requests that never come to their end hold neither a place nor memory."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from gateway.auth.keys import Key, hash_secret
from gateway.server.protocol import BoundedHttp
from tests.service import running_gateway


class Impatient(BoundedHttp):
    head_s = arrival_s = 0.5


OTHER = b"GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"


class ShortHeads(BoundedHttp):
    max_head_bytes = 10_000


def said_to(url: str, *pieces: bytes) -> bytes:
    """What the service answers until it closes the connection."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as connection:
        for piece in pieces:
            connection.sendall(piece)
        said = b""
        while piece := connection.recv(65536):
            said += piece
        return said


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"GET /health/live HTTP/1.1\r\nhost: x\r\nx-slow: ", id="headers"),
        pytest.param(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n\r\n", id="nothing-after-a-request"),
        pytest.param(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\nGET", id="headers-after-a-request"),
        pytest.param(
            b"POST /v1/tokens HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{", id="body"
        ),
    ],
)
def test_request_that_does_not_arrive_is_given_up(tmp_path: Path, begun: bytes) -> None:
    with running_gateway(tmp_path, http=Impatient, max_concurrency=1, queue_limit=0) as url:
        assert said_to(url, begun).count(b"HTTP/1.1") == begun.count(b"\r\n\r\nGET") + begun.count(
            b"\r\n\r\n\r\n"
        )
        assert httpx2.post(f"{url}/v1/tokens", json={"text": "a"}, timeout=60).status_code == 200


def test_headers_without_end_are_refused(tmp_path: Path) -> None:
    with running_gateway(tmp_path, http=ShortHeads) as url:
        head = b"GET /health/live HTTP/1.1\r\nhost: x\r\nx-long: "
        assert b"400 Bad Request" in said_to(url, head, b"a" * 20_000)
        assert b"400 Bad Request" in said_to(url, head + b"a" * 20_000 + b"\r\n\r\n")
        assert said_to(url, head, b"a" * 5_000, b"\r\nconnection: close\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_long_body_is_no_long_head(tmp_path: Path) -> None:
    with running_gateway(tmp_path, http=ShortHeads) as url:
        body = b'{"text": "%b"}' % (b"a" * 50_000)
        head = (
            b"POST /v1/tokens HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
        )
        assert said_to(url, head % len(body) + body).startswith(b"HTTP/1.1 200")


def test_connection_serves_one_request_after_another(tmp_path: Path) -> None:
    with running_gateway(tmp_path, http=ShortHeads) as url:
        request = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"
        last = request.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
        answers = said_to(url, request[:20], request[20:], request + request, last)
        assert answers.count(b"HTTP/1.1 200") == 4


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"GET / HTTP/1.1\r\nhost: localhost\r\nhost: evil.test\r\n", id="two-lines"),
        pytest.param(b"GET / HTTP/1.1\r\nhost: localhost\r\nHost: localhost\r\n", id="the-same-line-twice"),
        pytest.param(b"GET http://evil.test/ HTTP/1.1\r\nhost: localhost\r\n", id="target-of-another"),
        pytest.param(b"GET http://localhost@evil.test/ HTTP/1.1\r\nhost: localhost\r\n", id="user-in-target"),
        pytest.param(b"GET http://localhost/ HTTP/1.1\r\nx: y\r\n", id="target-alone"),
    ],
)
def test_request_names_one_host(gateway_url: str, head: bytes) -> None:
    answer = said_to(gateway_url, head + b"\r\n" + OTHER)
    assert answer.startswith(b"HTTP/1.1 400") and answer.count(b"HTTP/1.1") == 1
    assert b"does not name one host" in answer


def test_whole_address_as_target_is_served(gateway_url: str) -> None:
    for target in (b"http://localhost:80/health/live", b"HTTP://LOCALHOST:80/health/live?a=//b"):
        head = b"GET %b HTTP/1.1\r\nhost: localhost:80\r\nconnection: close\r\n\r\n" % target
        assert said_to(gateway_url, head).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "framed",
    [
        pytest.param(b"content-length: 3\r\ncontent-length: 3\r\n\r\nabc", id="length-twice"),
        pytest.param(b"content-length: 3\r\ncontent-length: 90\r\n\r\nabc", id="two-lengths"),
        pytest.param(b"content-length: 3, 3\r\n\r\nabc", id="list-of-lengths"),
        pytest.param(b"content-length: +3\r\n\r\nabc", id="sign"),
        pytest.param(b"content-length: 0x3\r\n\r\nabc", id="hexadecimal-length"),
        pytest.param(b"content-length: 99999999999999999999\r\n\r\nabc", id="length-that-overflows"),
        pytest.param(b"content-length: 3\r\n 0\r\n\r\nabc", id="folded-length"),
        pytest.param(
            b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", id="length-and-chunks"
        ),
        pytest.param(
            b"transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n", id="chunks-and-length"
        ),
        pytest.param(b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n", id="unknown-coding"),
        pytest.param(b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n", id="chunked-is-not-last"),
        pytest.param(
            b"transfer-encoding: chunked\r\ntransfer-encoding: x\r\n\r\n0\r\n\r\n", id="two-codings"
        ),
        pytest.param(b"transfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n", id="control-character"),
        pytest.param(b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n", id="space-before-colon"),
        pytest.param(b"transfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n", id="folded-coding"),
        pytest.param(b"content-length: 3\n\nabc", id="bare-line-feed"),
        pytest.param(b"content-length: 3\rx: y\r\n\r\nabc", id="bare-carriage-return"),
        pytest.param(b"transfer-encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", id="chunk-with-prefix"),
        pytest.param(b"transfer-encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", id="chunk-with-line-feed"),
        pytest.param(b"transfer-encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", id="chunk-that-is-longer"),
        pytest.param(
            b"transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc", id="chunk-that-overflows"
        ),
    ],
)
def test_body_whose_end_is_ambiguous_ends_the_connection(gateway_url: str, framed: bytes) -> None:
    """What stands behind it may be a request of somebody else, whom a proxy put on the same connection."""
    answer = said_to(gateway_url, b"POST /v1/tokens HTTP/1.1\r\nhost: localhost\r\n" + framed + OTHER)
    assert answer.count(b"HTTP/1.1") == 1
    assert answer.startswith(b"HTTP/1.1 400")


CHUNKED = b"POST /v1/tokens HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n"


def test_fields_behind_a_body_are_no_headers(tmp_path: Path) -> None:
    body = b'\r\nd\r\n{"text": "a"}\r\n0\r\n'
    with running_gateway(tmp_path, keys=[Key(name="k", sha256=hash_secret("s"))]) as url:
        told = b"authorization: Bearer s\r\n"
        assert said_to(url, CHUNKED + body + told + b"\r\n" + OTHER).startswith(b"HTTP/1.1 401")
        assert said_to(url, CHUNKED + told + body + b"host: evil.test\r\n\r\n" + OTHER).startswith(
            b"HTTP/1.1 200"
        )


@pytest.mark.parametrize(
    "endless",
    [
        pytest.param(b"0\r\n" + b"a: b\r\n" * 200_000, id="fields-behind-the-body"),
        pytest.param(b"0\r\na: " + b"b" * 1_000_000, id="a-field"),
        pytest.param(b"3;a=" + b"b" * 1_000_000, id="an-extension-of-a-chunk"),
    ],
)
def test_what_is_no_body_is_bounded_behind_the_head_too(gateway_url: str, endless: bytes) -> None:
    """Long before the minute that an honest request may take to arrive."""
    try:
        answer = said_to(gateway_url, CHUNKED + b"\r\n1\r\n \r\n", endless)
    except ConnectionError:  # closed before all of it was sent
        return
    assert b"400 Bad Request" in answer

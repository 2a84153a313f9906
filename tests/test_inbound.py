"""Requests that never come to their end hold neither a place nor memory."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from gateway.inbound import BoundedHttp
from tests.service import running_gateway


class Impatient(BoundedHttp):
    max_head_bytes = 10_000
    arrival_s = 0.5


def said_to(url: str, *pieces: bytes) -> bytes:
    """What the service answers until it closes the connection."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
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
        pytest.param(
            b"POST /v1/tokens HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{", id="body"
        ),
    ],
)
def test_request_that_does_not_arrive_is_given_up(tmp_path: Path, begun: bytes) -> None:
    with running_gateway(tmp_path, http=Impatient, max_concurrency=1, queue_limit=0) as url:
        assert said_to(url, begun) == b""
        assert httpx2.post(f"{url}/v1/tokens", json={"text": "a"}).status_code == 200


def test_headers_without_end_are_refused(tmp_path: Path) -> None:
    with running_gateway(tmp_path, http=Impatient) as url:
        head = b"GET /health/live HTTP/1.1\r\nhost: x\r\nx-long: "
        assert b"400 Bad Request" in said_to(url, head, b"a" * 20_000)
        assert b"400 Bad Request" in said_to(url, head + b"a" * 20_000 + b"\r\n\r\n")
        assert said_to(url, head, b"a" * 5_000, b"\r\nconnection: close\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_long_body_is_no_long_head(tmp_path: Path) -> None:
    with running_gateway(tmp_path, http=Impatient) as url:
        body = b'{"text": "%b"}' % (b"a" * 50_000)
        head = (
            b"POST /v1/tokens HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
        )
        assert said_to(url, head % len(body) + body).startswith(b"HTTP/1.1 200")


def test_connection_serves_one_request_after_another(tmp_path: Path) -> None:
    with running_gateway(tmp_path, http=Impatient) as url:
        request = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"
        last = request.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
        answers = said_to(url, request[:20], request[20:], request + request, last)
        assert answers.count(b"HTTP/1.1 200") == 4

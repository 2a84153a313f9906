"""What `winnow serve` says first: an address that can be opened from this machine."""

import pytest

from gateway.server.serve import shown_address
from gateway.settings import Settings


@pytest.mark.parametrize(
    ("host", "publish", "shown"),
    [
        ("127.0.0.1", None, "http://127.0.0.1:8123"),
        ("::1", None, "http://[::1]:8123"),
        ("0.0.0.0", None, "http://127.0.0.1:8123"),
        ("0.0.0.0", "127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("0.0.0.0", "[::]:9000", "http://127.0.0.1:9000"),
        ("0.0.0.0", "9000", "http://127.0.0.1:9000"),
        ("0.0.0.0", "192.0.2.7:80", "http://192.0.2.7:80"),
    ],
)
def test_shown_address_is_the_published_one(host: str, publish: str | None, shown: str) -> None:
    assert shown_address(Settings(host=host, publish=publish), port=8123) == shown

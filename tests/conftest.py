"""Options and fixtures shared by every test."""

from collections.abc import Iterator

import pytest

from fixtures.site import Site, running_site
from tests.service import running_gateway


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="accept the present output as the golden one")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The loopback site; every test asks it for paths of its own."""
    with running_site() as running:
        yield running


@pytest.fixture(scope="session")
def gateway_url(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One running gateway for the tests that leave it as they found it; it may fetch from `site` alone."""
    target = f"127.0.0.1/32:{site.url.rpartition(':')[2]}"
    with running_gateway(tmp_path_factory.mktemp("cache"), allow_targets=[target]) as url:
        yield url

"""Options and fixtures shared by every test."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="accept the present output as the golden one")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"

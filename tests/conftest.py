"""Options and fixtures shared by every test."""

import shutil
from collections.abc import Callable, Iterator

import pytest

from backends.base import Price
from backends.specs import BackendSettings, ModelSpec
from fixtures.redis import RedisServer
from fixtures.site import Site, running_site
from tests.requirements import require
from tests.service import running_gateway

# Half a minute and more each: they begin first, since of several processes all wait for the one that ends last.
LONGEST = set(
    "test_fleet.py test_shutdown.py test_fuzz.py test_growth.py test_openapi.py test_packaging.py".split()
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="accept the present output as the golden one")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONGEST)


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
    target = site.target
    with running_gateway(tmp_path_factory.mktemp("cache"), allow_targets=[target]) as url:
        yield url


SCRIPT = """[
  {"match": "slowly", "deltas": ["one ", "two ", "three ", "four ", "five"], "gap_s": 0.2},
  {"match": "break", "deltas": ["one ", "two ", "three"], "fail_after": 2},
  {"match": "busy", "status": 429, "retry_after_s": 7},
  {"match": "down", "status": 503},
  {"match": "wrongly", "deltas": ["No."]},
  {"match": "does not validate", "deltas": ["No."]},
  {"match": "price", "deltas": ["{\\"name\\": \\"Acme ", "Widget\\", ", "\\"price\\": 1299}"]},
  {"deltas": ["In ", "Leeds — 北京."]}
]"""


@pytest.fixture(scope="session")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> BackendSettings:
    """A backend that follows SCRIPT and serves the model `m`; `match` looks at the last message."""
    script = tmp_path_factory.mktemp("script") / "replies.json"
    script.write_text(SCRIPT)
    model = ModelSpec(name="m", context_tokens=8000, price=Price(input=10, output=20))
    return BackendSettings(name="scripted", kind="scripted", path=str(script), models=[model])


@pytest.fixture(scope="session")
def model_gateway_url(
    site: Site, scripted: BackendSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A running gateway with a model; it may fetch from `site` alone."""
    target = site.target
    cache = tmp_path_factory.mktemp("cache")
    with running_gateway(cache, allow_targets=[target], backends=[scripted]) as url:
        yield url


@pytest.fixture(scope="session")
def start_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., RedisServer]]:
    """Starts redis-servers; all are stopped at the end."""
    require(shutil.which("redis-server") is not None, "redis-server is missing: apt-get install redis-server")
    started: list[RedisServer] = []

    def start(*options: str, tls: bool = False) -> RedisServer:
        started.append(RedisServer(tmp_path_factory.mktemp("redis"), *options, tls=tls))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def shared_redis(start_redis: Callable[..., RedisServer]) -> RedisServer:
    return start_redis()


@pytest.fixture
def redis(shared_redis: RedisServer) -> RedisServer:
    shared_redis.command("FLUSHALL")
    return shared_redis

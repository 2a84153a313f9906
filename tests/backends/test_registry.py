"""Names of models lead where the configuration says, and nowhere else."""

import pytest

from backends.base import Price, UnknownModel, UpstreamUnavailable
from backends.registry import Registry
from backends.specs import BackendSettings, BackendSpec, ConfigurationError, ModelSpec
from gateway.settings import Settings, backend_specs
from tests.upstream import JSON, Heard, Said, error, upstream

pytestmark = pytest.mark.anyio


def scripted(name: str, *models: ModelSpec) -> BackendSpec:
    return BackendSpec(name=name, kind="scripted", models=list(models), timeout_s=9)


TWO = [
    scripted(
        "one",
        ModelSpec(name="big", upstream="org/big-7b", aliases=["best"], context_tokens=10, fallbacks=["s"]),
    ),
    scripted("two", ModelSpec(name="s"), ModelSpec(name="big")),
]


@pytest.mark.parametrize(
    ("asked", "backend", "upstream_name"),
    [
        ("big", "one", "org/big-7b"),
        ("best", "one", "org/big-7b"),
        ("two/big", "two", "big"),
        ("s", "two", "s"),
        (None, "one", "org/big-7b"),
        ("", "one", "org/big-7b"),
    ],
)
async def test_name_alias_and_qualified_name_resolve(
    asked: str | None, backend: str, upstream_name: str
) -> None:
    route = await Registry(TWO).resolve(asked)
    assert (route.backend.name, route.model) == (backend, upstream_name)


async def test_route_carries_what_is_configured() -> None:
    route = await Registry(TWO).resolve("best")
    assert (route.name, route.context_tokens, route.fallbacks, route.timeout_s) == ("big", 10, ["s"], 9)


async def test_default_model_is_the_configured_one() -> None:
    assert (await Registry(TWO, default="s").resolve()).name == "s"


async def test_unknown_model_names_the_known_and_the_nearest() -> None:
    with pytest.raises(UnknownModel, match="known models: big, s, best; did you mean big") as caught:
        await Registry(TWO).resolve("bigg")
    assert caught.value.known == ["big", "s", "best"]


async def test_nothing_configured_says_the_three_ways() -> None:
    with pytest.raises(UpstreamUnavailable, match=r"REMOTE_URL.*ANTHROPIC_API_KEY.*LOCAL_MODEL"):
        await Registry([]).resolve("any")


@pytest.mark.parametrize(
    ("specs", "default", "words"),
    [
        ([BackendSpec(name="a", kind="remotely")], None, "kind `remotely`"),
        ([scripted("a"), scripted("a")], None, "same name"),
        ([scripted("a", ModelSpec(name="m", fallbacks=["gone"]))], None, "fallback `gone`"),
        ([scripted("a", ModelSpec(name="m"))], "gone", "default model `gone`"),
    ],
)
def test_impossible_configuration_is_refused_at_start(
    specs: list[BackendSpec], default: str | None, words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        Registry(specs, default=default)


async def test_models_are_listed_from_the_server_and_kept_for_a_minute() -> None:
    now = 0.0
    listing = Said([b'{"data":[{"id":"a/b","max_model_len":99}]}'], headers=JSON)
    async with upstream(listing) as up:
        registry = Registry([BackendSpec(name="r", kind="remote", url=up.url)], clock=lambda: now)
        assert (await registry.resolve("a/b")).context_tokens == 99
        assert (await registry.resolve(None)).name == "a/b"
        assert (await registry.resolve("r/a/b")).name == "a/b"
        with pytest.raises(UnknownModel, match="a/b"):
            await registry.resolve("c")
        assert len(up.heard) == 1
        now = 61.0
        await registry.resolve("a/b")
        assert len(up.heard) == 2
        await registry.aclose()


async def test_server_that_cannot_list_takes_any_name() -> None:
    async with upstream(error("no such path", status=404)) as up:
        registry = Registry([BackendSpec(name="r", kind="remote", url=up.url)])
        assert (await registry.resolve("whatever")).model == "whatever"
        await registry.aclose()


async def test_server_that_is_down_is_unavailable_not_unknown() -> None:
    registry = Registry([BackendSpec(name="r", kind="remote", url="http://127.0.0.1:9/v1")])
    with pytest.raises(UpstreamUnavailable, match="reached"):
        await registry.resolve("m")
    assert await registry.models() == []
    await registry.aclose()


async def test_server_that_cannot_be_asked_is_asked_again_after_a_moment() -> None:
    now = 0.0
    answers = [error("starting", status=503), Said([b'{"data":[{"id":"m"}]}'], headers=JSON)]
    async with upstream(lambda _: answers[len(up.heard) - 1]) as up:
        registry = Registry([BackendSpec(name="r", kind="remote", url=up.url)], clock=lambda: now)
        for _ in range(3):
            with pytest.raises(UpstreamUnavailable, match="starting"):
                await registry.resolve("m")
        assert len(up.heard) == 1
        now = 3.0
        assert (await registry.resolve("m")).name == "m"
        await registry.aclose()


async def test_asking_for_a_configured_model_asks_no_server_for_its_list() -> None:
    def refuse(_: Heard) -> Said:
        raise AssertionError("nobody should ask")

    async with upstream(refuse) as up:
        spec = BackendSpec(name="r", kind="remote", url=up.url, models=[ModelSpec(name="m")])
        registry = Registry([spec])
        await registry.resolve("m")
        await registry.aclose()


def test_settings_become_specs() -> None:
    table = BackendSettings(
        name="pod",
        kind="remote",
        url="https://pod/v1",
        api_key_env="POD_KEY",
        headers={"x": "y"},
        models=[ModelSpec(name="m", price=Price(input=1, output=2, cached_input=0.5))],
    )
    settings = Settings(
        backends=[table],
        remote_api_key="sk",
        anthropic_api_key="ak",
        anthropic_models=["claude"],
        local_model="/m.gguf",
        local_context_tokens=512,
    )
    pod, remote, anthropic, local = backend_specs(settings, {"POD_KEY": "secret"})
    assert (pod.api_key, pod.headers, pod.models[0].price) == (
        "secret",
        {"x": "y"},
        Price(input=1, output=2, cached_input=0.5),
    )
    assert (remote.url, remote.api_key) == ("https://api.openai.com/v1", "sk")
    assert [model.name for model in anthropic.models] == ["claude"]
    assert (local.path, local.models[0].name, local.options["context_tokens"]) == ("/m.gguf", "local", 512)
    with pytest.raises(ConfigurationError, match="POD_KEY"):
        backend_specs(settings, {})


def test_no_setting_means_no_backend() -> None:
    assert backend_specs(Settings(), {}) == []

"""Settings are values made from an environment; a slip is refused with the way out."""

from pathlib import Path

import pytest

from gateway.settings import Settings, SettingsError, load_settings


def test_load_settings_without_environment_gives_defaults() -> None:
    settings = load_settings({})
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8000, 1)
    assert settings.remote_url is None and settings.api_keys == []


@pytest.mark.parametrize(
    ("environ", "field", "value"),
    [
        pytest.param({"WINNOW_PORT": "9"}, "port", 9, id="number"),
        pytest.param({"WINNOW_RESPECT_ROBOTS": "true"}, "respect_robots", True, id="boolean"),
        pytest.param({"WINNOW_CACHE_SIZE_BYTES": "5"}, "cache_size_bytes", 5, id="bytes"),
        pytest.param({"WINNOW_API_KEYS": "a:1, b:2"}, "api_keys", ["a:1", "b:2"], id="list"),
        pytest.param({"WINNOW_CACHE_URL": ""}, "cache_url", None, id="empty-is-unset"),
        pytest.param({"OPENAI_API_KEY": "k"}, "remote_api_key", "k", id="fallback-variable"),
        pytest.param(
            {"OPENAI_API_KEY": "k", "WINNOW_REMOTE_API_KEY": "w"}, "remote_api_key", "w", id="own-name-wins"
        ),
        pytest.param({"WINNOW_URL": "http://x", "PATH": "/bin"}, "port", 8000, id="names-of-others-ignored"),
    ],
)
def test_load_settings_reads_environment(environ: dict[str, str], field: str, value: object) -> None:
    assert getattr(load_settings(environ), field) == value


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        pytest.param({"WINNOW_PROT": "1"}, "did you mean WINNOW_PORT?", id="misspelt"),
        pytest.param({"WINNOW_ZZZZZZ": "1"}, "docs/settings.md lists them all", id="unknown"),
        pytest.param({"WINNOW_PORT": "many"}, "port", id="not-a-number"),
        pytest.param({"WINNOW_PORT": "70000"}, "port", id="out-of-range"),
        pytest.param({"WINNOW_USER_AGENT": "Bot \u20ac 1.0"}, "user_agent", id="no-header-value"),
        pytest.param({"WINNOW_FETCH_TIMEOUT_S": "301"}, "fetch_timeout_s", id="above-a-requests-bound"),
        pytest.param({"WINNOW_CONFIG": "/nowhere/winnow.toml"}, "cannot be read", id="missing-file"),
    ],
)
def test_load_settings_refuses(environ: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message.replace("?", r"\?")):
        load_settings(environ)


def test_load_settings_reads_file_under_environment(tmp_path: Path) -> None:
    config = tmp_path / "winnow.toml"
    config.write_text(
        'port = 7000\nhost = "127.0.0.2"\n'
        '[[backends]]\nname = "cluster"\nkind = "remote"\nurl = "http://gpu:8000/v1"\n'
        '[[backends.models]]\nname = "big"\naliases = ["default"]\nprice = {input = 1.5, output = 2}\n'
    )
    settings = load_settings({"WINNOW_CONFIG": str(config), "WINNOW_PORT": "7001"})
    assert (settings.port, settings.host) == (7001, "127.0.0.2")
    price = settings.backends[0].models[0].price
    assert price is not None and price.input == 1.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("prot = 1", "did you mean port", id="misspelt"),
        pytest.param("port = ", "not valid TOML", id="not-toml"),
        pytest.param(
            '[[backends]]\nname="x"\nkind="remote"\ncolour=1', "colour", id="unknown-key-of-backend"
        ),
    ],
)
def test_load_settings_refuses_file(tmp_path: Path, text: str, message: str) -> None:
    config = tmp_path / "winnow.toml"
    config.write_text(text)
    with pytest.raises(SettingsError, match=message):
        load_settings({"WINNOW_CONFIG": str(config)})


def test_settings_are_frozen() -> None:
    with pytest.raises(AttributeError):
        Settings().port = 1  # type: ignore[misc]

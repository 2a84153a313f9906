"""Settings: a frozen value built from an environment and an optional winnow.toml, never read at import."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from gateway.auth.keys import Key
from gateway.did_you_mean import did_you_mean

PREFIX = "WINNOW_"
Positive = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(ge=1)]
Bytes = Annotated[int, Meta(ge=1)]
PRINTABLE_ASCII = r"^[!-~]([ -~]*[!-~])?\Z"


class SettingsError(ValueError):
    """A setting is misspelt or out of range; the message names it, the place and what would do."""


class ModelPrice(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """US dollars per million tokens; `cached_input` defaults to `input`."""

    input: Annotated[float, Meta(ge=0)] = 0
    output: Annotated[float, Meta(ge=0)] = 0
    cached_input: Annotated[float, Meta(ge=0)] | None = None


class ModelSettings(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """One `[[backends.models]]` table: what callers call it, what the backend calls it, what it costs."""

    name: str
    upstream: str | None = None  # the backend's own name; `name` when absent
    aliases: list[str] = []
    context_tokens: Count | None = None
    tokenizer: str | None = None
    price: ModelPrice | None = None
    fallbacks: list[str] = []  # model names tried in order, before the first token only


class BackendSettings(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """One `[[backends]]` table of winnow.toml."""

    name: str
    kind: str  # remote | anthropic | local | scripted, or one that another package brings
    url: str | None = None
    api_key: str | None = None
    api_key_env: str | None = None  # the variable that holds the key, so the file need not
    headers: dict[str, str] = {}
    timeout_s: Positive = 600
    path: str | None = None  # local: a GGUF; scripted: a script
    models: list[ModelSettings] = []


class Settings(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """`fetch_timeout_s` is read from WINNOW_FETCH_TIMEOUT_S; a misspelt WINNOW_ name is refused."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8000
    publish: str | None = (
        None  # host:port where others reach HOST and PORT: in a container, the published port
    )
    workers: Count = 1
    api_keys: list[str] = []
    keys_file: str | None = None
    allow_unauthenticated: bool = False

    cache_dir: str | None = None
    cache_size_bytes: Bytes = 2 * 1024**3
    cache_url: str | None = None

    allow_targets: list[str] = []
    fetch_timeout_s: Annotated[float, Meta(gt=0, le=300)] = 30  # the bound of a request's timeout_s
    max_body_bytes: Bytes = 10 * 1024**2
    host_concurrency: Count = 4
    respect_robots: bool = False
    user_agent: Annotated[str, Meta(pattern=PRINTABLE_ASCII)] | None = None

    clean_workers: Count = msgspec.field(default_factory=lambda: os.cpu_count() or 1)
    clean_timeout_s: Positive = 5
    clean_memory_bytes: Bytes = 1024**3

    max_concurrency: Count = 64
    queue_limit: Annotated[int, Meta(ge=0)] = 256
    drain_s: Annotated[float, Meta(ge=0)] = 20

    default_model: str | None = None
    remote_url: str | None = None
    remote_api_key: str | None = None
    remote_models: list[str] = []
    anthropic_api_key: str | None = None
    anthropic_models: list[str] = []
    local_model: str | None = None
    local_context_tokens: Count | None = None
    local_parallel: Count = 4
    local_gpu_layers: int | None = None  # None: all when the build has a GPU
    local_threads: Count | None = None
    local_flash_attention: bool | None = None  # None: on a GPU only

    keys: list[Key] = []
    backends: list[BackendSettings] = []


# outside variables that stand in for a setting of ours
_FALLBACK_ENVIRONMENT = {"remote_api_key": "OPENAI_API_KEY", "anthropic_api_key": "ANTHROPIC_API_KEY"}
_NOT_SETTINGS = {"CONFIG", "URL", "API_KEY", "BENCH_SECONDS"}  # read elsewhere
_ONLY_IN_FILE = {"backends", "keys"}


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read WINNOW_* from `environ`, over the file that WINNOW_CONFIG names.

    Raises:
        SettingsError: a name is unknown (the message offers the nearest right one), a value does not fit,
            or the file cannot be read.
    """
    values: dict[str, Any] = {}
    if path := environ.get(PREFIX + "CONFIG"):
        values |= _read_file(path)
    known = {name.upper() for name in Settings.__struct_fields__} - {name.upper() for name in _ONLY_IN_FILE}
    list_fields = {f.name for f in msgspec.structs.fields(Settings) if f.default == [] or _makes_list(f)}
    for variable, raw in environ.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable[len(PREFIX) :]
        if name in _NOT_SETTINGS:
            continue
        if name not in known:
            raise SettingsError(f"{variable} is not a setting{_nearest(name, known, PREFIX)}")
        field = name.lower()
        if raw == "":
            continue  # an empty variable is an unset one: compose files pass them through
        values[field] = (
            [item.strip() for item in raw.split(",") if item.strip()] if field in list_fields else raw
        )
    for field, variable in _FALLBACK_ENVIRONMENT.items():
        if not values.get(field) and environ.get(variable):
            values[field] = environ[variable]
    return _convert(values)


def _read_file(path: str) -> dict[str, Any]:
    try:
        table = tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as exc:
        raise SettingsError(f"WINNOW_CONFIG names {path}, which cannot be read: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise SettingsError(f"{path} is not valid TOML: {exc}") from exc
    known = set(Settings.__struct_fields__)
    values = {}
    for name, value in table.items():
        if name.lower() not in known:
            raise SettingsError(f"{path}: `{name}` is not a setting{_nearest(name.lower(), known, '')}")
        values[name.lower()] = value
    return values


def _convert(values: dict[str, Any]) -> Settings:
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as exc:
        raise SettingsError(
            f"a setting does not fit: {exc}; names are WINNOW_<NAME> in the environment"
        ) from exc


def _makes_list(field: msgspec.structs.FieldInfo) -> bool:
    return field.default_factory is list


def _nearest(name: str, known: set[str], prefix: str) -> str:
    return did_you_mean(name, known, prefix=prefix) or "; the README lists them all"

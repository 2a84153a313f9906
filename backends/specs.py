"""Backends as configured: values, and how settings become them."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from backends.base import Price

OPENAI_URL = "https://api.openai.com/v1"


class ConfigurationError(ValueError):
    """The backends as configured cannot work; the message names the table and the field."""


class ModelSpec(Struct, kw_only=True, frozen=True):
    """One model of a backend, as configured."""

    name: str
    upstream: str | None = None
    aliases: list[str] = []
    context_tokens: int | None = None
    tokenizer: str | None = None
    price: Price | None = None
    fallbacks: list[str] = []


class BackendSpec(Struct, kw_only=True, frozen=True):
    """One backend, as configured; without `models` its own list decides."""

    name: str
    kind: str
    url: str | None = None
    api_key: str | None = None
    headers: dict[str, str] = {}
    timeout_s: float = 600
    path: str | None = None
    models: list[ModelSpec] = []
    options: dict[
        str, Any
    ] = {}  # local: context_tokens, parallel, gpu_layers, threads (None: its own choice)


class BackendTable(Protocol):
    """What `specs_from` reads of a `[[backends]]` table; gateway.settings.BackendSettings has it."""

    @property
    def api_key(self) -> str | None: ...
    @property
    def api_key_env(self) -> str | None: ...


class BackendValues(Protocol):
    """What `specs_from` reads of the settings; gateway.settings.Settings has it."""

    @property
    def remote_url(self) -> str | None: ...
    @property
    def remote_api_key(self) -> str | None: ...
    @property
    def remote_models(self) -> list[str]: ...
    @property
    def anthropic_api_key(self) -> str | None: ...
    @property
    def anthropic_models(self) -> list[str]: ...
    @property
    def local_model(self) -> str | None: ...
    @property
    def local_context_tokens(self) -> int | None: ...
    @property
    def local_parallel(self) -> int: ...
    @property
    def local_gpu_layers(self) -> int | None: ...
    @property
    def local_threads(self) -> int | None: ...
    @property
    def local_flash_attention(self) -> bool | None: ...
    @property
    def backends(self) -> Sequence[BackendTable]: ...


def specs_from(values: BackendValues, environ: Mapping[str, str]) -> list[BackendSpec]:
    """The backends that settings describe: the file's tables first, then those of single variables.

    Args:
        values: settings, read structurally.
        environ: where a table's `api_key_env` is looked up.
    Raises:
        ConfigurationError: `api_key_env` names a variable that is not set.
    """
    local = {
        "context_tokens": values.local_context_tokens,
        "parallel": values.local_parallel,
        "gpu_layers": values.local_gpu_layers,
        "threads": values.local_threads,
        "flash_attention": values.local_flash_attention,
    }
    specs = [_spec_from_table(table, environ, local) for table in values.backends]
    if values.remote_url or values.remote_api_key:
        specs.append(
            BackendSpec(
                name="remote",
                kind="remote",
                url=values.remote_url or OPENAI_URL,
                api_key=values.remote_api_key,
                models=[ModelSpec(name=name) for name in values.remote_models],
            )
        )
    if values.anthropic_api_key:
        specs.append(
            BackendSpec(
                name="anthropic",
                kind="anthropic",
                api_key=values.anthropic_api_key,
                models=[ModelSpec(name=name) for name in values.anthropic_models],
            )
        )
    if values.local_model:
        specs.append(
            BackendSpec(
                name="local",
                kind="local",
                path=values.local_model,
                models=[ModelSpec(name="local", context_tokens=values.local_context_tokens)],
                options=local,
            )
        )
    return specs


def _spec_from_table(
    table: BackendTable, environ: Mapping[str, str], local_options: dict[str, Any]
) -> BackendSpec:
    spec = msgspec.convert(table, BackendSpec, from_attributes=True)
    if table.api_key_env and not spec.api_key:
        key = environ.get(table.api_key_env)
        if not key:
            raise ConfigurationError(
                f"backend `{spec.name}` takes its key from {table.api_key_env}, which is not set"
            )
        spec = msgspec.structs.replace(spec, api_key=key)
    return msgspec.structs.replace(spec, options=local_options) if spec.kind == "local" else spec

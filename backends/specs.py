"""Backends as configured: values, whose fields are the tables of winnow.toml."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from backends.base import Price
from gateway.wire import ANSWER_TIMEOUT_S, DEFAULT_TOKENIZER

OPENAI_URL = "https://api.openai.com/v1"


class ConfigurationError(ValueError):
    """The backends as configured cannot work; the message names the table and the field."""


class ModelSpec(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """One `[[backends.models]]` table: what callers call it, what the backend calls it, what it costs."""

    name: Annotated[str, Meta(description="What callers send as `model`.")]
    upstream: Annotated[str | None, Meta(description="The backend's own name for it. Unset: `name`.")] = None
    aliases: Annotated[list[str], Meta(description="Further names for callers.")] = []
    context_tokens: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="Tokens the model's context holds. Unset: what the backend says."),
    ] = None
    tokenizer: Annotated[
        str | None,
        Meta(
            description="Tokenizer of our own counts for it: an encoding or a model's name. Unset: "
            f"`{DEFAULT_TOKENIZER}`."
        ),
    ] = None
    price: Annotated[Price | None, Meta(description="What it costs. Unset: not known.")] = None
    fallbacks: Annotated[
        list[str], Meta(description="Models tried in this order when it fails before its first token.")
    ] = []


class BackendSettings(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """One `[[backends]]` table of winnow.toml."""

    name: Annotated[str, Meta(description="What logs, metrics and answers call it.")]
    kind: Annotated[
        str,
        Meta(description="`remote`, `anthropic`, `local`, `scripted`, or one that another package brings."),
    ]
    url: Annotated[str | None, Meta(description="Base address of its API.")] = None
    api_key: Annotated[str | None, Meta(description="Its key.")] = None
    api_key_env: Annotated[
        str | None,
        Meta(description="The environment variable that holds the key, so that the file need not."),
    ] = None
    headers: Annotated[dict[str, str], Meta(description="Headers sent with every request.")] = {}
    timeout_s: Annotated[float, Meta(gt=0, description="Seconds a call may take.")] = ANSWER_TIMEOUT_S
    reads_files: Annotated[
        bool | None,
        Meta(
            description="`remote`: whether its server reads the files of a prompt (PDFs) itself; else it is sent their "
            "text. Unset: OpenAI's own alone does."
        ),
    ] = None
    path: Annotated[str | None, Meta(description="`local`: a GGUF file; `scripted`: a script.")] = None
    models: Annotated[list[ModelSpec], Meta(description="Its models. Empty: all that it lists.")] = []


class BackendSpec(BackendSettings, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """One backend to build: its table, with the key looked up; without `models` its own list decides.

    `options` are those of `local` (models_dir, context_tokens, parallel, gpu_layers, threads, flash_attention; None
    leaves the choice to it). They stand in settings of their own, not in the table.
    """

    options: dict[str, Any] = {}

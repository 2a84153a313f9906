"""Which backend serves a model: names and aliases to adapters, built when first used."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence

from msgspec import Struct, structs

from backends.base import (
    Backend,
    ModelInfo,
    Route,
    UnknownModel,
    UpstreamError,
    UpstreamRejected,
    UpstreamUnavailable,
)
from backends.kinds import build, check_kind
from backends.specs import BackendSpec, ConfigurationError, ModelSpec

LISTING_TTL_S = 60.0
# a server that is down is not asked again by every request that waits for the answer
FAULT_TTL_S = 2.0
THREE_WAYS = (
    "no model is configured; choose one of three: WINNOW_REMOTE_URL (any OpenAI-compatible server; "
    "OPENAI_API_KEY alone means OpenAI), ANTHROPIC_API_KEY, or WINNOW_LOCAL_MODEL (path of a GGUF, "
    "`hf:owner/repo`, or `starter`)"
)
_NOT_IN_NAME = re.compile(r"\W")


class Registry:
    """Model name → route.

    A model is known by its name, its aliases and `backend/name`; where two backends serve one name, the
    first configured wins. A backend without configured models is asked for its list, which is kept for a
    minute; one that cannot list takes any name.

    Args:
        specs: backends in order of precedence.
        default: the model for requests that name none; the first configured when absent.
        clock: seconds, monotonic.
    Raises:
        ConfigurationError: an unknown kind, a name used twice, or a fallback or default that no backend serves.
    """

    def __init__(
        self,
        specs: Sequence[BackendSpec],
        *,
        default: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._default = default
        self._clock = clock
        self._built: dict[str, Backend] = {}
        self._listings: dict[str, _Listing] = {}
        self._listing_lock = asyncio.Lock()
        self._configured: dict[str, tuple[BackendSpec, ModelSpec]] = {}
        for spec in specs:
            for model in spec.models:
                for name in (model.name, *model.aliases, f"{spec.name}/{model.name}"):
                    self._configured.setdefault(name, (spec, model))
        self._check(specs)

    async def resolve(self, model: str | None = None) -> Route:
        """The route of a model's name or alias; of the default model for None or an empty name.

        Raises:
            UnknownModel: no backend serves it.
            UpstreamUnavailable: no backend is configured, or the one that would know it cannot be asked.
        """
        if not self._specs:
            raise UpstreamUnavailable(THREE_WAYS)
        name = model or self._default or next(iter(self._configured), None)
        if name in self._configured:
            return self._route(*self._configured[name])
        fault: UpstreamError | None = None
        for spec in self._specs.values():
            if spec.models:
                continue
            try:
                listing = await self._list(spec)
            except UpstreamError as failure:
                fault = fault or failure
                continue
            if name is None and listing.models:
                name = listing.models[0].name
            if name is None:
                continue
            upstream = name.removeprefix(f"{spec.name}/")
            info = next((info for info in listing.models if info.name in (name, upstream)), None)
            if info or listing.takes_any:
                found = ModelSpec(
                    name=info.name if info else upstream,
                    context_tokens=info.context_tokens if info else None,
                )
                return self._route(spec, found)
        if fault is not None:
            raise UpstreamUnavailable(fault.message, retry_after_s=fault.retry_after_s) from fault
        raise UnknownModel(name or "", [*(route.name for route in await self.models()), *self.aliases()])

    async def models(self) -> list[Route]:
        """Every model served now, in order of precedence; a backend that cannot be asked is left out."""
        routes: dict[str, Route] = {}
        for spec in self._specs.values():
            served = spec.models
            if not served:
                try:
                    listing = await self._list(spec)
                except UpstreamError:
                    continue
                served = [ModelSpec(name=m.name, context_tokens=m.context_tokens) for m in listing.models]
            for model in served:
                routes.setdefault(model.name, self._route(spec, await self._with_context(spec, model)))
        return list(routes.values())

    async def _with_context(self, spec: BackendSpec, model: ModelSpec) -> ModelSpec:
        """The model with the context it has, where that is not configured and is told without asking a server."""
        if model.context_tokens is not None or spec.kind != "local":
            return model
        told = {info.name: info.context_tokens for info in await self._backend(spec).models()}
        return structs.replace(model, context_tokens=told.get(model.upstream or model.name))

    def aliases(self) -> dict[str, str]:
        """Alias → model name, as configured."""
        return {
            alias: model.name
            for spec in self._specs.values()
            for model in spec.models
            for alias in model.aliases
        }

    async def health(self) -> dict[str, str | None]:
        """Name of each backend in use → None when well, else one line that names the fault."""
        return {name: await backend.health() for name, backend in self._built.items()}

    def unlisted(self) -> dict[str, str]:
        """Name of each backend that could not list its models when it was last asked → why, in one line."""
        return {name: listing.fault.message for name, listing in self._listings.items() if listing.fault}

    async def figures(self) -> dict[str, float]:
        """The figures that backends in use report, as `<backend>_<name>`: for metrics."""
        return {
            _NOT_IN_NAME.sub("_", f"{name}_{figure}"): value
            for name, backend in self._built.items()
            for figure, value in getattr(backend, "stats", dict)().items()
            if isinstance(value, int | float)
        }

    async def aclose(self) -> None:
        for backend in self._built.values():
            await backend.aclose()
        self._built.clear()

    def _route(self, spec: BackendSpec, model: ModelSpec) -> Route:
        return Route(
            name=model.name,
            backend=self._backend(spec),
            model=model.upstream or model.name,
            context_tokens=model.context_tokens,
            tokenizer=model.tokenizer,
            price=model.price,
            fallbacks=model.fallbacks,
            timeout_s=spec.timeout_s,
        )

    def _backend(self, spec: BackendSpec) -> Backend:
        if spec.name not in self._built:
            self._built[spec.name] = build(spec)
        return self._built[spec.name]

    async def _list(self, spec: BackendSpec) -> "_Listing":
        async with self._listing_lock:
            # many requests at once ask once
            listing = self._listings.get(spec.name)
            if listing is None or self._clock() >= listing.until:
                listing = self._listings[spec.name] = await self._ask_for_list(spec)
        if listing.fault is not None:
            raise listing.fault
        return listing

    async def _ask_for_list(self, spec: BackendSpec) -> "_Listing":
        fault: UpstreamError | None = None
        models: list[ModelInfo] = []
        takes_any = False
        try:
            models = await self._backend(spec).models()
        except UpstreamRejected as refusal:
            takes_any = refusal.upstream_status in (404, 405, 501)
            fault = None if takes_any else refusal
        except UpstreamError as failure:
            fault = failure
        lasts_s = LISTING_TTL_S if fault is None else FAULT_TTL_S
        return _Listing(models=models, takes_any=takes_any, fault=fault, until=self._clock() + lasts_s)

    def _check(self, specs: Sequence[BackendSpec]) -> None:
        if len(self._specs) != len(specs):
            raise ConfigurationError("two backends have the same name; names must differ")
        listing = [spec.name for spec in specs if not spec.models]
        for spec in specs:
            check_kind(spec)
            for model in spec.models:
                for name in model.fallbacks:
                    if name not in self._configured and not listing:
                        raise ConfigurationError(
                            f"model `{model.name}`: fallback `{name}` is no configured model"
                        )
        if self._default and self._default not in self._configured and not listing:
            known = ", ".join(self._configured) or "none"
            raise ConfigurationError(f"the default model `{self._default}` is not configured; known: {known}")


class _Listing(Struct, kw_only=True, frozen=True):
    """The models a backend listed, or why it could not, and how long that counts."""

    models: list[ModelInfo]
    takes_any: bool
    fault: UpstreamError | None
    until: float

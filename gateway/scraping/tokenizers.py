"""What a request's `tokenizer` means: an encoding, or the vocabulary of a model that is served here."""

from typing import Protocol

from backends.base import HasVocabulary, Route, UnknownModel, UpstreamUnavailable
from gateway.core.tokens.counters import resolve_tokenizer
from gateway.core.tokens.tokenizer import ModelVocabulary, Tokenizer
from gateway.errors import BackendUnavailable, InvalidRequest

# what `LOCAL_MODEL` is served as
_LOCAL = "local"
_NO_LOCAL_MODEL = (
    "tokenizer `local` counts by the model that LOCAL_MODEL names, and this gateway has none: set WINNOW_LOCAL_MODEL "
    "(path of a GGUF, `hf:owner/repo`, or `starter`), or choose another tokenizer, such as o200k_base"
)


class Routes(Protocol):
    """What is needed here of backends.registry.Registry."""

    async def resolve(self, model: str | None = None) -> Route: ...


async def vocabulary_of(route: Route) -> ModelVocabulary | None:
    """A model's own vocabulary; None where its backend does not have it.

    Raises:
        BackendUnavailable: the model's file or library is missing; the message says what to do.
    """
    if not isinstance(route.backend, HasVocabulary):
        return None
    try:
        file = await route.backend.vocabulary(route.model)
    except UpstreamUnavailable as exc:
        raise BackendUnavailable(
            f"tokenizer `{route.name}`: {exc.message}", retry_after_s=exc.retry_after_s
        ) from exc
    return ModelVocabulary(name=route.name, path=file.path, identity=file.identity)


class Tokenizers:
    """Finds tokenizers by name. One for the whole service.

    Args:
        routes: the models served here; without, there are encodings alone.
    """

    def __init__(self, routes: Routes | None = None) -> None:
        self._routes = routes

    async def find(self, name: str) -> Tokenizer:
        """What `name` counts by: an encoding, a model of OpenAI's, else a model that is served here.

        Raises:
            InvalidRequest: it is none of these, or a model whose backend does not have its vocabulary.
            BackendUnavailable: the model's file or library is missing; the message says what to do.
        """
        try:
            return resolve_tokenizer(name)
        except InvalidRequest as refusal:
            route = await self._route(name, refusal)
        vocabulary = await vocabulary_of(route)
        if vocabulary is None:
            raise InvalidRequest(
                f"tokenizer {name[:100]!r}: model `{route.name}` is served by backend `{route.backend.name}`, which "
                "does not give its vocabulary; models of kind `local` have theirs, else choose an encoding, such as "
                "o200k_base",
                field="tokenizer",
            )
        return vocabulary

    async def _route(self, name: str, refusal: InvalidRequest) -> Route:
        try:
            if self._routes is not None:
                return await self._routes.resolve(name)
        except (UnknownModel, UpstreamUnavailable):
            # a name that nobody knows
            pass
        if name == _LOCAL:
            raise InvalidRequest(_NO_LOCAL_MODEL, field="tokenizer") from refusal
        raise refusal


ENCODINGS = Tokenizers()

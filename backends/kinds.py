"""Which kinds of backend there are: those of this package, and those that other packages bring.

A kind is an entry point of the group `winnow.backends`: its name is the `kind` of a `[[backends]]` table, its
object a function `build(spec: BackendSpec) -> Backend`. Nothing is imported before a backend of it is used, so
that the optional dependency of one is never asked of users of another.
"""

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points

from backends.base import Backend, UpstreamUnavailable
from backends.specs import BackendSpec, ConfigurationError
from gateway.primitives.did_you_mean import did_you_mean

GROUP = "winnow.backends"
# Beside pyproject.toml, which registers the same: an installation's metadata can be older than its sources
# (an editable one), another package cannot put itself in the place of one of these, and a start that uses
# them alone does not search every installed package.
BUILT_IN = {
    "remote": "backends.remote:build",
    "anthropic": "backends.anthropic:build",
    "local": "backends.local:build",
    "scripted": "backends.scripted:build",
}
_EXTRAS = {"anthropic": "anthropic", "local": "local"}


def check_kind(spec: BackendSpec) -> None:
    """Raises ConfigurationError when no installed package has the kind of `spec`."""
    if spec.kind in BUILT_IN or (others := _others()).get(spec.kind):
        return
    known = [*BUILT_IN, *sorted(others)]
    hint = did_you_mean(spec.kind, known) or "; is the package that brings it installed?"
    raise ConfigurationError(f"backend `{spec.name}`: kind `{spec.kind}` is none of {', '.join(known)}{hint}")


def build(spec: BackendSpec) -> Backend:
    """The backend that `spec` describes.

    Raises:
        UpstreamUnavailable: what its kind needs is not installed, or cannot be imported.
        ConfigurationError: the kind cannot work with this spec.
    """
    entry = _built_in(spec.kind) or _others()[spec.kind]
    try:
        make: Callable[[BackendSpec], Backend] = entry.load()
    except ImportError as exc:
        extra = _EXTRAS.get(spec.kind)
        remedy = f"; install it with: pip install 'winnow-gateway[{extra}]'" if extra else ""
        raise UpstreamUnavailable(
            f"backend `{spec.name}` needs {exc.name}, which is not installed{remedy}"
        ) from exc
    except AttributeError as exc:
        raise UpstreamUnavailable(
            f"backend `{spec.name}`: `{entry.value}`, the entry point of its kind, does not exist"
        ) from exc
    return make(spec)


def _built_in(kind: str) -> EntryPoint | None:
    return EntryPoint(kind, BUILT_IN[kind], GROUP) if kind in BUILT_IN else None


def _others() -> dict[str, EntryPoint]:
    """Kind → entry point of what other packages bring; of two with one name the first found on the path."""
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=GROUP):
        if entry.name not in BUILT_IN:
            found.setdefault(entry.name, entry)
    return found

"""GGUF models run by llama.cpp in a child process, many requests in one batch. Importing it loads no native code."""

from backends.local.backend import LocalBackend
from backends.local.messages import ModelFacts
from backends.local.probe import Finding, probe
from backends.specs import BackendSpec, ConfigurationError


def build(spec: BackendSpec) -> LocalBackend:
    """The backend of a `[[backends]]` table of kind `local`, or of WINNOW_LOCAL_MODEL."""
    if not spec.path:
        raise ConfigurationError(f"backend `{spec.name}`: kind `local` needs `path`, a GGUF file")
    return LocalBackend(path=spec.path, name=spec.name, **spec.options)


__all__ = ["Finding", "LocalBackend", "ModelFacts", "build", "probe"]

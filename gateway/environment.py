"""The environment of processes that read strangers' bytes: an allow-list, and nothing beside it.

Secrets come under every name there is (`DATABASE_URL`, `PGPASSWORD`, a proxy's address with a password in it),
so no list of names to leave out is ever complete. Every process that the gateway and its backends start gets
its environment from here; a test holds them to it.

uvicorn's processes (WORKERS above 1) are the service itself: they read the settings, and inherit everything.
"""

from collections.abc import Mapping

# where programs and files are, which language and which time
_PLACES = frozenset({"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV"})
# how native code finds its libraries and its hardware, for what computes a model
_LIBRARIES = frozenset({"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LLAMA_CPP_LIB_PATH"})
_HARDWARE = frozenset(
    {"NVIDIA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "HSA_OVERRIDE_GFX_VERSION"}
)
# whole families of switches, of which none is a secret: CUDA's, OpenMP's and llama.cpp's computing library's
_SWITCHES = ("CUDA_", "OMP_", "GOMP_", "KMP_", "GGML_")


def child_environment(environ: Mapping[str, str], *, computes: bool = False, **added: str) -> dict[str, str]:
    """The environment of a process to start.

    Args:
        environ: our own.
        computes: it runs native code on whatever hardware there is, and needs to know which.
        added: what it gets beside that.
    """
    return {name: value for name, value in environ.items() if _is_passed_on(name, computes)} | added


def _is_passed_on(name: str, computes: bool) -> bool:
    return name in _PLACES or (
        computes and (name in _LIBRARIES or name in _HARDWARE or name.startswith(_SWITCHES))
    )

"""The library: HTML in, content out. Values in, values out, no I/O. Imports wire's types and errors."""

from typing import TYPE_CHECKING, Any

from gateway.core.model.page import Block, CleanOptions, Page

if TYPE_CHECKING:
    from gateway.core.cleaning import clean

__all__ = ["Block", "CleanOptions", "Page", "clean"]


def __getattr__(name: str) -> Any:
    # when it is first used: parser and classifier take most of a second, and the service leaves them to its workers
    if name == "clean":
        from gateway.core.cleaning import clean

        return clean
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

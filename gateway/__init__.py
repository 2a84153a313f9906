"""Winnow: web pages in, exactly counted markdown out. docs/architecture.md is the map of its packages."""

__all__ = ["__version__", "core", "errors", "sdk", "wire"]

__version__ = "0.1.0"

"""Winnow: web pages in, exactly counted markdown out."""

__all__ = ["__version__", "core", "errors", "sdk", "wire"]

__version__ = "0.1.0"

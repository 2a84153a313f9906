"""Winnow: web pages in, exactly counted markdown out."""

__version__ = "0.1.0"

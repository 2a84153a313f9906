"""The library: HTML in, content out. Values in, values out, no I/O. Imports wire's types and errors."""

from gateway.core.clean import clean
from gateway.core.model.page import Block, CleanOptions, Page

__all__ = ["Block", "CleanOptions", "Page", "clean"]

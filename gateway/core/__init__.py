"""The heart: HTML in, content out. Pure: values in, values out, no I/O."""

from gateway.core.clean import clean
from gateway.core.model.page import Block, CleanOptions, Page

__all__ = ["Block", "CleanOptions", "Page", "clean"]

"""Boxes that mean something by what they are called: editors of code, and callouts."""

from typing import NamedTuple

from gateway.core.dom.blocks import Blocks
from gateway.core.dom.callouts import CALLOUT_PARTS, find_callouts
from gateway.core.dom.editors import EDITOR_PARTS, find_editors
from gateway.core.dom.native import find_named

_PARTS = (*EDITOR_PARTS, *CALLOUT_PARTS)


class Boxes(NamedTuple):
    """What `find_boxes` found, by mem_ids."""

    editors: frozenset[int]
    # with their kind
    callouts: dict[int, str]


def find_boxes(blocks: Blocks) -> Boxes:
    """The boxes of a page; the names of its elements are gone through once."""
    called = find_named(blocks.names, _PARTS)
    return Boxes(find_editors(blocks, called), find_callouts(blocks, called))

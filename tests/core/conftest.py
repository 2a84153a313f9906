"""`winnow-native` as this tree has it, for all tests of it: compiled once a process."""

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from gateway.core.dom.native import find_walk
from tests.core.dom.extension import compile_extension


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return compile_extension(tmp_path_factory.mktemp("native"))


@pytest.fixture
def used(compiled: ModuleType) -> Iterator[ModuleType]:
    """Pages are read by the compiled extension."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "winnow_native", compiled)
        find_walk.cache_clear()
        assert find_walk().extension is compiled
        yield compiled
    find_walk.cache_clear()

"""`open_cache` builds what the settings ask for and touches nothing before it is used."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cache import open_cache
from gateway.cache.disk import DiskCache
from gateway.cache.memory import MemoryCache

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parent.parent.parent


async def test_open_cache_puts_memory_before_the_disk(tmp_path: Path) -> None:
    cache = open_cache(directory=tmp_path / "cache", size_bytes=10**6)
    assert isinstance(cache, MemoryCache)
    assert not (tmp_path / "cache").exists()
    await cache.set("page:1:a", b"value", ttl_s=60)
    assert (tmp_path / "cache" / "store" / "cache.db").exists()
    await cache.aclose()


async def test_open_cache_without_memory_is_the_store_itself(tmp_path: Path) -> None:
    cache = open_cache(directory=tmp_path, size_bytes=10**6, memory_bytes=0)
    assert isinstance(cache, DiskCache)
    await cache.aclose()


def test_missing_valkey_client_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['valkey'] = None\n"
        "from gateway.cache import open_server\n"
        "open_server('valkey://h')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "pip install 'winnow-gateway[valkey]'" in done.stderr


def test_disk_cache_needs_no_valkey_client() -> None:
    code = "import sys, gateway.cache.disk; print([m for m in sys.modules if m.startswith('valkey')])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"

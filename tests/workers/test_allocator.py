"""Memory that large pages took goes back to the system, in a process of its own: the allocator is one a process."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource
from pathlib import Path
from gateway.workers.allocator import return_large_blocks

def resident_mb():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20

if {guarded}:
    return_large_blocks()
bytearray(20 * 2**20)  # what glibc learns from
before = resident_mb()
large, small = [], []
for _ in range(20):
    large.append(bytearray(10 * 2**20))
    small.append(bytearray(2000))  # lies behind it and stays
large.clear()
print(resident_mb() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc's allocator that keeps them")
def test_large_blocks_go_back_although_small_ones_behind_them_stay() -> None:
    assert _kept_mb(guarded=False) > 100, "without it they are kept"
    assert _kept_mb(guarded=True) < 10


def _kept_mb(*, guarded: bool) -> float:
    program = PROGRAM.format(guarded=guarded)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return float(done.stdout)

"""What the C library does with memory that Python has given back; nothing happens where it is not glibc."""

import ctypes

# `mallopt`'s parameters
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_MAPPED_BYTES = 1024**2
_SPARE_BYTES = 4 * 1024**2


def return_large_blocks() -> None:
    """Have blocks of 1 MiB and more go back to the system as soon as they are freed.

    By default glibc learns from the first freed page of 10 MB to keep such blocks, and to let up to twice that
    lie unused: a service that met hostile pages held 250 MB for the rest of its life, 95 MB with this.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _MAPPED_BYTES)
        mallopt(_TRIM_THRESHOLD, _SPARE_BYTES)


def return_unused() -> None:
    """Give back what is free now: after something large that will not come again."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)

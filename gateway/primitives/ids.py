"""Names for requests and results: unique, not secret."""

import random


def new_id() -> str:
    """16 hexadecimal digits; 64 bits of a generator seeded by the system, without a system call each."""
    return f"{random.getrandbits(64):016x}"

"""A cache in a dictionary, for tests that look at what is kept; the real ones have tests of their own."""


class DictCache:
    """The smallest cache that keeps the contract."""

    def __init__(self) -> None:
        self.entries: dict[str, bytes] = {}

    async def get(self, key: str) -> bytes | None:
        return self.entries.get(key)

    async def set(self, key: str, value: bytes, *, ttl_s: float, fence: int | None = None) -> bool:
        self.entries[key] = value
        return True

    async def delete(self, key: str) -> None:
        self.entries.pop(key, None)

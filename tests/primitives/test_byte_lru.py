"""A dictionary bounded by bytes."""

from gateway.primitives.byte_lru import ByteLru


def held(*sizes: tuple[str, int]) -> ByteLru[str, str]:
    lru: ByteLru[str, str] = ByteLru(100)
    for key, size in sizes:
        lru.put(key, key.upper(), size_bytes=size)
    return lru


def test_least_recently_used_goes_first() -> None:
    lru = held(("a", 25), ("b", 25), ("c", 25), ("d", 25))
    assert lru.get("a") == "A"
    lru.put("e", "E", size_bytes=10)
    assert list(lru) == ["c", "d", "a", "e"]
    assert lru.used_bytes == 85


def test_value_is_replaced_with_its_size() -> None:
    lru = held(("a", 25), ("a", 5))
    assert (len(lru), lru.used_bytes) == (1, 5)


def test_value_too_large_is_not_held_nor_the_one_before() -> None:
    lru = held(("a", 25), ("a", 26))
    assert (lru.get("a"), lru.used_bytes) == (None, 0)


def test_dropping_twice_counts_once() -> None:
    lru = held(("a", 25), ("b", 5))
    lru.drop("a")
    lru.drop("a")
    assert (list(lru), lru.used_bytes) == (["b"], 5)

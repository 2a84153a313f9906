"""The queue that gives tenants turns."""

from gateway.primitives.fair_queue import FairQueue


def take_all(queue: FairQueue[str]) -> list[str]:
    taken = []
    while item := queue.take(lambda _: True):
        taken.append(item)
    return taken


def test_queue_gives_tenants_turns() -> None:
    queue: FairQueue[str] = FairQueue()
    for item in ("a1", "a2", "a3"):
        queue.put(item, tenant="a")
    queue.put("b1", tenant="b")
    assert take_all(queue) == ["a1", "b1", "a2", "a3"]


def test_queue_keeps_the_place_of_what_is_not_accepted() -> None:
    queue: FairQueue[str] = FairQueue()
    for item in ("wait", "go"):
        queue.put(item, tenant="")
    assert queue.take(lambda item: item != "wait") == "go"
    assert take_all(queue) == ["wait"]


def test_queue_removes_what_nobody_wants() -> None:
    queue: FairQueue[str] = FairQueue()
    for item in ("keep", "drop"):
        queue.put(item, tenant=item)
    assert queue.remove_where(lambda item: item == "drop") == ["drop"]
    assert len(queue) == 1 and list(queue) == ["keep"]


def test_queue_discards_an_item_once() -> None:
    queue: FairQueue[str] = FairQueue()
    queue.put("gone", tenant="a")
    queue.discard("gone", tenant="a")
    queue.discard("gone", tenant="a")
    assert len(queue) == 0 and take_all(queue) == []

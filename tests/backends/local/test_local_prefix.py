"""The prefix store's decisions, without a model."""

import numpy as np

from backends.local.prefix import PrefixStore, common_prefix


def tokens(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.asarray(values, np.int32)


def run(length: int, *, start: int = 0) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.arange(start, start + length, dtype=np.int32)


def store_with(
    sequences: int = 2, *, cells: int = 1000, capacity: int = 500, rewinds: bool = True
) -> PrefixStore:
    return PrefixStore(sequences=sequences, capacity=capacity, cells=cells, rewinds=rewinds)


def compute(store: PrefixStore, prompt: np.ndarray[tuple[int], np.dtype[np.int32]]) -> int:
    """Place a prompt, compute it whole, finish; returns its sequence."""
    placement = store.place(prompt, reserve=1)
    assert placement is not None
    store.append(placement.sequence, prompt[placement.keep :])
    store.release(placement.sequence)
    return placement.sequence


def test_common_prefix_counts_equal_leading_tokens() -> None:
    assert common_prefix(tokens(1, 2, 3), tokens(1, 2, 4)) == 2
    assert common_prefix(tokens(1, 2), tokens(1, 2, 4)) == 2
    assert common_prefix(tokens(), tokens(1)) == 0


def test_store_continues_an_idle_sequence_in_place() -> None:
    store = store_with()
    first = compute(store, run(100))
    placement = store.place(run(120), reserve=10)
    assert placement is not None
    assert (placement.sequence, placement.keep, placement.copy_from) == (first, 100, None)


def test_store_computes_the_last_token_again_for_its_output() -> None:
    store = store_with()
    compute(store, run(100))
    placement = store.place(run(100), reserve=10)
    assert placement is not None and placement.keep == 99


def test_store_copies_from_a_running_sequence() -> None:
    store = store_with()
    running = store.place(run(100), reserve=10)
    assert running is not None
    store.append(running.sequence, run(100))
    placement = store.place(np.concatenate([run(80), run(20, start=900)]), reserve=10)
    assert placement is not None
    assert placement.copy_from == running.sequence and placement.keep == 80
    assert placement.sequence != running.sequence


def test_store_copies_rather_than_destroys_a_longer_idle_sequence() -> None:
    store = store_with()
    long = compute(store, run(400))
    placement = store.place(np.concatenate([run(50), run(10, start=900)]), reserve=10)
    assert placement is not None
    assert placement.copy_from == long and placement.sequence != long and placement.keep == 50


def test_store_overwrites_the_least_recently_used() -> None:
    store = store_with(3)
    first, second, third = (compute(store, run(50, start=1000 * n)) for n in range(3))
    compute(store, run(60))  # the first again
    placement = store.place(run(50, start=9000), reserve=10)
    assert placement is not None and placement.sequence == second
    assert {first, second, third} == {0, 1, 2}


def test_store_copies_nothing_to_a_sequence_that_holds_it_already() -> None:
    """A chat template's beginning is in all of them; copying takes the time of a sequence's whole KV."""
    store = store_with(3)
    beginning = run(40, start=5000)
    for n in range(3):
        compute(store, np.concatenate([beginning, run(80, start=1000 * n)]))
    taken = set()
    for n in range(3):
        placement = store.place(np.concatenate([beginning, run(80, start=9000 + 100 * n)]), reserve=10)
        assert placement is not None
        assert (placement.keep, placement.copy_from) == (40, None)
        taken.add(placement.sequence)
    assert len(taken) == 3


def test_store_refuses_while_every_sequence_runs() -> None:
    store = store_with(1)
    assert store.place(run(10), reserve=10) is not None
    assert store.place(run(10), reserve=10) is None


def test_store_refuses_beyond_the_cells_that_are_reserved() -> None:
    store = store_with(4, cells=300)
    assert store.place(run(100), reserve=100) is not None
    assert store.place(run(90, start=5000), reserve=50) is None
    assert store.place(run(50, start=5000), reserve=50) is not None


def test_store_evicts_idle_sequences_for_cells() -> None:
    store = store_with(3, cells=300)
    old, newer = compute(store, run(100)), compute(store, run(100, start=2000))
    placement = store.place(run(150, start=5000), reserve=30)
    assert placement is not None
    assert placement.evicted == [old] and newer not in placement.evicted


def test_store_takes_the_source_itself_when_copy_and_source_do_not_fit() -> None:
    store = store_with(2, cells=300, capacity=300)
    source = compute(store, run(200))
    placement = store.place(np.concatenate([run(90), run(50, start=900)]), reserve=10)
    assert placement is not None
    assert placement.sequence == source and placement.keep == 90 and placement.copy_from is None


def test_store_waits_for_a_prompt_that_is_being_computed() -> None:
    store = store_with()
    leader = store.place(run(300), reserve=10)
    assert leader is not None
    follower = np.concatenate([run(280), run(20, start=900)])
    assert store.worth_waiting(follower)
    store.append(leader.sequence, run(280))
    assert not store.worth_waiting(follower)


def test_store_does_not_wait_for_what_was_given_up() -> None:
    store = store_with()
    leader = store.place(run(300), reserve=10)
    assert leader is not None
    store.release(leader.sequence)
    assert not store.worth_waiting(run(300))


def test_store_shares_nothing_between_owners() -> None:
    store = store_with()
    running = store.place(run(300), reserve=10, owner="alice")
    assert running is not None
    assert store.worth_waiting(run(300), owner="alice") and not store.worth_waiting(run(300), owner="bob")
    store.append(running.sequence, run(300))
    placement = store.place(run(300), reserve=10, owner="bob")
    assert placement is not None and placement.keep == 0 and placement.copy_from is None


def test_store_reuses_nothing_of_a_model_that_cannot_rewind() -> None:
    store = store_with(rewinds=False)
    compute(store, run(100))
    compute(store, run(100))
    placement = store.place(run(120), reserve=10)
    assert placement is not None and placement.keep == 0 and placement.copy_from is None

"""In which order sequences stand in a batch, and when words leave the scheduler."""

import time

import numpy as np
import pytest

from backends.local import scheduler as scheduling
from backends.local import worker
from backends.local.job import Ticket
from backends.local.messages import Finished, FromModel, Generate, Open, Step
from backends.local.native import NativeModel, Tokens
from backends.local.passes import Passes
from backends.local.prepare import Preparation
from backends.local.scheduler import Scheduler
from backends.local.worker import measure_passes

# CPU-milliseconds of the starter at Q4_0 and Q8_0 on a Zen 5 processor, llama.cpp's kernels for AVX-512
Q4_0 = [5.5, 13.3, 18.2, 18.0, 26.0, 30.4, 35.4, 27.7]
Q8_0 = [7.7, 29.2, 37.8, 43.1, 51.1, 55.3, 58.1, 53.8]
BY_FOURS = [6.0, 12.0, 18.0, 14.0, 26.0]
# reading the weights is all that counts
BOUND_BY_MEMORY = [50.0, 51.0, 52.0, 53.0]


def passes(order: list[int]) -> list[list[int]]:
    """As llama.cpp makes them of sequences with one token each."""
    found: list[list[int]] = []
    for number in order:
        if found and number == found[-1][-1] + 1:
            found[-1].append(number)
        else:
            found.append([number])
    return found


@pytest.mark.parametrize(
    ("costs", "decoding", "expected"),
    [
        pytest.param(Q4_0, [3, 1, 0, 2, 7, 6, 5, 4], [[0, 1, 2, 3, 4, 5, 6, 7]], id="eight-are-cheapest"),
        pytest.param(Q4_0, [0, 1], [[1], [0]], id="two-one-by-one"),
        pytest.param(Q4_0, [2, 0, 1], [[0, 1, 2]], id="three-save-too-little"),
        pytest.param(BY_FOURS, [4, 3, 2, 1, 0], [[1, 2, 3, 4], [0]], id="four-and-one"),
        pytest.param(Q4_0, [0, 1, 2, 3, 5, 6], [[6], [5], [0, 1, 2, 3]], id="each-run-for-itself"),
        pytest.param(Q8_0, list(range(8)), [list(range(8))], id="slow-to-begin-eight"),
        pytest.param(Q8_0, list(range(5)), [[4], [3], [2], [1], [0]], id="slow-to-begin-five"),
        pytest.param(BOUND_BY_MEMORY, [3, 1, 0, 2], [[0, 1, 2, 3]], id="bound-by-memory"),
        pytest.param([10.0, 20.2, 30.3], [0, 1, 2], [[0, 1, 2]], id="not-worth-a-hundredth"),
        pytest.param([10.0, 30.0], [0, 1, 2], [[0, 1, 2]], id="more-than-were-measured"),
        pytest.param([], [9, 8, 3], [[8, 9], [3]], id="nothing-measured"),
        pytest.param(Q4_0, [], [], id="none"),
    ],
)
def test_sequences_are_decoded_in_the_cheapest_passes(
    costs: list[float], decoding: list[int], expected: list[list[int]]
) -> None:
    assert passes(Passes(costs).order(decoding, [])) == expected


@pytest.mark.parametrize("costs", [Q4_0, Q8_0, []])
def test_every_prompt_has_a_pass_of_its_own(costs: list[float]) -> None:
    for prompts in ([2], [0, 1], [3, 5, 4], [7, 0]):
        decoding = [number for number in range(8) if number not in prompts]
        order = Passes(costs).order(decoding, prompts)
        assert sorted(order) == list(range(8))
        assert all([number] in passes(order) for number in prompts)


class Recording(NativeModel):
    """Remembers what was put into each batch: sequences and how many tokens of each."""

    def __init__(self, opening: Open) -> None:
        self.batches: list[list[tuple[int, int]]] = []
        super().__init__(opening)

    def clear_batch(self) -> None:
        super().clear_batch()
        self.batches.append([])

    def add(self, sequence: int, start: int, tokens: Tokens, *, output: bool) -> int:
        self.batches[-1].append((sequence, len(tokens)))
        return super().add(sequence, start, tokens, output=output)


@pytest.fixture
def model(tiny: str) -> Recording:
    return Recording(Open(path=tiny, context_tokens=256, parallel=4, gpu_layers=0, threads=1))


def answers(model: NativeModel, numbers: list[int], costs: list[float]) -> dict[int, str]:
    """What a scheduler says to requests of these numbers, which are at once there and of unequal lengths."""
    return {number: "".join(pieces) for number, pieces in pieces_of(model, numbers, costs).items()}


def pieces_of(model: NativeModel, numbers: list[int], costs: list[float]) -> dict[int, list[str]]:
    said: dict[int, list[str]] = {number: [] for number in numbers}
    ended: list[int] = []

    def emit(messages: list[FromModel]) -> None:
        for message in messages:
            if isinstance(message, Step):
                for piece in message.pieces:
                    said[piece.id].append(piece.text)
            elif isinstance(message, Finished):
                ended.append(message.id)
        if len(ended) == len(numbers):
            scheduler.stop()

    scheduler = Scheduler(model, emit, passes=Passes(costs))
    preparation = Preparation(model, submit=scheduler.submit, emit=emit, later=lambda number, call: None)
    for number in numbers:
        request = Generate(
            id=number, messages=[{"role": "user", "content": f"{number} " * (number + 1)}], parameters={}, tenant="",
            seed=None, stop=[], max_output_tokens=4 + 5 * (number % 4), temperature=0, json_schema=None,
        )  # fmt: skip
        preparation.begin(request, Ticket(number))
    scheduler.run()
    return said


@pytest.mark.parametrize("costs", [[10.0, 30.0, 40.0, 41.0], [10.0, 11.0, 12.0, 13.0]])
def test_scheduler_orders_every_batch_and_says_what_it_says_to_one_alone(
    model: Recording, costs: list[float]
) -> None:
    alone = {number: text for each in range(10) for number, text in answers(model, [each], costs).items()}
    model.batches.clear()
    assert answers(model, list(range(10)), costs) == alone
    full = 0
    for batch in model.batches:
        decoding = [sequence for sequence, count in batch if count == 1]
        prompts = [sequence for sequence, count in batch if count > 1]
        assert [sequence for sequence, _ in batch] == Passes(costs).order(decoding, prompts)
        full += len(decoding) == 4
    assert full


def test_passes_are_measured_and_leave_nothing_behind(
    model: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs_s = measure_passes(model)
    assert len(costs_s) == 4 and min(costs_s) > 0
    model.clear_batch()
    for sequence in range(4):
        assert model.trim_sequence(sequence, 1) is False
    monkeypatch.setattr(worker, "MEASURE_S", 0.0)
    assert len(measure_passes(model)) == 1


@pytest.mark.slow
def test_order_decides_what_llama_computes_in_one_pass(model: Recording) -> None:
    """What this rests on: of a small model a pass is mostly overhead, so that four cost more than one.

    1.3 to 3 times as much, by the processor.
    """

    def cost_s(order: list[int]) -> float:
        seen_s = []
        for _ in range(20):
            model.clear_memory()
            model.clear_batch()
            for sequence in order:
                model.add(sequence, 0, np.ones(1, np.int32), output=True)
            began = time.thread_time()
            assert model.decode() == 0
            seen_s.append(time.thread_time() - began)
        return min(seen_s)

    assert cost_s([3, 2, 1, 0]) > 1.1 * cost_s([0, 1, 2, 3])


def test_words_between_the_first_and_the_last_leave_together(
    model: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduling, "EMIT_EVERY_S", 0.0)
    one_by_one = pieces_of(model, [3], [])[3]
    assert len(one_by_one) > 10
    monkeypatch.setattr(scheduling, "EMIT_EVERY_S", 3600.0)
    together = pieces_of(model, [3], [])[3]
    assert len(together) == 2 and together[0] == one_by_one[0]
    assert "".join(together) == "".join(one_by_one)

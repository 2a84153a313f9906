"""How a step's room is shared."""

import pytest

from backends.local.pace import SLICE_TOKENS, Pace


class Prompt:
    def __init__(self, admitted_at: float, remaining: int) -> None:
        self.admitted_at, self.remaining = admitted_at, remaining


def slices(pace: Pace, prompts: list[Prompt], *, decoding: int = 0) -> list[tuple[float, int]]:
    return [(prompt.admitted_at, count) for prompt, count in pace.share(prompts, decoding=decoding)]


def test_pace_computes_a_prompt_whole_when_it_nearly_fits() -> None:
    pace = Pace(512, token_s=0.0025)  # room for 100 tokens
    assert slices(pace, [Prompt(0, 130)]) == [(0, 130)]
    assert slices(pace, [Prompt(0, 400)]) == [(0, 100)]


def test_pace_serves_the_oldest_and_the_shortest_in_turn() -> None:
    pace = Pace(512, token_s=0.0025)
    prompts = [Prompt(0, 4000), Prompt(1, 200)]
    assert [slices(pace, prompts)[0][0] for _ in range(4)] == [0, 1, 0, 1]


def test_pace_leaves_no_small_slices() -> None:
    pace = Pace(512, token_s=0.0025)
    assert slices(pace, [Prompt(0, 90), Prompt(1, 200)]) == [(0, 90)]


@pytest.mark.parametrize("tokens", [80, 100, 300])
def test_last_of_eight_prompts_begins_hardly_later_than_with_all_in_one_batch(tokens: int) -> None:
    """By a clock that counts what steps cost: 2.76 ms a token of a prompt, and 6 + 4 ms a sequence that decodes."""
    token_s, now_s, first_s = 0.00276, 0.0, []
    pace = Pace(512, token_s)
    prompts = [Prompt(0, tokens) for _ in range(8)]
    while prompts:
        decoding = len(first_s)
        shares = pace.share(prompts, decoding=decoding)
        now_s += sum(count for _, count in shares) * token_s + (0.006 + 0.004 * decoding) * bool(decoding)
        for prompt, count in shares:
            prompt.remaining -= count
        first_s += [now_s for prompt in prompts if not prompt.remaining]
        prompts = [prompt for prompt in prompts if prompt.remaining]
    whole_s = 8 * tokens * token_s
    assert first_s[-1] <= 1.1 * whole_s
    assert first_s[3] <= 0.6 * whole_s


def test_pace_learns_what_a_token_costs() -> None:
    pace = Pace(512, token_s=0.1)
    assert pace.room_tokens(decoding=0) == SLICE_TOKENS
    for _ in range(40):
        pace.learn(0.1, prompt_tokens=100, decoding=0)
    assert 200 <= pace.room_tokens(decoding=0) <= 260


def test_pace_never_overfills_a_batch() -> None:
    pace = Pace(64, token_s=0)
    assert sum(count for _, count in slices(pace, [Prompt(0, 70), Prompt(1, 70)], decoding=8)) <= 56

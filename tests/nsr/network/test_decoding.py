import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_network import MODEL, TOKENIZER, memory_of, teacher_forced

from nsr.clock import Clock
from nsr.expressions.operator_set import OperatorSet
from nsr.expressions.operators import OPERATORS
from nsr.network import decoding
from nsr.network.decoding import sample


def draw(n_problems=1, n_variables=3, n_samples=8, seed=0, **options):
    counts = torch.full((n_problems,), n_variables)
    generator = torch.Generator().manual_seed(seed)
    memory = memory_of(n_problems)
    return sample(MODEL, TOKENIZER, memory, counts, n_samples=n_samples, generator=generator, **options)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 39), st.sampled_from((0.3, 1.0, 5.0)), st.integers(1, 10))
def test_samples_are_well_formed_within_their_limits(seed, max_length, temperature, n_variables):
    counts = torch.tensor([n_variables, 1])
    generator = torch.Generator().manual_seed(seed)
    found = sample(
        MODEL, TOKENIZER, memory_of(2), counts, n_samples=16, temperature=temperature, max_length=max_length,
        generator=generator,
    )  # fmt: skip
    for rows, count in zip(found, counts.tolist(), strict=True):
        assert rows
        assert len({tuple(row) for row in rows}) == len(rows)
        for row in rows:
            assert len(row) <= max_length
            assert all(index < count for index in TOKENIZER.decode(row).variables)


def test_every_sampled_token_is_among_the_top_of_the_whole_forward_pass():
    """Fails if a row's cache, grammar or output is another row's after finished rows were dropped."""
    memory = memory_of(3)
    found = draw(n_problems=3, n_samples=24, top_k=2, max_length=30)
    assert len({len(row) for rows in found for row in rows}) > 3
    for one, rows in zip(memory, found, strict=True):
        for row in rows:
            logits = teacher_forced(one[None], torch.tensor([3]), row, 30)
            chosen = logits.gather(1, torch.tensor([*row, TOKENIZER.eos_id])[:, None])
            assert bool((chosen >= logits.topk(2).values[:, 1:] - 1e-4).all())


def test_frequent_samples_come_first():
    found = draw(n_variables=10, n_samples=4000, max_length=1)[0]
    order = [TOKENIZER.decode(row).variables[0] for row in found]
    share = first_token_probabilities()
    ranks = {index: rank for rank, index in enumerate(order)}
    clear = [(i, j) for i in range(10) for j in range(10) if share[i] > 1.3 * share[j] > 0.02]
    assert len(clear) > 10
    assert all(ranks[i] < ranks[j] for i, j in clear)


def test_truncation_keeps_the_likeliest_tokens_only():
    share = first_token_probabilities()
    ranked = sorted(range(10), key=lambda i: -share[i])
    nucleus = next(n for n in range(1, 11) if float(share[ranked[:n]].sum()) >= 0.6)
    for options, kept in (({"top_k": 3}, ranked[:3]), ({"top_p": 0.6}, ranked[:nucleus])):
        found = draw(n_variables=10, n_samples=1000, max_length=1, **options)[0]
        assert {TOKENIZER.decode(row).variables[0] for row in found} == set(kept)


def first_token_probabilities() -> torch.Tensor:
    """Probabilities of x_0 to x_9 where nothing else may be written."""
    logits = teacher_forced(memory_of(1), torch.tensor([10]), [TOKENIZER.ids["x_0"]], 1)[0]
    return logits.softmax(-1)[TOKENIZER.ids["x_0"] :]


def test_each_problem_gets_systems_of_its_own_size():
    drawn = draw(3, n_components=torch.tensor([1, 2, 4]))
    sizes = [{len(TOKENIZER.decode_system(ids)) for ids in problem} for problem in drawn]
    assert sizes == [{1}, {2}, {4}]


def test_seed_decides_samples():
    assert draw(seed=0) == draw(seed=0) != draw(seed=1)


def test_many_rows_are_drawn_in_parts(monkeypatch):
    monkeypatch.setattr(decoding, "_MAX_ROWS", 10)
    found = draw(n_problems=2, n_variables=2, n_samples=200, max_length=1)
    assert [sorted(row[0] for row in rows) for rows in found] == [
        [TOKENIZER.ids["x_0"], TOKENIZER.ids["x_1"]]
    ] * 2


def test_low_temperature_and_top_one_are_greedy():
    greedy, cold, nucleus = (draw(top_k=1), draw(temperature=1e-4), draw(top_p=1e-6))
    assert greedy == cold == nucleus
    assert len(greedy[0]) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": 0.0}, {"temperature": float("nan")}, {"top_p": 0.0}, {"top_p": 1.5}, {"top_k": -1},
        {"n_samples": 0}, {"max_length": 99}, {"max_length": 0},
    ],
)  # fmt: skip
def test_options_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match=r"need|must be"):
        draw(**options)


def test_a_million_samples_end_with_the_clock(monkeypatch):
    looks = itertools.count()
    monkeypatch.setattr("time.monotonic", lambda: float(next(looks)))
    assert draw(n_samples=1_000_000, clock=Clock.of(100.0))[0]
    assert next(looks) < 110


def test_what_has_not_ended_by_the_deadline_is_left_out():
    assert draw(n_problems=2, n_samples=32, clock=Clock(0.0)) != draw(n_problems=2, n_samples=32)
    for problem in draw(n_problems=2, n_samples=32, clock=Clock(0.0)):
        assert all(len(TOKENIZER.decode(ids)) == 1 for ids in problem)  # one step was taken: leaves alone


def test_operators_that_are_not_allowed_are_not_written():
    own = OperatorSet.of(["+", "*", "trigonometric"], without=["tan"])
    found = [TOKENIZER.decode(ids) for ids in draw(n_samples=200, operators=own)[0]]
    used = {token for expression in found for token in expression.tokens}
    written = {"add", "sub", "neg", "mul", "square", "cube", "pow", "sin", "cos", "asin", "acos", "atan"}
    assert {"add", "sin", "square"} <= used & set(OPERATORS) <= written

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from small_network import GRAMMAR, MODEL, TOKENIZER, memory_of, teacher_forced

from nsr.clock import Clock
from nsr.expressions.operator_set import OperatorSet
from nsr.expressions.operators import OPERATORS
from nsr.network.beams import sample_distinct

X = [TOKENIZER.ids[f"x_{i}"] for i in range(10)]


def draw(memory=None, n_variables=3, n_samples=8, seed=0, **options):
    memory = memory_of(1) if memory is None else memory
    counts = torch.full((len(memory),), n_variables)
    generator = torch.Generator().manual_seed(seed)
    return sample_distinct(
        MODEL, TOKENIZER, memory, counts, n_samples=n_samples, generator=generator, **options
    )


def sequences_without_numbers(size: int) -> list[list[int]]:
    """All expressions of two variables, by size."""
    if size == 1:
        return [[i] for i in X[:2]]
    unary, binary = ([i for i in range(TOKENIZER.vocab_size) if GRAMMAR.arity[i] == n] for n in (1, 2))
    found = [[i, *rest] for i in unary for rest in sequences_without_numbers(size - 1)]
    for left in range(1, size - 1):
        pairs = itertools.product(sequences_without_numbers(left), sequences_without_numbers(size - 1 - left))
        found += [[i, *a, *b] for a, b in pairs for i in binary]
    return found


def test_all_sequences_are_found_where_enough_are_asked_for_and_the_likeliest_come_first():
    limit, count, memory = 3, 2, memory_of(1)
    scored = {}
    for ids in itertools.chain.from_iterable(map(sequences_without_numbers, range(1, limit + 1))):
        steps = teacher_forced(memory, torch.tensor([count]), ids, limit).log_softmax(-1)
        scored[tuple(ids)] = float(steps.gather(1, torch.tensor([*ids, TOKENIZER.eos_id])[:, None]).sum())
    assert sum(torch.tensor(list(scored.values())).exp()) == pytest.approx(1, abs=1e-3)
    found = [tuple(row) for row in draw(memory, count, n_samples=10_000, max_length=limit)[0]]
    assert set(found) == set(scored)
    assert found[:20] == sorted(scored, key=scored.__getitem__, reverse=True)[:20]


def test_two_of_ten_are_drawn_as_often_as_without_replacement():
    n_draws, memory = 4_000, memory_of(1)
    p = teacher_forced(memory, torch.tensor([10]), [X[0]], 1)[0].softmax(-1)[X].double()
    drawn = draw(memory.expand(n_draws, -1, -1), n_variables=10, n_samples=2, max_length=1)
    assert all(len(rows) == 2 for rows in drawn)
    seen = torch.bincount(torch.tensor([X.index(ids[0]) for rows in drawn for ids in rows]), minlength=10)
    # First or second: the second is drawn of what the first has left.
    second = [sum(p[j] * p[i] / (1 - p[j]) for j in range(10) if j != i) for i in range(10)]
    expected = n_draws * (p + torch.tensor(second))
    assert float(expected.min()) > 20
    deviations = (seen - expected) / (expected * (1 - expected / n_draws)).sqrt()
    assert float(deviations.abs().max()) < stats.norm.isf(1e-4)


def test_one_at_a_time_longer_sequences_are_drawn_by_their_probability():
    n_draws, memory, limit = 4_000, memory_of(1), 2
    sequences = [ids for size in (1, 2) for ids in sequences_without_numbers(size)]
    p = []
    for ids in sequences:
        steps = teacher_forced(memory, torch.tensor([2]), ids, limit).log_softmax(-1)
        p.append(float(steps.gather(1, torch.tensor([*ids, TOKENIZER.eos_id])[:, None]).sum().exp()))
    drawn = draw(memory.expand(n_draws, -1, -1), n_variables=2, n_samples=1, max_length=limit)
    seen = [sum(rows[0] == ids for rows in drawn) for ids in sequences]
    often = [i for i, own in enumerate(p) if own * n_draws > 10]
    assert len(often) > 10
    rest = (n_draws - sum(seen[i] for i in often), n_draws - sum(n_draws * p[i] for i in often))
    observed, expected = [*(seen[i] for i in often), rest[0]], [*(n_draws * p[i] for i in often), rest[1]]
    assert stats.chisquare(observed, expected, sum_check=False).pvalue > 1e-4


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 39), st.sampled_from((0.3, 1.0, 5.0)), st.integers(1, 10))
def test_samples_are_different_and_well_formed_within_their_limits(
    seed, max_length, temperature, n_variables
):
    counts = torch.tensor([n_variables, 1])
    generator = torch.Generator().manual_seed(seed)
    found = sample_distinct(
        MODEL, TOKENIZER, memory_of(2), counts, n_samples=16, temperature=temperature, max_length=max_length,
        generator=generator,
    )  # fmt: skip
    for rows, count in zip(found, counts.tolist(), strict=True):
        assert len({tuple(row) for row in rows}) == len(rows) <= 16
        assert len(rows) == 16 or max_length == 1
        for row in rows:
            assert len(row) <= max_length
            assert all(index < count for index in TOKENIZER.decode(row).variables)


def test_digits_are_the_likeliest_ones_by_the_whole_forward_pass():
    memory = memory_of(3)
    n_digits = 0
    for one, rows in zip(memory, draw(memory, n_samples=24, max_length=30), strict=True):
        for row in rows:
            logits = teacher_forced(one[None], torch.tensor([3]), row, 30)
            state = GRAMMAR.start(torch.tensor([3]), 30)
            for place, token in enumerate(row):
                if int(state.phase) > 0:
                    assert logits[place, token] >= logits[place].max() - 1e-4
                    n_digits += 1
                state = GRAMMAR.advance(state, torch.tensor([token]))
    assert n_digits > 40


def test_each_problem_gets_systems_of_its_own_size():
    drawn = draw(memory_of(3), n_components=torch.tensor([1, 2, 4]))
    sizes = [{len(TOKENIZER.decode_system(ids)) for ids in problem} for problem in drawn]
    assert sizes == [{1}, {2}, {4}]


def test_seed_decides_samples():
    assert draw(seed=0) == draw(seed=0) != draw(seed=1)


@pytest.mark.parametrize(
    "options",
    [{"temperature": 0.0}, {"temperature": float("nan")}, {"n_samples": 0}, {"max_length": 99}],
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match=r"need|must be"):
        draw(**options)


def test_what_has_not_ended_by_the_deadline_is_left_out():
    for problem in draw(memory_of(2), n_samples=32, clock=Clock(0.0)):
        assert all(len(TOKENIZER.decode(ids)) == 1 for ids in problem)


def test_operators_that_are_not_allowed_are_not_written():
    own = OperatorSet.of(["+", "*", "trigonometric"], without=["tan"])
    used = {token for ids in draw(n_samples=64, operators=own)[0] for token in TOKENIZER.decode(ids).tokens}
    written = {"add", "sub", "neg", "mul", "square", "cube", "pow", "sin", "cos", "asin", "acos", "atan"}
    assert {"add", "sin", "square"} <= used & set(OPERATORS) <= written

import itertools
import math

import numpy as np
import pytest

from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.expressions.printing import to_infix
from nsr.refinement.refine import refine
from nsr.refinement.selection import (
    Candidate,
    choose,
    constant_bits,
    description_length,
    mean_squared_errors,
    merged,
    nearest_fraction,
    pareto_front,
)
from nsr.refinement.snapping import snap

X = np.random.default_rng(0).uniform(1, 5, (200, 2))


def values(text, table=X):
    return Program([parse(text)]).values(table)[0]


def candidate(text, y):
    expression = parse(text)
    return Candidate(expression, float(mean_squared_errors([expression], X, y)[0]))


def refined(text, y):
    result = refine([parse(text)], X, y)
    expression = parse(text).with_constants(result.constants[0, : len(parse(text).constants)].tolist())
    return Candidate(expression, float(result.loss[0]))


@pytest.mark.parametrize(
    ("value", "expected"), [(0.75, (3, 4)), (-2.0, (-2, 1)), (1 / 12, (1, 12)), (0.0, (0, 1))]
)
def test_nearest_fraction(value, expected):
    assert nearest_fraction(value) == expected


def test_round_constants_are_cheap():
    cheap = [constant_bits(v, 100) for v in (1.0, 2.0, -3.0, 0.5, math.pi, 4 * math.pi, 1 / (4 * math.pi))]
    assert max(cheap) < constant_bits(2.71234, 100) / 2


def test_the_front_is_strictly_better_with_complexity():
    y = values("x_0*x_1 + 0.1*x_0")
    front = pareto_front(
        [candidate(t, y) for t in ("x_0", "x_1", "x_0*x_1", "x_1*x_0 - x_1 + x_1", "x_0*x_1 + 0.1*x_0")],
        200,
        float(np.var(y)),
    )
    assert [to_infix(c.expression) for c in front][-1] == "x_0*x_1 + 0.1*x_0"
    assert all(a.complexity < b.complexity and a.loss > b.loss for a, b in itertools.pairwise(front))


def test_round_constants_stand_for_refined_ones_that_fit_the_noise(rng):
    y = 2 * X[:, 0] + 0.1 * rng.standard_normal(200)
    fitted = float(X[:, 0] @ y / (X[:, 0] @ X[:, 0]))
    both = [candidate(f"{value!r}*x_0", y) for value in (2.0, fitted)]
    assert both[1].loss < both[0].loss
    assert pareto_front(both, 200, float(np.var(y))) == both[:1]


def test_equal_functions_are_merged_into_the_shortest_form():
    y = values("x_0*x_1")
    same = [candidate(t, y) for t in ("x_0*x_1 + x_1 - x_1", "x_1*x_0", "x_0/(1/x_1)")]
    assert [to_infix(c.expression) for c in merged([*same, candidate("x_0", y)], X, 25.0)] == [
        "x_1*x_0",
        "x_0",
    ]


def test_without_noise_the_exact_short_equation_wins():
    y = values("3*x_0*x_1**2")
    texts = ("x_0", "3*x_0*x_1**2", "3.0000000001*x_0*x_1**2", "3*x_0*x_1**2 + 0.0000001*x_0")
    front = pareto_front([candidate(t, y) for t in texts], 200, float(np.var(y)))
    assert to_infix(front[choose(front, 200, float(np.var(y)))].expression) == "3*x_0*x_1**2"


@pytest.mark.parametrize("noise", [0.01, 0.1])
def test_with_noise_the_choice_does_not_overfit(noise):
    chosen = []
    for seed in range(10):
        clean = values("2.7*x_0*x_1")
        y = clean + noise * np.sqrt(np.mean(clean**2)) * np.random.default_rng(seed).standard_normal(200)
        texts = ("1.1*x_0", "1.1*x_0*x_1", "1.1*x_0*x_1 + 0.1*x_0", "1.1*x_0*x_1 + 0.1*sin(x_0) + 0.3")
        front = pareto_front([refined(t, y) for t in texts], 200, float(np.var(y)))
        chosen.append(len(front[choose(front, 200, float(np.var(y)))].expression.tokens))
    assert chosen.count(5) >= 9


def test_what_has_no_loss_is_never_chosen():
    bad = Candidate(parse("log(-x_0)"), math.inf)
    assert description_length(bad, 10, 1.0) == math.inf
    assert pareto_front([bad], 200, 1.0) == merged([bad], X, 1.0) == []


@pytest.mark.parametrize(
    ("truth", "start"),
    [
        ("3*x_0 + 0.5", "1.1*x_0 + 0.2"),
        ("x_0*x_1/(4*pi)", "0.2*x_0*x_1"),
        ("2*pi*sqrt(x_0/x_1)", "3.3*sqrt(x_0/x_1)"),
        ("x_0/(1 + x_1)", "0.9*x_0/(0.8 + x_1)"),
    ],
)
def test_clean_data_snap_exactly(truth, start):
    y = values(truth)
    candidate = refined(start, y)
    found = snap(candidate, X, y) or candidate  # refinement may land on the round value by itself
    assert found.loss <= 1e-24 * np.var(y)
    assert all(constant_bits(c, 200) < 16 for c in found.expression.constants)


def test_constants_that_are_not_round_stay():
    y = values("2.7182*x_0 + 0.3183*x_1")
    assert snap(refined("1.1*x_0 + 0.2*x_1", y), X, y) is None


def test_noisy_constants_snap_within_their_error():
    y = values("3*x_0 + 2") + 0.05 * np.random.default_rng(1).standard_normal(200)
    found = snap(refined("1.1*x_0 + 0.2", y), X, y)
    assert found is not None
    assert found.expression.constants == (3.0, 2.0)


def test_nothing_to_snap():
    y = values("x_0")
    assert snap(candidate("x_0", y), X, y) is None

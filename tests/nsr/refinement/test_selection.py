import itertools
import math
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.expressions.parsing import parse
from nsr.expressions.printing import to_infix
from nsr.expressions.round_numbers import nearest_fraction
from nsr.refinement.candidates import Candidates, fitted, named, scored
from nsr.refinement.choice import chosen_front
from nsr.refinement.description import constant_bits, description_length, round_bits
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.refine import Effort
from nsr.refinement.selection import pareto_front, thinned, without_duplicates
from nsr.refinement.snapping import snap
from nsr.task import Task

X = np.random.default_rng(0).uniform(1, 5, (200, 2))


def values(text, table=X):
    return Program([parse(text)]).values(table)[0]


def task(y, table=X):
    return Task(table, y, SQUARED_ERROR)


def candidate(text, y):
    return scored([parse(text)], task(y))[0]


def refined(text, y):
    return fitted([parse(text)], task(y), Effort(), Clock())[0]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.75, (3, 4)),
        (-2.0, (-2, 1)),
        (1 / 12, (1, 12)),
        (0.0, (0, 1)),
        (-1e300, (-int(1e300), 1)),
        (math.inf, (int(sys.float_info.max), 1)),
    ],
)
def test_nearest_fraction(value, expected):
    assert nearest_fraction(value) == expected


def test_round_constants_are_cheap():
    cheap = [constant_bits(v, 100) for v in (1.0, 2.0, -3.0, 0.5, math.pi, 4 * math.pi, 1 / (4 * math.pi))]
    assert max(cheap) < constant_bits(2.71234, 100) / 2


def test_the_front_is_strictly_better_with_complexity():
    y = values("x_0*x_1 + 0.1*x_0")
    front = pareto_front(
        [candidate(t, y) for t in ("x_0", "x_1", "x_0*x_1", "x_1*x_0 - x_1 + x_1", "x_0*x_1 + 0.1*x_0")]
    )
    assert [to_infix(c.expression) for c in front][-1] == "x_0*x_1 + 0.1*x_0"
    assert all(a.complexity < b.complexity and a.loss > b.loss for a, b in itertools.pairwise(front))


def test_round_constants_stand_for_refined_ones_that_fit_the_noise(rng):
    y = 2 * X[:, 0] + 0.1 * rng.standard_normal(200)
    fitted = float(X[:, 0] @ y / (X[:, 0] @ X[:, 0]))
    both = [candidate(f"{value!r}*x_0", y) for value in (2.0, fitted)]
    assert both[1].loss < both[0].loss
    assert pareto_front(both) == both[:1]


def test_equal_functions_are_merged_into_the_shortest_form():
    y = values("x_0*x_1")
    same = [candidate(t, y) for t in ("x_0*x_1 + x_1 - x_1", "x_1*x_0", "x_0/(1/x_1)")]
    assert [to_infix(c.expression) for c in without_duplicates([*same, candidate("x_0", y)], task(y))] == [
        "x_1*x_0",
        "x_0",
    ]


def test_without_noise_the_exact_short_equation_wins():
    y = values("3*x_0*x_1**2")
    texts = ("x_0", "3*x_0*x_1**2", "3.0000000001*x_0*x_1**2", "3*x_0*x_1**2 + 0.0000001*x_0")
    front = chosen_front([candidate(t, y) for t in texts], task(y))
    assert to_infix(front.candidates[front.best].expression) == "3*x_0*x_1**2"


def test_what_has_no_loss_is_never_chosen():
    y = values("x_0")
    bad = candidate("log(-x_0)", y)
    assert bad.bits == description_length(bad.expression, math.inf, task(y)) == math.inf
    assert pareto_front([bad]) == without_duplicates([bad], task(y)) == []
    assert Candidates(task(y)).add([bad]) == []


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
    found = snap(candidate, task(y)) or candidate  # refinement may land on the round value by itself
    assert found.loss <= 1e-24 * np.var(y)
    assert all(constant_bits(c, 200) < 16 for c in found.expression.constants)


def test_constants_that_are_not_round_stay():
    y = values("2.7182*x_0 + 0.3183*x_1")
    assert snap(refined("1.1*x_0 + 0.2*x_1", y), task(y)) is None


def test_noisy_constants_snap_within_their_error():
    y = values("3*x_0 + 2") + 0.05 * np.random.default_rng(1).standard_normal(200)
    found = snap(refined("1.1*x_0 + 0.2", y), task(y))
    assert found is not None
    assert found.expression.constants == (3.0, 2.0)


@pytest.mark.parametrize("noise", [0.02, 0.3])
def test_noisy_constants_become_no_multiples_of_pi_and_no_odd_fractions(noise, rng):
    """An enzyme's rate whose reciprocal used to be written with 3/(8 pi) and 1/12."""
    for _ in range(5):
        table = rng.uniform(0.5, 10, (40, 2))
        y = values("12.1*x_0/(2.4 + x_0 + 0.7*x_1)", table) * (1 + noise * rng.standard_normal(40))
        own = task(y, table)
        (free,) = fitted([parse("1/((0.1*x_1 + 0.2)/x_0 + 0.08)")], own, Effort(), Clock())
        found = snap(free, own)
        allowed = {n / q for n in range(-50, 50) for q in (1, 2, 3, 4)}
        rounded = [c for c in (found.expression.constants if found else ()) if constant_bits(c, 1) < 16]
        assert set(rounded) <= allowed


def test_all_round_constants_together_pass_a_likelihood_ratio_test(rng):
    """Each of these constants alone is near a round value; all of them together are not."""
    table = rng.standard_normal((400, 6))
    columns = np.linalg.qr(table)[0] * 20
    noise = rng.standard_normal(400)
    noise -= columns @ np.linalg.lstsq(columns, noise, rcond=None)[0]
    noise *= np.sqrt(394 / np.sum(noise**2))  # the estimated noise is one, and an error 1/20
    off = 1.9 / 20
    y = columns @ np.full(6, 3 + off) + noise
    own = task(y, columns)
    (free,) = fitted([parse(" + ".join(f"1.1*x_{i}" for i in range(6)))], own, Effort(), Clock())
    found = snap(free, own)
    bound = stats.f.ppf(0.99, np.arange(1, 7), 394) * np.arange(1, 7)
    n_allowed = int(np.max(np.flatnonzero(off**2 * 400 * np.arange(1, 7) <= bound), initial=-1)) + 1
    assert 0 < n_allowed < 6
    assert sum(c == 3.0 for c in found.expression.constants) == n_allowed


def test_constants_that_the_data_hardly_fix_are_not_rounded(rng):
    """Within its error of 2, and of 1.5, and of most other short numbers."""
    y = values("1.87*x_0") + 6 * rng.standard_normal(200)
    found = snap(refined("1.1*x_0", y), task(y))
    assert found is None or found.expression.constants in ((0.0,), ())


def test_round_constants_buy_no_worse_form(rng):
    """A sixth where a free constant and one more column explain more."""
    table = np.column_stack((rng.uniform(20, 40, 60), rng.uniform(60, 100, 60)))
    y = 0.00209 * table[:, 1] * table[:, 0] ** 2
    y = y + 0.05 * np.std(y) * rng.standard_normal(60)
    short, right = (
        fitted([parse(t)], task(y, table), Effort(), Clock())[0] for t in ("0.17*x_0**2", "0.002*x_1*x_0**2")
    )
    assert right.bits < description_length(parse("x_0**2/6"), short.loss, task(y, table))


def test_nothing_to_snap():
    y = values("x_0")
    assert snap(candidate("x_0", y), task(y)) is None


def test_rows_that_tell_equations_apart_may_be_rare():
    """Equal on the first rows is not equal: of 5,000 rows one is on the other side of a pole."""
    table = np.random.default_rng(0).uniform(1, 5, (5_000, 2))
    table[-1] = [1e3, 1.0]
    y = Program([parse("x_0**2 + x_1")]).values(table)[0]
    rivals = scored([parse(text) for text in ("x_0**2 + x_1", "abs(x_0*x_0) + x_1")], task(y, table))
    assert len(without_duplicates(rivals, task(y, table))) == 1
    near = parse("x_0**2 + x_1 + 0*x_0")
    cut = parse("x_0**2 + x_1 - exp(x_0 - 990)")
    assert len(without_duplicates(scored([near, cut], task(y, table)), task(y, table))) == 2


@pytest.mark.parametrize("n_rows", [3, 4, 6])
def test_constants_are_never_as_many_as_rows(n_rows, rng):
    table = np.arange(float(n_rows))[:, None]
    own = task(rng.standard_normal(n_rows), table)
    forms = [parse(" + ".join(f"1.1*x_0**{power}" for power in range(k))) for k in range(1, n_rows + 2)]
    for found in fitted(forms, own, Effort(), Clock()):
        assert len(found.expression.constants) < n_rows
        n_fitted = len(found.expression.constants)
        assert math.isfinite(found.bits) == (n_rows - n_fitted - 1 > 0)


def test_few_rows_make_constants_dearer_by_hurvich_and_tsai():
    expression = parse("2.718281*x_0 + 0.577215")
    few, many = (Task(np.ones((n, 1)), np.arange(float(n)), SQUARED_ERROR) for n in (6, 6_000_000))
    differences = [
        description_length(expression, own.null_loss, own)
        - description_length(parse("x_0 + x_0"), own.null_loss, own)
        for own in (few, many)
    ]
    free_constant = 0.5 * math.log2(1e6)  # a million times as many rows fix a constant to more digits
    aicc = (2 * 2 * 3 / 3) / 2 / math.log(2)
    assert differences[0] - differences[1] == pytest.approx(aicc - 2 * free_constant, abs=1e-4)


def test_candidates_keep_their_front_and_their_shortest(rng):
    y = values("x_0*x_1") + 0.1 * rng.standard_normal(200)
    pool = Candidates(task(y), capacity=40)
    texts = ["x_0", "x_0*x_1", *(f"{a!r}*x_0 + {b!r}*x_1" for a, b in rng.uniform(1, 2, (100, 2)).tolist())]
    found = scored([parse(text) for text in texts], task(y))
    for one in found:
        pool.add([one])
    best = min(found, key=lambda c: c.bits)
    kept = pool.most_promising(10)
    assert pool.best == best
    assert best in kept
    assert set(pareto_front(found)) <= set(kept)


def test_candidates_keep_what_textbooks_have_beside_what_is_shorter(rng):
    x = rng.uniform(1, 3, 30)
    one = Task(x[:, None], 2 * x + 0.1 * rng.standard_normal(30), SQUARED_ERROR)
    forms = scored([parse("sqrt(x_0)"), parse("log(x_0)")], one)
    curves = [named(form, name, one) for form, name in zip(forms, ("root", "logarithm"), strict=True)]
    pool = Candidates(one)
    pool.add([*scored([parse(f"{a!r}*x_0") for a in rng.uniform(1.9, 2.1, 30).tolist()], one), *curves])
    assert {c.name for c in pool.most_promising(3)} == {"", "root", "logarithm"}


def test_a_name_of_many_curves_costs_the_numbers_beside_it(rng):
    X = rng.uniform(1, 5, (40, 1))
    own = task(2.3 * X[:, 0] / (X[:, 0] ** 2 + 0.7 * X[:, 0] + 1.9) + 0.01 * rng.normal(size=40), X)
    (ratio,) = scored([parse("2.3*x_0/(x_0**2 + 0.7*x_0 + 1.9)")], own)
    of_one = named(ratio, "substrate inhibition", own).bits
    of_many = named(ratio, "rational function of degree 1 over 2", own).bits
    assert of_one < of_many < ratio.bits
    assert of_many - of_one == pytest.approx(round_bits(1.0) + round_bits(2.0))


def test_exponents_are_rounded_with_the_rest(rng):
    y = values("2.5*x_0**2 + 3") + 0.02 * rng.standard_normal(200)
    found = snap(refined("2.1*x_0**2.0123 + 2.1234", y), task(y))
    assert found is not None
    assert to_infix(found.expression) == "2.5*x_0**2 + 3"


@dataclass(frozen=True)
class Row:
    complexity: int
    loss: float


LOSSES = [1.0, 0.9, 0.2, 0.19, 0.18, 1e-3, 0.9e-3, 1e-6]


@pytest.mark.parametrize("best", range(len(LOSSES)))
@pytest.mark.parametrize("n", range(1, 10))
def test_a_thinned_front_has_the_chosen_row_and_no_more_than_asked_for(best, n):
    front = [Row(place, loss) for place, loss in enumerate(LOSSES)]
    kept = thinned(front, best, n)
    assert len(kept) == min(n, len(front))
    assert kept == sorted(set(kept))
    assert best in kept
    if n > 1:
        assert 0 in kept
    if n > 2:
        assert kept[-1] == len(front) - 1


def test_the_largest_drops_are_kept():
    front = [Row(place, loss) for place, loss in enumerate(LOSSES)]
    assert thinned(front, 0, 4) == [0, 2, 5, 7]


def test_what_has_a_name_goes_last():
    """Curves that cannot be told from the chosen row lower no loss, and would be the first to go."""
    front = [Row(place, loss) for place, loss in enumerate(LOSSES)]
    assert thinned(front, 3, 5, {4, 6}) == [0, 3, 4, 6, 7]
    assert thinned(front, 3, 4, {4, 6}) == [0, 3, 6, 7]


def test_losses_that_are_rounding_errors_are_no_drops():
    front = [Row(place, loss) for place, loss in enumerate([1.0, 0.1, 1e-25, 1e-28, 0.0])]
    assert thinned(front, 2, 4) == [0, 1, 2, 4]


def test_constants_are_rounded_together_where_chance_refuses_one_alone():
    # Orthogonal columns and noise of variance 1; one constant is 2.62 of its standard errors off.
    rows = np.arange(1_000)
    X = np.sqrt(2) * np.column_stack((np.cos(2 * np.pi * rows / 1_000), np.sin(2 * np.pi * rows / 1_000)))
    noise = np.sqrt(2) * np.cos(2 * np.pi * 3 * rows / 1_000)
    y = (5 + 2.62 / np.sqrt(1_000)) * X[:, 0] + 5 * X[:, 1] + noise
    assert stats.norm.sf(2.62) * 2 < 0.01 < stats.chi2.sf(2.62**2, 2)
    task = Task(X, y, SQUARED_ERROR)
    (candidate,) = fitted([parse("5.1*x_0 + 5.1*x_1")], task, Effort(restarts=1), Clock())
    snapped = snap(candidate, task)
    assert snapped is not None
    assert snapped.expression == parse("5*x_0 + 5*x_1")


def test_a_round_constant_that_another_makes_up_for_buys_no_freedom():
    # The factor of one is round whatever the data are; the other is 2.62 of its standard errors off.
    rows = np.arange(1_000)
    X = np.sqrt(2) * np.cos(2 * np.pi * rows / 1_000)[:, None]
    y = (5 + 2.62 / np.sqrt(1_000)) * X[:, 0] + np.sqrt(2) * np.cos(2 * np.pi * 3 * rows / 1_000)
    own = Task(X, y, SQUARED_ERROR)
    off = 5 + 2.62 / np.sqrt(1_000)
    (candidate,) = scored([Expression(("mul", 1.0, "mul", off, "x_0"))], own)
    found = snap(candidate, own)
    assert found is None or 5.0 not in found.expression.constants


def test_a_factor_that_another_constant_makes_up_for_makes_no_digits_round():
    """Written as a product, a line has a constant to spare; only that one is free to be round."""
    noisy = values("7.45 - 3.31*x_0") + np.random.default_rng(27).standard_normal(len(X))
    product = refined("40.7*(1.01 - 0.081*x_0)", noisy)
    snapped = snap(product, task(noisy)) or product
    line = refined("7.4 - 3.3*x_0", noisy)
    assert snap(line, task(noisy)) is None
    assert snapped.loss == pytest.approx(line.loss, rel=1e-6)

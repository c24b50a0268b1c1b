"""Where surrogates are blind, rows next to each other tell which variables a target does without."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tasks import root

from nsr import SymbolicRegressor
from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.expressions.sympy_form import to_sympy
from nsr.search.state import State
from nsr.search.structure.neighbours import is_blind, told_by_neighbours


def state_of(text: str, n_variables: int, noise: float = 0.0, seed: int = 0) -> State:
    """Columns over two decades; noise is a share of each value."""
    rng = np.random.default_rng(seed)
    X = 10 ** rng.uniform(-1, 1, (3_000, n_variables))
    y = Program([parse(text)]).values(X)[0]
    return root(X, y * (1 + noise * rng.normal(size=len(y))))


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_factors_and_idle_columns_beside_a_pole_go(noise):
    (smaller,) = told_by_neighbours(state_of("x_0*x_1/(x_2*cos(x_3-0.5*x_4))", 6, noise), Clock())
    assert set(smaller.variables) == {parse("x_3"), parse("x_4")}
    assert smaller.factor is not None
    assert to_sympy(smaller.factor) == to_sympy(parse("x_0*x_1/x_2"))


def test_noise_that_hides_small_targets_hides_no_factors():
    rng = np.random.default_rng(1)
    X = rng.uniform(1, 2, (10_000, 5))
    y = (X[:, 2] + X[:, 3]) * (X[:, 2] * X[:, 3]) ** 2 * X[:, 0] ** 4 / (X[:, 1] * X[:, 4]) ** 5
    state = root(X, y + 0.01 * np.std(y) * rng.normal(size=len(y)))
    best = told_by_neighbours(state, Clock())[0]
    assert best.error < state.error
    assert {variable for one in best.variables for variable in one.variables} <= {2, 3}


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("x_0**2/cos(3*x_0/x_1)", "x_0/x_1"),
        ("1/cos(3*x_0*x_1)", "x_0*x_1"),
        ("1/cos(3*x_0-3*x_1)", "x_0-x_1"),
        ("1/cos(3*x_0+3*x_1)", "x_0+x_1"),
    ],
)
def test_pairs_that_act_through_one_variable_are_replaced_by_it(text, group):
    found = told_by_neighbours(state_of(text, 2), Clock())
    assert all(state.n_variables == 1 for state in found)
    known = to_sympy(parse(group))
    assert {to_sympy(state.variables[0]) for state in found} & {known, 1 / known}


def test_a_ratio_is_left_in_other_words_too():
    found = told_by_neighbours(state_of("cos(5*x_0/x_1)/x_1", 2), Clock())
    told = {(to_sympy(s.variables[0]), to_sympy(s.factor)) for s in found if s.factor is not None}
    assert (to_sympy(parse("x_0/x_1")), to_sympy(parse("1/x_1"))) in told


@given(st.permutations(range(4)), st.integers(0, 5))
@settings(max_examples=10, deadline=None)
def test_the_same_is_told_in_any_order_of_columns(order, seed):
    text = "x_{}*x_{}/(x_{}**2-x_{}**2)".format(*order)
    best = told_by_neighbours(state_of(text, 4, seed=seed), Clock())[0]
    assert {variable for one in best.variables for variable in one.variables} == set(order[2:])


def test_repeated_rows_are_no_neighbours_that_tell_anything():
    state = state_of("1/cos(x_0-x_1)", 2)
    assert told_by_neighbours(state, Clock())
    assert told_by_neighbours(root(np.tile(state.X[:500], (4, 1)), np.tile(state.y[:500], 4)), Clock()) == []


def test_noise_alone_is_left_to_few_variables_of_which_none_matters(rng):
    state = root(rng.uniform(1, 4, (3_000, 3)), rng.normal(size=3_000))
    assert all(smaller.error > 0.9 for smaller in told_by_neighbours(state, Clock()))


def test_what_acts_alone_stays():
    assert told_by_neighbours(state_of("1/cos(3*x_0)+2/cos(2*x_1)", 2), Clock()) == []


@pytest.mark.parametrize(
    "state",
    [state_of("1/cos(x_0-x_1)", 2).first(200), state_of("1/cos(x_0-x_1)", 13)],
    ids=["few rows", "many columns"],
)
def test_elsewhere_nothing_is_tried(state):
    clock = Clock()
    assert told_by_neighbours(state, clock) == []
    assert clock.meter.done == 0


@pytest.mark.parametrize(
    ("text", "n_variables", "noise", "is_missed"),
    [
        ("x_0*x_1/(x_2*cos(x_3-0.5*x_4))", 6, 0.0, True),
        ("x_0*x_1/(x_2*cos(x_3-0.5*x_4))", 6, 0.01, True),
        ("x_0*x_1+x_2", 3, 0.1, False),
        ("x_0+x_1**2-x_0*x_1", 2, 0.3, False),
        ("x_0*0+2", 2, 0.3, False),
    ],
)
def test_surrogates_that_miss_more_than_noise_are_told(text, n_variables, noise, is_missed):
    assert [is_blind(state_of(text, n_variables, noise, seed)) for seed in range(5)] == [is_missed] * 5


def test_few_rows_do_not_tell_whether_noise_is_all_that_is_missed():
    assert is_blind(state_of("x_0*x_1+x_2", 3, 0.1).first(100))


def test_no_time_is_no_state():
    assert told_by_neighbours(state_of("1/cos(x_0-x_1)", 2), Clock.of(0)) == []


def test_a_resonance_over_decades_is_found_by_structure_alone(rng):
    """A driven electron's amplitude (Feynman's lectures, II.11.3) over two decades of each column."""
    charge, field, mass, own, driving = 10 ** rng.uniform(-1, 1, (5, 4_000))
    X = np.column_stack((charge, field, mass, own, driving, rng.uniform(size=4_000)))
    y = charge * field / (mass * (own**2 - driving**2))
    model = SymbolicRegressor(stages=("families", "separation", "reduction"), time_limit=3_600)
    assert np.allclose(model.fit(X, y).predict(X), y, rtol=1e-6)


def test_what_is_told_wrongly_is_not_the_end(monkeypatch, rng):
    """Structure comes back to the table, for which sums of products tell what polynomials do not."""
    stage = "nsr.search.structure.stage"
    monkeypatch.setattr(f"{stage}.is_blind", lambda *_: True)
    monkeypatch.setattr(f"{stage}.told_by_neighbours", lambda state, *_: [state.without((0,))])
    X = rng.uniform(1, 5, (1_000, 4))
    y = np.cos(X[:, 1]) * (X[:, 0] ** 3 / X[:, 2] ** 2 * (X[:, 3] - 1) / (X[:, 3] + 2) - X[:, 2])
    model = SymbolicRegressor(stages=("families", "separation", "reduction"), time_limit=3_600)
    assert np.allclose(model.fit(X, y).predict(X), y, rtol=1e-6)

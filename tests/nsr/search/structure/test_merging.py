"""Where targets turn too often for surrogates, variables that act through one are found by trial."""

import numpy as np
import pytest
from tasks import root

from nsr import SymbolicRegressor
from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.search.state import State
from nsr.search.structure.merging import merged


def state_of(text: str, n_variables: int, noise: float = 0.0) -> State:
    rng = np.random.default_rng(0)
    X = rng.uniform(1, 4, (3_000, n_variables))
    y = Program([parse(text)]).values(X)[0]
    return root(X, y + noise * np.std(y) * rng.normal(size=len(y)))


@pytest.mark.parametrize(
    ("text", "n_variables", "groups", "noise"),
    [
        ("x_0*(cos(x_1*x_2)+x_3*cos(x_1*x_2)**2)", 4, {"x_1*x_2"}, 0.0),
        ("x_3+3*sin(9*x_0/x_1)*x_2", 4, {"x_0/x_1"}, 0.1),
        ("cos(3*x_0/x_1-3*x_2/x_3)", 4, {"x_0/x_1", "x_2/x_3"}, 0.0),
    ],
)
def test_pairs_that_act_through_one_variable_are_replaced_by_it(text, n_variables, groups, noise):
    state = state_of(text, n_variables, noise)
    smaller = merged(state, Clock())
    assert smaller is not None
    assert smaller.error < 0.9 * state.error
    assert {parse(group) for group in groups} <= set(smaller.variables)


def test_what_acts_alone_stays():
    assert merged(state_of("cos(7*x_0)+sin(5*x_1)*x_2", 3), Clock()) is None


def test_noise_alone_is_left_as_it_is(rng):
    state = root(rng.uniform(1, 4, (3_000, 3)), rng.normal(size=3_000))
    assert merged(state, Clock()) is None


def test_where_surrogates_are_good_nothing_is_tried():
    clock = Clock()
    assert merged(state_of("x_0*x_1+x_2", 3), clock) is None
    assert clock.meter.done == 0


def test_no_time_is_no_state():
    state = state_of("x_0*(cos(x_1*x_2)+x_3*cos(x_1*x_2)**2)", 4)
    assert merged(state, Clock.of(0)) is None


def test_a_law_that_turns_often_is_found_by_structure_alone(rng):
    """A transition between two levels (Feynman's lectures, III.9.52) without its constants."""
    field, time, first, second = rng.uniform(1, [3, 3, 5, 5], (6_000, 4)).T
    angle = time * (first - second) / 2
    X, y = np.column_stack((field, time, first, second)), field * time * np.sin(angle) ** 2 / angle**2
    model = SymbolicRegressor(stages=("families", "separation", "reduction"), time_limit=3_600)
    assert 1 - model.fit(X, y).score(X, y) < 1e-14

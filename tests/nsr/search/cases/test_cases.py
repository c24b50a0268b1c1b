"""What finds kinks, jumps and switches, and where it finds none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsr import SymbolicRegressor
from nsr.evaluate.program import Program
from nsr.expressions.printing import to_infix
from nsr.search.cases.extremes import extremes, of_variables
from nsr.search.cases.hinges import hinges
from nsr.search.cases.linear import fitted
from nsr.search.cases.logic import logical
from nsr.search.cases.splines import splines
from nsr.search.cases.splits import best_split, round_between
from nsr.search.cases.staircases import staircases

TABLE = np.random.default_rng(3).uniform(-3, 3, (300, 3))
A, B, C = TABLE.T
ONES = np.ones(300)


def left(forms, y):
    """The largest error of the best form."""
    return np.min(np.max(np.abs(Program(forms).values(TABLE) - y), axis=1))


@pytest.mark.parametrize(
    "y",
    [np.minimum(A, B), 2 * np.maximum(A - 1, 0) + C, np.abs(A - 2 * B + 0.5) - C, np.maximum(2 * A, 1 - B)],
)
def test_extremes_of_affine_functions(y):
    forms, loss = extremes(TABLE, y, ONES, 0)
    assert loss < 1e-18
    assert left(forms, y) < 1e-9


def test_an_extreme_of_more_variables():
    forms, loss = of_variables(TABLE, 3 - 2 * TABLE.max(axis=1), ONES)
    assert loss < 1e-18
    assert left(forms, 3 - 2 * TABLE.max(axis=1)) < 1e-9


def test_hinges_and_steps_are_added_while_they_explain_more_than_chance(rng):
    t = np.quantile(np.unique(A), np.linspace(0.04, 0.96, 24))[7]  # where one is looked for
    y = C - 4 * np.maximum(A - t, 0) + 2 * (B > 0.3) + 0.01 * rng.standard_normal(300)
    forms, loss = hinges(TABLE, y, ONES)
    assert len(forms) <= 4
    assert loss < 0.02 * np.sum((y - y.mean()) ** 2)
    assert not hinges(TABLE, B - 2 * C + 0.1 * rng.standard_normal(300), ONES)[0]


WIDE = np.random.default_rng(4).uniform(-3, 3, (200, 10))


@pytest.mark.parametrize(
    "law",
    [
        lambda X: 3 + 2 * np.maximum(1 - X[:, 0], 0) - X[:, 1],
        lambda X: 3 + 2 * np.maximum(1 - X[:, 0], 0) * X[:, 1],
        lambda X: 3 + 2 * np.maximum(X[:, 2] + 1, 0) + 3 * np.maximum(0.5 - X[:, 1], 0),
        lambda X: 3 + 2 * (X[:, 3] > 0.4) * X[:, 1],
    ],
)
def test_few_hinges_are_found_among_idle_columns_as_they_are(law, rng):
    (form,), loss = splines(WIDE, law(WIDE) + 0.3 * rng.standard_normal(200), np.ones(200))
    assert 0.2 < np.sqrt(loss / 200) < 0.4
    assert set(form.variables) == used(law)
    assert np.sqrt(np.mean((Program([form]).values(WIDE)[0] - law(WIDE)) ** 2)) < 0.15


def used(law):
    """Numbers of the columns that a law depends on."""
    moved = (WIDE + np.eye(10)[k] for k in range(10))
    return {k for k, X in enumerate(moved) if np.any(law(X) != law(WIDE))}


def test_where_nothing_bends_there_is_no_hinge(rng):
    y = 2 * WIDE[:, 0] - 1.3 * WIDE[:, 1] + rng.standard_normal(200)
    assert not splines(WIDE, y, np.ones(200))[0]


@pytest.mark.parametrize(
    ("y", "form"),
    [
        (2 * np.floor(A / 0.7) + 1, "2*floor(x_0/0.7)"),
        (np.rint(2 * A) - B, "round(x_0/0.5)"),
        (3 * np.ceil(C), "3*ceil(x_2)"),
        (np.mod(B, 1.25) + C, "floor(x_1/1.25)"),
        (np.floor(A) - C, "floor(x_0)"),
        (np.floor((A - 0.37) / 1.13), "floor((x_0 - "),
    ],
)
def test_staircases_and_sawtooths(y, form):
    forms, loss = staircases(TABLE, y, ONES)
    assert loss < 1e-9
    assert left(forms, y) < 1e-9
    assert any(form in to_infix(own, digits=6) for own in forms)


def test_what_is_no_staircase_is_told(rng):
    assert staircases(TABLE, A * B, ONES) == ([], np.inf)
    noisy = 2 * np.floor(A / 0.7) + 0.2 * rng.standard_normal(300)
    _, loss = staircases(TABLE, noisy, rng.uniform(0.9, 1.1, 300))
    assert loss < 1.1 * 300 * 0.2**2


def test_a_split_is_found_where_the_law_changes():
    y = np.where(A > 0.7, B**2, 1 - C)
    split = best_split(TABLE, y, ONES)
    assert split.error < 1e-9
    np.testing.assert_array_equal(split.rows, A > 0.7)
    np.testing.assert_array_equal(Program([split.condition]).values(TABLE)[0], A > 0.7)


def test_a_split_where_variables_are_equal():
    split = best_split(TABLE, np.where(A > B, 2 * C, 0.5), ONES)
    np.testing.assert_array_equal(split.rows, A > B)


@given(st.floats(-1e6, 1e6), st.floats(1e-9, 1e6))
def test_thresholds_lie_between_rows(low, gap):
    t = round_between(low, low + gap)
    assert low <= t
    assert t < low + gap or low + gap == low


def test_thresholds_have_few_digits():
    gaps = ((3.98, 4.03), (-0.1, 0.2), (0.1234, 0.1249), (1e-9, 1.2e-9))
    assert [round_between(*ends) for ends in gaps] == [4.0, 0.0, 0.124, 1e-9]


def test_least_squares_says_what_it_knows(rng):
    columns = np.column_stack((ONES, TABLE))
    weights = rng.uniform(0.5, 2, 300)
    y = 1 + 2 * A + 0.1 * rng.standard_normal(300) / weights
    affine, _ = fitted(columns, y, weights)
    expected = np.linalg.lstsq(columns * weights[:, None], y * weights, rcond=None)[0]
    np.testing.assert_allclose(affine.coefficients, expected)
    assert np.count_nonzero(affine.significant) == 2


@settings(max_examples=20)
@given(st.integers(0, 3), st.integers(0, 3), st.sampled_from([1.0, -2.0]), st.sampled_from([0.0, 0.5]))
def test_logical_functions(i, j, scale, level):
    X = np.array([[a, b, c, d] for a in (0, 1) for b in (0, 1) for c in (0, 1) for d in (0, 1)], dtype=float)
    y = scale * np.logical_xor(X[:, i], X[:, j]) + level
    forms = logical(X, y)
    assert (i == j) == (not forms)
    if forms:
        np.testing.assert_allclose(Program(forms).values(X), np.tile(y, (len(forms), 1)), atol=1e-12)


@pytest.mark.parametrize(
    ("law", "equation"),
    [
        (lambda X: np.where(X[:, 0] > 3, X[:, 1] ** 2, 2 * X[:, 1]), "where(greater(x_0, 3), x_1**2, 2*x_1)"),
        (lambda X: X[:, 1] + 2 * np.maximum(X[:, 0] - 2, 0), "x_1 + 2*maximum(x_0 - 2, 0)"),
        (lambda X: np.where(X[:, 0] > X[:, 1], 5.0, 1.0), "where(greater(x_0, x_1), 5, 1)"),
    ],
)
def test_laws_with_cases_are_found(law, equation):
    X = np.random.default_rng(0).uniform(0, 5, (300, 2))
    model = SymbolicRegressor(stages=("families", "cases"), time_limit=60).fit(X, law(X))
    assert model.equations()[model.best_index_] == equation
    assert model.best_["stage"] == "cases"


def test_a_hinge_is_found_under_noise_that_a_polynomial_comes_as_near_to(rng):
    x = rng.uniform(-12, 28, 300)
    y = 8.5 + 1.9 * np.maximum(15.5 - x, 0) + 0.9 * rng.standard_normal(300)
    model = SymbolicRegressor(stages="cases", time_limit=60).fit(x[:, None], y)
    assert model.best_["stage"] == "cases"
    kinked = model.predict(np.array([[-10.0], [15.5], [27.0]]))
    np.testing.assert_allclose(kinked, [8.5 + 1.9 * 25.5, 8.5, 8.5], atol=0.5)


def test_a_slope_that_depends_on_another_column_is_found_among_idle_ones(rng):
    X = np.column_stack((rng.uniform(-12, 28, 150), rng.uniform(1, 4, 150), rng.standard_normal((150, 5))))
    y = 8.5 + 1.9 * np.maximum(15.5 - X[:, 0], 0) * X[:, 1] + 3 * rng.standard_normal(150)
    model = SymbolicRegressor(stages="cases", time_limit=60).fit(X, y)
    assert set(model.expressions_[model.best_index_].variables) == {0, 1}
    x = np.array([[-10.0, 3, 0, 0, 0, 0, 0], [20, 3, 1, 0, 0, 0, 0]])
    np.testing.assert_allclose(model.predict(x), [8.5 + 1.9 * 25.5 * 3, 8.5], atol=2)


@pytest.mark.filterwarnings("ignore:4 rows are few")
def test_a_truth_table_needs_no_constants():
    X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    model = SymbolicRegressor(time_limit=5).fit(X, (X[:, 0] - X[:, 1]) ** 2)
    assert model.equations()[model.best_index_] == "abs(x_0 - x_1)"


def test_smooth_laws_with_noise_stay_smooth(rng):
    X = rng.uniform(0, 3, (200, 2))
    y = np.sin(2 * X[:, 0]) * X[:, 1] + 0.2 * rng.standard_normal(200)
    model = SymbolicRegressor(stages=("families", "cases"), time_limit=3).fit(X, y)
    assert not {"maximum", "minimum", "where", "greater"} & set(model.expressions_[model.best_index_].tokens)

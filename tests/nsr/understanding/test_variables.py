"""What mattered, against scikit-learn, SALib, SymPy and what follows from definitions."""

import numpy as np
import pandas as pd
import pytest
import sympy
from matplotlib.figure import Figure
from sklearn.exceptions import NotFittedError
from sklearn.inspection import permutation_importance
from untrained import UNTRAINED

import nsr
from nsr.data.notes import DataWarning
from nsr.expressions.parsing import parse
from nsr.plots import plot_importance
from nsr.understanding.sensitivities import sensitivities
from nsr.understanding.shapley import shapley_values
from nsr.understanding.sobol import sobol_indices
from nsr.understanding.subject import Subject
from nsr.understanding.terms import term_shares


def subject(text, X, y=None):
    names = tuple(f"x_{i}" for i in range(X.shape[1]))
    expression = parse(text, list(names))
    found = Subject(expression, names, X, np.zeros(len(X)))
    return Subject(expression, names, X, found.predicted if y is None else y)


@pytest.fixture(scope="module")
def found(fall):
    X, y, model = fall
    return nsr.importance(model, X, y)


def test_what_the_equation_lacks_is_worth_nothing_at_all(found):
    own = found.variables.set_index("variable")
    assert (own.loc["colour"] == 0).all()
    assert (own.drop("colour")[["permutation", "shapley", "sobol_first", "sobol_total"]] > 0.05).all(
        axis=None
    )
    assert np.all(found.shapley[:, found.names.index("colour")] == 0)
    assert "colour" not in set(found.formulas["variable"])


def test_permutation_importance_is_that_of_scikit_learn(fall, found):
    X, y, model = fall
    theirs = permutation_importance(model, X, y, scoring="r2", n_repeats=10, random_state=1)
    ours = found.variables.set_index("variable").loc[list(X.columns)]
    off = np.abs(ours["permutation"].to_numpy() - theirs.importances_mean)
    assert np.all(off <= 2 * (ours["permutation_error"].to_numpy() + theirs.importances_std))


def test_shapley_values_of_a_linear_function_are_its_terms_and_always_add_up(rng):
    X = rng.normal(size=(40, 3))
    linear = shapley_values(lambda rows: 2 * rows[:, 0] - 3 * rows[:, 2], X, [0, 2], rng)
    np.testing.assert_allclose(linear, (X - X.mean(axis=0)) * [2, 0, -3], atol=1e-12)

    def product(rows):
        return np.prod(rows, axis=1)

    found = shapley_values(product, X, [0, 1, 2], rng)
    np.testing.assert_allclose(found.sum(axis=1), product(X) - product(X).mean(), atol=1e-12)


def test_shapley_values_of_many_variables_add_up_too_and_do_not_depend_on_how_they_are_told(rng):
    X = rng.normal(size=(20, 10))
    found = shapley_values(lambda rows: rows.sum(axis=1) + rows[:, 0] * rows[:, 1], X, list(range(10)), rng)
    whole = X.sum(axis=1) + X[:, 0] * X[:, 1]
    np.testing.assert_allclose(found.sum(axis=1), whole - whole.mean(), atol=1e-12)
    np.testing.assert_allclose(found[:, 2:], X[:, 2:] - X[:, 2:].mean(axis=0), atol=1e-12)


def test_sobol_indices_are_those_of_salib(rng):
    sobol = pytest.importorskip("SALib.analyze.sobol")
    sampling = pytest.importorskip("SALib.sample.sobol")
    X = rng.uniform(-np.pi, np.pi, (50, 4))
    ishigami = subject("sin(x_0) + 7*sin(x_1)**2 + 0.1*x_2**4*sin(x_0)", X)
    ends = (-np.pi, np.pi)
    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [list(ends)] * 3}
    points = sampling.sample(problem, 2048, calc_second_order=False, seed=0)
    values = ishigami.values(np.column_stack((points, np.zeros(len(points)))))
    theirs = sobol.analyze(problem, values, calc_second_order=False, seed=0)
    first, total = sobol_indices(ishigami.values, X, [0, 1, 2], dict.fromkeys(range(3), ends), rng)
    np.testing.assert_allclose(first[:3], theirs["S1"], atol=0.02)
    np.testing.assert_allclose(total[:3], theirs["ST"], atol=0.02)
    assert first[3] == total[3] == 0
    # Ishigami and Homma 1990, for a = 7 and b = 0.1.
    np.testing.assert_allclose(first[:3], [0.3139, 0.4424, 0.0], atol=0.02)


def test_a_single_variable_causes_all_there_is(rng):
    X = rng.uniform(1, 2, (30, 2))
    assert np.array_equal(sobol_indices(lambda rows: rows[:, 1] ** 2, X, [1], {}, rng), [[0, 1], [0, 1]])


def test_without_ranges_columns_are_drawn_from_their_rows(rng):
    X = np.column_stack((rng.choice([-1.0, 1.0], 400), rng.choice([0.0, 0.0, 3.0], 400)))
    first, _ = sobol_indices(lambda rows: rows.sum(axis=1), X, [0, 1], {}, rng)
    np.testing.assert_allclose(first, X.var(axis=0) / X.var(axis=0).sum(), atol=0.02)


def test_where_columns_are_combined_as_in_no_row_there_may_be_no_value(rng):
    X = np.column_stack((rng.uniform(1, 3, 50), rng.uniform(0, 2, 50), rng.random(50)))
    X[:, 1] = np.minimum(X[:, 1], 0.9 * X[:, 0])
    model = nsr.SymbolicRegressor(stages=("families",), checkpoint=UNTRAINED, n_candidates=16)
    model.fit(X, np.log(X[:, 0] - X[:, 1]))
    with pytest.warns(DataWarning, match="as in no row"):
        found = nsr.importance(model, X, np.log(X[:, 0] - X[:, 1]))
    own = found.variables.set_index("variable")
    assert own.loc[["x_0", "x_1"], ["sobol_first", "sobol_total"]].isna().all(axis=None)
    assert np.isinf(own.loc[["x_0", "x_1"], "permutation"]).all()
    assert (own.loc["x_2"] == 0).all()
    plot_importance(found, Figure().subplots())


def test_derivatives_and_elasticities_are_formulas_with_the_values_of_differences(rng):
    own = subject("3*x_0**2*exp(-x_1)/x_2", rng.uniform(1, 2, (30, 3)))
    found = sensitivities(own)
    x = sympy.symbols("x_0 x_1 x_2", real=True)
    form = 3 * x[0] ** 2 * sympy.exp(-x[1]) / x[2]
    for one, symbol in zip(found, x, strict=True):
        assert sympy.simplify(one.derivative - sympy.diff(form, symbol)) == 0
        assert sympy.simplify(one.elasticity - symbol * sympy.diff(form, symbol) / form) == 0
        place, step = x.index(symbol), 1e-6
        moved = [own.X + sign * step * np.eye(3)[place] for sign in (1, -1)]
        slope = (own.values(moved[0]) - own.values(moved[1])) / (2 * step)
        np.testing.assert_allclose(one.slopes, slope, rtol=1e-6)
        np.testing.assert_allclose(one.elasticities, slope * own.X[:, place] / own.predicted, rtol=1e-6)
    # Of a power law they are the exponents themselves.
    assert (found[0].elasticity, found[2].elasticity) == (2, -1)


def test_terms_are_told_apart_in_products_with_sums(fall, found):
    X, y, _ = fall
    assert len(found.terms) == 2
    potential = found.terms.set_index("term").filter(like="height", axis=0).iloc[0]
    height = 9.81 * X["mass"] * X["height"]
    assert potential["alone"] == pytest.approx(np.corrcoef(height, y)[0, 1] ** 2)
    other = np.corrcoef(y - height, y)[0, 1] ** 2
    assert potential["lost"] == pytest.approx(1 - other)
    assert found.terms["share"].sum() == pytest.approx(1)


def test_terms_that_stand_for_each_other_are_not_missed(rng):
    X = rng.normal(size=(100, 2))
    X[:, 1] = 2 * X[:, 0]
    found = term_shares(subject("x_0 - 3*x_1 + 5", X))
    assert len(found) == 2
    np.testing.assert_allclose(found["alone"], 1)
    np.testing.assert_allclose(found["lost"], 0, atol=1e-12)


def test_a_constant_has_no_importance(rng):
    X = rng.normal(size=(30, 2))
    own = subject("5", X, rng.normal(size=30))
    assert term_shares(own).empty
    assert sensitivities(own) == []
    assert not np.any(sobol_indices(own.values, X, [], {}, rng))


def test_bad_input_is_named(fall):
    X, y, model = fall
    with pytest.raises(ValueError, match="one target a row"):
        nsr.importance(model, X, y[:-1])
    with pytest.raises(ValueError, match="did you mean 'speed'"):
        nsr.importance(model, X, y, ranges={"sped": (0, 1)})
    with pytest.raises(ValueError, match="all known"):
        nsr.importance(model, X, pd.Series(np.nan, y.index))
    with pytest.raises(NotFittedError):
        nsr.importance(nsr.SymbolicRegressor(), X, y)


def test_the_text_shows_all_three_tables(found):
    text = repr(found)
    assert all(word in text for word in ("permutation", "elasticity", "lost", "9.81*mass"))

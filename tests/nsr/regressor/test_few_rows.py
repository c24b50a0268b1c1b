import numpy as np
import pytest
import sympy
from effort import HASTY
from untrained import UNTRAINED

from nsr import SymbolicRegressor
from nsr.data.notes import DataWarning


@pytest.mark.filterwarnings("ignore::nsr.data.notes.DataWarning")
@pytest.mark.parametrize("n_rows", [20, 45])
def test_noise_on_few_rows_is_not_fitted(n_rows, rng):
    """A short equation that predicts fresh clean rows to a part of the noise, not a long one of the noise."""
    stages = ("families", "reduction", "evolution")
    X, fresh = rng.uniform(1, 3, (n_rows, 2)), rng.uniform(1, 3, (200, 2))
    clean = 2 * X[:, 0] / X[:, 1]
    noise = 0.05 * np.std(clean)
    model = SymbolicRegressor(checkpoint=UNTRAINED, stages=stages, settings=HASTY)
    model.fit(X, clean + noise * rng.standard_normal(n_rows))
    assert model.best_["complexity"] <= 9  # the law has 5
    off = model.predict(fresh) - 2 * fresh[:, 0] / fresh[:, 1]
    assert np.sqrt(np.mean(off**2)) < noise


@pytest.mark.parametrize("n_rows", [4, 5, 6, 8])
def test_few_rows_of_a_line_give_the_line(n_rows):
    x = np.arange(float(n_rows))
    with pytest.warns(DataWarning, match=f"{n_rows} rows are few"):
        model = SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, stages=("families",)).fit(
            x[:, None], 2 * x + 1
        )
    assert sympy.simplify(model.sympy() - (2 * sympy.Symbol("x_0", real=True) + 1)) == 0


@pytest.mark.parametrize("n_rows", [4, 6, 9])
@pytest.mark.filterwarnings("ignore:the chosen equation explains")
def test_few_noisy_rows_get_fewer_constants_than_rows_and_nothing_below_the_mean(n_rows, rng):
    x = np.arange(float(n_rows))
    y = x + 0.3 * rng.standard_normal(n_rows) + 5
    stages = ("families", "reduction", "separation")
    with pytest.warns(DataWarning, match="rows are few"):
        model = SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, stages=stages).fit(x[:, None], y)
    assert all(len(expression.constants) < n_rows for expression in model.expressions_)
    assert model.best_["r2"] >= 0
    assert model.equations_["r2"].iloc[0] > -1e-2


@pytest.mark.filterwarnings("ignore:the chosen equation explains")
def test_a_class_is_told_unless_it_is_explained(rng, recwarn):
    x = rng.uniform(-2, 2, (60, 1))
    stages = ("families", "reduction")
    model = SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, stages=stages)
    with pytest.warns(DataWarning, match="two values"):
        model.fit(x, (x[:, 0] + rng.logistic(size=60) > 0).astype(float))
    recwarn.clear()
    bit = np.repeat((0.0, 1.0), 30)
    model.fit(bit[:, None], 1 - bit)
    assert not any("two values" in str(warning.message) for warning in recwarn)


@pytest.mark.parametrize("levels", [(1.0, 2.0, 3.0, 4.0), (0.0, 1.0)])
def test_sorted_tables_of_few_levels_are_like_any_other(levels, rng):
    """The first thousands of rows know one level only."""
    level = np.repeat(levels, 2_000)
    X = np.column_stack((level, rng.uniform(1, 2, len(level))))
    y = X[:, 0] * X[:, 1] + X[:, 0]
    stages = ("families", "reduction", "separation")
    model = SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, stages=stages).fit(X, y)
    assert model.best_["loss"] <= 1e-18 * np.var(y)


def test_a_level_that_few_rows_have_is_seen(rng):
    X = np.column_stack((np.r_[np.ones(9_000), np.full(5, 2.0)], rng.uniform(1, 2, 9_005)))
    y = X[:, 1] ** X[:, 0]
    model = SymbolicRegressor(
        checkpoint=UNTRAINED, n_candidates=16, stages=("families", "evolution"), settings=HASTY
    )
    assert model.fit(X, y).best_["r2"] > 0.9


def test_few_rows_that_a_short_law_explains_end_the_search(monkeypatch):
    """Kepler's eleven bodies: nothing is asked or evolved once the law is there."""

    def guess(*_, **__):
        raise AssertionError("the law is known")

    monkeypatch.setattr("nsr.search.asking.guess", guess)
    axis = np.array([0.3871, 0.7233, 1.0, 1.5237, 2.7658, 5.2034, 9.5371, 19.1913, 30.069, 39.482, 67.864])
    period = np.array([0.2408, 0.6152, 1.0, 1.8808, 4.6, 11.862, 29.447, 84.017, 164.79, 247.94, 559.07])
    model = SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, time_limit=600).fit(
        axis[:, None], period
    )
    x = sympy.Symbol("x_0", positive=True)
    assert (
        sympy.simplify(model.sympy().subs(sympy.Symbol("x_0", real=True), x) - x ** sympy.Rational(3, 2)) == 0
    )

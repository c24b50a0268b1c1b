import numpy as np

from training import measure
from training.measure import N_FRESH, N_POINTS, classical, generated


class Mean:
    """An estimator that predicts the mean."""

    def __init__(self, **_):
        pass

    def fit(self, X, y):
        assert len(X) == len(y) == N_POINTS
        self.mean = float(np.mean(y))

    def predict(self, X):
        return np.full(len(X), self.mean)


class FirstColumn(Mean):
    """An estimator that predicts the first column."""

    def predict(self, X):
        return X[:, 0]


def test_tables_are_finite_and_have_rows_to_fit_and_to_judge():
    tables = [*generated(5), *list(classical())[:5]]
    for X, y in tables:
        assert len(X) == len(y) == N_POINTS + N_FRESH
        assert np.all(np.isfinite(y))
        assert y.std() > 0


def test_shares_count_what_is_recovered():
    X = np.random.default_rng(0).uniform(1, 2, (N_POINTS + N_FRESH, 1))
    near = X[:, 0] + 0.01 * np.random.default_rng(1).standard_normal(len(X))
    tables = [(X, X[:, 0]), (X, -X[:, 0]), (X, near), (X, X[:, 0])]
    assert measure.measure(FirstColumn(), iter(tables)) == (0.5, 0.75, 4)
    assert measure.measure(Mean(), iter(tables)) == (0.0, 0.0, 4)


def test_every_checkpoint_has_two_rows(monkeypatch, capsys):
    monkeypatch.setattr(measure, "SymbolicRegressor", Mean)
    monkeypatch.setattr(measure, "classical", lambda: generated(2))
    measure.main(["one", "other"], problems=2, candidates=8)
    printed = capsys.readouterr().out
    assert printed.count("generated") == printed.count("classical") == 2
    assert printed.index("one") < printed.index("other")

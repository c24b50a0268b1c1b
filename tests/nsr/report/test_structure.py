import numpy as np
import pytest

from nsr.report.structure import along, compared, jointly


def p_value(X, residuals, slopes, rng):
    groups = [along(column, rng) for column in X.T]
    return compared(residuals, slopes, [*groups, jointly(X)], rng)


@pytest.mark.parametrize("n_rows", [12, 60])
@pytest.mark.parametrize("kind", ["normal", "growing", "heavy"])
def test_noise_of_any_kind_is_called_structure_as_often_as_the_level_says(n_rows, kind, rng):
    """Residuals of a straight line fitted to noise, whose constants take up two degrees of freedom."""
    n_tables, level = 120, 0.05
    false = 0
    for _ in range(n_tables):
        X = rng.uniform(1, 3, (n_rows, 2))
        noise = rng.standard_t(3, n_rows) if kind == "heavy" else rng.standard_normal(n_rows)
        if kind == "growing":
            noise *= X[:, 0] ** 2
        slopes = np.column_stack((np.ones(n_rows), X[:, 0]))
        residuals = noise - slopes @ np.linalg.lstsq(slopes, noise, rcond=None)[0]
        false += p_value(X, residuals, slopes, rng).p_value <= level
    assert false <= 14  # of 120, a binomial's one case in a thousand at 5 %


@pytest.mark.parametrize(
    ("left", "size"),
    [
        (lambda X: (X[:, 0] - 2) ** 2, 1.0),
        (lambda X: np.sin(15 * X[:, 1]), 1.0),
        (lambda X: (X[:, 0] - 2) * (X[:, 1] - 2), 1.5),
        (lambda X: np.where(X[:, 0] > 2.5, 1.0, 0.0), 1.0),
    ],
    ids=["curved", "fast", "mixed", "step"],
)
def test_what_an_equation_has_missed_is_seen(left, size, rng):
    X = rng.uniform(1, 3, (200, 2))
    residuals = size * left(X) + 0.5 * rng.standard_normal(200)
    constant = np.ones((200, 1))
    assert p_value(X, residuals - residuals.mean(), constant, rng).p_value <= 0.005


def test_the_column_is_named(rng):
    X = rng.uniform(1, 3, (200, 4))
    residuals = (X[:, 2] - 2) ** 2 + 0.2 * rng.standard_normal(200)
    result = p_value(X, residuals - residuals.mean(), np.ones((200, 1)), rng)
    assert [p <= 0.005 for p in result.p_values[:4]] == [False, False, True, False]


def test_columns_of_two_values_are_looked_at(rng):
    X = np.column_stack((rng.integers(0, 2, 60), rng.uniform(1, 2, 60))).astype(float)
    residuals = X[:, 0] + 0.2 * rng.standard_normal(60)
    result = p_value(X, residuals - residuals.mean(), np.ones((60, 1)), rng)
    assert result.p_values[0] <= 0.005

import numpy as np
import pytest

from nsr.data.preparation import prepare
from nsr.data.weights import known_noise, row_weights


def test_errors_stand_for_their_inverse_squares(rng):
    errors = rng.uniform(1e-3, 2.0, 30)
    found = row_weights(None, errors, 30)
    np.testing.assert_allclose(found, row_weights(1 / errors**2, None, 30))
    np.testing.assert_allclose(found * errors**2, found[0] * errors[0] ** 2)
    assert found.mean() == pytest.approx(1)
    assert np.all(np.isfinite(row_weights(None, 1e-200 * errors, 30)))


def test_errors_are_known_in_their_own_size(rng):
    X, errors = rng.normal(size=(40, 2)), rng.uniform(0.1, 2.0, 40)
    data = prepare(X, X[:, 1], 10, 0, weights=row_weights(None, errors, 40))
    noise = known_noise(errors, data.weights, data.rows)
    np.testing.assert_allclose(noise / np.sqrt(data.weights), errors[data.rows])
    assert known_noise(0.3, None, data.rows) == 0.3
    assert known_noise([0.3] * 40, None, data.rows) == 0.3


@pytest.mark.parametrize("given", [None, 2.0, [3.0, 3.0, 3.0]])
def test_equal_weights_are_none(given):
    assert row_weights(given, None, 3) is None
    assert row_weights(None, given, 3) is None


@pytest.mark.parametrize(
    ("weights", "errors", "message"),
    [
        ([1, 2], None, r"sample_weight.shape == \(2,\), expected \(3,\): give one number a row"),
        ([[1], [2], [3]], None, "give one number a row"),
        ([1, -1, 2], None, "holds -1 in row 1.*a weight of 0 leaves a row out"),
        ([1, np.nan, 2], None, "sample_weight holds nan in row 1: leave out the row"),
        (None, [1, np.inf, 2], "y_err holds inf in row 1"),
        (["a", "b", "c"], None, "must be numbers, one a row"),
        ([0, 0, 0], None, "give some rows a weight above 0"),
        (None, [1, 0, 2], "y_err holds 0 in row 1: standard deviations are above 0"),
        ([1, 2, 3], [1, 2, 3], "not both"),
    ],
)
def test_what_is_no_weight_is_refused(weights, errors, message):
    with pytest.raises(ValueError, match=message):
        row_weights(weights, errors, 3)


def test_weights_stay_with_their_rows(rng):
    X = rng.normal(size=(40, 2))
    weights = row_weights(np.where(X[:, 0] > 0, 1 + X[:, 0], 0), None, 40)
    data = prepare(X, X[:, 1], 10, 0, weights=weights)
    assert len(data.X) == np.count_nonzero(X[:, 0] > 0)
    np.testing.assert_allclose(data.weights / (1 + data.X[:, 0]), data.weights[0] / (1 + data.X[0, 0]))
    assert data.weights.mean() == pytest.approx(1)
    with pytest.raises(ValueError, match="2 rows with a weight above 0 are too few"):
        prepare(X, X[:, 1], 10, 0, weights=np.array([1.0, 2.0, *np.zeros(38)]))

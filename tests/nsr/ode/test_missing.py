import numpy as np
import pytest

from nsr import ODERegressor
from nsr.data.notes import DataWarning
from nsr.expressions.expression import constant
from nsr.ode.missing import with_weights, without_missing
from nsr.ode.paths import Paths
from nsr.ode.settings import DEFAULTS
from nsr.ode.trajectories import as_trajectories


@pytest.fixture
def observed():
    t = np.linspace(0, 5, 51)
    X = np.column_stack((np.exp(-t), np.exp(-t) + t))
    full = X.copy()
    X[[0, 7, 20], 0] = np.nan
    return t, X, full


def test_times_without_a_state_are_left_out(observed):
    t, X, full = observed
    with pytest.warns(DataWarning, match="3 of 51"):
        times, states, _ = without_missing(t, X, "drop")
    np.testing.assert_array_equal(states, np.delete(full, [0, 7, 20], axis=0))
    np.testing.assert_array_equal(times, np.delete(t, [0, 7, 20]))


def test_gaps_in_time_are_filled_near_the_truth(observed):
    t, X, full = observed
    with pytest.warns(DataWarning, match="1 of 51"), pytest.warns(DataWarning, match="3 missing values"):
        times, states, weights = without_missing(t, X, "impute")
    assert len(times) == 50  # before the first value there is nothing to go by
    np.testing.assert_allclose(states, full[1:], atol=1e-3)
    np.testing.assert_array_equal(weights, ~np.isnan(X[1:]))


def test_what_has_no_weight_is_filled_and_does_not_count(observed):
    t, _, full = observed
    weights = np.ones_like(full)
    weights[:2, 0] = weights[20, 0] = 0
    wrong = np.where(weights > 0, full, 99.0)
    states, own = with_weights(t, wrong, weights)
    np.testing.assert_allclose(states[20], full[20], atol=1e-3)
    assert states[0, 0] == full[2, 0]  # the nearest that counts
    paths = Paths(as_trajectories(t, states, weights=own), DEFAULTS)
    errors = paths.errors(paths.compiled([(constant(0.0), constant(0.0))]))[0]
    np.testing.assert_array_equal(errors[[0, 1, 20], 0], 0.0)
    # Means over all rows are those over the rows that count.
    off = (full[2, 0] - full[:, 0])[weights[:, 0] > 0]
    np.testing.assert_allclose(np.mean(errors[:, 0] ** 2), np.mean((off / paths.size[0]) ** 2), rtol=0.1)
    assert paths.n_counted == round((48 + 51) / 2)


def test_outliers_without_weight_do_no_harm():
    t = np.linspace(0, 6, 60)
    states = (2 * np.exp(-0.7 * t))[:, None]
    wrong, weights = states.copy(), np.ones(60)
    wrong[[5, 17, 40]] += [[3.0], [-2.0], [5.0]]
    weights[[5, 17, 40]] = 0
    model = ODERegressor(stages=("library",), time_limit=4).fit(t, wrong, weights=weights)
    np.testing.assert_allclose(model.predict(t, [2.0]), states, atol=1e-3)


def test_weights_are_those_of_least_squares():
    """Noisy halves of unlike precision: the error of the rate is that of weighted least squares."""
    rng = np.random.default_rng(0)
    t = np.linspace(0, 4, 80)
    sizes = np.where(np.arange(80) % 2 == 0, 0.002, 0.2)
    states = 2 * np.exp(-0.7 * t) + sizes * rng.standard_normal(80)
    fits = [
        ODERegressor(stages=("library",), time_limit=4).fit(t, states[:, None], weights=weights)
        for weights in (None, 1 / sizes**2)
    ]
    off = [abs(fit.predict(t, [2.0])[40, 0] - 2 * np.exp(-0.7 * t[40])) for fit in fits]
    assert off[1] < 0.01 < 0.2


def test_states_observed_at_different_times():
    t = np.linspace(0, 8, 90)
    states = np.column_stack((np.cos(t), -np.sin(t)))
    states[::2, 0] = states[1::2, 1] = np.nan
    with pytest.warns(DataWarning):
        model = ODERegressor(stages=("library", "variation"), time_limit=4, missing="impute").fit(t, states)
    simulated = model.predict(t, [1.0, 0.0])
    np.testing.assert_allclose(simulated, np.column_stack((np.cos(t), -np.sin(t))), atol=5e-3)


@pytest.mark.parametrize(
    ("weights", "why"),
    [
        (np.ones(7), "do not fit"),
        (-np.ones(51), "not negative"),
        (np.zeros(51), "above 0"),
        ([np.ones(51)] * 2, "do not fit"),
    ],
)
def test_weights_that_cannot_be_used_are_refused(observed, weights, why):
    t, _, full = observed
    with pytest.raises(ValueError, match=why):
        ODERegressor(stages=("library",)).fit(t, full, weights=weights)

import numpy as np
import pytest

from nsr.data.notes import DataWarning
from nsr.ode.missing import without_missing


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
        times, states = without_missing(t, X, "drop")
    np.testing.assert_array_equal(states, np.delete(full, [0, 7, 20], axis=0))
    np.testing.assert_array_equal(times, np.delete(t, [0, 7, 20]))


def test_gaps_in_time_are_filled_near_the_truth(observed):
    t, X, full = observed
    with pytest.warns(DataWarning, match="1 of 51"), pytest.warns(DataWarning, match="3 missing values"):
        times, states = without_missing(t, X, "impute")
    assert len(times) == 50  # before the first value there is nothing to go by
    np.testing.assert_allclose(states, full[1:], atol=1e-3)

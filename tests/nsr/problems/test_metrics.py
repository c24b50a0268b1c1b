import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import r2_score

from nsr.problems.metrics import RECOVERED_FVU, accuracy


@given(st.integers(0, 10_000), st.floats(1e-6, 10.0), st.floats(1e-3, 1e3))
def test_r2_agrees_with_scikit_learn(seed, error, scale):
    rng = np.random.default_rng(seed)
    y = scale * rng.standard_normal(50)
    predicted = y + scale * error * rng.standard_normal(50)
    measured = accuracy(y, predicted)
    assert measured.r2 == pytest.approx(r2_score(y, predicted), rel=1e-9, abs=1e-9)
    assert measured.fvu == pytest.approx(np.mean((y - predicted) ** 2) / np.var(y), rel=1e-9)
    assert measured.recovered == (measured.fvu <= RECOVERED_FVU)


def test_recovery_is_float32_resolution():
    y = np.linspace(-1, 1, 101)
    assert accuracy(y, y.astype(np.float32).astype(float)).recovered
    assert not accuracy(y, y * (1 + 1e-3)).recovered


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_one_value_that_is_not_finite_fails(bad):
    y = np.linspace(-1, 1, 101)
    predicted = y.copy()
    predicted[7] = bad
    measured = accuracy(y, predicted)
    assert measured.r2 is None
    assert measured.fvu is None
    assert not measured.recovered

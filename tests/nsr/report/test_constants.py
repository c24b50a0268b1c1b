import numpy as np
import pytest


@pytest.fixture
def X(rng):
    return rng.uniform(1, 3, (100, 2))


def test_constants_that_data_fix_are_fine(reported, X, rng):
    y = 3.1 * X[:, 0] + 1.7 + 0.01 * rng.standard_normal(100)
    finding = reported(X, y, "3.1*x_0 + 1.7")["constants"]
    assert not finding.is_warning
    design = np.column_stack((X[:, 0], np.ones(100)))
    errors = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * np.sum((y - design @ [3.1, 1.7]) ** 2) / 98)
    expected = np.max(errors / [3.1, 1.7])
    assert finding.figures["largest_relative_error"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_constants_that_make_up_for_each_other_are_told(reported, X, rng, noise):
    y = 6.3 * X[:, 0] + noise * rng.standard_normal(100)
    finding = reported(X, y, "2.1*(3.0*x_0)")["constants"]
    assert finding.is_warning
    assert "2.1" in finding.text


def test_a_constant_that_could_be_zero_is_told(reported, X, rng):
    y = 3.1 * X[:, 0] + 0.5 * rng.standard_normal(100)
    finding = reported(X, y, "3.1*x_0 + 0.0123*x_1")["constants"]
    assert finding.is_warning
    assert "0.0123" in finding.text
    assert "3.1" not in finding.text

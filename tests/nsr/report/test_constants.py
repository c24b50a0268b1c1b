import numpy as np
import pytest


@pytest.fixture
def X(rng):
    return rng.uniform(1, 3, (100, 2))


def test_constants_that_data_fix_are_fine(reported, X, rng):
    y = 3.1234567 * X[:, 0] + 1.7654321 + 0.01 * rng.standard_normal(100)
    finding = reported(X, y, "3.1234567*x_0 + 1.7654321")["constants"]
    assert not finding.is_warning
    design = np.column_stack((X[:, 0], np.ones(100)))
    errors = np.sqrt(
        np.diag(np.linalg.inv(design.T @ design)) * np.sum((y - design @ [3.1234567, 1.7654321]) ** 2) / 98
    )
    expected = np.max(errors / [3.1234567, 1.7654321])
    assert finding.figures["largest_relative_error"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_constants_that_make_up_for_each_other_are_told(reported, X, rng, noise):
    y = 2.1234567 * 3.7654321 * X[:, 0] + noise * rng.standard_normal(100)
    finding = reported(X, y, "2.1234567*(3.7654321*x_0)")["constants"]
    assert finding.is_warning
    assert "2.123" in finding.text


def test_a_constant_that_could_be_zero_is_told(reported, X, rng):
    y = 3.1234567 * X[:, 0] + 0.5 * rng.standard_normal(100)
    finding = reported(X, y, "3.1234567*x_0 + 0.01234567*x_1")["constants"]
    assert finding.is_warning
    assert "0.0" in finding.text
    assert "3.1" not in finding.text


def test_what_there_is_nothing_without_is_told_from_zero(reported, rng):
    """A factor that would make up for another power is not known to a digit, and is no zero for that."""
    x = np.linspace(290, 360, 12)
    y = 1.4e-50 * x**20.0 * (1 + 0.05 * rng.standard_normal(12))
    exponent, logarithm = np.polyfit(np.log(x), np.log(y), 1)
    found = reported(x[:, None], y, f"{np.exp(logarithm)}*x_0**{exponent}")["constants"]
    assert found.is_warning
    assert "zero: " not in found.text
    assert "hardly known" in found.text

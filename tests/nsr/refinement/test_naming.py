from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import curve_fit

from nsr.data.guesses import read_guesses
from nsr.data.names import Names
from nsr.expressions.parsing import parse
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.naming import as_written
from nsr.refinement.reported import constants_table, reported
from nsr.task import Task

S = np.random.default_rng(0).uniform(0.2, 10, (60, 1))


def guess(text):
    return read_guesses(text, Names.of(["S"]))[0]


def written(own, text, task):
    return as_written(own.expression, parse(text), task, np.arange(len(own.names)))


def table(y, X=S):
    return Task(X, np.broadcast_to(y, len(X)).copy(), SQUARED_ERROR)


@pytest.mark.parametrize(
    "text",
    [
        "12.1*x_0/(2.3 + x_0)",
        "1/(0.08264462809917356 + 0.19008264462809918/x_0)",
        "12.1/(1 + 2.3/x_0)",
    ],
)
def test_a_guess_is_known_in_other_words(text):
    own = guess("Vm*S/(Km+S)")
    found = written(own, text, table(1.0))
    assert own.names == ("Vm", "Km")
    np.testing.assert_allclose(found, (12.1, 2.3), rtol=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "12.1*x_0/(2.3 + x_0) + 0.1",
        "12.1 - 27.83/(x_0 + 2.3)",
        "12.1*x_0",
        "12.1*(1 - exp(-0.3*x_0))",
        "12.1*x_0**2/(2.3 + x_0)",
    ],
)
def test_other_equations_are_not_the_guess(text):
    assert written(guess("Vm*S/(Km+S)"), text, table(1.0)) is None


def test_a_form_with_a_term_less_is_another_form():
    assert written(guess("a*S + b*S**2"), "3.1*x_0", table(1.0)) is None


def test_a_form_that_a_guess_nears_only_where_two_of_its_constants_vanish_is_another_form():
    """Only the ratio of the two counts there: of a * S / (S + b * (1 + I / c)) the b alone is gone."""
    X = np.random.default_rng(0).uniform(1, 20, (60, 2))
    own = read_guesses("Vm*S/(S+Km*(1+I/Ki))", Names.of(["S", "I"]))[0]
    assert written(own, "8.6*x_0/(1.1*x_1 + x_0)", table(1.0, X)) is None
    named = np.flatnonzero(own.is_named)
    found = as_written(own.expression, parse("8.6*x_0/(1.1*x_1 + x_0 + 2.2)"), table(1.0, X), named)
    assert found is not None
    np.testing.assert_allclose(found[named], (8.6, 2.2, 2.0), rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-6, 1e5])
def test_constants_of_any_size_are_found(scale):
    own = guess("Vm*S/(Km+S)")
    found = written(own, f"7.7/(1 + {2.3 * scale}/x_0)", table(1.0, S * scale))
    np.testing.assert_allclose(found, (7.7, 2.3 * scale), rtol=1e-6)


def test_the_users_own_constants_are_reported_with_their_errors(rng):
    """The numbers are those of the guess as it was written, fitted to the data, whatever the form is."""
    y = 12 * S[:, 0] / (2 + S[:, 0]) + 0.2 * rng.standard_normal(60)
    task = table(y)
    chosen = reported(parse("1/(1/12 + (1/6)/x_0)"), task, [guess("Vm*S/(Km+S)")])
    assert chosen.names == ("Vm", "Km")
    values, covariance = curve_fit(lambda s, a, b: a * s / (b + s), S[:, 0], y, (10, 1))
    np.testing.assert_allclose(chosen.constants.values, values, rtol=1e-5)
    np.testing.assert_allclose(chosen.constants.errors, np.sqrt(np.diag(covariance)), rtol=1e-3)
    frame = constants_table([reported(parse("7.123"), task), chosen])
    assert list(frame.columns) == ["equation", "name", "value", "error", "low", "high"]
    assert frame["name"].tolist() == ["c0", "Vm", "Km"]
    assert frame["equation"].tolist() == [0, 1, 1]
    assert (frame["low"] < frame["value"]).all()
    assert "Vm*S/(Km+S): Vm = 12." in chosen.text


def test_a_free_factor_that_the_search_added_is_told_apart():
    y = 3.3 * np.exp(-0.31 * S[:, 0]) + 1e-3 * np.cos(9 * S[:, 0])
    chosen = reported(parse("3.3*exp(-0.31*x_0)"), table(y), [guess("exp(-k*S)")])
    assert chosen.names == ("c", "k")
    np.testing.assert_allclose(chosen.constants.values, (3.3, 0.31), rtol=1e-2)


def test_numbers_of_a_guess_are_kept_where_they_can_be():
    """With the one of 1 + I/Ki free, nothing but Vm would be fixed."""
    X = np.random.default_rng(1).uniform(0.5, 9, (60, 2))
    y = 12 * X[:, 0] / (3 * (1 + X[:, 1] / 8) + X[:, 0]) + 1e-2 * np.cos(7 * X[:, 0])
    (own,) = read_guesses("Vm*S/(Km*(1+I/Ki)+S)", Names.of(["S", "I"]))
    chosen = reported(parse("1/((0.03125*x_1 + 0.25)/x_0 + 1/12)"), table(y, X), [own])
    assert chosen.names == ("Vm", "Km", "Ki")
    np.testing.assert_allclose(chosen.constants.values, (12, 3, 8), rtol=2e-2)
    assert np.isfinite(chosen.constants.errors).all()


def test_exponents_that_are_whole_are_reported_with_errors():
    y = 2.5 * S[:, 0] ** 2 + 1e-3 * np.cos(9 * S[:, 0])
    chosen = reported(parse("2.5*x_0**2"), table(y), [guess("a*S**n")])
    assert chosen.names == ("a", "n")
    np.testing.assert_allclose(chosen.constants.values, (2.5, 2), rtol=1e-3)
    assert np.isfinite(chosen.constants.errors).all()


def test_rounded_constants_have_the_errors_that_they_would_have(rng):
    x = rng.uniform(0.5, 3, 60)
    y = 0.5 * x**2 + 1.234 + 0.1 * rng.standard_normal(60)
    task = Task(x[:, None], y, SQUARED_ERROR)
    chosen = reported(parse("0.5*x_0**2 + 1.234"), task)
    _, covariance = curve_fit(lambda x, a, b: a * x**2 + b, x, y)
    ((value, error),) = chosen.rounded  # the exponent belongs to the form
    assert value == 0.5
    assert error == pytest.approx(np.sqrt(covariance[0, 0]), rel=0.1)
    assert chosen.text.endswith(f"; rounded: 0.5 (± {error:.2g})")
    assert not reported(parse("0.5*x_0**2 + 1.234"), replace(task, y=0.5 * x**2 + 1.234)).rounded


def test_of_equal_values_of_constants_those_near_its_own_are_meant():
    own = parse("1.66*sin(0.88*x_0 + 1.573)")
    found = as_written(own, parse("1.65*cos(0.885*x_0)"), table(1.0), np.arange(3))
    np.testing.assert_allclose(found, (1.65, 0.885, np.pi / 2), rtol=1e-6)

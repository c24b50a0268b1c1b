"""Fractions that rise in place of ones that fall: the same functions, as textbooks write them."""

import numpy as np
import pytest

from nsr.evaluate.program import Program
from nsr.expressions.canonical import form_key
from nsr.expressions.parsing import parse
from nsr.expressions.saturations import rising
from nsr.expressions.simplify import simplify

WRITTEN = [
    ("x_1*(0.55 - 0.05*x_1 - 0.8/(x_0 + 1.1))", "x_1*(0.7*x_0/(1.1 + x_0) - 0.05*x_1 - 0.2)"),
    ("0.5*x_1 - 0.9*x_1/(1 + x_0)", "0.9*x_0*x_1/(1 + x_0) - 0.4*x_1"),
    ("1.2 - 0.6/(0.5 + x_0)", "1.2*x_0/(0.5 + x_0)"),
    ("-0.9 + 1.8/(2 + x_0)", "-0.9*x_0/(2 + x_0)"),
    ("2.2/(1 + x_0) - 1", "1.2 - 2.2*x_0/(1 + x_0)"),
    ("x_0/(2 + x_1) - 0.7*x_0", "-0.2*x_0 - 0.5*x_0*x_1/(2 + x_1)"),
    ("2 - 1.5/(0.4 + 0.7*x_0**2)", "3*x_0**2/(0.6 + x_0**2) - 1.7"),
]
# What is repressed, what is multiplied by its own denominator's variable, and what is taken from nothing.
KEPT = [
    "3/(1 + x_1**2) - x_0",
    "1.2*x_0 - 0.6*x_0/(0.5 + x_0)",
    "x_0*x_1/(1 + x_1) - 0.4*x_0*x_1",
    "-1.5/(0.4 + x_0)",
    "0.3*x_0",
]


@pytest.mark.parametrize(("found", "usual"), WRITTEN)
def test_what_is_taken_away_and_falls_rises(found, usual, rng):
    before = simplify(parse(found))
    after = rising(before)
    assert form_key(after) == form_key(simplify(parse(usual)))
    X = rng.random((20, 2))
    np.testing.assert_allclose(Program([after]).values(X), Program([before]).values(X), rtol=1e-12)


@pytest.mark.parametrize("text", KEPT)
def test_other_fractions_stay(text):
    assert rising(simplify(parse(text))) == simplify(parse(text))

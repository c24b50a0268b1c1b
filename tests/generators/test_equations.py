"""Equations in other units: what scaling leaves of data of any magnitude."""

from itertools import product

import numpy as np
import pytest

from generators.equations import EquationSampler
from generators.expressions import ExpressionConfig
from generators.holdout import Holdout
from nsr.data.scaling import Scaler
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.expressions.simplify import simplify, strip_scale

FACTORS = (0.01, 0.1, 1.0, 10.0, 100.0)


def sampler(text: str | None = None) -> EquationSampler:
    """A sampler of rescaled equations, of one skeleton if told which."""
    result = EquationSampler(ExpressionConfig(rescaled_share=1.0), 0)
    if text is not None:
        result.skeletons.sample = lambda: parse(text)
    return result


def values(expression, X) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(Program([expression]).values(X)[0], dtype=float)


def test_a_rescaled_equation_is_the_equation_of_multiples_up_to_its_scale():
    text = "x_0/(x_1 + x_0**2) + x_1"
    X = np.random.default_rng(0).uniform(1, 2, (30, 2))
    seen = set()
    for equation in sampler(text).draw(40):
        own = values(equation, X)
        others = {f: values(parse(text), X * f) for f in product(FACTORS, repeat=2)}
        ratios = {f: own / other for f, other in others.items() if np.isfinite(other).all()}
        matching = {f for f, ratio in ratios.items() if np.ptp(ratio) < 0.005 * abs(ratio.mean())}
        assert matching
        seen |= matching
    assert len(seen) > 5


def test_products_of_powers_have_no_units():
    assert sampler("x_0*x_1**2/x_2").draw(5) == [strip_scale(simplify(parse("x_0*x_1**2/x_2")))] * 5


def test_rescaled_equations_are_held_out_and_fit_the_network():
    drawn = sampler().draw(300)
    assert not any(Holdout.default().contains(equation) for equation in drawn)
    plain = EquationSampler(ExpressionConfig(), 0).draw(300)
    assert np.mean([len(e.free_positions) for e in drawn]) > np.mean([len(e.free_positions) for e in plain])


@pytest.mark.parametrize("magnitude", [1e-30, 2e-18, 4e9, 1e30])
def test_scaling_leaves_small_powers_of_ten_of_units_of_any_size(magnitude):
    X = np.random.default_rng(0).uniform(1, 5, (50, 3)) * [magnitude, magnitude, 1.0]
    equation = parse("x_2*exp(-x_0/x_1) + x_2")
    scaler = Scaler.fit(X, values(equation, X))
    scaled, _ = scaler.transform(X, np.ones(50))
    assert np.isfinite(scaled).all()
    assert (np.abs(scaled) > 1e-3).all()
    left = strip_scale(simplify(scaler.scaled(equation)))
    assert all(any(np.isclose(abs(left.tokens[i]), f) for f in FACTORS) for i in left.free_positions)

import math

import numpy as np
import pytest
from scipy.stats import norm

from nsr.expressions.parsing import parse
from nsr.ode.description import bits_saved, description_bits, losses
from nsr.refinement.description import expression_bits

EQUATIONS = [parse("2*x_0 + x_1", ["x_0", "x_1"]), parse("x_0", ["x_0", "x_1"])]


def _likeliest(errors):
    """Log-likelihood in bits at the likeliest scale."""
    return np.sum(norm.logpdf(errors, scale=np.sqrt(np.mean(errors**2)))) / math.log(2)


def test_residuals_cost_what_the_normal_likelihood_says():
    rng = np.random.default_rng(0)
    near, far = 0.1 * rng.standard_normal((200, 2)), rng.standard_normal((200, 2))
    costs = [description_bits(EQUATIONS, losses(errors).tolist(), 200, 1e-8) for errors in (near, far)]
    gain = sum(_likeliest(near[:, d]) - _likeliest(far[:, d]) for d in range(2))
    assert costs[1] - costs[0] == pytest.approx(gain)
    proportional, alike = losses(near)[0], losses(far)[0]
    assert 200 * bits_saved(proportional, alike) == pytest.approx(
        _likeliest(near[:, 0]) - _likeliest(far[:, 0])
    )


def test_what_is_exact_costs_no_less_than_that():
    exact = description_bits(EQUATIONS, [0.0, 0.0], 50, 1e-8)
    assert exact == description_bits(EQUATIONS, [1e-9, 1e-12], 50, 1e-8)
    assert exact < description_bits(EQUATIONS, [1e-7, 1e-12], 50, 1e-8)


def test_equations_cost_their_own_bits_by_their_weight():
    light, heavy = (description_bits(EQUATIONS, [0.5, 0.5], 50, 1e-8, weight) for weight in (0.5, 1.0))
    assert heavy - light == pytest.approx(0.5 * sum(expression_bits(one, 50) for one in EQUATIONS))

import math
from collections import Counter

import numpy as np
import pytest
from scipy.stats import norm

import eval.development_systems  # noqa: F401 (registers its suites)
from nsr.expressions.expression import is_variable
from nsr.expressions.parsing import parse
from nsr.ode.description import bits_saved, description_bits, losses, node_bits
from nsr.problems.suites import load_systems
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
    assert heavy - light == pytest.approx(
        0.5 * sum(expression_bits(one, 50, node_bits=node_bits) for one in EQUATIONS)
    )


@pytest.mark.parametrize(("n_rows", "share"), [(200, 1e-4), (200, 1e-8), (20, 1e-2)])
def test_constants_cost_more_than_schwarz_says_in_exact_data_and_in_few(n_rows, share):
    def cost(n_rows, share):
        one, none = (
            description_bits([parse(text)], [share], n_rows, 1e-8, 0.5) for text in ("0.731*x_0", "x_0")
        )
        return one - none - 0.5 * node_bits("mul") - 0.5 * math.log2(n_rows)

    assert 0 < cost(200, 1e-2) < 1
    assert cost(n_rows, share) > 2


def test_initial_values_cost_as_much_as_constants():
    some, more = (description_bits(EQUATIONS, [0.1, 0.1], 50, 1e-8, 0.5, n) for n in (0, 3))
    one = description_bits([parse("0.731*x_0")], [0.1], 50, 1e-8, 0.5)
    none = description_bits([parse("x_0")], [0.1], 50, 1e-8, 0.5)
    assert more - some == pytest.approx(3 * (one - none - 0.5 * node_bits("mul")))


def test_nodes_cost_what_their_share_of_textbooks_equations_says():
    """Shannon's code, which Kraft's inequality allows beside one for constants."""
    systems = [problem.system for name in ("textbook", "development") for problem in load_systems(name)]
    counts = Counter(
        "x_0" if is_variable(token) else token
        for system in systems
        for equation in system
        for token in equation.tokens
    )
    n_constants = sum(n for token, n in counts.items() if not isinstance(token, str))
    nodes = {token: n for token, n in counts.items() if isinstance(token, str)}
    n_all, n_nodes = counts.total(), sum(nodes.values())
    shannon = sum(-n * math.log2(n / n_all) for n in nodes.values()) / n_nodes
    assert sum(n * node_bits(token) for token, n in nodes.items()) / n_nodes == pytest.approx(
        shannon, rel=0.05
    )
    assert sum(2 ** -node_bits(token) for token in nodes) + n_constants / n_all < 1.05


def test_a_constant_that_occurs_twice_is_written_once():
    def cost(*texts):
        equations = [parse(text, ["x_0", "x_1"]) for text in texts]
        return description_bits(equations, [0.0, 0.0], 200, 1e-8, 1.0)

    other = cost("0.731*x_0", "-0.9173*x_1")
    for again in ("-0.731*x_1", "-0.73100004*x_1"):
        assert 10 < other - cost("0.731*x_0", again) < 20
    assert cost("0.731*x_0", "-0.7315*x_1") == pytest.approx(other)

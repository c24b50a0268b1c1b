import numpy as np
import pytest
from tasks import root

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.refinement.candidates import fitted
from nsr.refinement.refine import Effort
from nsr.search.structure.inner_constants import with_inner_constant


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("x_0**3/(exp(0.159*x_0) - 1)", 0.1, 20),
        ("1/(exp(0.159*x_0) - 1)", 0.1, 20),
        ("2*x_0/(exp(0.159*x_0) - 1) + 3", 0.1, 20),
        ("0.0002*log(10*x_0 + 1)", 1, 10),
        ("3*sin(7.3*x_0 + 0.4) + 2", 1, 5),
        ("x_0*cos(3.3*x_0)", -3, 3),
        ("exp(-0.7*x_0)*sqrt(x_0) + 3", 0.1, 4),
        ("sqrt(x_0**2 + 3.7) - x_0", 0.1, 4),
        ("exp(-(x_0**2)/3.1) + 1", -3, 3),
        ("sqrt(1 - 2.3*exp(-4*x_0))", 1, 3),
    ],
)
def test_laws_with_a_constant_of_their_own_are_found(text, low, high):
    z = np.random.default_rng(0).uniform(low, high, 400)
    y = Program([parse(text)]).values(z[:, None])[0]
    state = root(z[:, None], y)
    fits = fitted(with_inner_constant(state), state, Effort(restarts=1, iterations=30), Clock())
    assert min(fit.loss for fit in fits) < 1e-18 * np.var(y)


def test_there_is_no_such_law_in_noise():
    rng = np.random.default_rng(0)
    assert with_inner_constant(root(rng.uniform(1, 4, (400, 1)), rng.standard_normal(400))) == []


def test_a_variable_of_one_value_has_no_such_law(rng):
    assert with_inner_constant(root(np.full((50, 1), 2.0), rng.standard_normal(50))) == []

import numpy as np
import pytest

from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.refinement.selection import refitted
from nsr.search.structure.inner_constants import with_inner_constant


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("x_0**3/(exp(0.159*x_0) - 1)", 0.1, 20),
        ("1/(exp(0.159*x_0) - 1)", 0.1, 20),
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
    forms = with_inner_constant(z, y, np.ones_like(y))
    fits = refitted(forms, z[:, None], y, restarts=1, max_iterations=30, seed=0, deadline=np.inf)
    assert min(fit.loss for fit in fits) < 1e-18 * np.var(y)


def test_there_is_no_such_law_in_noise():
    rng = np.random.default_rng(0)
    assert with_inner_constant(rng.uniform(1, 4, 400), rng.standard_normal(400), np.ones(400)) == []

import numpy as np
import pytest

from nsr.evaluate.program import Program
from nsr.expressions.expression import variable
from nsr.expressions.operators import Operator
from nsr.expressions.parsing import parse
from nsr.search.evolution.semantics import Gap, gaps

HOLE = 2


def table(present: np.ndarray, seed: int = 0) -> np.ndarray:
    X = np.random.default_rng(seed).uniform(0.2, 0.9, (64, 2))
    return np.column_stack((X, present))


def gap(text: str, X: np.ndarray, y: np.ndarray, change: str = "replaced") -> Gap:
    """The one where the last variable stands."""
    return next(g for g in gaps(parse(text), X, y) if g.part == variable(HOLE) and g.change == change)


@pytest.mark.parametrize(
    "text",
    [
        "x_2", "x_0 + 3*x_2", "x_2 - x_0", "x_0 - x_2", "x_0/x_2", "x_2/x_0", "-x_2", "1/(1 + x_2)",
        "abs(x_2)", "sqrt(x_2)", "x_2**2", "x_2**3", "x_0*exp(x_2)", "log(x_2) + x_1", "x_1*sin(4*x_2)",
        "cos(x_2*9 + x_0)", "tan(x_2)", "asin(x_2)", "acos(x_2)", "atan(x_2)", "sinh(x_2)", "cosh(x_2)",
        "tanh(x_2)", "x_2**1.5", "(x_0 + 1)**x_2",
    ],
)  # fmt: skip
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_values_wanted_of_a_part_are_the_true_ones(text, sign):
    truth = parse("x_0*x_1 + 0.1")
    values = sign * Program([truth]).values(table(np.zeros(64)))[0]
    y = Program([parse(text)]).values(table(values))[0]
    known = np.isfinite(y)
    wanted = gap(text, table(values + 1e-5 * sign), y).wanted
    np.testing.assert_allclose(wanted[known], values[known], rtol=1e-9)


def test_a_target_that_no_part_can_give_is_not_finite():
    assert not np.isfinite(gap("sin(x_2)", table(np.ones(64)), np.full(64, 1.5)).wanted).any()


def test_operators_of_the_user_have_the_inverses_that_they_bring(registered):
    registered(Operator("halved", 1, lambda a: a / 2, lambda a: a / 2))
    registered(Operator("third", 1, lambda a: a / 3, lambda a: a / 3, inverses=(lambda t, _: 3 * t,)))
    wanted = [gap(f"{name}(x_2)", table(np.ones(64)), np.ones(64)).wanted for name in ("halved", "third")]
    assert not np.isfinite(wanted[0]).any()
    np.testing.assert_array_equal(wanted[1], 3)


@pytest.mark.parametrize("change", ["replaced", "added", "multiplied"])
def test_an_equation_with_its_gap_filled_gives_the_target(change, rng):
    X = np.column_stack((table(rng.uniform(1, 2, 64)), rng.uniform(1, 2, 64)))
    y = rng.uniform(3, 4, 64)
    found = gap("x_0*exp(x_2) + x_1", X, y, change)
    X[:, 3] = found.wanted
    assert found.n_kept + 1 == len(found.filled(variable(3)))
    np.testing.assert_allclose(Program([found.filled(variable(3))]).values(X)[0], y)

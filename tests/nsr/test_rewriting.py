import numpy as np
import pytest

from nsr.parsing import parse
from nsr.printing import to_infix
from nsr.program import Program
from nsr.rewriting import rewritten


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("4*(0.5*x_0+0.25*x_1)", "2*x_0 + x_1"), ("x_0*(x_1/x_0+1)", "x_0 + x_1")],
)
def test_factors_are_multiplied_out(text, wanted):
    assert wanted in [to_infix(form) for form in rewritten(parse(text))]


@pytest.mark.parametrize(
    "text", ["x_0*(x_1+2)*exp(x_0-x_1)", "2*x_0+2*x_1", "sqrt(x_0*(x_1+1))", "abs(x_0)/x_1"]
)
def test_other_words_mean_the_same(text):
    X = np.random.default_rng(0).uniform(0.5, 2, (50, 2))
    expression = parse(text)
    for form in rewritten(expression):
        assert form != expression
        np.testing.assert_allclose(Program([form]).values(X), Program([expression]).values(X), rtol=1e-12)


def test_long_expressions_are_left_alone():
    assert rewritten(parse("+".join(f"x_0**{i}" for i in range(2, 40)))) == []

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsr.evaluate.program import Program
from nsr.expressions.factoring import with_fewer_factors, with_fewer_ratios
from nsr.expressions.operators import Operator
from nsr.expressions.parsing import parse
from nsr.expressions.simplify import simplify

FORMS = (
    "0.43*x_0/({c}*x_0+3.3)",
    "1.5*exp(-2300*({c}*x_0-0.45)**2)",
    "5+2*({c}*x_0+0.3)**1.7",
    "206*sqrt({c}*x_0+0.57)-156",
    "3*exp(2/({c}*x_0-0.45))",
    "2.5*x_0**2/(({c}*x_0)**2+3.3)",
    "2.5*x_0/(x_0*({c}**2*x_0+{c})+1.9)",
)


@pytest.mark.parametrize("text", FORMS)
def test_a_scale_within_a_sum_is_taken_out(text):
    form = simplify(parse(text.format(c=0.001)))
    assert with_fewer_factors(form).complexity <= form.complexity - 2


@pytest.mark.parametrize("text", ["2*log(0.01*x_0+3)", "0.001*x_0+3", "exp(0.001*x_0+2)", "(0.1*x_0-3)**x_1"])
def test_what_would_keep_the_scale_stays(text):
    form = simplify(parse(text))
    assert with_fewer_factors(form) is form


RATIOS = {
    "2.18*x_1*(x_0/x_1 - 1)*x_2**2": "2.18*(x_0 - x_1)*x_2**2",
    "x_1*(1 - x_0/x_1)**2": "(x_0 - x_1)**2/x_1",
    "x_1*(x_0*x_2/x_1 + x_1)": "x_0*x_2 + x_1**2",
    "exp(x_1*x_2*(x_0/(x_1*x_2) - 1.3))": "exp(x_0 - 1.3*x_1*x_2)",
    "sqrt(x_1)*(x_0/x_1 - 1)": "(x_0 - x_1)/sqrt(x_1)",
    "(x_1/x_0 - 1)/x_1": "(x_1/x_0 - 1)/x_1",
    "x_2*(x_0/x_1 - 1)": "x_2*(x_0/x_1 - 1)",
}


@pytest.mark.parametrize(("text", "short"), RATIOS.items())
def test_a_ratio_within_a_sum_is_multiplied_by_the_factor_beside_it(text, short):
    form = simplify(parse(text))
    assert with_fewer_ratios(form) == simplify(parse(short))
    X = np.random.default_rng(1).uniform(0.5, 2, (20, 3))
    assert Program([with_fewer_ratios(form)]).values(X)[0] == pytest.approx(Program([form]).values(X)[0])


@given(st.sampled_from(FORMS), st.floats(1e-4, 1e3))
def test_values_stay(text, scale):
    form = simplify(parse(text.format(c=repr(scale))))
    X = np.linspace(0.6, 3, 20)[:, None] / scale
    assert Program([with_fewer_factors(form)]).values(X)[0] == pytest.approx(Program([form]).values(X)[0])


def test_nothing_is_taken_out_where_that_takes_a_constant_more():
    """A ratio that begins at zero by itself, 1 - 1/(1 + k x)^2, has one constant for the variable's scale."""
    form = simplify(parse("-150*(1/(0.003*x_0+1)**2-1)"))
    assert with_fewer_factors(form) is form


def test_sums_and_products_of_powers_of_the_users_own_are_seen_through(registered):
    mean = Operator("mean", 2, lambda a, b: (a + b) / 2, lambda a, b: (a + b) / 2, weights=(0.5, 0.5))
    area = Operator(
        "area",
        2,
        lambda a, b: a * b**2,
        lambda a, b: a * b**2,
        numpy=lambda a, b: a * b**2,
        exponents=(1.0, 2.0),
    )
    registered(mean)
    registered(area)
    form = parse("3.1/area(mean(0.001*x_0, 3.3), mean(-0.01*x_0, 1.7))")
    short = with_fewer_factors(form)
    assert short.complexity <= simplify(form).complexity - 2
    X = np.linspace(0.6, 3, 20)[:, None]
    assert Program([short]).values(X)[0] == pytest.approx(Program([form]).values(X)[0])


def test_sums_are_written_as_sums():
    form = simplify(parse("100*(1.9/(0.001*x_0+1.6)+2.7)"))
    assert with_fewer_factors(form).tokens[0] == "add"


@pytest.mark.parametrize("text", ["(1e-200*x_0+3)**2", "1/(1e200*x_0+1)**2", "5*(1e-250*(x_0+1)/1e250+2)"])
def test_factors_beyond_floating_point_stay(text):
    form = simplify(parse(text))
    X = np.array([[0.5], [2.0]])
    assert Program([with_fewer_factors(form)]).values(X)[0] == pytest.approx(Program([form]).values(X)[0])


@pytest.mark.parametrize(
    ("text", "sum_"),
    [
        ("100*(1.3*x_0 + 2.7 - 0.3*x_1)", "130*x_0 + 270 - 30*x_1"),
        ("-41*(0.25*x_0 - 0.5*maximum(16 - x_1, 0) - 1)", "20.5*maximum(16 - x_1, 0) + 41 - 10.25*x_0"),
        ("2*(0.3*exp(x_0)*x_1 + 2.7 - 0.3*sin(x_1))", "0.6*x_1*exp(x_0) + 5.4 - 0.6*sin(x_1)"),
    ],
)
def test_terms_with_coefficients_take_in_the_factor_of_their_sum(text, sum_):
    short = with_fewer_factors(simplify(parse(text)))
    assert short.complexity == simplify(parse(sum_)).complexity
    assert len(short.constants) == len(parse(sum_).constants)
    X = np.random.default_rng(0).uniform(-2, 20, (50, 2))
    np.testing.assert_allclose(*Program([short, parse(sum_)]).values(X), rtol=1e-12)


def test_a_factor_of_terms_without_coefficients_stays():
    form = parse("2.3*(x_0 + x_1 - x_2)")
    assert with_fewer_factors(form) is form

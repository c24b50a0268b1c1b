import math

import numpy as np
import pytest
from tasks import task

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.expressions.printing import to_infix
from nsr.expressions.space import SearchSpace
from nsr.expressions.units import Units
from nsr.refinement.candidates import fitted, named, scored
from nsr.refinement.description import expression_bits
from nsr.refinement.plain import plain, plainest, spacing
from nsr.refinement.refine import Effort

RNG = np.random.default_rng(5)
DAYS = np.arange(1700.0, 1900)
# A column of numbers, one of 0 and 1, days, and one of large numbers.
X = np.column_stack((RNG.uniform(1, 5, 200), RNG.integers(0, 2, 200), DAYS, RNG.uniform(20, 30, 200)))


def values(text):
    return Program([parse(text)]).values(X)[0]


def candidate(text, y):
    return scored([parse(text)], task(X, y))[0]


def refined(text, y, table=X):
    return fitted([parse(text)], task(table, y), Effort(), Clock())[0]


def shown(candidate):
    return to_infix(candidate.expression, digits=6)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"0.99*x_0 + {0.01 / math.sin(1)!r}*sin(x_1)", "0.99*x_0 + 0.01*x_1"),
        ("x_0 + x_1**2", "x_0 + x_1"),
        ("x_0*tanh(x_3)", "x_0"),
        ("2*x_0 + tanh(tanh(x_3 + x_0) + 30)", "2*x_0 + 1"),
        ("x_0 + 3*exp(x_1) + 1", None),
    ],
)
def test_forms_with_the_same_values_give_way_to_the_plain_one(text, expected):
    y = values(text)
    found = plainest(candidate(text, y), task(X, y))
    assert "sin" not in shown(found)
    assert "tanh" not in shown(found)
    assert expected is None or shown(found) == expected
    np.testing.assert_allclose(Program([found.expression]).values(X)[0], y, rtol=1e-12)


@pytest.mark.parametrize(
    "text", ["sin(x_0) + x_1", "exp(x_0)*x_1", "2*tanh(x_0)", "cos(0.7*x_2)", "x_0**2/x_3"]
)
@pytest.mark.parametrize("noise", [0.0, 1e-7, 0.02])
def test_functions_that_the_data_show_stay(text, noise, rng):
    y = values(text) + noise * rng.standard_normal(200)
    own = candidate(text, y)
    assert plainest(own, task(X, y)) is own


@pytest.mark.parametrize("function", ["sin", "cos", "tan"])
@pytest.mark.parametrize("turns", [-3, 1, 250])
def test_an_alias_becomes_the_lowest_frequency(function, turns, rng):
    """In steps of 1 a rate is only known up to whole periods."""
    period = math.pi if function == "tan" else 2 * math.pi
    y = 3 * values(f"{function}(0.4*x_2)") + 1e-5 * rng.standard_normal(200)
    found = plainest(candidate(f"3*{function}({0.4 + turns * period!r}*x_2)", y), task(X, y))
    assert found.loss < 1e-9
    (rate,) = (value for value in found.expression.constants if value != 3)
    assert abs(rate) == pytest.approx(0.4, rel=1e-6)


def test_an_alias_gets_the_phase_that_its_steps_want():
    """Values that lie between whole steps."""
    table = (0.25 + np.arange(60.0))[:, None]
    own = task(table, np.sin(0.4 * table[:, 0] + 2 * math.pi * 0.25))
    found = plainest(scored([parse(f"sin({0.4 + 2 * math.pi!r}*x_0)")], own)[0], own)
    np.testing.assert_allclose(found.expression.constants, [0.4, math.pi / 2], rtol=1e-9)


def test_an_alias_of_a_constant_is_one():
    y = values("x_0")
    text = f"x_0 + 0.5*cos({2 * math.pi!r}*x_2)"
    assert shown(plainest(candidate(text, y + 0.5), task(X, y + 0.5))) == "x_0 + 0.5"


def test_of_a_saturated_function_of_noisy_data_a_constant_is_left(rng):
    y = 3 + 0.5 * X[:, 0] + 0.1 * rng.standard_normal(200)
    own = refined("1.1*x_0 + 2.3*tanh(0.2*x_3)", y)
    assert shown(plainest(own, task(X, y))).count("tanh") == 0


def test_of_a_function_over_a_narrow_range_a_line_is_left(rng):
    y = 3 * X[:, 0] + 0.1 * rng.standard_normal(200)
    own = refined("1.1*sin(0.05*x_0)*40 + 0.3", y)
    found = plainest(own, task(X, y))
    assert "sin" not in shown(found)
    assert found.loss < 1.05 * own.loss


def test_waves_beyond_what_the_rows_resolve_need_much_to_show_for_them(rng):
    """Of 40 rows at random places, a wave of a hundred periods explains noise; it must explain nearly all."""
    table = np.sort(rng.uniform(0, 1, (40, 1)), axis=0)
    clean = 2 * np.sin(700 * table[:, 0])
    for y, stays in (
        (clean + 0.05 * rng.standard_normal(40), True),
        (clean + 2 * rng.standard_normal(40), False),
    ):
        own = task(table, y)
        found = plainest(scored([parse("2*sin(700*x_0)")], own)[0], own)
        assert bool(found.expression.variables) == stays


def test_a_function_of_two_values_is_not_a_way_to_save_a_constant(rng):
    y = 2 * X[:, 0] + 0.8 * X[:, 1] + 0.3 * rng.standard_normal(200)
    own = refined("2.1*x_0 + sin(x_1)", y)
    found = plainest(own, task(X, y))
    assert "sin" not in shown(found)
    assert found.loss <= own.loss


@pytest.mark.parametrize(
    "text",
    ["x_0*atan(cos(x_1))**2", "x_0*exp(-x_1)", "x_0 + 2/(x_1 + 1.5)", "exp(x_1**3)", "3*x_0**2/(x_1 - 5)"],
)
def test_no_function_of_two_values_is_believed_in_noisy_data(text, rng):
    """Its levels are fitted, so that it cannot come close to them by chance for free."""
    y = values(text) * (1 + 0.1 * rng.standard_normal(200))
    own = candidate(text, y)
    found = plainest(own, task(X, y))
    assert not any(name in shown(found) for name in ("atan", "exp", "/"))
    assert found.loss < own.loss
    assert len(found.expression.free_positions) >= 2


@pytest.mark.parametrize(
    "text", ["10*exp(0.4*x_0 + x_1)", "10.3/cos(0.79*x_0 + x_1)", "x_2/(5 - x_0 - 2*x_1)"]
)
def test_no_function_of_the_values_of_a_text_is_believed_in_noisy_data(text, rng):
    """Each value has a mean of its own, and no function of their columns says more than these."""
    kinds = np.repeat([0, 1, 2], 40)
    table = np.column_stack((kinds == 1, kinds == 2, rng.uniform(1, 5, 120))).astype(float)
    truth = Program([parse(text)]).values(table)[0]
    y = truth * (1 + 0.05 * rng.standard_normal(120))
    own = scored([parse(text)], task(table, y))[0]
    found = plainest(own, task(table, y))
    assert not any(name in shown(found) for name in ("exp", "cos", "/"))
    if "x_2" not in text:
        means = np.array([y[kinds == kind].mean() for kind in range(3)])
        np.testing.assert_allclose(Program([found.expression]).values(table)[0], means[kinds], rtol=1e-5)


def test_as_many_levels_are_fitted_as_a_text_has_values(rng):
    kinds = np.repeat([0, 1, 2, 3], 8)
    table = np.column_stack((kinds == 1, kinds == 2, kinds == 3)).astype(float)
    y = np.array([10.0, 10, 14, 19])[kinds] + 2 * rng.standard_normal(32)
    own = scored([parse("14*sqrt(cos(x_0 + x_1)/cos(x_2))")], task(table, y))[0]
    found = Program([plainest(own, task(table, y)).expression]).values(table)[0]
    np.testing.assert_allclose(
        found, np.array([y[kinds == kind].mean() for kind in range(4)])[kinds], rtol=1e-5
    )


@pytest.fixture
def crossed(rng):
    """Two columns of two values, and all four pairs."""
    return rng.integers(0, 2, (60, 2)).astype(float)


def test_a_function_of_two_crossed_columns_is_their_sum_or_has_their_product(crossed, rng):
    """As in an analysis of variance (Fisher); the means of four cells are four numbers."""
    first, second = crossed.T
    noise = 0.6 * rng.standard_normal(60)
    both = 10 + 3 * first + 2 * second + 4 * first * second + noise
    own = refined("(exp(x_0)*(0.27*x_1 + 0.26) + 2.9)**2", both, crossed)
    means = [both[(first == i) & (second == j)].mean() for i in (0, 1) for j in (0, 1)]
    found = Program([plainest(own, task(crossed, both)).expression]).values(crossed)[0]
    np.testing.assert_allclose(found, np.array(means)[(2 * first + second).astype(int)], rtol=1e-5)
    apart = 10 + 3 * first + 2 * second + noise
    own = refined("(0.4*x_0 + 3.2 + 0.1*x_1)**2", apart, crossed)
    assert shown(plainest(own, task(crossed, apart))).count("x_") == 2


def test_a_curve_of_two_crossed_columns_keeps_its_name(crossed, rng):
    """Factors that multiply are as good an explanation as effects that add up."""
    y = 10 * np.exp(0.3 * crossed[:, 0] + 0.2 * crossed[:, 1]) + 0.6 * rng.standard_normal(60)
    form = refined("10*exp(0.3*x_0 + 0.2*x_1)", y, crossed)
    curve = named(form, "exponential of a sum", task(crossed, y))
    assert plainest(curve, task(crossed, y)) == curve


def test_effects_of_two_values_stay_as_they_are_where_they_are_none_of_one_column(rng):
    y = values("2*exp(0.3*x_0 - 0.5*x_1)") * (1 + 0.1 * rng.standard_normal(200))
    own = refined("2*exp(0.3*x_0 - 0.5*x_1)", y)
    assert plainest(own, task(X, y)) == own


def test_powers_of_counts_wave_too_fast_to_be_seen(rng):
    table = np.tile(np.arange(2.0, 12), 4)[:, None]
    own = task(table, rng.standard_normal(40) + 5)
    found = plainest(scored([parse("5 + 0.3*cos(x_0**7)")], own)[0], own)
    assert not found.expression.variables


def test_a_front_gets_the_plain_forms():
    y = values("0.99*x_0 + 0.01*x_1")
    texts = ("0.99*x_0", f"0.99*x_0 + {0.01 / math.tanh(1)!r}*tanh(x_1)", "x_3")
    found = plain([candidate(text, y) for text in texts], task(X, y))
    assert [shown(one) for one in found] == ["0.99*x_0", "0.99*x_0 + 0.01*x_1", "x_3"]


def test_plain_forms_of_noisy_equations_may_have_round_constants(rng):
    """Those of the equation whose place they take were made for a wave."""
    y = values("x_0*x_3") + rng.normal(0, 0.5, len(X))
    found = plain([refined("20.02*sin(0.05*x_0)*x_3", y)], task(X, y))
    assert "x_0*x_3" in map(shown, found)


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([3.0, 1, 2, 2, 7], 1.0),
        ([0.1, 0.2, 0.3, 0.7], 0.1),
        ([1.0, 2, 2.5], 0.5),
        ([1.0, 2, 3.4], None),
        ([1.0, 2], None),
    ],
)
def test_even_spacing_is_told(x, expected):
    assert spacing(np.array(x)) == (expected and pytest.approx(expected))


def test_functions_of_functions_cost_more_the_deeper_they_are():
    """As many nodes beside each other are cheaper, and a third level costs more than a second."""
    chains = ["tanh(x_0)", "tanh(tanh(x_0))", "tanh(tanh(tanh(x_0)))"]
    bits = [expression_bits(parse(text), 100) for text in chains]
    assert (
        bits[2] - bits[1]
        > bits[1] - bits[0]
        > expression_bits(parse("-x_0"), 100) - expression_bits(parse("x_0"), 100)
    )
    flat = "square(sin(x_0) + cos(x_1))"
    nested = "square(sin(x_0 + cos(x_1)))"
    assert expression_bits(parse(flat), 100) < expression_bits(parse(nested), 100)


def test_plain_forms_keep_to_the_units():
    """The square of a length of 0 or 1 m has its value, but not its unit."""
    y = values("x_1**2")
    own = task(X, y, space=SearchSpace(Units.parse(("1", "m", "1", "1"), "m^2", "dimensionless")))
    (squared,) = scored([parse("x_1**2")], own)
    assert plainest(squared, own) is squared
    assert shown(plainest(squared, task(X, y))) == "x_1"

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import expressions

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.parsing import parse
from nsr.expressions.printing import to_infix
from nsr.expressions.simplify import length, simplify, strip_scale
from nsr.expressions.sympy_form import to_sympy

POINTS = np.random.default_rng(0).uniform(-2, 2, (64, 3))


@settings(max_examples=300)
@given(expressions())
def test_values_are_preserved_where_the_input_is_finite(expression):
    before, after = Program([expression, simplify(expression)]).values(POINTS)
    shifted = Program([expression]).values(POINTS * (1 + 1e-13))[0]
    with np.errstate(all="ignore"):
        sensitivity = 100 * np.abs(shifted - before) + 1e-8 * (1 + np.abs(before))
        usable = np.isfinite(before) & (np.abs(before) < 1e8) & np.isfinite(shifted)
        wrong = usable & ~(np.abs(after - before) <= sensitivity)
    assert wrong.mean() < 0.1, to_infix(simplify(expression))


@settings(max_examples=200)
@given(expressions())
def test_simplified_is_a_fixed_point_and_never_longer(expression):
    simplified = simplify(expression)
    assert simplify(simplified) == simplified
    assert len(simplified) <= len(expression)


@settings(max_examples=100)
@given(
    st.lists(expressions(max_leaves=3), min_size=2, max_size=4), st.randoms(), st.sampled_from(["add", "mul"])
)
def test_order_and_grouping_do_not_matter(parts, random, name):
    def joined(items):
        items = list(items)
        while len(items) > 1:
            i = random.randrange(len(items) - 1)
            items[i : i + 2] = [apply(name, items[i], items[i + 1])]
        return items[0]

    shuffled = list(parts)
    random.shuffle(shuffled)
    first, second = simplify(joined(parts)), simplify(joined(shuffled))
    tokens = [[round(t, 9) if isinstance(t, float) else t for t in e.tokens] for e in (first, second)]
    assert tokens[0] == tokens[1] or length(first) != length(second) or _same_values(first, second)


def _same_values(first: Expression, second: Expression) -> bool:
    a, b = Program([first, second]).values(POINTS)
    usable = np.isfinite(a) & np.isfinite(b)
    return bool(np.allclose(a[usable], b[usable], rtol=1e-6))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x_0 + x_0", "2*x_0"),
        ("x_0 * x_0", "x_0**2"),
        ("x_0 / x_0", "1"),
        ("sqrt(x_0**2)", "abs(x_0)"),
        ("cos(x_0*abs(x_1)/x_2)", "cos(x_0*x_1/x_2)"),
        ("cos(x_0*abs(x_0))", "cos(x_0**2)"),
        ("cosh(-2*abs(x_0)**3)", "cosh(2*x_0**3)"),
        ("abs(x_0*abs(x_1 + 1)/x_2)", "abs(x_0*(x_1 + 1)/x_2)"),
        ("cos(x_0*sqrt(abs(x_1)))", "cos(x_0*sqrt(abs(x_1)))"),
        ("exp(log(x_0))", "x_0"),
        ("log(exp(x_0))", "x_0"),
        ("x_0 - x_0", "0"),
        ("x_1*x_0 + x_2*x_0", "x_0*(x_1 + x_2)"),
        ("1/(1/x_0)", "x_0"),
        ("x_0 - (x_1 - x_0)", "2*x_0 - x_1"),
        ("exp(x_0)*exp(x_1)", "exp(x_0 + x_1)"),
        ("sin(-x_0)", "-sin(x_0)"),
        ("cos(x_1 - x_0)", "cos(x_0 - x_1)"),
        ("(x_1 - x_0)**2", "(x_0 - x_1)**2"),
        ("x_0**2 * x_1**2", "(x_0*x_1)**2"),
        ("2*x_0 + 2*x_1", "2*(x_0 + x_1)"),
        ("x_0**0.5 * x_0**1.5", "x_0**2"),
        ("sqrt(1/(1 - x_0))", "1/sqrt(1 - x_0)"),
        ("sqrt(1/(x_0*x_1))", "1/sqrt(x_0*x_1)"),
    ],
)
def test_textbook_rules(text, expected):
    assert to_infix(simplify(parse(text))) == expected


@pytest.mark.parametrize("text", ["sqrt(x_0*x_1)", "log(x_0*x_1)", "sqrt(x_0**2*x_1)", "log(x_0**2)"])
def test_what_only_holds_for_positive_numbers_is_not_applied(text):
    X = np.array([[-2.0, -3.0, 0.0], [-2.0, 3.0, 0.0]])
    before, after = Program([parse(text), simplify(parse(text))]).values(X)
    np.testing.assert_allclose(after, before, equal_nan=True)


@pytest.mark.parametrize("text", ["2*sin(3*x_0) - 7/x_1**2 + 4", "(x_0*3)**2/(6*x_1)", "exp(2*x_0 + 1)"])
def test_agrees_with_sympy(text):
    expression = parse(text)
    assert sympy.simplify(to_sympy(simplify(expression)) - to_sympy(expression)).evalf() == pytest.approx(
        0, abs=1e-9
    )


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (("add", "C", "C"), ("C",)),
        (("mul", "C", "mul", "C", "x_0"), ("mul", "C", "x_0")),
        (("add", "mul", "C", "x_0", "mul", "C", "x_0"), ("mul", "C", "x_0")),
        (("sin", "C"), ("C",)),
        (("mul", "C", 2.0), ("C",)),
        (("neg", "C"), ("C",)),
        (("exp", "add", "x_0", "C"), ("mul", "C", "exp", "x_0")),
    ],
)
def test_placeholders_absorb_constants(tokens, expected):
    assert simplify(Expression(tokens)).tokens == expected


def test_factors_of_unknown_value_are_not_pulled_out_of_a_sum():
    """The two decay rates are not known to be equal, so nothing is shared."""
    growth, decay = ("exp", "mul", "C", "x_0"), ("inv", "exp", "mul", "C", "x_0")
    simplified = simplify(Expression(("add", "mul", "x_0", *growth, "mul", "x_1", *decay)))
    assert simplified.tokens.count("exp") == 2


def test_constant_parts_without_a_value_are_left_alone():
    broken = apply("add", variable(0), apply("log", constant(-1.0)))
    assert simplify(broken) == broken


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3*x_0", "x_0"), ("-x_0", "x_0"), ("5/x_0", "1/x_0"), ("2*x_0 + 2", "x_0 + 1"), ("7", "7"),
        ("x_1 - x_0", "x_0 - x_1"),
    ],
)  # fmt: skip
def test_the_outer_factor_is_dropped(text, expected):
    assert to_infix(strip_scale(simplify(parse(text)))) == expected

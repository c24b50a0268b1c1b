"""What a search space rules out."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import expressions

from eval import equation_texts
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.operators import OPERATORS
from nsr.expressions.parsing import parse
from nsr.expressions.printing import to_infix
from nsr.expressions.simplify import simplify
from nsr.expressions.space import SearchSpace, deepest, depth, signs_of_constants


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("x_0", 1),
        ("-x_0", 1),
        ("sin(x_0)", 2),
        ("x_0 + x_1 - x_2 + 3", 2),
        ("x_0*x_1/x_2", 2),
        ("1/(x_0*x_1)", 2),
        ("2*x_0 + 3*x_1", 3),
        ("2*sin(x_0 + 1) + x_1", 5),
    ],
)
def test_sums_and_products_are_one_level(text, levels):
    assert depth(parse(text)) == levels


@given(expressions(3))
def test_no_subtree_is_deeper_and_none_is_deeper_than_it_is_long(expression):
    own = depth(expression)
    assert all(depth(part) <= own for part in expression.subexpressions())
    assert own <= len(expression)


@given(expressions(2), st.sampled_from(["exp", "sin", "add"]), st.sampled_from(["exp", "sin", "mul"]))
def test_nesting_is_the_longest_way_down(expression, outer, inner):
    def is_called(part, name):
        return part.tokens[0] == name or (name == "add" and part.tokens[0] == "sub")

    def below(part):  # by recursion, as the definition says
        return max((below(child) for child in part.children), default=0) + is_called(part, inner)

    expected = max(
        (
            below(child)
            for part in expression.subexpressions()
            if is_called(part, outer)
            for child in part.children
        ),
        default=0,
    )
    assert deepest(expression, outer, inner) == expected


@pytest.mark.parametrize(
    ("expression", "outer", "inner"),
    [
        (Expression(("inv", "add", "x_0", "x_1")), "div", "add"),
        (Expression(("div", 2.0, "sub", "x_0", -3.0)), "div", "add"),  # written 2/(x_0 + 3)
        (Expression(("div", 1.0, "sin", "x_0")), "inv", "sin"),
        (Expression(("exp", "square", "x_0")), "exp", "pow"),
        (Expression(("exp", "pow", "sin", "x_0", 2.0)), "exp", "square"),
        (Expression(("exp", "inv", "x_0")), "exp", "div"),
    ],
)
def test_nesting_sees_operators_by_the_signs_that_are_written(expression, outer, inner):
    assert deepest(expression, outer, inner) == 1
    assert not SearchSpace(nesting={outer: {inner: 0}}).allows(expression)
    tree = ast.parse(to_infix(expression), mode="eval").body
    assert equation_texts.deepest(tree, outer, inner) == 1


@pytest.mark.parametrize(
    ("space", "allowed", "refused"),
    [
        (SearchSpace(max_complexity=4), ["sin(x_0)", "x_0*x_1"], ["sin(x_0) + 1"]),
        (SearchSpace(max_complexity=4, costs={"x_1": 3, "constant": 0}), ["x_0 + 5 + 7"], ["x_0 + x_1"]),
        (SearchSpace(max_constants=1), ["2*x_0**3", "x_0 + 7"], ["2*x_0 + 1"]),
        (SearchSpace(max_depth=2), ["x_0 + x_1 + 1"], ["2*x_0 + 1"]),
        (SearchSpace(required=frozenset({1})), ["x_1", "x_0 + x_1"], ["x_0", "3"]),
        (SearchSpace(exponents=frozenset({2.0, -1.0})), ["x_0*x_0", "x_1/x_0"], ["x_0**3", "x_0**x_1"]),
        (SearchSpace(exponents=frozenset({4.0})), ["(x_0**2)**2"], ["x_0**2", "sqrt(x_0)", "1/x_0"]),
        (SearchSpace(nesting={"exp": {"exp": 0, "sin": 1}}), ["exp(sin(x_0))"], ["exp(2 + exp(x_0))"]),
        (SearchSpace(max_argument={"exp": 3, "atan": 1}), ["x_0 + x_1*exp(2*x_0)*atan(x_1)"],
         ["exp(2*x_0 + 1)", "atan(-x_0)"]),
        (SearchSpace(max_argument={"sin": 3}, costs={"x_0": 3}), ["sin(x_0)", "sin(2*x_1)"], ["sin(2*x_0)"]),
    ],
)  # fmt: skip
def test_limits(space, allowed, refused):
    assert space.is_limited
    assert all(space.allows(parse(text)) for text in allowed)
    assert not any(space.allows(parse(text)) for text in refused)


@pytest.mark.parametrize(
    ("bounds", "allowed", "refused"),
    [
        ((-1.0, 3.0), ["3*x_0**7 - 1", "sin(3*x_0)"], ["3.1*x_0", "x_0 - 2"]),
        ((0.0, 3.0), ["x_0*3", "x_1 - x_0"], ["x_1 - 1.5*x_0/3", "-2*x_0"]),
    ],
)
def test_constants_are_looked_at_by_themselves(bounds, allowed, refused):
    space = SearchSpace(constant_bounds=bounds)
    assert all(space.allows_constants(parse(text)) for text in allowed)
    assert not any(space.allows_constants(parse(text)) for text in refused)
    assert all(space.allows(parse(text)) for text in refused)


def test_a_minus_before_a_factor_is_one_before_the_term():
    x, minus = variable(0), apply("neg", variable(0))
    for form, signs in (
        (apply("mul", constant(2.0), minus), (-1,)),  # which is written -2*x_0
        (apply("div", constant(2.0), minus), (-1,)),
        (apply("sub", x, apply("mul", constant(2.0), minus)), (1,)),
        (apply("sin", apply("mul", minus, apply("neg", constant(2.0)))), (1,)),
        (apply("neg", apply("add", apply("mul", constant(2.0), x), constant(3.0))), (-1, -1)),
        (apply("div", minus, constant(3.0)), (1,)),
        (parse("x_1 - 2*x_0*(x_0 + 3)"), (-1, 1)),
        (apply("mul", constant(2.0), apply("neg", parse("x_0 - 3"))), (-1, -1)),
    ):
        assert signs_of_constants(form) == signs


def test_without_limits_everything_is_allowed():
    assert not SearchSpace(costs={"sin": 4}).is_limited
    assert SearchSpace().allows(parse("exp(exp(x_0**x_1))"))


@given(expressions(2))
def test_costs_add_up(expression):
    space = SearchSpace(costs=dict.fromkeys(("constant", "variable", *OPERATORS), 1))
    assert space.complexity(expression) == len(expression)
    assert SearchSpace().complexity(expression) == expression.complexity


def test_a_form_that_is_allowed_stays_where_the_plain_one_is_not():
    space = SearchSpace(max_complexity=4)
    long, short = parse("x_0 + x_0"), simplify(parse("x_0 + x_0"))
    assert space.kept(long, short) == short
    own = SearchSpace(max_constants=0)
    assert own.kept(long, short) == long

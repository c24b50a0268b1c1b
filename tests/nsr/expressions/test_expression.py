import pytest
import sympy

from nsr.expressions.expression import Expression, apply, constant, is_structural, variable
from nsr.expressions.operators import OPERATORS, Operator, register


def test_malformed_token_sequences_are_refused():
    for tokens in [(), ("add", "x_0"), ("x_0", "x_1"), ("neg",), ("unknown", "x_0"), ("x_a",)]:
        with pytest.raises(ValueError, match=r"incomplete|left over|unknown"):
            Expression(tokens)


def test_structural_exponents_stay_and_other_constants_are_free():
    power = apply("mul", constant(2.0), apply("pow", variable(0), constant(1.5)))
    assert power.constants == (2.0,)
    assert power.skeleton().tokens == ("mul", "C", "pow", "x_0", 1.5)
    free = apply("pow", variable(0), constant(2.37))
    assert free.constants == (2.37,)
    assert free.with_constants([3.0]).tokens == ("pow", "x_0", 3.0)


@pytest.mark.parametrize("value", [2.0, -3.0, 0.5, -1.5, 1 / 3, -2 / 3, 10.0])
def test_multiples_of_halves_and_thirds_are_structural(value):
    assert is_structural(value)


@pytest.mark.parametrize("value", [0.25, 2.37, 11.0, 0.333])
def test_other_exponents_are_not_structural(value):
    assert not is_structural(value)


def test_with_constants_checks_their_number():
    with pytest.raises(ValueError, match="1 constants expected, 2 given"):
        constant(1.0).with_constants([1.0, 2.0])


def test_parts_of_a_tree():
    tree = apply("sub", apply("sin", variable(2)), variable(0))
    assert [child.tokens for child in tree.children] == [("sin", "x_2"), ("x_0",)]
    assert tree.variables == (0, 2)
    assert [part.tokens for part in tree.subexpressions()][1:] == [("sin", "x_2"), ("x_2",), ("x_0",)]
    assert tree.complexity == 1 + 2 + 1 + 1
    replaced = tree.substitute({0: constant(3.0), 2: apply("neg", variable(0))})
    assert replaced.tokens == ("sub", "sin", "neg", "x_0", 3.0)


def test_an_operator_name_is_taken_only_once():
    with pytest.raises(ValueError, match="exists already"):
        register(OPERATORS["sin"])
    with pytest.raises(ValueError, match="arity"):
        Operator("quaternary", 4, abs, sympy.Abs)

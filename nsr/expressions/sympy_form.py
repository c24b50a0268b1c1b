"""Expressions to SymPy and back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, reduce

import sympy

from nsr.expressions.expression import PLACEHOLDER, Expression, Token, apply, constant, variable
from nsr.expressions.operators import OPERATORS, Operator
from nsr.expressions.round_numbers import multiple_of_pi


def to_sympy(expression: Expression, names: Sequence[str] | None = None) -> sympy.Expr:
    """The SymPy form of an expression.

    Args:
        expression: What to convert; a placeholder becomes the symbol `C`.
        names: Names of the variables; `x_0`, `x_1`, ... by default.

    Returns:
        A SymPy expression over real symbols; whole constants become integers, and simple multiples of pi
        and of 1/pi exact ones.
    """

    def leaf(token: Token, _: int) -> sympy.Expr:
        if not isinstance(token, str):
            return _number(token)
        name = token if names is None or token == PLACEHOLDER else names[int(token[2:])]
        return sympy.Symbol(name, real=True)

    return expression.fold(leaf, lambda operator, arguments: operator.sympy(*arguments))


def from_sympy(expr: sympy.Expr, names: Sequence[str] | None = None) -> Expression:
    """The expression of a SymPy form.

    Args:
        expr: Made of symbols, numbers, sums, products, powers and the table's functions.
        names: Names of the variables in order; `x_0`, `x_1`, ... by default.

    Raises:
        ValueError: If a symbol or a function is unknown.
    """
    if expr.is_Symbol:
        return _symbol(expr, names)
    if expr.is_number and not expr.free_symbols:
        return constant(_real(expr))
    if isinstance(expr, sympy.Piecewise):
        return _of_cases(expr, names)
    arguments = [from_sympy(argument, names) for argument in expr.args]
    if expr.is_Add or expr.is_Mul:
        name = "add" if expr.is_Add else "mul"
        return reduce(lambda a, b: apply(name, a, b), arguments)
    if expr.is_Pow:
        return apply("pow", *arguments)
    if isinstance(expr, sympy.Min | sympy.Max):
        name = "minimum" if isinstance(expr, sympy.Min) else "maximum"
        return reduce(lambda a, b: apply(name, a, b), arguments)
    if isinstance(expr, sympy.Heaviside) and expr.args[1] == 0:
        return apply("step", arguments[0])
    if isinstance(expr, sympy.besselj | sympy.bessely) and expr.args[0] in (0, 1):
        return apply(f"bessel_{expr.func.__name__[-1]}{expr.args[0]}", arguments[1])
    functions = _functions(tuple(OPERATORS.values()))
    if expr.func not in functions:
        raise ValueError(f"SymPy's {expr.func.__name__} has no operator; rewrite the expression without it")
    return apply(functions[expr.func], *arguments)


@lru_cache(maxsize=1)
def _functions(operators: tuple[Operator, ...]) -> dict[type[sympy.Basic], str]:
    """Names of the operators that are nothing but a function of SymPy's, by that function."""
    result = {}
    for operator in operators:
        arguments = sympy.symbols("a b c")[: operator.arity]
        form = operator.sympy(*arguments)
        if form.is_Function and form.args == arguments:
            result[form.func] = operator.name
    return result


def _of_cases(cases: sympy.Piecewise, names: Sequence[str] | None) -> Expression:
    """Two cases, told apart by a comparison; a comparison itself where they are 1 and 0."""
    if len(cases.args) != 2 or cases.args[1][1] != sympy.true:
        raise ValueError("only two cases, the second for all else, have an operator")
    (first, relation), (second, _) = cases.args
    a, b = from_sympy(first, names), from_sympy(second, names)
    if isinstance(relation, sympy.Ge | sympy.Le | sympy.Eq):
        relation, a, b = sympy.Not(relation), b, a
    if not isinstance(relation, sympy.Gt | sympy.Lt | sympy.Ne):
        raise ValueError(f"the condition {relation} has no operator")
    sides = [from_sympy(side, names) for side in relation.args]
    if isinstance(relation, sympy.Ne):
        condition = apply("sub", *sides)
    else:
        condition = apply("greater" if isinstance(relation, sympy.Gt) else "less", *sides)
        if (a, b) == (constant(1.0), constant(0.0)):
            return condition
    return apply("where", condition, a, b)


def _number(value: float) -> sympy.Expr:
    if value.is_integer():
        return sympy.Integer(int(value))
    multiple = multiple_of_pi(value)
    if multiple is None:
        return sympy.Float(value, 17)
    numerator, denominator, exponent = multiple
    return sympy.Rational(numerator, denominator) * sympy.pi**exponent


def _symbol(symbol: sympy.Symbol, names: Sequence[str] | None) -> Expression:
    known = [f"x_{i}" for i in range(1000)] if names is None else list(names)
    if symbol.name == PLACEHOLDER and PLACEHOLDER not in known:
        return Expression((PLACEHOLDER,))
    if symbol.name not in known:
        raise ValueError(f"unknown symbol {symbol.name!r}; name the variables in `names`")
    return variable(known.index(symbol.name))


def _real(number: sympy.Expr) -> float:
    value = complex(number)
    if value.imag:
        raise ValueError(f"{number} is not real")
    return value.real

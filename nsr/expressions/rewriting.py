"""The same function in other words: without redundant constants, multiplied out, or factored."""

from __future__ import annotations

import itertools
import math

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy.polys.rings import sring

from nsr.expressions import algebra
from nsr.expressions.expression import Expression, apply, constant, is_structural, is_variable
from nsr.expressions.nodes import FUNCTION, PRODUCT, SUM, Node, NotFinite, multiply_coefficients
from nsr.expressions.operator import Operator
from nsr.expressions.simplify import simplify
from nsr.expressions.squares import with_completed_squares
from nsr.expressions.sympy_form import from_sympy, to_sympy

# SymPy takes too long to multiply out what is longer.
_MAX_LENGTH = 40
# SymPy has no time limit. So sums that would be longer are not multiplied out, ratios of longer ones are not
# divided, and polynomials of higher degree in a variable or of larger or smaller coefficients not factored.
_MAX_TERMS, _MAX_TERMS_OF_RATIO = 200, 12
_MAX_DEGREE, _MAX_COEFFICIENT = 6, 1e6
# Exponentials of larger constants are no constants that anything could be multiplied by.
_LARGEST_EXPONENT = 300.0
# Phases that are a quarter turn to this many turns are meant to be one.
_SAME_TURN = 1e-9


def rewritten(expression: Expression) -> list[Expression]:
    """Other forms of an expression, simplified and without redundant constants.

    Args:
        expression: What to rewrite, without placeholders.

    Returns:
        Up to nine forms that differ from the expression and from each other.
    """
    units = (without_redundant_constants(expression, by_level) for by_level in (False, True))
    forms = dict.fromkeys((with_completed_squares(expression), *units))
    result = [form for form in forms if form != expression]
    if len(expression.tokens) > _MAX_LENGTH:
        return result
    form = to_sympy(expression).xreplace({sympy.pi: sympy.Float(math.pi, 17)})
    rewrites = (
        multiplied_out, sympy.factor_terms, sympy.together, _with_scaled_logarithms, _divided, _of_powers
    )  # fmt: skip
    for rewrite in rewrites:
        try:
            other = without_redundant_constants(from_sympy(rewrite(form)))
        except (ValueError, TypeError, NotImplementedError, sympy.PolynomialError):
            # complex numbers, functions that we lack, or more than SymPy can do
            continue
        is_finite = all(math.isfinite(value) for value in other.constants)
        if is_finite and other != expression and other not in result:
            result.append(other)
    return result


def multiplied_out(form: sympy.Expr) -> sympy.Expr:
    """The sum that a SymPy expression is; the expression itself where that sum would be too long."""
    if _count_terms(form) > _MAX_TERMS:
        return form
    return sympy.expand(form, power_base=False, power_exp=False, log=False, trig=False)


def factored(form: sympy.Expr) -> sympy.Expr:
    """The product that a SymPy expression is; the expression itself where that may take too long."""
    try:
        is_small = all(_is_small(part) for part in sympy.fraction(sympy.together(form)))
        return sympy.factor(form) if is_small else form
    except sympy.PolynomialError:
        return form


def _is_small(form: sympy.Expr) -> bool:
    """Whether a polynomial in variables and functions has few terms, low degrees, and usual coefficients."""
    if _count_terms(form) > _MAX_TERMS:
        return False
    if form.is_number:
        return True
    _, polynomial = sring(form)
    return max(polynomial.degrees()) <= _MAX_DEGREE and all(
        1 / _MAX_COEFFICIENT <= abs(coefficient) <= _MAX_COEFFICIENT for coefficient in polynomial.coeffs()
    )


def _count_terms(form: sympy.Expr) -> int:
    """Terms of an expression, and of what stands in its functions, once it is multiplied out."""
    if form.is_Atom:
        return 1
    if isinstance(form, sympy.log):  # of a product becomes a sum
        return sum(_count_terms(factor) for factor in sympy.Mul.make_args(form.args[0]))
    counts = [_count_terms(argument) for argument in form.args]
    if form.is_Mul:
        return math.prod(counts)
    if form.is_Pow and form.exp.is_Rational and abs(form.exp) >= 1:
        # More would be too many for any sum.
        exponent = min(int(abs(form.exp)), _MAX_TERMS)
        return math.comb(counts[0] + exponent - 1, counts[0] - 1)
    return sum(counts)


def _with_scaled_logarithms(form: sympy.Expr) -> sympy.Expr:
    """Constants that are added to a logarithm become factors of its argument."""
    return form.replace(lambda node: bool(node.is_Add), _with_scaled_logarithm)


def _with_scaled_logarithm(total: sympy.Expr) -> sympy.Expr:
    level, rest = total.as_coeff_Add()
    found = [term for term in sympy.Add.make_args(rest) if isinstance(term.as_coeff_Mul()[1], sympy.log)]
    if level == 0 or len(found) != 1:
        return total
    size, logarithm = found[0].as_coeff_Mul()
    argument = sympy.expand_mul(sympy.exp(sympy.Float(level / size)) * logarithm.args[0], deep=False)
    return rest - found[0] + size * sympy.log(argument)


def _of_powers(form: sympy.Expr) -> sympy.Expr:
    """Hyperbolic functions of logarithms as ratios of powers: tanh(log(a/b)/2) is (a - b)/(a + b)."""
    return form.replace(_is_hyperbolic_of_logarithm, _ratio_of_powers)


def _is_hyperbolic_of_logarithm(node: sympy.Expr) -> bool:
    if not isinstance(node, (sympy.sinh, sympy.cosh, sympy.tanh)):
        return False
    return isinstance(node.args[0].as_coeff_Mul()[1], sympy.log)


def _ratio_of_powers(node: sympy.Expr) -> sympy.Expr:
    factor, logarithm = node.args[0].as_coeff_Mul()
    single, squared = (logarithm.args[0] ** _whole(power) for power in (factor, 2 * factor))
    if isinstance(node, sympy.tanh):
        return sympy.together((squared - 1) / (squared + 1))
    sign = 1 if isinstance(node, sympy.cosh) else -1
    return sympy.together((squared + sign) / (2 * single))


def _whole(exponent: sympy.Expr) -> sympy.Expr:
    """An exponent as an integer, if it is one."""
    return sympy.Integer(exponent) if float(exponent).is_integer() else exponent


def _divided(form: sympy.Expr) -> sympy.Expr:
    """Ratios of sums in one variable as a constant and proper fractions."""
    return form.replace(_is_ratio_in_one_variable, lambda node: sympy.apart(sympy.cancel(node)))


def _is_ratio_in_one_variable(node: sympy.Expr) -> bool:
    if not (node.is_Mul or node.is_Add) or len(node.free_symbols) != 1:
        return False
    (symbol,) = node.free_symbols
    is_ratio = bool(node.is_rational_function(symbol)) and not node.is_polynomial(symbol)
    return is_ratio and _count_terms(node) <= _MAX_TERMS_OF_RATIO


def without_redundant_constants(expression: Expression, by_level: bool = False) -> Expression:
    """The expression with sums that stand in products divided by one of their coefficients.

    `c * (a*x + b*y)^p` has a constant too many. With `c * (x + b*y)^p` the others can become round.

    Args:
        expression: What to rewrite.
        by_level: Whether sums with a constant term are divided by it even if another coefficient is 1.
    """
    try:
        return simplify(algebra.to_expression(_normalised(algebra.from_expression(expression), by_level)))
    except NotFinite:
        return expression


def tidied(expression: Expression) -> Expression:
    """The expression in plainer functions.

    Quarter turns are taken out of sines and cosines (cos(x - pi/2) is sin(x)), and exponentials of logarithms
    become powers (exp(y*log(x)) is x^y).
    """
    try:
        return simplify(algebra.to_expression(_tidied(algebra.from_expression(expression))))
    except NotFinite:
        return expression


def with_exponentials_apart(expression: Expression) -> Expression:
    """The expression with products of exponentials in place of exponentials of sums, for who has no sums."""

    def written(operator: Operator, parts: list[Expression]) -> Expression:
        return _exponential_of(*parts) if operator.name == "exp" else apply(operator.name, *parts)

    return expression.fold(lambda token, _: Expression((token,)), written)


def _exponential_of(argument: Expression) -> Expression:
    name = argument.tokens[0]
    if name == "add":
        return apply("mul", *map(_exponential_of, argument.children))
    if name == "sub":
        first, second = argument.children
        return apply("mul", _exponential_of(first), _exponential_of(apply("neg", second)))
    if len(argument) == 1 and isinstance(name, float) and abs(name) < _LARGEST_EXPONENT:
        return constant(math.exp(name))
    return apply("exp", argument)


def without_idle_abs(expression: Expression, X: NDArray[np.float64]) -> Expression:
    """The expression without the sizes of variables that have one sign in a table of shape (P, D)."""
    signs = np.where(np.all(X > 0, axis=0), 1, np.where(np.all(X < 0, axis=0), -1, 0))
    tokens = list(expression.tokens)
    for place, (name, argument) in enumerate(itertools.pairwise(expression.tokens)):
        if name == "abs" and isinstance(argument, str) and is_variable(argument):
            sign = signs[int(argument[2:])]
            tokens[place] = {1: "", -1: "neg", 0: "abs"}[int(sign)]
    return Expression(tuple(token for token in tokens if token != ""))


def _tidied(node: Node) -> Node:
    kind = node.kind
    if kind == SUM:
        return algebra.add([algebra.scale(_tidied(term), c) for term, c in node.terms])
    if kind == PRODUCT:
        powers = [algebra.power(_tidied(base), _rounded(exponent)) for base, exponent in node.factors]
        return algebra.multiply([algebra.constant(node, node.coefficient), *powers])
    if kind != FUNCTION:
        return node
    name, arguments = node.name, [_tidied(argument) for argument in node.parts]
    if name in {"sin", "cos"}:
        return _turned(name, arguments[0])
    if name == "exp":
        return _exponential(arguments[0])
    return algebra.function(name, arguments)


def _rounded(exponent: float) -> float:
    """The structural exponent that is meant, where rounding has moved it."""
    return round(6 * exponent) / 6 if is_structural(exponent) else exponent


def _turned(name: str, argument: Node) -> Node:
    """A sine or cosine without quarter turns."""
    sign, total = argument.coefficient, argument.rest
    if total.kind != SUM or sign is None:
        return algebra.function(name, [argument])
    others = [(term, c) for term, c in total.terms if not term.is_one]
    phase = multiply_coefficients(sign, total.constant_term)
    turns = 0.0 if phase is None else phase / (math.pi / 2)
    if abs(turns - round(turns)) > _SAME_TURN:
        return algebra.function(name, [argument])
    rest = algebra.scale(algebra.add([algebra.scale(term, c) for term, c in others]), sign)
    # Each quarter turn leads from sin to cos to -sin to -cos.
    quarter = (round(turns) + (name == "cos")) % 4
    return algebra.scale(algebra.function(("sin", "cos")[quarter % 2], [rest]), -1.0 if quarter > 1 else 1.0)


def _exponential(argument: Node) -> Node:
    """An exponential, or the power that it is."""
    size, rest = argument.coefficient, argument.rest
    factors = rest.factors if rest.kind == PRODUCT else []
    for factor, exponent in factors:
        if factor.is_function("log") and exponent == 1.0:
            others = [algebra.power(base, e) for base, e in factors if base != factor]
            return algebra.power(factor.parts[0], algebra.scale(algebra.multiply(others), size))
    return algebra.function("exp", [argument])


def _normalised(node: Node, by_level: bool) -> Node:
    kind = node.kind
    if kind == FUNCTION:
        return algebra.function(node.name, [_normalised(argument, by_level) for argument in node.parts])
    if kind == SUM:
        return algebra.add([algebra.scale(_normalised(term, by_level), c) for term, c in node.terms])
    if kind == PRODUCT:
        factors = [algebra.constant(node, node.coefficient)]
        for base, exponent in node.factors:
            size, rest = _unit(_normalised(base, by_level), by_level)
            powers = (algebra.power(part, exponent) for part in (algebra.constant(node, size), rest))
            factors += powers
        return algebra.multiply(factors)
    return node


def _unit(node: Node, by_level: bool) -> tuple[float, Node]:
    """Splits a sum without a coefficient of 1 or -1 into a positive number and a sum that has one."""
    sign, total = node.coefficient, node.rest
    if total.kind != SUM or sign is None:
        return 1.0, node
    level, coefficients = total.constant_term, [c for _, c in total.terms if c is not None]
    if any(abs(c) == 1.0 for c in coefficients) and not (by_level and level):
        return 1.0, node
    # A constant term becomes 1, else the smallest coefficient: then a few decimals say most of the others.
    size = abs(sign * (level or min(coefficients, key=abs)))
    return size, algebra.add(
        [algebra.scale(term, sign * c / size) for term, c in total.terms if c is not None]
    )

"""Piecewise and special operators as SymPy expressions."""

from __future__ import annotations

import sympy


def minimum(a: sympy.Expr, b: sympy.Expr) -> sympy.Expr:
    """The smaller one."""
    return sympy.Min(a, b)


def maximum(a: sympy.Expr, b: sympy.Expr) -> sympy.Expr:
    """The larger one."""
    return sympy.Max(a, b)


def mod(a: sympy.Expr, b: sympy.Expr) -> sympy.Expr:
    """What is left of a after whole multiples of b."""
    return sympy.Mod(a, b)


def sign(a: sympy.Expr) -> sympy.Expr:
    """-1, 0 or 1."""
    return sympy.sign(a)


def step(a: sympy.Expr) -> sympy.Expr:
    """1 where a number is positive, else 0."""
    return sympy.Heaviside(a, 0)


def less(a: sympy.Expr, b: sympy.Expr) -> sympy.Expr:
    """1 where the first is less than the second, else 0."""
    return sympy.Piecewise((1, a < b), (0, True))


def greater(a: sympy.Expr, b: sympy.Expr) -> sympy.Expr:
    """1 where the first is greater than the second, else 0."""
    return sympy.Piecewise((1, a > b), (0, True))


def where(condition: sympy.Expr, a: sympy.Expr, b: sympy.Expr) -> sympy.Expr:
    """The first case where a condition holds, the second elsewhere."""
    return sympy.Piecewise((a, _holds(condition)), (b, True))


def _holds(condition: sympy.Expr) -> sympy.Expr:
    """A condition that is 1 or 0 as the relation that it stands for."""
    if isinstance(condition, sympy.Piecewise) and len(condition.args) == 2:
        (one, relation), (zero, otherwise) = condition.args
        if one == 1 and zero == 0 and otherwise == sympy.true:
            return relation
    return sympy.Ne(condition, 0)


def floor(a: sympy.Expr) -> sympy.Expr:
    """The largest whole number that is not larger."""
    return sympy.floor(a)


def ceil(a: sympy.Expr) -> sympy.Expr:
    """The smallest whole number that is not smaller."""
    return sympy.ceiling(a)


def nearest(a: sympy.Expr) -> sympy.Expr:
    """The nearest whole number; of halves, where there are two, the larger one."""
    return sympy.floor(a + sympy.Rational(1, 2))


def gamma(a: sympy.Expr) -> sympy.Expr:
    """The gamma function."""
    return sympy.gamma(a)


def loggamma(a: sympy.Expr) -> sympy.Expr:
    """The logarithm of the gamma function."""
    return sympy.loggamma(a)


def erf(a: sympy.Expr) -> sympy.Expr:
    """The error function."""
    return sympy.erf(a)


def bessel_j0(a: sympy.Expr) -> sympy.Expr:
    """The Bessel function of the first kind of order 0."""
    return sympy.besselj(0, a)


def bessel_j1(a: sympy.Expr) -> sympy.Expr:
    """The Bessel function of the first kind of order 1."""
    return sympy.besselj(1, a)


def bessel_y0(a: sympy.Expr) -> sympy.Expr:
    """The Bessel function of the second kind of order 0."""
    return sympy.bessely(0, a)


def bessel_y1(a: sympy.Expr) -> sympy.Expr:
    """The Bessel function of the second kind of order 1."""
    return sympy.bessely(1, a)

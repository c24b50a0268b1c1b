"""Sensitivities as formulas: what an equation changes by when a variable does, absolutely and in shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy
from numpy.typing import NDArray

from nsr.expressions.sympy_form import to_sympy
from nsr.understanding.subject import Subject

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sensitivity:
    """How an equation answers to one variable.

    Attributes:
        variable: Its name.
        derivative: By the variable, a SymPy expression.
        elasticity: x/f * df/dx, by how many percent the value changes with one percent of the variable; of a
            power law the exponent.
        slopes: Values of the derivative in the rows, shape (P,).
        elasticities: Values of the elasticity there, shape (P,).
    """

    variable: str
    derivative: sympy.Expr
    elasticity: sympy.Expr
    slopes: Array
    elasticities: Array


def sensitivities(subject: Subject) -> list[Sensitivity]:
    """The sensitivity to each variable that the equation has."""
    form, slopes = to_sympy(subject.expression, subject.names), gradients(subject)
    found = []
    for column in subject.used:
        symbol = sympy.Symbol(subject.names[column], real=True)
        with np.errstate(all="ignore"):
            elasticities = slopes[:, column] * subject.X[:, column] / subject.predicted
        found.append(
            Sensitivity(
                subject.names[column],
                sympy.diff(form, symbol),
                _elasticity(form, symbol),
                slopes[:, column],
                elasticities,
            )
        )
    return found


def gradients(subject: Subject) -> Array:
    """Derivatives of the equation by each column in each row, shape (P, D), by automatic differentiation."""
    from nsr.export.torch import ExpressionModule, input_gradients

    if not subject.used:
        return np.zeros_like(subject.X)
    return input_gradients(ExpressionModule(subject.expression), subject.X)


def _elasticity(form: sympy.Expr, symbol: sympy.Symbol) -> sympy.Expr:
    """The sum of the elasticities of a product's factors, each in its plainest form."""
    found = []
    for factor in sympy.Mul.make_args(form):
        base, exponent = factor.as_base_exp()
        if exponent.has(symbol):
            found.append(symbol * sympy.diff(factor, symbol) / factor)
        else:
            found.append(exponent * sympy.cancel(symbol * sympy.diff(base, symbol) / base))
    return sympy.Add(*found)

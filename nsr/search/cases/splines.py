"""Targets that are sums of few terms: variables, hinges, steps, and products of these with a variable.

Terms are added one by one to a constant, then those are taken away that explain no more than chance would
(multivariate adaptive regression splines: Friedman, The Annals of Statistics 19, 1991). Unlike sums of hinges
and all variables (`nsr.search.cases.hinges`) they keep clear of columns that are idle, and know slopes that
depend on another variable.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.search.cases.hinges import best_term, places, steps
from nsr.search.cases.linear import Affine, fitted

Array = NDArray[np.float64]

# Terms that are added at most, and how many one after the other that are not worth their price: a factor that
# is as often negative as positive explains nothing before its product is there.
_MOST, _PATIENCE = 6, 1
# Places that are tried around a hinge that was chosen, and how far from it, as a share of the rows.
_N_NEARBY, _NEARBY = 17, 0.04


@dataclass(frozen=True, eq=False)
class _Term:
    """A term.

    Attributes:
        expression: Over the variables.
        values: Shape (P,).
        index: The variable of its hinge, where it has one,
        t: the place of this,
        is_rising: whether it is zero below, and not above,
        factor: and the variable that it is a product with, if it is one.
    """

    expression: Expression
    values: Array
    index: int | None = None
    t: float = 0.0
    is_rising: bool = True
    factor: int | None = None

    @classmethod
    def hinge(cls, X: Array, index: int, t: float, is_rising: bool) -> _Term:
        """max(x - t, 0), or max(t - x, 0)."""
        sides = (variable(index), constant(t)) if is_rising else (constant(t), variable(index))
        beyond = X[:, index] - t if is_rising else t - X[:, index]
        own = apply("maximum", apply("sub", *sides), constant(0.0))
        return cls(own, np.maximum(beyond, 0.0), index, t, is_rising)

    @property
    def has_case(self) -> bool:
        """Whether it is a hinge or a step, or a product of one."""
        return any(token in ("maximum", "greater") for token in self.expression.tokens)

    def nearby(self, X: Array) -> Iterator[_Term]:
        """The same hinge in other places around."""
        if self.index is not None:
            column = X[:, self.index]
            level = float(np.mean(column <= self.t))
            levels = np.clip(np.linspace(level - _NEARBY, level + _NEARBY, _N_NEARBY), 0.0, 1.0)
            for t in np.unique(np.quantile(column, levels)).tolist():
                hinge = _Term.hinge(X, self.index, t, self.is_rising)
                yield hinge if self.factor is None else hinge.times(X, self.factor)

    def products(self, singles: Sequence[_Term], X: Array) -> Iterator[_Term]:
        """It times each other variable, and if it is a variable itself, times hinges and steps of others."""
        if self.factor is not None:
            return
        for other in singles:
            (index,) = other.expression.variables
            if index in self.expression.variables:
                continue
            if not other.has_case:
                yield self.times(X, index)
            elif not self.has_case:
                yield other.times(X, next(iter(self.expression.variables)))

    def times(self, X: Array, factor: int) -> _Term:
        """Its product with a variable."""
        own = apply("mul", self.expression, variable(factor))
        return replace(self, expression=own, values=self.values * X[:, factor], factor=factor)


@dataclass(frozen=True, eq=False)
class _Sum:
    """A sum of a constant and terms.

    Attributes:
        terms: The terms.
        affine: Their coefficients.
        left: Weighted residuals, shape (P,).
    """

    terms: tuple[_Term, ...]
    affine: Affine
    left: Array

    @classmethod
    def of(cls, terms: tuple[_Term, ...], y: Array, weights: Array) -> _Sum:
        """That of least squares."""
        return cls(terms, *fitted(_columns(terms, len(y)), y, weights))

    @property
    def loss(self) -> float:
        """Weighted sum of squared residuals."""
        return float(self.left @ self.left)

    @property
    def expression(self) -> Expression:
        """With its significant coefficients."""
        return self.affine.expression.substitute({k: term.expression for k, term in enumerate(self.terms)})


def splines(X: Array, y: Array, weights: Array) -> tuple[list[Expression], float]:
    """The sum of few terms that are worth their price.

    Args:
        X: Shape (P, D).
        y: Shape (P,).
        weights: Shape (P,).

    Returns:
        The sum, and the sum of squares that it leaves; none where it has no hinge or step.
    """
    offered = singles = _offered(X)
    longest = found = _Sum.of((), y, weights)
    # A term costs its coefficient, and which of those that are offered it is.
    price = (math.log(len(y)) + 2 * math.log(max(len(singles), 2))) / len(y)
    while offered and len(longest.terms) < _MOST and longest.loss > 0:
        values = np.array([term.values for term in offered])
        best = offered[best_term(values, _columns(longest.terms, len(y)), longest.left, weights)]
        tried = [_Sum.of((*longest.terms, term), y, weights) for term in (best, *best.nearby(X))]
        longest = _straightened(min(tried, key=lambda one: one.loss), X, y, weights, price)
        n_more = len(longest.terms) - len(found.terms)
        if longest.loss < found.loss * math.exp(-n_more * price):
            found = longest
        elif n_more > _PATIENCE:
            break
        offered = [*offered, *longest.terms[-1].products(singles, X)]
    found = _pruned(found, X, y, weights, price)
    return [found.expression] if any(term.has_case for term in found.terms) else [], found.loss


def _offered(X: Array) -> list[_Term]:
    """Variables, hinges to both sides, and steps."""
    terms = [_Term(variable(i), column) for i, column in enumerate(X.T)]
    for i, column in enumerate(X.T):
        terms += [_Term.hinge(X, i, t, is_rising) for t in places(column) for is_rising in (True, False)]
        terms += [_Term(*step) for step in steps(i, column)]
    return terms


def _straightened(found: _Sum, X: Array, y: Array, weights: Array, price: float) -> _Sum:
    """The sum with variables instead of hinges where these bend so near an end that nothing is lost."""
    for k, term in enumerate(found.terms):
        if term.index is not None and term.factor is None:
            plain = _Term(variable(term.index), X[:, term.index])
            other = _Sum.of((*found.terms[:k], plain, *found.terms[k + 1 :]), y, weights)
            found = other if other.loss < found.loss * math.exp(price) else found
    return found


def _pruned(found: _Sum, X: Array, y: Array, weights: Array, price: float) -> _Sum:
    """The sum without terms that are not worth their price, hinges of the others where they then are best."""
    while found.terms:
        shorter = (
            _moved(_Sum.of(found.terms[:k] + found.terms[k + 1 :], y, weights), X, y, weights)
            for k in range(len(found.terms))
        )
        best = min(shorter, key=lambda one: one.loss)
        if best.loss > found.loss * math.exp(price):
            break
        found = best
    return found


def _moved(found: _Sum, X: Array, y: Array, weights: Array) -> _Sum:
    """The sum with each hinge, one after the other, where it is best nearby."""
    for k in range(len(found.terms)):
        tried = (
            _Sum.of((*found.terms[:k], other, *found.terms[k + 1 :]), y, weights)
            for other in found.terms[k].nearby(X)
        )
        found = min((found, *tried), key=lambda one: one.loss)
    return found


def _columns(terms: tuple[_Term, ...], n_rows: int) -> Array:
    return np.column_stack([np.ones(n_rows), *(term.values for term in terms)])

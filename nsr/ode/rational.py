"""Sums of monomials and of monomials over one denominator, for derivatives that are known to many digits.

A ratio f = p/q is linear in the coefficients of both polynomials, p - f q = 0 (Kaheman, Kutz and Brunton,
"SINDy-PI", Proceedings of the Royal Society A 476, 2020, arXiv:2004.02322). What numerators cannot explain of
f times the terms of a denominator says which denominator there is: all small ones are tried. With one of
them in place, sparse regression finds the few terms that stand alone or over it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.expressions.expression import Expression, apply
from nsr.expressions.monomials import ONE, linear_combination, polynomials, terms_of_sum
from nsr.ode.product_sums import values_of_terms
from nsr.refinement.candidates import Candidate
from nsr.refinement.subsets import Breadth, combinations, promising_subsets

Array = NDArray[np.float64]

# Degree of the terms that stand alone, and of a denominator's own; of one variable the second.
_DEGREE, _DEGREE_OF_ONE = 2, 3
# Degree of those over a denominator, of few variables.
_DEGREE_OVER, _FEW = 3, 2
# Degree of sums without one, which are tried where there are no more monomials than this.
_DEGREE_OF_SUMS, _MOST_MONOMIALS = 3, 60
# Degrees of numerators of whole ratios.
_OF_RATIOS = (2, 3, 4)
# Terms of denominators at most, and denominators that are tried of one size.
_MOST_TERMS, _MOST_DENOMINATORS = 4, 500
# Denominators of each size and each degree of numerators that are looked at closely.
_N_LOOKED_AT = 3
# Share of the largest value of a denominator that it does not fall below.
_LEAST = 1e-3
# Of a target's spread, what a ratio leaves at most, and a sum before its constants are fitted.
_LEFT, _ROUGHLY_LEFT = 2e-6, 1e-3
# Share by which the last weight of (1 + a x) (1 + b y) may differ from that of a product.
_OFF_PRODUCT = 0.02
# By how much a weight may differ from one that is tried in its place.
_OFF_ONE = 1e-3
# Sums of few terms.
_BREADTH = Breadth(most_terms=7, most_exhaustive=5, most_subsets=6_000, n_subsets=6)
# Seconds of work for all denominators of one size, and for one that is looked at closely.
_SECONDS, _SECONDS_CLOSELY = 5e-3, 1e-2


def rational_sums(X: Array, y: Array, error: float, clock: Clock) -> Iterator[list[Expression]]:
    """Sums that nearly explain a target, those of the smallest denominators first.

    Args:
        X: Variables, all of which vary, shape (P, V).
        y: Target, shape (P,).
        error: How far it is off, as a share of its spread.
        clock: When it is over no further denominator is tried; is told of the work.
    """
    n = X.shape[1]
    degree = _DEGREE_OF_ONE if n == 1 else _DEGREE
    terms = polynomials(n, degree)
    above = polynomials(n, _DEGREE_OVER if n <= _FEW else _DEGREE)
    above_values = values_of_terms(above, X)
    values, left = values_of_terms(terms, X), max(_LEFT, 10 * error)
    numerators = [basis for d in _OF_RATIOS if (basis := _orthonormal(polynomials(n, d), X)) is not None]
    for size in range(1, _MOST_TERMS + 1):
        found: list[Expression] = []
        if math.comb(len(terms), size) > _MOST_DENOMINATORS:
            return
        for denominator in _denominators(values, y, numerators, size, left, clock):
            if clock.is_over:
                break
            clock.spend(_SECONDS_CLOSELY)
            found += _sums((terms, values), (above, above_values), denominator, y)
        yield found


def polynomial_sums(X: Array, y: Array, error: float, clock: Clock) -> list[Expression]:
    """Sums of few monomials that nearly explain a target; arguments are those of `rational_sums`."""
    terms = polynomials(X.shape[1], _DEGREE_OF_SUMS)
    clock.spend(_SECONDS_CLOSELY)
    if len(terms) > min(_MOST_MONOMIALS, len(y) // 2):
        return []
    few = _few_of(values_of_terms(terms, X).T, y, max(_LEFT, 10 * error))
    return [linear_combination([(w, terms[place]) for place, w in parts.items()]) for parts in few]


def of_fewest_terms(exact: Sequence[Candidate]) -> list[Candidate]:
    """Of sums that are all exact those of fewest terms, and of these those with fewest over a denominator.

    a - b x / (k + x) is (c + d x) / (k + x), too.
    """
    lengths = [_lengths(one.expression) for one in exact]
    return [one for one, own in zip(exact, lengths, strict=True) if own == min(lengths)]


def _lengths(total: Expression) -> tuple[int, int]:
    """Terms of a sum, and how many of them stand over a denominator."""
    alone, above = 0, 0
    for term in terms_of_sum(total):
        if term.tokens[0] == "div":
            above += len(terms_of_sum(term.children[0]))
        else:
            alone += 1
    return alone + above, above


@dataclass(frozen=True)
class _Denominator:
    """A sum of terms.

    Attributes:
        places: Of the terms.
        weights: Of these.
        values: Of the sum, shape (P,).
    """

    places: tuple[int, ...]
    weights: Array
    values: Array


def _orthonormal(terms: Sequence[Expression], X: Array) -> Array | None:
    """What spans the terms, shape (P, n); None where they would explain anything."""
    table = values_of_terms(terms, X).T
    if table.shape[1] > len(X) // 2 or not np.all(np.isfinite(table)):
        return None
    return np.linalg.qr(table / np.linalg.norm(table, axis=0))[0]


def _denominators(
    values: Array, y: Array, numerators: Sequence[Array], size: int, left: float, clock: Clock
) -> Iterator[_Denominator]:
    """Sums of so many terms that make some ratio explain the target, the best few of each numerator.

    Args:
        values: Of the terms, shape (n, P).
        y: The target, shape (P,).
        numerators: Orthonormal bases of them, each (P, m).
        size: Number of terms.
        left: Share of the target's spread that a ratio leaves at most.
        clock: Is told of the work.
    """
    subsets = combinations(len(values), size)
    scale = np.linalg.norm(y * values, axis=1)
    seen: set[tuple[int, ...]] = set()
    for basis in numerators:
        clock.spend(_SECONDS)
        columns = (y * values / scale[:, None]).T
        rest = columns - basis @ (basis.T @ columns)
        rest -= basis @ (basis.T @ rest)
        triangle = np.linalg.qr(rest)[1]
        weights = np.linalg.svd(triangle[:, subsets].transpose(1, 0, 2))[2][:, -1] / scale[subsets]
        sums = np.einsum("sk,skp->sp", weights, values[subsets])
        with np.errstate(all="ignore"):
            off = y - (basis @ (basis.T @ (y * sums).T)).T / sums
            share = np.linalg.norm(off, axis=1) / np.linalg.norm(y - y.mean())
        size_of = np.abs(sums)
        is_usable = (size_of.min(axis=1) > _LEAST * size_of.max(axis=1)) & (np.ptp(sums, axis=1) > 0)
        share = np.where(is_usable & (np.abs(np.sign(sums).sum(axis=1)) == sums.shape[1]), share, np.inf)
        for place in np.argsort(share, kind="stable")[:_N_LOOKED_AT].tolist():
            places = tuple(subsets[place].tolist())
            if share[place] <= left and places not in seen:
                seen.add(places)
                yield _Denominator(places, weights[place], sums[place])


def _sums(
    alone: tuple[Sequence[Expression], Array],
    over: tuple[Sequence[Expression], Array],
    denominator: _Denominator,
    y: Array,
) -> list[Expression]:
    """Sums of few terms that leave hardly anything.

    Args:
        alone: Terms that stand alone, and their values, shape (n, P).
        over: The same of those over the denominator, shape (m, P).
        denominator: One of the terms that may stand alone.
        y: The target, shape (P,).
    """
    table = np.concatenate((alone[1], over[1] / denominator.values)).T
    forms = _forms(*alone, denominator)
    few = _few_of(table, y, _ROUGHLY_LEFT)
    return [_written(parts, alone[0], over[0], *form) for parts in few for form in forms]


def _few_of(table: Array, y: Array, left: float) -> list[dict[int, float]]:
    """Sums of few columns that leave no more than a share of a target's spread, as weights by places."""
    most, found = left * float(np.linalg.norm(y - y.mean())), list[dict[int, float]]()
    for subset in promising_subsets(table, y, _BREADTH):
        columns = table[:, subset]
        norms = np.linalg.norm(columns, axis=0)
        weights = np.linalg.lstsq(columns / norms, y, rcond=1e-14)[0]
        if np.linalg.norm(y - columns / norms @ weights) <= most:
            found.append(dict(zip(subset, (weights / norms).tolist(), strict=True)))
    return found


def _forms(
    terms: Sequence[Expression], values: Array, denominator: _Denominator
) -> list[tuple[Expression, float]]:
    """A denominator as sums, and as a product where it nearly is one, each with what it was divided by."""
    first, places = float(denominator.weights[0]), denominator.places
    weights = [1.0, *(denominator.weights[1:] / first).tolist()]
    plain = [1.0 if abs(weight - 1) < _OFF_ONE else weight for weight in weights]
    forms = [_sum([terms[p] for p in places], own) for own in dict.fromkeys(map(tuple, (plain, weights)))]
    if len(places) == _MOST_TERMS and places[0] == 0:
        _, a, b, both = places
        is_product = np.allclose(values[a] * values[b], values[both])
        if is_product and abs(weights[1] * weights[2] - weights[3]) < _OFF_PRODUCT * abs(weights[3]):
            factors = (_sum([ONE, terms[place]], (1.0, weights[k])) for k, place in ((1, a), (2, b)))
            forms.insert(0, apply("mul", *factors))
    return [(form, first) for form in forms]


def _sum(terms: Sequence[Expression], weights: Sequence[float]) -> Expression:
    """A sum in which factors of one are not written."""
    parts = [
        linear_combination([(weight, term)]) if weight != 1 or term == ONE else term
        for weight, term in zip(weights, terms, strict=True)
    ]
    return reduce(lambda a, b: apply("add", a, b), parts)


def _written(
    parts: dict[int, float],
    alone: Sequence[Expression],
    over: Sequence[Expression],
    below: Expression,
    first: float,
) -> Expression:
    """A sum whose terms are numbered with those over the denominator after those alone.

    Args:
        parts: Weights by numbers.
        alone: Terms alone,
        over: and over the denominator.
        below: The denominator,
        first: which was divided by this.
    """
    n = len(alone)
    apart = [(weight, alone[place]) for place, weight in parts.items() if place < n]
    above = [(weight / first, over[place - n]) for place, weight in parts.items() if place >= n]
    if not above:
        return linear_combination(apart)
    ratio = apply("div", linear_combination(above), below)
    return apply("add", linear_combination(apart), ratio) if apart else ratio

"""Sums of terms near others: without some of their terms, and with one of a library instead.

All of them are solved for, so that what is reached by one exchange from any of a few sums is not missed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.expressions.monomials import linear_combination
from nsr.ode.settings import OdeSettings
from nsr.ode.ties import multiplied_out
from nsr.ode.weak_form import Fit, WeakForm, weak_bits

Array = NDArray[np.float64]

# Terms that are left out at a time, those of a sum at most, and those that are tried in each place.
_MOST_LEFT_OUT, _MOST_TERMS, _N_TRIED = 2, 8, 6
# Share of a column's square that other terms must not explain.
_TELLING = 1e-6
# Seconds of work for a library beside a subset, by its terms and equations; and for a sum that is looked at.
_SECONDS, _SECONDS_A_SUM = 2e-9, 3e-4


def exchanged_sums(
    weak: WeakForm,
    component: int,
    sums: Iterable[Expression],
    library: Sequence[Expression],
    settings: OdeSettings,
    n_kept: int,
    clock: Clock,
) -> list[Expression]:
    """The sums of shortest description that are one exchange away.

    Args:
        weak: What right-hand sides are compared by.
        component: Whose left-hand side is to be explained.
        sums: Right-hand sides to begin with; inner constants of their terms stay as they are.
        library: Terms that may be added, one at a time.
        settings: What descriptions cost.
        n_kept: Sums that are returned.
        clock: Is told of the work; when it is over no further sum is looked at.
    """
    table = _Table(weak, component, library)
    found: dict[frozenset[Expression], Fit] = {}
    for whole in sums:
        own = terms_of(whole)
        if clock.is_over or len(own) > _MOST_TERMS:
            continue
        columns = table.columns_of(own)
        for n in range(min(_MOST_LEFT_OUT, len(own)) + 1):
            for left_out in itertools.combinations(range(len(own)), n):
                kept = [place for place in range(len(own)) if place not in left_out]
                clock.spend(_SECONDS * table.rows.size)
                for fit in table.with_one_more([own[place] for place in kept], columns[kept]):
                    found.setdefault(frozenset(terms_of(fit.expression)), fit)
    clock.spend(_SECONDS_A_SUM * len(found))
    ranked = sorted(found.values(), key=lambda fit: weak_bits(fit, weak, settings))
    return [fit.expression for fit in ranked[:n_kept]]


def terms_of(expression: Expression) -> list[Expression]:
    """The terms of a right-hand side, multiplied out, without their factors; 1 for a constant."""
    return list(dict.fromkeys(term for _, term in multiplied_out(expression)))


class _Table:
    """Integrals of a library's terms, of unit length, and what they are to explain."""

    def __init__(self, weak: WeakForm, component: int, library: Sequence[Expression]) -> None:
        self._weak, self._target = weak, weak.target[:, component]
        self._size = float(np.linalg.norm(self._target)) or 1.0
        rows = weak.integrals(Program(list(library)))
        norms = np.linalg.norm(rows, axis=1)
        usable = np.flatnonzero(np.isfinite(norms) & (norms > 0))
        self._library = [library[place] for place in usable.tolist()]
        self._norms = norms[usable]
        self.rows = rows[usable] / self._norms[:, None]

    def columns_of(self, terms: Sequence[Expression]) -> Array:
        """Integrals of terms, shape (n, M); 0 where they are not finite."""
        rows = self._weak.integrals(Program(list(terms)))
        return np.where(np.isfinite(rows), rows, 0.0)

    def with_one_more(self, terms: list[Expression], columns: Array) -> list[Fit]:
        """The sum of some terms, and those with the terms of the library that leave least beside them."""
        basis = _basis(columns)
        rest = self._target - basis @ (basis.T @ self._target)
        others = self.rows - (self.rows @ basis) @ basis.T
        lengths = np.sum(others**2, axis=1)
        told = np.where(lengths > _TELLING, (others @ rest) ** 2 / np.maximum(lengths, _TELLING), 0.0)
        best = np.argsort(-told)[:_N_TRIED].tolist()
        sums = [self._fit(terms, columns)] if terms else []
        for one in best:
            with_it = np.vstack((columns, self._norms[one] * self.rows[one]))
            sums.append(self._fit([*terms, self._library[one]], with_it))
        return sums

    def _fit(self, terms: list[Expression], columns: Array) -> Fit:
        norms = np.linalg.norm(columns, axis=1)
        norms = np.where(norms > 0, norms, 1.0)
        unit = (columns / norms[:, None]).T
        weights = np.linalg.lstsq(unit, self._target, rcond=1e-10)[0]
        left = float(np.linalg.norm(self._target - unit @ weights))
        pairs = zip((weights / norms).tolist(), terms, strict=True)
        return Fit(linear_combination(list(pairs)), left / self._size)


def _basis(columns: Array) -> Array:
    """An orthonormal basis of the span of rows, as columns."""
    if not len(columns):
        return np.zeros((columns.shape[1], 0))
    modes, values, _ = np.linalg.svd(columns.T, full_matrices=False)
    return np.asarray(modes[:, values > 1e-10 * max(values[0], 1e-300)])

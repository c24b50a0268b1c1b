"""Inner constants of terms, found by trying them: those that explain most of what other terms leave."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.ode.weak_form import WeakForm

Array = NDArray[np.float64]

# Grids, each around the best value of the one before, and values of a finer one.
_N_ROUNDS, _N_FINER = 3, 11
# Seconds of work for a node at a point.
_SECONDS = 5e-9
# Squares of a term's integrals, as a share of those of the largest of its family, from which on bumps see
# it: not waves of which several turns fit under one of them. Share of its squares that other terms must not
# explain.
_SEEN, _TELLING = 1e-3, 1e-9
# Share of a component that counts as nothing.
_EXACT = 1e-4
_TINY = 1e-300

# The terms that stand in a sum together where an inner constant has some value.
Family = Callable[[float], Sequence[Expression]]


class Scan:
    """What is left of one component by terms without inner constants, which are fitted along with all others.

    That outer constants are solved for at each value of an inner one is variable projection (Golub and
    Pereyra, SIAM Journal on Numerical Analysis 10, 1973, 413-432), here in weak form.
    """

    def __init__(self, weak: WeakForm, component: int, others: Sequence[Expression], clock: Clock) -> None:
        """Fits the other terms.

        Args:
            weak: The observations.
            component: Whose left-hand side is to be explained.
            others: Terms of a sum that may stand beside those that are tried.
            clock: Is told of the work.
        """
        self._weak, self._clock = weak, clock
        table = weak.integrals(Program(list(others)))
        table = table[np.all(np.isfinite(table), axis=1)].T
        self._basis = np.linalg.qr(table / np.maximum(np.linalg.norm(table, axis=0), _TINY))[0]
        target = weak.target[:, component]
        self._left = target - self._basis @ (self._basis.T @ target)
        self._size = float(np.linalg.norm(target))

    @property
    def is_exact(self) -> bool:
        """Whether the other terms leave nothing."""
        return float(np.linalg.norm(self._left)) <= _EXACT * self._size

    def best(self, family: Family, grid: Array) -> float | None:
        """The value of an inner constant whose terms explain most.

        Args:
            family: The terms, for each value.
            grid: Ascending values to try; those around the best one are then refined.

        Returns:
            The value; None where no terms explain anything.
        """
        best, most = None, 0.0
        for _ in range(_N_ROUNDS):
            gains = self._gains(family, grid)
            place = int(np.argmax(gains))
            if gains[place] > most:
                best, most = float(grid[place]), float(gains[place])
            low, high = grid[max(place - 1, 0)], grid[min(place + 1, len(grid) - 1)]
            grid = np.linspace(low, high, _N_FINER)
        return best

    def _gains(self, family: Family, values: Array) -> Array:
        """Share of what is left that the terms of each value explain, shape (F,)."""
        groups = [list(family(value)) for value in values.tolist()]
        program = Program([term for group in groups for term in group])
        self._clock.spend(_SECONDS * int(program.tape.offsets[-1]) * self._weak.n_points)
        flat = self._weak.integrals(program)
        tables = flat.reshape(len(groups), len(groups[0]), -1)
        with np.errstate(all="ignore"):
            size = np.sum(tables**2, axis=(1, 2))
            tables = tables - (tables @ self._basis) @ self._basis.T
            normal = tables @ np.swapaxes(tables, 1, 2)
            moments = tables @ self._left
            is_usable = np.isfinite(size) & np.all(np.isfinite(normal), axis=(1, 2))
            normal = np.where(is_usable[:, None, None], normal, np.eye(len(groups[0])))
            moments = np.where(is_usable[:, None], moments, 0.0)
            own = np.trace(normal, axis1=1, axis2=2)
            solved = np.einsum("fi,fij,fj->f", moments, np.linalg.pinv(normal, _TELLING, True), moments)
        largest = np.max(size, where=is_usable, initial=0.0)
        is_seen = is_usable & (size > _SEEN * largest) & (own > _TELLING * size)
        total = float(self._left @ self._left) or 1.0
        return np.asarray(np.where(is_seen, solved / total, 0.0))

"""Fewer variables told by rows next to each other, where poles and decades defeat every smooth surrogate.

Where a target, over a power of x_i, does not depend on x_i any more, rows next to each other in all other
variables have targets next to each other, whatever their x_i. Errors are those of the delta test (Eirola,
Lendasse, Corona and Verleysen, IJCNN 2014, doi:10.1109/IJCNN.2014.6889560), which compares each row with its
nearest one, but of ranks: no pole, and no decade, counts more than another. A variable may go if what is left
between two such rows, and its size, say nothing of how far apart they are in it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.stats import rankdata

from nsr.clock import Clock
from nsr.expressions.expression import Expression, apply, variable
from nsr.expressions.monomials import power
from nsr.search.polynomials import fitting_work
from nsr.search.state import State
from nsr.search.structure.reduction import is_usable
from nsr.search.structure_settings import NeighboursSettings

Array = NDArray[np.float64]
Places = NDArray[np.intp]

# Operators that scaling one variable and another leaves as they are, and those that shifts do.
_OF_SCALE, _OF_SHIFT = ("div", "mul"), ("sub", "add")
# Of finding nearest rows, for a row and a variable.
_SECONDS_A_VALUE = 2e-6


def is_blind(state: State, settings: NeighboursSettings = NeighboursSettings()) -> bool:
    """Whether the best surrogate misses more than noise: it is off alike from rows next to each other.

    Where there are too few rows to tell, it may be.
    """
    if state.n_rows < settings.least_rows:
        return True
    few = state.first(settings.n_rows)
    with np.errstate(all="ignore"):
        off = few.root_weights * (few.y - few.surrogate.targets(few.X, few.centre))
    if not np.all(np.isfinite(off)):
        return True
    ranks = _ranks(off)
    alike = _correlation(ranks, ranks[_nearest(_ranks(few.X))[:, 0]])
    return bool(alike * np.sqrt(len(ranks)) > settings.significant)


@dataclass(frozen=True)
class _Step:
    """One variable less.

    Attributes:
        growth: Of the error of the delta test for the target that is left.
        gone: The variables that go.
        new: What comes in place of two; None where one goes.
        column: By a power of this variable, which is among those that go,
        exponent: the target is divided.
    """

    growth: float
    gone: tuple[int, ...]
    new: Expression | None
    column: int
    exponent: float

    def taken(self, state: State) -> list[State]:
        """The states after it that are usable, the one that surrogates tell most of first.

        Of a ratio either variable may be above, and either be what is divided by: rows next to each other do
        not tell which.
        """
        news, dividing = [self.new], self.gone if self.exponent else self.gone[:1]
        if self.new is not None and self.new.tokens[0] == "div":
            news.append(apply("inv", self.new))
        divided = (_divided(state, column, self.exponent) for column in dividing)
        found = [_replaced(one, self.gone, new) for one, new in itertools.product(divided, news)]
        return sorted(filter(is_usable, found), key=lambda child: child.error)

    def is_confirmed(self, rows: _Rows, clock: Clock, settings: NeighboursSettings) -> bool:
        """Whether other rows tell the same."""
        only = replace(settings, exponents=(self.exponent,))
        return any(rows.steps(self.gone, self.new, clock, only))


def told_by_neighbours(
    state: State, clock: Clock, settings: NeighboursSettings = NeighboursSettings()
) -> list[State]:
    """The state with as few variables as rows next to each other tell.

    Args:
        state: For which surrogates are blind.
        clock: Is told of the work; once it is over there is no further step.
        settings: Which steps, and what they are to keep.

    Returns:
        One state, or, where a ratio is the one variable left, the same in other words, too, the one that
        surrogates tell most of first; none where no variable can be done without.
    """
    if state.n_rows < settings.least_rows or state.n_variables > settings.most_variables:
        return []
    clock = clock.within(settings.most_work)
    found = _told(state, np.arange(state.n_rows), clock, settings)
    if found and not is_blind(found[0], settings):
        return found
    # Noise of one size hides small targets.
    n_large = max(settings.least_rows, round(settings.large_share * state.n_rows))
    large = np.sort(np.argsort(-np.abs(state.y), kind="stable")[:n_large])
    others = _told(state, large, clock, settings)
    best = found[0].error if found else state.error
    return others if others and others[0].error < best else found


def _told(state: State, own: Places, clock: Clock, settings: NeighboursSettings) -> list[State]:
    """What some rows of a state tell of it."""
    found: list[State] = []
    while state.n_variables > 1 and not clock.is_over:
        rows = state.of_rows(own)
        steps = _steps(_Rows.of(rows.first(settings.n_rows)), clock, settings)
        if not steps:
            break
        more = _Rows.of(rows.first(settings.n_confirming))  # of which more are near each other
        confirmed = (step for step in steps if step.is_confirmed(more, clock, settings))
        better = next(filter(None, (step.taken(state) for step in confirmed)), [])
        if not better:
            break
        clock.spend(sum(fitting_work(child.X, child.settings) for child in better))
        found, state = better, better[0]
    return found if state.n_variables == 1 else found[:1]


@dataclass(frozen=True)
class _Rows:
    """Rows of a state.

    Attributes:
        state: Whose they are.
        columns: Ranks of its variables, shape (P, D).
        nearest: The two rows next to each one, shape (P, 2).
    """

    state: State
    columns: Array
    nearest: Places

    @classmethod
    def of(cls, state: State) -> _Rows:
        columns = _ranks(state.X)
        return cls(state, columns, _nearest(columns))

    def steps(
        self, gone: tuple[int, ...], new: Expression | None, clock: Clock, settings: NeighboursSettings
    ) -> Iterator[_Step]:
        """Steps that bring rows nearer to each other, with each power that leaves nothing of what goes.

        Args:
            gone: Variables that go, the first of which is in the power.
            new: What comes in place of two.
            clock: Is told of the work; once it is over there are none.
            settings: Which powers.
        """
        child = _replaced(self.state, gone, new)
        if clock.is_over or not is_usable(child):
            return
        clock.spend(_SECONDS_A_VALUE * self.columns.size)
        nearest, column = _nearest(_ranks(child.X)), gone[0]
        apart = _difference(self.columns[:, column], nearest)
        for exponent in settings.exponents if new is None or new.tokens[0] in _OF_SCALE else (0.0,):
            with np.errstate(all="ignore"):
                target = self.state.y / np.power(self.state.X[:, column], exponent)
            if not np.all(np.isfinite(target)):
                continue
            ranks = _ranks(target)
            differences = _difference(ranks, nearest)
            growth = _size(differences) / _size(_difference(ranks, self.nearest))
            if growth < settings.most_growth and _are_independent(differences, apart, settings.significant):
                yield _Step(growth, gone, new, column, exponent)


def _steps(rows: _Rows, clock: Clock, settings: NeighboursSettings) -> list[_Step]:
    """Steps to one variable less, the best first: one goes or, where none may, two become one."""
    n_variables = rows.state.n_variables
    found = [step for i in range(n_variables) for step in rows.steps((i,), None, clock, settings)]
    if not found and n_variables <= settings.most_paired:
        for pair, name in itertools.product(
            itertools.combinations(range(n_variables), 2), (*_OF_SCALE, *_OF_SHIFT)
        ):
            found += rows.steps(pair, apply(name, *map(variable, pair)), clock, settings)
    return sorted(found, key=lambda step: step.growth)


def _replaced(state: State, gone: tuple[int, ...], new: Expression | None) -> State:
    return state.without(gone) if new is None else state.replaced(gone, new)


def _divided(state: State, column: int, exponent: float) -> State:
    return state.divided(power(column, exponent)) if exponent else state


def _are_independent(differences: Array, apart: Array, significant: float) -> bool:
    """Whether neither differences nor their sizes go with how far apart rows are in what has gone.

    Of the two rows next to each one the second is as likely as the first to be farther apart in what has
    gone, wherever they are; if that counts, the target then differs more, too.

    Args:
        differences: Of the target between rows and the two next to them, shape (P, 2).
        apart: The rows in what has gone, shape (P, 2).
        significant: Standard errors of a correlation that is none.
    """
    largest = significant / np.sqrt(len(apart))
    farther, larger = (np.sign(np.diff(np.abs(values), axis=1)) for values in (apart, differences))
    return bool(np.mean(farther * larger) < largest and abs(_correlation(differences, apart)) < largest)


def _correlation(a: Array, b: Array) -> float:
    a, b = a.ravel() - a.mean(), b.ravel() - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0 else 0.0


def _nearest(columns: Array) -> Places:
    """The two rows next to each one, shape (P, 2)."""
    places = np.asarray(cKDTree(columns).query(columns, k=3)[1])
    is_own = places == np.arange(len(columns))[:, None]  # not always the first, where rows are repeated
    return np.take_along_axis(places, np.argsort(is_own, axis=1, kind="stable"), axis=1)[:, :2]


def _difference(values: Array, nearest: Places) -> Array:
    """Shape (P, 2)."""
    return np.asarray(values[:, None] - values[nearest])


def _size(differences: Array) -> float:
    """Their mean size; 0 for a smooth target of infinitely many rows, a third for one of chance alone."""
    return float(np.mean(np.abs(differences))) or float(np.finfo(np.float64).tiny)


def _ranks(values: Array) -> Array:
    """Ranks along the first axis, as shares of their number."""
    return np.asarray(rankdata(values, axis=0) / len(values))

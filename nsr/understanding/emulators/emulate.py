"""Emulation: calls where they tell most, equations, and errors by cross-validation until they are small."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from nsr.data.notes import DataWarning, tell
from nsr.evaluate.program import Program, values_of
from nsr.expressions.expression import Expression
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.refine import Effort, refine
from nsr.regressor import SymbolicRegressor
from nsr.task import Task
from nsr.understanding.emulators.box import Box, Range, most_doubtful
from nsr.understanding.emulators.emulator import Emulator, conformal_bound
from nsr.understanding.emulators.residual import KINDS, Kind, Residual, residual_of
from nsr.understanding.emulators.target import Target

Array = NDArray[np.float64]

# Calls before the first fit: at least so many, and so many for each input; each round then doubles them.
_LEAST_FIRST, _FIRST_PER_INPUT = 32, 8
_N_FOLDS = 5
# Points that those of a round are chosen from, and the margin around the cube that is moved onto its faces.
_N_POOL, _MARGIN = 8192, 0.05
# Equations that are asked about points, and neighbours whose errors speak for a point.
_COMMITTEE, _N_NEAR = 4, 5
_REFIT = Effort(restarts=1, iterations=30)


def emulate(
    function: Callable[..., float],
    ranges: Mapping[str, Range],
    budget: int = 200,
    tolerance: float = 0.01,
    residual: Kind | None = None,
    time_limit: float = 60.0,
    seed: int = 0,
) -> Emulator:
    """A fast symbolic stand-in for an expensive function.

    The function is called at points that fill its box (a scrambled Halton sequence), equations are fitted to
    its values, and then at as many points again, half of them further ones of the sequence, half where the
    best equations disagree most or, with a residual, where the largest errors are; until the cross-validated
    error is below the tolerance or the budget is used up. The simplest equation that reaches the tolerance is
    chosen, or the one that comes nearest; with a residual this one or the simplest of all, as an equation may
    leave what is harder to learn than the function itself.

    Errors are shares of the value or, where the function changes its sign, of the spread of its values.
    Values that differ by more than a factor of ten are fitted by their logarithm.

    Args:
        function: Of one number for each input, in the order of the ranges.
        ranges: Of each input: `(low, high)`, or `(low, high, "log")` where it goes over decades.
        budget: Calls at most.
        tolerance: Error that 95 % of new points in the box shall stay below.
        residual: What is learned of what the equation leaves: by a `gaussian_process`, a `neural` network, or
            not at all.
        time_limit: Seconds for all searches together, calls not counted.
        seed: Of points and searches.

    Raises:
        ValueError: If a range is none, the budget is below 20, there is no such residual, or the function has
            no finite value at some point.
    """
    if budget < 20:
        raise ValueError(f"budget={budget}: give at least 20 calls, the bound needs as many errors")
    if residual not in (None, *KINDS):
        raise ValueError(f"residual={residual!r} must be None, {' or '.join(map(repr, KINDS))}")
    box = Box.of(ranges)
    calls = _Calls(function, box, seed)
    first = min(budget, max(_LEAST_FIRST, _FIRST_PER_INPUT * len(box.names)))
    n_rounds = 1 + math.ceil(math.log2(budget / first))
    model = SymbolicRegressor(
        time_limit=time_limit / n_rounds, random_state=seed, loss="squared_error", warm_start=True
    )
    calls.fill(first)
    while True:
        emulator, errors = _fitted(model, calls, tolerance, residual, seed)
        left = budget - len(calls.y)
        if emulator.bound <= tolerance or not left:
            break
        n_new = min(left, len(calls.y))
        unit = box.unit(calls.X)
        doubt = _spread(_committee(model), box) if residual is None else _errors_near(unit, errors)
        calls.fill(n_new - n_new // 2)
        calls.ask_where_doubtful(doubt, n_new // 2)
    if emulator.bound > tolerance:
        more = "" if residual else ", or residual='gaussian_process'"
        tell(
            f"after {emulator.n_calls} calls errors are below {emulator.bound:.2g}, not {tolerance:g}: give "
            f"a larger budget or time_limit, a smaller box{more}"
        )
    return emulator


class _Calls:
    """The function's values so far, and which of the points are of the sequence."""

    def __init__(self, function: Callable[..., float], box: Box, seed: int) -> None:
        self._function, self.box = function, box
        self._sequence = qmc.Halton(len(box.names), rng=np.random.default_rng(seed))
        self._rng = np.random.default_rng(seed)
        self.X, self.y = np.empty((0, len(box.names))), np.empty(0)
        self.is_even = np.empty(0, dtype=np.bool_)

    def fill(self, n: int) -> None:
        """Calls the function at the next points of the sequence."""
        self._call(self._sequence.random(n), True)

    def ask_where_doubtful(self, doubt: Callable[[Array], Array], n: int) -> None:
        """Calls the function where doubt, a function of points of the unit cube, is largest."""
        wide = self._rng.uniform(-_MARGIN, 1 + _MARGIN, (_N_POOL, len(self.box.names)))
        pool = wide.clip(0, 1)  # beyond the outermost points whatever is fitted is least sure
        self._call(pool[most_doubtful(pool, doubt(pool), self.box.unit(self.X), n)], False)

    def _call(self, unit: Array, is_even: bool) -> None:
        X = self.box.points(unit)
        y = np.array([float(self._function(*row)) for row in X.tolist()])
        if not np.isfinite(y).all():
            where = dict(zip(self.box.names, X[~np.isfinite(y)][0].tolist(), strict=True))
            raise ValueError(f"the function has no finite value at {where}: give ranges in which it has")
        self.X, self.y = np.vstack((self.X, X)), np.append(self.y, y)
        self.is_even = np.append(self.is_even, np.full(len(y), is_even))


def _fitted(
    model: SymbolicRegressor, calls: _Calls, tolerance: float, residual: Kind | None, seed: int
) -> tuple[Emulator, Array]:
    """Searches on with all values, and judges each equation of the front by cross-validation.

    Returns:
        The emulator, and its errors at all points, shape (n_calls,), each predicted without its fold.
    """
    X, y, target = calls.X, calls.y, Target.of(calls.y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # the error bound says what there is to say
        model.fit(X, target.fitted(y), sample_weight=target.weights(y))
    judge = _Judge(calls, target, seed)
    front = model.expressions_
    errors = [judge.held_out(expression, None) for expression in front]
    bounds = [conformal_bound(own[calls.is_even]) for own in errors]
    enough = [place for place, bound in enumerate(bounds) if bound <= tolerance]
    place = enough[0] if enough else int(np.argmin(bounds))
    expression, held_out, learned = front[place], errors[place], None
    if residual is not None:
        expression, learned, held_out = min(
            (judge.with_residual(residual, one) for one in dict.fromkeys((front[place], front[0]))),
            key=lambda found: conformal_bound(found[2][calls.is_even]),
        )
    return Emulator(calls.box, target, expression, learned, X, y, held_out[calls.is_even]), held_out


class _Judge:
    """Cross-validation of one form after the other, on the same folds."""

    def __init__(self, calls: _Calls, target: Target, seed: int) -> None:
        self._calls, self._target, self._seed = calls, target, seed
        self._fold = np.random.default_rng(seed).permutation(len(calls.y)) % _N_FOLDS
        self._unit = calls.box.unit(calls.X)

    def with_residual(self, kind: Kind, expression: Expression) -> tuple[Expression, Residual, Array]:
        """An equation, what is learned of what it leaves, and the errors of both together."""
        left = self._target.fitted(self._calls.y) - values_of(expression, self._calls.X)
        learned = residual_of(kind, self._unit, left, self._seed)
        return expression, learned, self.held_out(expression, learned)

    def held_out(self, expression: Expression, residual: Residual | None) -> Array:
        """Errors in all points, predicted by what is fitted without their fold."""
        X, y, target = self._calls.X, self._calls.y, self._target
        predicted = np.empty_like(y)
        for fold in range(_N_FOLDS):
            known, tested = self._fold != fold, self._fold == fold
            own = _with_constants_of(expression, X[known], target.fitted(y[known]), target.weights(y[known]))
            predicted[tested] = values_of(own, X[tested])
            if residual is not None:
                left = target.fitted(y[known]) - values_of(own, X[known])
                predicted[tested] += residual.refitted(self._unit[known], left).values(self._unit[tested])
        return target.errors(target.undone(predicted), y)


def _with_constants_of(expression: Expression, X: Array, t: Array, weights: Array | None) -> Expression:
    """The equation with its constants fitted to other points."""
    program = Program([expression])
    found = refine(program, Task(X, t, SQUARED_ERROR, weights), _REFIT)
    return program.expressions_with(found.constants)[0]


def _committee(model: SymbolicRegressor) -> list[Expression]:
    """The equations with the least losses."""
    order = np.argsort(model.equations_["loss"].to_numpy(), kind="stable")[:_COMMITTEE]
    return [model.expressions_[place] for place in order.tolist()]


def _spread(committee: list[Expression], box: Box) -> Callable[[Array], Array]:
    """How far equations differ, at points of the unit cube."""

    def spread(pool: Array) -> Array:
        values = np.asarray(Program(committee).values(box.points(pool)), dtype=np.float64)
        return _finite(np.std(values, axis=0))

    return spread


def _errors_near(unit: Array, errors: Array) -> Callable[[Array], Array]:
    """The mean error of the nearest points, shape (n, D), with errors of shape (n,)."""
    from sklearn.neighbors import KNeighborsRegressor

    nearest = KNeighborsRegressor(_N_NEAR).fit(unit, _finite(errors))
    return lambda pool: np.asarray(nearest.predict(pool), dtype=np.float64)


def _finite(doubt: Array) -> Array:
    """Where there is no value doubt is larger than anywhere else."""
    is_known = np.isfinite(doubt)
    return np.where(is_known, doubt, 2 * float(np.max(doubt[is_known], initial=0.0)))

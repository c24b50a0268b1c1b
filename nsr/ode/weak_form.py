"""Sparse regression of right-hand sides in weak form (Messenger and Bortz, arXiv:2007.02848).

Multiplying dx/dt = sum_j w_j theta_j(x) by a bump phi(t) and integrating by parts gives
-int phi' x dt = sum_j w_j int phi theta_j(x) dt: linear in w, and without a derivative of noisy data.
Equations of order 2 are integrated by parts twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.expressions.monomials import linear_combination
from nsr.ode.description import description_bits
from nsr.ode.settings import OdeSettings
from nsr.ode.trajectories import Grid, Trajectory
from nsr.refinement.subsets import forward_selection, promising_subsets

Array = NDArray[np.float64]

_TINY = 1e-300


@dataclass(frozen=True)
class Fit:
    """One right-hand side of one component.

    Attributes:
        expression: The right-hand side.
        residual: Share of the weak target's size that it leaves.
    """

    expression: Expression
    residual: float


@dataclass(frozen=True)
class Part:
    """One trajectory in a weak form.

    Attributes:
        variables: Of right-hand sides, shape (N, V).
        bumps: Weights that integrate against each of M bumps, shape (M, N); None where each row is its own
            equation, as for maps.
        target: Integrals of the left-hand sides, shape (M, D).
    """

    variables: Array
    bumps: Array | None
    target: Array

    def integrals(self, values: NDArray[np.floating[Any]]) -> Array:
        """Integrals of values (..., N), shape (..., M)."""
        return np.asarray(values if self.bumps is None else values @ self.bumps.T)


class WeakForm:
    """Integrals of trajectories against bumps of one width; of maps, the equations of single steps.

    Attributes:
        target: What the integrals of each right-hand side should be, shape (M, D), M of all trajectories.
        n_independent: Equations that count as independent where right-hand sides are compared.
        is_whitened: Whether the equations are those of `nsr.ode.whitening`, for bumps of all widths.
    """

    def __init__(self, parts: Sequence[Part], n_independent: int, is_whitened: bool = False) -> None:
        """Takes one part for each trajectory."""
        self._parts, self.n_independent, self.is_whitened = parts, n_independent, is_whitened
        self.target = np.concatenate([part.target for part in parts])

    def values_of(self, place: int) -> Array:
        """All values of a variable."""
        return np.concatenate([part.variables[:, place] for part in self._parts])

    def without(self, component: int, known: Expression) -> WeakForm:
        """The weak form of what an expression that is known leaves of the left-hand sides of one state."""
        rest, begun = [], 0
        integrals = self.integrals(Program([known]))[0]
        for part in self._parts:
            target = part.target.copy()
            target[:, component] -= integrals[begun : begun + len(target)]
            rest.append(replace(part, target=target))
            begun += len(target)
        return WeakForm(rest, self.n_independent, self.is_whitened)

    @property
    def n_points(self) -> int:
        """Points of the longest grid."""
        return max(len(part.variables) for part in self._parts)

    def integrals(
        self, program: Program, constants: Array | None = None, index: NDArray[np.int64] | None = None
    ) -> Array:
        """Integrals of expressions, shape (R, M); see `nsr.evaluate.program.Program.values`."""
        with np.errstate(all="ignore"):
            parts = [part.integrals(program.values(part.variables, constants, index)) for part in self._parts]
        return np.concatenate(parts, axis=-1)

    def jacobian(self, program: Program, constants: Array, index: NDArray[np.int64]) -> tuple[Array, Array]:
        """Integrals (R, M), and their derivatives by the free constants (R, K, M)."""
        values, derivatives = [], []
        with np.errstate(all="ignore"):
            for part in self._parts:
                value, derivative = program.jacobian(part.variables, constants, index)
                values.append(part.integrals(value))
                derivatives.append(part.integrals(derivative))
        return np.concatenate(values, axis=-1), np.concatenate(derivatives, axis=-1)


def weak_forms(trajectories: Sequence[Trajectory], settings: OdeSettings) -> list[WeakForm]:
    """Weak forms of observations, one of each width, all on the same grids; one for maps."""
    if trajectories[0].motion.is_discrete:
        n_steps = sum(len(trajectory.times) for trajectory in trajectories)
        stride = -(-n_steps // settings.most_fine_points)
        pairs = [trajectory.left_sides() for trajectory in trajectories]
        parts = [Part(values[::stride], None, left[::stride]) for values, left in pairs]
        return [WeakForm(parts, settings.n_weak)]
    grids = [t.resampled(settings.fine_steps, settings.most_fine_points) for t in trajectories]
    variables = [t.variables_at(grid.times, grid.states) for t, grid in zip(trajectories, grids, strict=True)]
    order = trajectories[0].motion.order
    return [
        WeakForm(
            [_part(*pair, width, order, settings) for pair in zip(grids, variables, strict=True)],
            settings.n_weak,
        )
        for width in settings.widths
    ]


def _part(grid: Grid, variables: Array, width: float, order: int, settings: OdeSettings) -> Part:
    bumps, left = weak_equations(grid, width, order, settings)
    return Part(variables, bumps, left @ grid.states)


def weak_equations(grid: Grid, width: float, order: int, settings: OdeSettings) -> tuple[Array, Array]:
    """Weights that integrate right-hand sides, and those that integrate states, both (M, N).

    Integrating by parts as often as the order says takes all derivatives from the left-hand side. With
    another clock s(t), int phi(s) dx/dt dt is -int phi'(s) x ds, and int phi f dt is int phi f dt/ds ds.

    Args:
        grid: A trajectory's.
        width: Half-width of the bumps, as a share of its clock's span.
        order: Of the derivative on the left.
        settings: How many bumps there are, and of what power.
    """
    bumps, derivatives = _bumps(grid.clock, width, order, settings)
    return bumps if grid.pace is None else bumps * grid.pace, (-1) ** order * derivatives


def all_integrals(forms: Sequence[WeakForm], program: Program) -> list[Array]:
    """`WeakForm.integrals` by each weak form of the same observations; expressions are evaluated once."""
    parts: list[list[Array]] = [[] for _ in forms]
    with np.errstate(all="ignore"):
        for place, first in enumerate(forms[0]._parts):
            values = program.values(first.variables)
            for own, weak in zip(parts, forms, strict=True):
                own.append(weak._parts[place].integrals(values))
    return [np.concatenate(own, axis=-1) for own in parts]


def sparse_fits(
    table: Array, target: Array, library: Sequence[Expression], settings: OdeSettings
) -> list[Fit]:
    """Sums of few terms: the best subsets, and what is left when terms are left out.

    Args:
        table: Integrals of the terms, shape (M, n); those that are not finite, or vanish, are left
            out.
        target: What the integrals of the sum should be, shape (M,).
        library: The terms.
        settings: How long sums may be, and how many are tried.
    """
    with np.errstate(all="ignore"):
        norms = np.linalg.norm(table, axis=0)
    usable = np.flatnonzero(np.isfinite(norms) & (norms > 0))
    if len(usable) >= len(target):  # more terms than the bumps tell apart
        usable = usable[forward_selection(table[:, usable], target, len(target) // 2)]
    terms, table = [library[i] for i in usable.tolist()], table[:, usable]
    return [
        _fit(table, target, terms, subset) for subset in promising_subsets(table, target, settings.breadth)
    ]


def weak_bits(fit: Fit, weak: WeakForm, settings: OdeSettings) -> float:
    """Description length of a weak form by a right-hand side, and of this itself."""
    exact, weight = settings.least_residual**2, settings.equation_weight if weak.is_whitened else 1.0
    return description_bits(
        [fit.expression], [fit.residual * fit.residual], weak.n_independent, exact, weight
    )


def _bumps(times: Array, width: float, order: int, settings: OdeSettings) -> tuple[Array, Array]:
    """Weights that integrate against the bumps, and against a derivative of them, both (n_bumps, N)."""
    span = times[-1] - times[0]
    half, power = width * span, settings.bump_power
    centers = np.linspace(times[0] + half, times[-1] - half, settings.n_bumps)
    s = (times - centers[:, None]) / half
    base = np.where(np.abs(s) < 1, 1 - s**2, 0.0)
    step = span / (len(times) - 1) / half
    slopes = -2 * power * s * base ** (power - 1)
    if order > 1:
        slopes = -2 * power * base ** (power - 2) * (base - 2 * (power - 1) * s**2)
    return base**power * step, slopes / half**order * step


def _fit(table: Array, target: Array, terms: Sequence[Expression], subset: tuple[int, ...]) -> Fit:
    columns = table[:, subset]
    norms = np.linalg.norm(columns, axis=0)
    weights = np.linalg.lstsq(columns / norms, target, rcond=1e-12)[0]
    residual = float(np.linalg.norm(target - columns / norms @ weights)) / (
        float(np.linalg.norm(target)) + _TINY
    )
    parts = [(float(weight), terms[i]) for weight, i in zip(weights / norms, subset, strict=True)]
    return Fit(linear_combination(parts), residual)

"""Weak forms in which errors of noisy observations are independent and alike: generalised least squares.

An observation that is off by e moves what stands on the left of a weak equation and, by df/dx e, what stands
on the right; bumps overlap, so all that share it are off together. With the right-hand side of a pilot fit
their covariance is known, and combinations of equations whose errors are independent follow from it (Bortz,
Messenger and Dukic, "WENDy", Bulletin of Mathematical Biology 85, 2023, arXiv:2302.13271). Right-hand sides
then compare by plain sums of squares, narrow and wide bumps together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.sparse import csr_array

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.expressions.monomials import polynomials
from nsr.ode.settings import OdeSettings
from nsr.ode.trajectories import Trajectory
from nsr.ode.weak_form import Part, WeakForm, sparse_fits, weak_bits, weak_equations

Array = NDArray[np.float64]

# Half-widths of the bumps as shares of the time span: with errors made independent, narrow ones do no harm.
_WIDTHS = (0.025, 0.05, 0.1, 0.2)
# Steps between observations that half a bump spans at least: what lies between few is interpolation.
_LEAST_STEPS = 3.0
# Degree of the polynomials that pilots are sums of, by the number of variables, the last one of more.
_DEGREES = (4, 3, 2)
# How often a pilot is fitted to equations that were made independent by the one before.
_N_ROUNDS = 2
# Steps of difference quotients, in deviations of a variable.
_STEP = 1e-5
# Share of the largest variance of combinations of equations below which errors are those of interpolation.
_LEAST_VARIANCE = 1e-6


def whitened_forms(
    trajectories: Sequence[Trajectory], plain: WeakForm, is_sought: NDArray[np.bool_], settings: OdeSettings
) -> list[WeakForm] | None:
    """A weak form for each state, in which errors are independent and alike.

    Args:
        trajectories: Observations that know how far they scatter.
        plain: The weak form of one width, by which the first pilots are fitted.
        is_sought: States whose right-hand sides are looked for, shape (D,); others keep the plain form.
        settings: What the bumps are.

    Returns:
        None where the observations scatter too little to tell, and of maps and equations of order 2.
    """
    motion = trajectories[0].motion
    if motion.is_discrete or motion.order > 1:
        return None
    noise = scatter_of(trajectories, settings)
    if noise is None:
        return None
    equations = [_Equations(*pair, settings) for pair in zip(trajectories, noise, strict=True)]
    n_variables = motion.n_variables(len(is_sought))
    terms = polynomials(n_variables, _DEGREES[min(n_variables, len(_DEGREES)) - 1])
    forms = []
    for component, sought in enumerate(is_sought.tolist()):
        form = plain
        for _ in range(_N_ROUNDS if sought else 0):
            pilot = _pilot(form, component, terms, settings)
            parts = [own.independent(component, pilot) for own in equations]
            form = WeakForm(parts, sum(len(part.target) for part in parts), is_whitened=True)
        forms.append(form)
    return forms


def _pilot(form: WeakForm, component: int, terms: Sequence[Expression], settings: OdeSettings) -> Expression:
    """The shortest sum of terms by a weak form."""
    table = form.integrals(Program(list(terms)))
    fits = sparse_fits(table.T, form.target[:, component], terms, settings)
    return min(fits, key=lambda fit: weak_bits(fit, form, settings)).expression


def scatter_of(trajectories: Sequence[Trajectory], settings: OdeSettings) -> list[Array] | None:
    """How far observations of each trajectory are off what is smooth, shape (T, D); None if hardly at all."""
    scatter = [np.ones_like(t.states) if t.scatter is None else t.scatter for t in trajectories]
    off = np.concatenate([(t.states - t.smoothed) / s for t, s in zip(trajectories, scatter, strict=True)])
    size = np.std(np.concatenate([t.states for t in trajectories]), axis=0)
    typical = np.sqrt(np.mean(off**2, axis=0))
    least = settings.least_scatter * size
    if not np.any(typical > least):
        return None
    # What does not count scatters as far as the state itself.
    return [np.clip(own * typical, least, np.maximum(size, least)) for own in scatter]


class _Equations:
    """The weak equations of one trajectory, of bumps of all widths, and what noise does to them."""

    def __init__(self, trajectory: Trajectory, noise: Array, settings: OdeSettings) -> None:
        grid, order = (
            trajectory.resampled(settings.fine_steps, settings.most_fine_points),
            trajectory.motion.order,
        )
        self._variables = trajectory.variables_at(grid.times, grid.states)
        self._smooth = trajectory.variables_at(grid.times, trajectory.derivative(grid.times, 0))
        own = replace(settings, n_bumps=min(settings.n_bumps, len(trajectory.times)))
        narrowest = _LEAST_STEPS / (len(trajectory.times) - 1)
        widths = [width for width in _WIDTHS if width >= narrowest] or _WIDTHS[-1:]
        pairs = [weak_equations(grid, width, order, own) for width in widths]
        self._bumps, self._left = (np.concatenate(both) for both in zip(*pairs, strict=True))
        self._target = self._left @ grid.states
        self._noise = noise
        # Interpolation is linear in the observations; where the grid is no finer, there is none.
        is_fine = len(grid.times) > len(trajectory.times)
        self._interpolation = csr_array(trajectory.interpolation(grid)) if is_fine else None

    def independent(self, component: int, pilot: Expression) -> Part:
        """Combinations of the equations whose errors have unit variance and are independent.

        Args:
            component: The state whose equation it is.
            pilot: Its right-hand side, nearly.
        """
        slopes = _slopes(pilot, self._smooth, self._noise.shape[1])
        covariance = np.zeros((len(self._bumps), len(self._bumps)))
        for moved in self._moved(component, slopes):
            covariance += moved @ moved.T
        variances, modes = eigh(covariance)
        kept = variances > _LEAST_VARIANCE * variances[-1]
        combine = (modes[:, kept] / np.sqrt(variances[kept])).T
        return Part(self._variables, combine @ self._bumps, combine @ self._target)

    def _moved(self, component: int, slopes: Array) -> Iterator[Array]:
        """By how much errors of one deviation move the equations of a state, some errors after others.

        Args:
            component: The state.
            slopes: Derivatives of its right-hand side by the states, shape (N, D).

        Yields:
            Shape (equations, errors); the sum of the products of each with its transpose is the covariance.
        """
        own = self._bumps * slopes[:, [component]].T - self._left
        others = [s for s in range(slopes.shape[1]) if s != component and np.any(slopes[:, s])]
        if self._interpolation is not None:
            yield np.asarray(own @ self._interpolation) * self._noise[:, component]
            for state in others:
                yield (
                    np.asarray((self._bumps * slopes[:, state]) @ self._interpolation) * self._noise[:, state]
                )
            return
        yield own * self._noise[:, component]
        if others:  # whose errors at one point move all equations in proportion
            together = np.hypot.reduce(slopes[:, others] * self._noise[:, others], axis=1)
            yield self._bumps * together


def _slopes(expression: Expression, variables: Array, n_states: int) -> Array:
    """Derivatives of an expression by the states at N points, shape (N, D); 0 where they are not finite."""
    program, result = Program([expression]), np.zeros((len(variables), n_states))
    for state in range(n_states):
        step = _STEP * (float(np.std(variables[:, state])) or 1.0)
        sides = np.repeat(variables[None], 2, axis=0)
        sides[:, :, state] += np.array([[step], [-step]])
        above, below = (program.values(side)[0] for side in sides)
        result[:, state] = (above - below) / (2 * step)
    return np.where(np.isfinite(result), result, 0.0)

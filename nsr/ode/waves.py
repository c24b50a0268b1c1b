"""Waves of the time on the right of equations of motion: their frequencies, found as in a periodogram."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, constant
from nsr.ode.weak_form import WeakForm

Array = NDArray[np.float64]

# Frequencies looked at: some for each turn that the whole time allows, up to a number of them.
_A_TURN, _MOST_FREQUENCIES = 4, 600
# Frequencies kept, and how often and by how much the grid around each is refined.
_N_KEPT, _N_ROUNDS, _N_FINER = 2, 4, 21
# Squares of a wave's integrals, as a share of those of a constant, from which on bumps see it: not where
# several turns fit under one of them. Share of the squares by which sine and cosine have to differ.
_SEEN, _TELLING = 1e-3, 1e-9
_TINY = 1e-300


def waves_of_time(
    weak: WeakForm, component: int, others: Sequence[Expression], time: Expression
) -> list[Expression]:
    """Sines and cosines of the time that leave least of a component together with other terms.

    The other terms are fitted along with each frequency (Lomb, Astrophysics and Space Science 39, 1976,
    447-462, for a constant; here in weak form).

    Args:
        weak: The observations.
        component: Whose left-hand side is to be explained.
        others: Terms of a sum that may stand beside the wave.
        time: The variable that is the time.
    """
    times = np.unique(weak.times_of(time.variables[0]))
    span, target = float(np.ptp(times)), weak.target[:, component]
    table = weak.integrals(Program(list(others)))
    table = table[np.all(np.isfinite(table), axis=1)].T
    basis = np.linalg.qr(table / np.maximum(np.linalg.norm(table, axis=0), _TINY))[0]
    left = target - basis @ (basis.T @ target)
    n = min(_MOST_FREQUENCIES, int(_A_TURN * len(times)))
    step = np.pi / (_A_TURN * span) * 2
    grid = step * np.arange(1, n + 1)
    gains = _gains(weak, time, grid, basis, left)
    found: list[Expression] = []
    for _ in range(_N_KEPT):
        place = int(np.argmax(gains))
        frequency, width = float(grid[place]), step
        for _ in range(_N_ROUNDS):
            near = frequency + width * np.linspace(-1, 1, _N_FINER)
            frequency = float(near[np.argmax(_gains(weak, time, near, basis, left))])
            width /= _N_FINER // 2
        angle = apply("mul", constant(frequency), time)
        found += [apply("sin", angle), apply("cos", angle)]
        gains[np.abs(grid - grid[place]) < _A_TURN * step] = -np.inf
    return found


def _gains(weak: WeakForm, time: Expression, frequencies: Array, basis: Array, left: Array) -> Array:
    """Squares that a sine and a cosine of each frequency explain of what is left, shape (F,)."""
    angles = [apply("mul", constant(value), time) for value in frequencies.tolist()]
    waves = [weak.integrals(Program([apply(name, a) for a in angles])) for name in ("sin", "cos")]
    size = np.sum(waves[0] ** 2 + waves[1] ** 2, axis=1)
    a, b = (wave - (wave @ basis) @ basis.T for wave in waves)
    aa, bb, ab = (np.sum(p * q, axis=1) for p, q in ((a, a), (b, b), (a, b)))
    al, bl = a @ left, b @ left
    determinant = aa * bb - ab**2
    is_known = (determinant > _TELLING * aa * bb) & (size > _SEEN * weak.size_of_bumps)
    gain = (bb * al**2 - 2 * ab * al * bl + aa * bl**2) / np.where(is_known, determinant, 1.0)
    return np.asarray(np.where(is_known, gain, 0.0))

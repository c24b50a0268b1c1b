"""Fields simulated from their equations: differences in space, an implicit method in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.interpolate import make_interp_spline
from scipy.sparse import csr_array, diags_array, kron

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, variable
from nsr.fields.variables import FieldVariables

Array = NDArray[np.float64]

BOUNDARIES = ("periodic", "fixed", "reflecting")
# Points on each side that differences look at: of order 6 for the first derivatives, 4 and 2 for higher ones.
_REACH = 3
_RTOL, _ATOL = 1e-5, 1e-7


@dataclass(frozen=True, eq=False)
class Simulated:
    """Equations on a grid.

    Attributes:
        system: Right-hand sides.
        variables: What they are made of.
        axes: Places along each axis.
        boundaries: What happens at the ends of each axis: `periodic`, the field goes on at the other end;
            `fixed`, it stays there what it is; `reflecting`, it is mirrored.
    """

    system: Sequence[Expression]
    variables: FieldVariables
    axes: Sequence[Array]
    boundaries: Sequence[str]

    def run(self, times: Array, initial: Array, inputs: Array) -> Array:
        """Fields at some times.

        Args:
            times: Ascending, shape (T,).
            initial: Fields, and of order 2 their rates, at the first time, shape (C, *grid).
            inputs: At these times, shape (I, T, *grid).

        Returns:
            Shape (F, T, *grid); NaN after the simulation has failed.
        """
        shape = initial.shape
        acting = make_interp_spline(times, inputs, k=1, axis=1) if len(inputs) else None
        program, used = self._program()

        def rates(time: float, state: Array) -> Array:
            fields = state.reshape(shape)
            given = acting(time) if acting is not None else np.empty((0, *shape[1:]))
            return self._rates(time, fields, given, program, used).ravel()

        with np.errstate(all="ignore"):
            found = solve_ivp(
                rates, (times[0], times[-1]), initial.ravel(), method="BDF", t_eval=times, rtol=_RTOL,
                atol=_ATOL * float(np.std(initial)) + 1e-300, jac_sparsity=self._sparsity(len(initial)),
            )  # fmt: skip
        n_fields = len(self.system)
        simulated = np.full((n_fields, len(times), *shape[1:]), np.nan)
        done = found.y.reshape(*shape, -1)[:n_fields]
        simulated[:, : done.shape[-1]] = np.moveaxis(done, -1, 1)
        return simulated

    def _program(self) -> tuple[Program, list[int]]:
        """The right-hand sides over the variables that occur, and which these are."""
        used = sorted({place for one in self.system for place in one.variables})
        numbers = {place: variable(number) for number, place in enumerate(used)}
        return Program([one.substitute(numbers) for one in self.system]), used

    def _rates(self, time: float, fields: Array, inputs: Array, program: Program, used: list[int]) -> Array:
        n_fields, grid = len(self.system), fields.shape[1:]
        everything = np.concatenate((fields[:n_fields], inputs))
        columns = [self._column(place, time, everything, fields[n_fields:]).ravel() for place in used]
        table = np.column_stack(columns or [np.zeros(fields[0].size)])
        right = np.asarray(program.values(table), dtype=np.float64).reshape(n_fields, *grid)
        right = np.nan_to_num(right, nan=0.0, posinf=0.0, neginf=0.0)
        rates: Array = np.concatenate((fields[n_fields:], right))
        for axis, boundary in enumerate(self.boundaries):
            if boundary == "fixed":
                for end in (0, -1):
                    np.moveaxis(rates, axis + 1, 0)[end] = 0.0
        return rates

    def _column(self, place: int, time: float, fields: Array, rates: Array) -> Array:
        v = self.variables
        if place >= v.axis_place(0):
            axis = place - v.axis_place(0)
            shape = fields.shape[1:]
            if axis == v.n_axes:
                return np.full(shape, time)
            return np.broadcast_to(
                self.axes[axis].reshape([-1 if i == axis else 1 for i in range(v.n_axes)]), shape
            )
        if place >= v.rate_place(0):
            return np.asarray(rates[place - v.rate_place(0)])
        found = fields[place // len(v.derivatives)]
        for axis, order in enumerate(v.derivatives[place % len(v.derivatives)]):
            if order:
                spacing = float(self.axes[axis][1] - self.axes[axis][0])
                found = _difference(found, axis, order, spacing, self.boundaries[axis])
        return np.asarray(found)

    def _sparsity(self, n_components: int) -> csr_array:
        """Which values a rate depends on."""
        found = csr_array(np.ones((n_components, n_components)))
        for axis, boundary in zip(self.axes, self.boundaries, strict=True):
            found = csr_array(kron(found, _neighbours(len(axis), boundary)))
        return found


def _difference(field: Array, axis: int, order: int, spacing: float, boundary: str) -> Array:
    """A central difference."""
    widths = [(_REACH, _REACH) if place == axis else (0, 0) for place in range(field.ndim)]
    if boundary == "periodic":
        padded = np.pad(field, widths, mode="wrap")
    else:
        padded = np.pad(field, widths, mode="reflect", reflect_type="odd" if boundary == "fixed" else "even")
    n = field.shape[axis]
    parts = [
        weight * np.take(padded, range(place, place + n), axis=axis)
        for place, weight in enumerate(_weights(order))
        if weight
    ]
    return np.asarray(sum(parts) / spacing**order)


def _weights(order: int) -> Array:
    """Of the most accurate central difference over seven points (Fornberg, Math. Comput. 51, 1988)."""
    offsets = np.arange(-_REACH, _REACH + 1, dtype=np.float64)
    moments = np.vander(offsets, increasing=True).T
    wanted = np.zeros(len(offsets))
    wanted[order] = float(np.prod(np.arange(1, order + 1)))
    return np.asarray(np.round(np.linalg.solve(moments, wanted), 12))


def _neighbours(n: int, boundary: str) -> csr_array:
    offsets = list(range(-_REACH, _REACH + 1))
    if boundary == "periodic":
        offsets += [n - k for k in range(1, _REACH + 1)] + [k - n for k in range(1, _REACH + 1)]
    return csr_array(diags_array([1.0] * len(offsets), offsets=offsets, shape=(n, n)))

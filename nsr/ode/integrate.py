"""Integrates many systems of ordinary differential equations at once, on NSR's evaluator.

Dormand and Prince's explicit method of order 5 with an error estimate of order 4 (J. Comp. Appl. Math. 6,
1980, 19-26); each system has its own step size, and states between steps are interpolated. Stiff systems take
many small steps; one that takes too many, or leaves the domain of its equations, is NaN from there on. Maps
x[k+1] = f(x[k]) are iterated instead. Inputs and the time are variables after the states.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program, split_rows
from nsr.evaluate.shapes import require_index, require_shape, require_variables
from nsr.expressions.expression import Expression
from nsr.ode.dormand_prince import integrate_rows
from nsr.ode.inputs import NOTHING, StackedInputs
from nsr.ode.iterate import iterate_rows

Array = NDArray[np.float64]
_NO_INPUTS = StackedInputs.of([NOTHING])


class Systems:
    """Systems compiled for integration.

    Attributes:
        program: All components, system after system.
        first: Index of each system's first component, and the end of the last, shape (S + 1,).
    """

    def __init__(
        self, systems: Sequence[Sequence[Expression]], n_inputs: int = 0, is_discrete: bool = False
    ) -> None:
        """Compiles systems; component i of a system is dx_i/dt, an expression of x_0, x_1, ...

        Args:
            systems: Their components.
            n_inputs: Inputs that stand for the variables after a system's states.
            is_discrete: Whether component i is the next x_i instead.

        Raises:
            ValueError: If a component uses a variable that is neither a state of its system nor an input, or
                an operator that is not built in.
        """
        self._n_inputs, self._is_discrete = n_inputs, is_discrete
        self.program = Program([component for system in systems for component in system])
        self.first = np.concatenate(([0], np.cumsum([len(system) for system in systems]))).astype(np.int64)
        for start, stop in pairwise(self.first.tolist()):
            require_variables(self.program.tape.n_variables[start:stop], stop - start + n_inputs)
        if not self.program.tape.is_builtin:
            raise ValueError("the integrator is compiled for built-in operators; write the system with those")

    def integrate(
        self,
        initial: Array,
        times: Array,
        constants: Array | None = None,
        index: NDArray[np.int64] | None = None,
        *,
        rtol: float = 1e-6,
        atol: float = 1e-9,
        max_steps: int = 20_000,
        largest: float = 1e12,
        n_threads: int = 1,
        inputs: StackedInputs = _NO_INPUTS,
        which: NDArray[np.int64] | None = None,
    ) -> Array:
        """Integrates rows, each a system with its own initial values and constants.

        Args:
            initial: Initial values, shape (R, D); columns beyond a system's own are not read.
            times: Ascending times, the first that of the initial values, shape (T,) or (R, T); of maps,
                numbers of steps.
            constants: Free constants of each row, shape (R, K): those of its first component, then of the
                second, and so on; the expressions' own by default.
            index: Which system each row is, shape (R,); by default row r is system r.
            rtol: Relative tolerance of a step.
            atol: Absolute tolerance of a step.
            max_steps: Steps after which a row is given up.
            largest: Magnitude of a state beyond which a row is given up.
            n_threads: Threads that share the rows.
            inputs: Of S paths.
            which: Whose inputs each row has, shape (R,); by default all have those of the first path.

        Returns:
            States, shape (R, T, D); NaN in columns beyond a system's own, and after a row was given up.

        Raises:
            ValueError: If the shapes do not go together, or an index is not that of a system.
        """
        rows = np.arange(len(initial)) if index is None else np.asarray(index, dtype=np.int64)
        self._check(rows, initial, times, constants)
        own = np.zeros(len(rows), np.int64) if which is None else np.asarray(which, dtype=np.int64)
        self._check_inputs(own, inputs, len(rows))
        grid = _owned(np.broadcast_to(times, (len(rows), np.shape(times)[-1])))
        table = self._constants(rows, constants)
        out = np.full((len(rows), grid.shape[1], initial.shape[1]), np.nan)
        start = _owned(initial)
        tape = self.program.tape
        problem = (tape.nodes, tape.offsets, self.first, rows, start, grid, table)
        acting = (inputs.knots, inputs.pieces, inputs.is_smooth, own)

        def run(first: int, last: int) -> None:
            if self._is_discrete:
                iterate_rows(*problem, inputs.knots, inputs.pieces, own, largest, max_steps, first, last, out)
            else:
                integrate_rows(*problem, *acting, rtol, atol, largest, max_steps, first, last, out)

        split_rows(len(rows), n_threads, run)
        return out

    @property
    def n_systems(self) -> int:
        """How many systems there are."""
        return len(self.first) - 1

    @property
    def n_constants(self) -> NDArray[np.int64]:
        """Free constants of each system, shape (S,)."""
        return np.add.reduceat(self.program.n_constants, self.first[:-1])

    @property
    def constants(self) -> Array:
        """The systems' own constants as `integrate` takes them, padded with 0, shape (S, K)."""
        result = np.zeros((self.n_systems, max(1, int(self.n_constants.max(initial=0)))))
        for system, (start, stop) in enumerate(zip(self.first, self.first[1:], strict=False)):
            own = [self.program.constants[i, : self.program.n_constants[i]] for i in range(start, stop)]
            joined = np.concatenate(own)
            result[system, : len(joined)] = joined
        return result

    def _check(self, rows: NDArray[np.int64], initial: Array, times: Array, constants: Array | None) -> None:
        """Makes sure that the kernel will not read past an array's end."""
        require_index(rows, self.n_systems)
        require_shape("initial", initial, len(rows), int(np.diff(self.first)[rows].max(initial=0)))
        if np.shape(times)[-1:] in ((), (0,)):
            raise ValueError("times must hold at least the time of the initial values")
        if constants is not None:
            require_shape("constants", constants, len(rows), int(self.n_constants[rows].max(initial=0)))

    def _check_inputs(self, which: NDArray[np.int64], inputs: StackedInputs, n_rows: int) -> None:
        require_index(which, len(inputs.knots))
        if len(which) != n_rows or inputs.pieces.shape[1] != self._n_inputs:
            raise ValueError(f"{n_rows} rows need {self._n_inputs} inputs each, not {inputs.pieces.shape[1]}")

    def _constants(self, rows: NDArray[np.int64], constants: Array | None) -> Array:
        """Constants by row and component, shape (R, D, K)."""
        flat = self.constants[rows] if constants is None else constants
        counts, widest = self.program.n_constants, self.program.constants.shape[1]
        n_components = int(np.diff(self.first).max())
        table = np.zeros((len(rows), n_components, widest))
        for row, system in enumerate(rows):
            taken = 0
            for place, component in enumerate(range(self.first[system], self.first[system + 1])):
                table[row, place, : counts[component]] = flat[row, taken : taken + counts[component]]
                taken += counts[component]
        return table


def _owned(values: Array) -> Array:
    """Contiguous and writable: the kernel is compiled again for arrays that are only to be read."""
    return np.require(values, np.float64, ["C", "W"])

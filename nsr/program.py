"""The one evaluator: many expressions at once, values and derivatives by their constants.

Generator, refinement, search and prediction all evaluate expressions here. On a CPU a compiled
interpreter does the work; operators that a user registered, and GPUs, go through tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsr import interpreter
from nsr.expression import PLACEHOLDER, Expression
from nsr.tape import Tape, compile_tape

Array = NDArray[np.floating[Any]]


class Program:
    """Expressions compiled into one tape.

    Attributes:
        expressions: The E expressions.
        tape: Their tape.
        n_constants: Free constants of each, shape (E,).
        constants: Their values (a placeholder counts as 1), padded with 0, shape (E, K).
    """

    def __init__(self, expressions: Sequence[Expression], n_threads: int = 1) -> None:
        """Compiles expressions.

        Args:
            expressions: What to evaluate; placeholders are free constants.
            n_threads: Threads that rows are split over.
        """
        self.expressions = tuple(expressions)
        self.tape: Tape = compile_tape(self.expressions)
        self.n_constants = self.tape.n_constants
        self.constants = self.tape.constants
        self.n_threads = n_threads

    def values(
        self, X: Array, constants: Array | None = None, index: NDArray[np.int64] | None = None
    ) -> Array:
        """Evaluates rows of expressions.

        Args:
            X: Variables, shape (P, D) for all rows or (R, P, D); its type (float32 or float64) is
                the type of the arithmetic.
            constants: Free constants of each row, shape (R, K); the expressions' own by default.
            index: Which expression each row is, shape (R,); by default row r is expression r.

        Returns:
            Values, shape (R, P); NaN or infinity outside an expression's domain.
        """
        tables, rows, index = self._prepare(X, constants, index)
        out = np.empty((len(index), tables.shape[2]), tables.dtype)
        arguments = (self.tape.nodes, self.tape.offsets, tables, rows, index)
        self._over_rows(len(index), lambda a, b: interpreter.values_kernel(*arguments, a, b, out))
        return out

    def jacobian(
        self, X: Array, constants: Array | None = None, index: NDArray[np.int64] | None = None
    ) -> tuple[Array, Array]:
        """Values (R, P) and their derivatives by the free constants (R, K, P); see `values`."""
        tables, rows, index = self._prepare(X, constants, index)
        out = np.empty((len(index), tables.shape[2]), tables.dtype)
        derivatives = np.zeros((len(index), rows.shape[1], tables.shape[2]), tables.dtype)
        arguments = (self.tape.nodes, self.tape.offsets, tables, rows, index)
        self._over_rows(
            len(index), lambda a, b: interpreter.jacobian_kernel(*arguments, a, b, out, derivatives)
        )
        return out, derivatives

    def expressions_with(self, constants: Array) -> list[Expression]:
        """The expressions with other values of their free constants (E, K)."""
        return [
            expression.with_constants(row[:count].tolist())
            for expression, row, count in zip(self.expressions, constants, self.n_constants, strict=True)
        ]

    def _prepare(
        self, X: Array, constants: Array | None, index: NDArray[np.int64] | None
    ) -> tuple[Array, Array, NDArray[np.int64]]:
        """Tables (1 or R, D, P), constants (R, K) and index (R,) as the kernels take them."""
        index = np.arange(len(self.expressions)) if index is None else np.asarray(index, dtype=np.int64)
        rows = self.constants[index] if constants is None else constants
        dtype = np.float32 if X.dtype == np.float32 else np.float64
        tables = X[None] if X.ndim == 2 else X
        return (
            np.ascontiguousarray(tables.transpose(0, 2, 1), dtype=dtype),
            np.ascontiguousarray(rows, dtype=dtype),
            index,
        )

    def _over_rows(self, n_rows: int, work: Callable[[int, int], None]) -> None:
        split_rows(n_rows, self.n_threads, work)


def split_rows(n_rows: int, n_threads: int, work: Callable[[int, int], None]) -> None:
    """Calls work(start, stop) on slices that cover all rows, in threads if there are several."""
    if n_threads == 1 or n_rows < 2 * n_threads:
        work(0, n_rows)
        return
    cuts = np.linspace(0, n_rows, 4 * n_threads + 1).astype(int).tolist()
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(work, cuts[:-1], cuts[1:]))


def warm_up() -> None:
    """Loads or compiles every kernel, so that a later call does not wait for it."""
    from nsr.refine import refine

    X = np.linspace(0.5, 1.5, 8)[:, None]
    expression = Expression(("mul", PLACEHOLDER, "exp", "mul", PLACEHOLDER, "x_0"))
    for table in (X, X.astype(np.float32)):
        Program([expression]).values(table)
    Program([expression]).jacobian(X)
    refine([expression], X, X[:, 0], restarts=1, max_iterations=2)

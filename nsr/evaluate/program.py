"""The one evaluator: many expressions at once, values and derivatives by their constants.

Generator, refinement, search and prediction all evaluate expressions here. On a CPU a compiled
interpreter does the work; operators that a user registered, and GPUs, go through tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate import interpreter
from nsr.evaluate.shapes import require_index, require_shape, require_variables
from nsr.evaluate.tape import Tape, compile_tape
from nsr.expressions.expression import Expression

if TYPE_CHECKING:
    import torch

    from nsr.evaluate.tensor_backend import TensorPlan

Array = NDArray[np.floating[Any]]
Index = NDArray[np.int64]
Backend = Literal["auto", "compiled", "torch"]


class Program:
    """Expressions compiled into one tape.

    Attributes:
        expressions: The E expressions; none where a tape was given.
        tape: Their tape.
        n_constants: Free constants of each, shape (E,).
        constants: Their values (a placeholder counts as 1), padded with 0, shape (E, K).
        backend: `compiled` or `torch`.
        device: Where the torch backend computes.
    """

    def __init__(
        self,
        expressions: Sequence[Expression] | Tape,
        n_threads: int = 1,
        *,
        backend: Backend = "auto",
        device: str | torch.device = "cpu",
    ) -> None:
        """Compiles expressions.

        Args:
            expressions: What to evaluate; placeholders are free constants. Or their tape, where nobody needs
                them as expressions.
            n_threads: Threads that the compiled backend splits rows over.
            backend: `compiled` (CPU, built-in operators), `torch` (any device, any operator), or
                `auto`, the first of them that can do it.
            device: Where the torch backend computes.

        Raises:
            ValueError: If the compiled backend is asked for what only the torch backend can do.
        """
        self.expressions = () if isinstance(expressions, Tape) else tuple(expressions)
        self.tape = expressions if isinstance(expressions, Tape) else compile_tape(self.expressions)
        self.n_constants = self.tape.n_constants
        self.constants = self.tape.constants
        self.n_threads = n_threads
        self.device = str(device)
        compilable = self.device.partition(":")[0] == "cpu" and self.tape.is_builtin
        if backend == "compiled" and not compilable:
            raise ValueError(
                "the compiled backend runs built-in operators on a CPU only; choose backend='torch'"
            )
        self.backend = "compiled" if compilable and backend != "torch" else "torch"
        self._plan: tuple[Index, TensorPlan] | None = None

    @overload
    def values(self, X: Array, constants: Array | None = None, index: Index | None = None) -> Array: ...

    @overload
    def values(
        self, X: torch.Tensor, constants: torch.Tensor | None = None, index: Index | None = None
    ) -> torch.Tensor: ...

    def values(self, X: Any, constants: Any = None, index: Index | None = None) -> Any:
        """Evaluates rows of expressions.

        Args:
            X: Variables, shape (P, D) for all rows or (R, P, D); its type (float32 or float64) is
                the type of the arithmetic. An array, or for the torch backend also a tensor; the
                result is of the same kind.
            constants: Free constants of each row, shape (R, K); the expressions' own by default.
            index: Which expression each row is, shape (R,); by default row r is expression r.

        Returns:
            Values, shape (R, P); NaN or infinity outside an expression's domain.

        Raises:
            ValueError: If X lacks a variable, or the shapes do not go together.
        """
        index = self._checked(X, constants, index)
        if self.backend == "torch" or not isinstance(X, np.ndarray):
            plan, *tensors = self._tensors(X, constants, index)
            return _like(X, plan.values(*tensors))
        tables, rows, index = self._arrays(X, constants, index)
        out = np.empty((len(index), tables.shape[2]), tables.dtype)
        self._fill(out, np.empty((0, 0, 0), tables.dtype), tables, rows, index)
        return out

    @overload
    def jacobian(
        self, X: Array, constants: Array | None = None, index: Index | None = None
    ) -> tuple[Array, Array]: ...

    @overload
    def jacobian(
        self, X: torch.Tensor, constants: torch.Tensor | None = None, index: Index | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]: ...

    def jacobian(self, X: Any, constants: Any = None, index: Index | None = None) -> Any:
        """Values (R, P) and their derivatives by the free constants (R, K, P); see `values`."""
        index = self._checked(X, constants, index)
        if self.backend == "torch" or not isinstance(X, np.ndarray):
            plan, *tensors = self._tensors(X, constants, index)
            return tuple(_like(X, result) for result in plan.jacobian(*tensors))
        tables, rows, index = self._arrays(X, constants, index)
        out = np.empty((len(index), tables.shape[2]), tables.dtype)
        derivatives = np.zeros((len(index), rows.shape[1], tables.shape[2]), tables.dtype)
        self._fill(out, derivatives, tables, rows, index)
        return out, derivatives

    def expressions_with(self, constants: Array) -> list[Expression]:
        """The expressions with other values of their free constants (E, K)."""
        return [
            expression.with_constants(row[:count].tolist())
            for expression, row, count in zip(self.expressions, constants, self.n_constants, strict=True)
        ]

    def _fill(self, out: Array, derivatives: Array, tables: Array, rows: Array, index: Index) -> None:
        """Runs the compiled interpreter; derivatives without rows are not computed."""
        at = interpreter.sweep_address(tables.dtype)
        arguments = (at, self.tape.nodes, self.tape.active, self.tape.offsets, tables, rows, index)
        split_rows(
            len(index),
            self.n_threads,
            lambda a, b: interpreter.values_kernel(*arguments, a, b, out, derivatives),
        )

    def _arrays(self, X: Array, constants: Array | None, index: Index) -> tuple[Array, Array, Index]:
        """Tables (1 or R, D, P), constants (R, K) and index (R,) as the kernels take them."""
        rows = self.constants[index] if constants is None else constants
        dtype = np.float32 if X.dtype == np.float32 else np.float64
        tables = X[None] if X.ndim == 2 else X
        return (
            np.require(
                tables.transpose(0, 2, 1), dtype, ("C", "W")
            ),  # a kernel is compiled for what may be written
            np.require(rows, dtype, ("C", "W")),
            index,
        )

    def _tensors(
        self,
        X: Array | torch.Tensor,
        constants: Array | torch.Tensor | None,
        index: Index,
    ) -> tuple[TensorPlan, torch.Tensor, torch.Tensor]:
        if self.backend == "compiled":
            raise TypeError("the compiled backend takes arrays; pass one, or choose backend='torch'")
        import torch

        from nsr.evaluate.tensor_backend import TensorPlan

        table = torch.as_tensor(X, device=self.device)
        if table.dtype != torch.float32:
            table = table.to(torch.float64)
        rows = torch.as_tensor(self.constants[index] if constants is None else constants)
        # Iterations ask for the same rows again and again; another thread may ask for others meanwhile.
        latest = self._plan
        if latest is None or not np.array_equal(latest[0], index):
            latest = self._plan = index.copy(), TensorPlan(self.tape, index, table.device)
        return latest[1], table, rows.to(self.device, table.dtype)

    def _checked(self, X: Any, constants: Any, index: Index | None) -> Index:
        """The expression of each row, once it is sure that no kernel will read past an array's end."""
        rows = np.arange(len(self.n_constants)) if index is None else np.asarray(index, dtype=np.int64)
        require_index(rows, len(self.n_constants))
        if X.ndim not in (2, 3) or (X.ndim == 3 and len(X) not in (1, len(rows))):
            raise ValueError(
                f"X has the shape {tuple(X.shape)}; give (points, variables), or {len(rows)} such tables"
            )
        require_variables(self.tape.n_variables[rows], X.shape[-1])
        if constants is not None:
            require_shape("constants", constants, len(rows), int(self.n_constants[rows].max(initial=0)))
        return rows


def values_of(expression: Expression, X: Array) -> NDArray[np.float64]:
    """Values of one expression in 64 bits, shape (P,), on rows of shape (P, D); NaN where it has none."""
    return np.asarray(Program([expression]).values(X)[0], dtype=np.float64)


def _like(example: Any, result: torch.Tensor) -> Any:
    """The result as a tensor if the example is one, otherwise as an array."""
    return result.cpu().numpy() if isinstance(example, np.ndarray) else result


def split_rows(n_rows: int, n_threads: int, work: Callable[[int, int], None]) -> None:
    """Calls work(start, stop) on slices that cover all rows, in threads if there are several."""
    if n_rows == 0:
        return
    if n_threads == 1 or n_rows < 2 * n_threads:
        work(0, n_rows)
        return
    cuts = np.linspace(0, n_rows, 4 * n_threads + 1).astype(int).tolist()
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(work, cuts[:-1], cuts[1:]))

"""What a checkpoint finds in one shot on development problems: `python -m training.measure [CHECKPOINT ...]`.

Generated problems of a seed that no training uses, and the classical suites; network and refinement alone, as
in `eval.oneshot`, which does the same for the Feynman equations and is not looked at while developing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from generators.functions import FunctionConfig, FunctionGenerator
from nsr.evaluate.program import values_of
from nsr.network.checkpoint import DEFAULT_CHECKPOINT
from nsr.problems.metrics import accuracy
from nsr.problems.problem import sample
from nsr.problems.suites import load
from nsr.regressor import SymbolicRegressor

Array = NDArray[np.float64]
# Points that a fit sees, and others that judge it.
N_POINTS, N_FRESH = 512, 688
_SEED = 987654321
_FRESH_SEED = 1_000_003


def generated(n_problems: int) -> Iterator[tuple[Array, Array]]:
    """Clean tables X and y of generated problems, with N_POINTS + N_FRESH rows."""
    n_rows = N_POINTS + N_FRESH
    config = FunctionConfig(min_points=n_rows, max_points=n_rows, noise_share=0.0)
    problems = FunctionGenerator(config, _SEED).batch(n_problems)
    for X, n_variables, expression in zip(
        problems.X, problems.n_variables, problems.expressions, strict=True
    ):
        own = np.ascontiguousarray(X[:, :n_variables], dtype=np.float64)
        yield own, values_of(expression, own)


def classical() -> Iterator[tuple[Array, Array]]:
    """The same of the classical suites' problems."""
    for problem in load("classical"):
        X, y = sample(problem, N_POINTS, seed=0)
        X_fresh, y_fresh = sample(problem, N_FRESH, seed=_FRESH_SEED)
        yield np.concatenate((X, X_fresh)), np.concatenate((y, y_fresh))


def measure(estimator: SymbolicRegressor, tables: Iterator[tuple[Array, Array]]) -> tuple[float, float, int]:
    """Shares of problems recovered and with R2 above 0.99, and the number of problems."""
    figures = []
    for X, y in tables:
        estimator.fit(X[:N_POINTS], y[:N_POINTS])
        found = accuracy(y[N_POINTS:], estimator.predict(X[N_POINTS:]))
        figures.append((found.recovered, found.r2 is not None and found.r2 > 0.99))
    recovered, good = np.mean(figures, axis=0)
    return float(recovered), float(good), len(figures)


def main(
    checkpoints: Annotated[list[str] | None, typer.Argument(help="names or folders")] = None,
    problems: Annotated[int, typer.Option(min=1, help="generated problems")] = 120,
    candidates: Annotated[int, typer.Option(min=1, help="sequences sampled for each problem")] = 1024,
) -> None:
    """Prints a table."""
    table = Table("checkpoint", "problems", "recovered", "R2 > 0.99", "of")
    for checkpoint in checkpoints or [DEFAULT_CHECKPOINT]:
        estimator = SymbolicRegressor(
            checkpoint=checkpoint, n_candidates=candidates, time_limit=20, stages=("network",)
        )
        for name, tables in (("generated", generated(problems)), ("classical", classical())):
            recovered, good, count = measure(estimator, tables)
            table.add_row(checkpoint, name, f"{recovered:.1%}", f"{good:.1%}", str(count))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)

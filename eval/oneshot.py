"""One-shot recovery: what the network and refinement find without any search.

`python -m eval.oneshot` fits every problem of a suite with a fixed budget and prints a table. An
equation counts as recovered when the fraction of variance it leaves unexplained on fresh points is
at most 2^-23, float32's resolution (the criterion of flash-ansr and FastSRB).
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from eval.records import write_rows
from nsr.problems.metrics import accuracy
from nsr.problems.problem import Problem, sample
from nsr.problems.suites import load
from nsr.regressor import SymbolicRegressor

N_FRESH = 1_000


def fit_problem(
    problem: Problem, estimator: SymbolicRegressor, n_points: int, noise: float, seed: int
) -> dict[str, Any]:
    """Fits one problem and measures the chosen equation on fresh points.

    Returns:
        A JSON-ready row; a failed fit has `error` set and counts as not recovered.
    """
    X, y = sample(problem, n_points, seed)
    noisy = y + noise * np.sqrt(np.mean(y**2)) * np.random.default_rng(seed).standard_normal(len(y))
    X_fresh, y_fresh = sample(problem, N_FRESH, seed + 1_000_003)
    started = time.perf_counter()
    row: dict[str, Any] = {
        "problem": problem.name,
        "fvu": None,
        "equation": None,
        "error": None,
        "recovered": False,
    }
    try:
        estimator.fit(X, noisy)
        measured = accuracy(y_fresh, estimator.predict(X_fresh))
        row |= {"fvu": measured.fvu, "recovered": measured.recovered, "equation": estimator.best_["equation"]}
    except (ValueError, FloatingPointError, np.linalg.LinAlgError) as error:
        row["error"] = str(error)
    row["seconds"] = round(time.perf_counter() - started, 2)
    row["r2_above_0.99"] = row["fvu"] is not None and row["fvu"] < 0.01
    return row


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Shares and times over all rows."""
    return {
        "problems": len(rows),
        "recovered": sum(row["recovered"] for row in rows) / len(rows),
        "r2_above_0.99": sum(row["r2_above_0.99"] for row in rows) / len(rows),
        "median_seconds": float(np.median([row["seconds"] for row in rows])),
        "max_seconds": max(row["seconds"] for row in rows),
    }


def main(
    suite: str = "feynman",
    points: int = 512,
    noise: float = 0.0,
    candidates: int = 1024,
    time_limit: float = 20.0,
    seed: int = 0,
    checkpoint: str = "nsr-small",
    output: Annotated[Path | None, typer.Option(help="JSON lines, one per problem")] = None,
) -> None:
    """Fits every problem of SUITE and prints what was recovered."""
    console = Console()
    estimator = SymbolicRegressor(
        checkpoint=checkpoint,
        n_candidates=candidates,
        time_limit=time_limit,
        stages=("network",),
        random_state=seed,
    )
    rows = []
    table = Table("problem", "recovered", "FVU", "seconds", "equation")
    for problem in load(suite):
        row = fit_problem(problem, estimator, points, noise, seed)
        rows.append(row)
        fvu = "-" if row["fvu"] is None else f"{row['fvu']:.1e}"
        table.add_row(
            row["problem"],
            "yes" if row["recovered"] else "",
            fvu,
            str(row["seconds"]),
            row["equation"] or row["error"],
        )
    console.print(table)
    console.print_json(json.dumps(summary(rows)))
    if output is not None:
        write_rows(output, rows)


if __name__ == "__main__":
    typer.run(main)

"""What the network looked at: gradients against leaving rows out, on generated problems.

`python -m examples.saliency` draws tables of problems of the development suite, asks the network how likely
it would write their equations, and ranks the rows by what that loses without each: by one gradient, and by
reading the table once without each row. It prints how well both ranks agree.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import typer
from scipy.stats import spearmanr

import nsr
from examples.measured import Output, save
from nsr.problems.problem import sample
from nsr.problems.suites import load


def agreements(n_problems: int, n_rows: int, seed: int) -> dict[str, float]:
    """Spearman's rank correlation of both ways of ranking rows, by name of the problem.

    Args:
        n_problems: The first ones of the suite whose equation has at least two variables.
        n_rows: Of each table.
        seed: Of the tables.
    """
    problems = [problem for problem in load("generated") if len(problem.ranges) >= 2]
    found = {}
    for problem in problems[:n_problems]:
        X, y = sample(problem, n_rows, seed)
        own = nsr.saliency(X, y, problem.expression)
        found[problem.name] = float(spearmanr(own.rows, own.left_out())[0])
    return found


def main(
    problems: Annotated[int, typer.Option(help="how many problems")] = 20,
    rows: Annotated[int, typer.Option(help="rows of each table, 64 at most")] = 64,
    seed: Annotated[int, typer.Option(help="of the tables")] = 0,
    output: Output = None,
) -> None:
    """Print how well gradients and leaving rows out agree."""
    found = agreements(problems, rows, seed)
    for name, correlation in found.items():
        print(f"{name:15} {correlation:.2f}")
    values = np.array(list(found.values()))
    n_good = int(np.sum(values >= 0.7))
    print(f"least {values.min():.2f}, median {np.median(values):.2f}; {n_good} of {len(values)} reach 0.7")
    save(
        {"seed": seed, "least": values.min(), "median": float(np.median(values)), "agreements": found}, output
    )


if __name__ == "__main__":
    typer.run(main)

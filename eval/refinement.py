"""Refinement of known skeletons: how often the constants are found when the form is right.

`python -m eval.refinement` takes the true skeleton of each Feynman equation, forgets every constant
but structural exponents, starts all of them from N(0, 1), and counts an equation as recovered when the
fraction of variance left unexplained on fresh points is at most 2^-23. The affine form puts redundant
constants around every variable and the whole expression.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Literal, get_args

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from eval.records import write_rows
from nsr.evaluate.program import Program
from nsr.expressions.expression import PLACEHOLDER, Expression, Token, is_variable
from nsr.problems.metrics import RECOVERED_FVU
from nsr.problems.problem import Problem, sample
from nsr.problems.suites import load
from nsr.refinement.compiling import compile_kernels
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.refine import Effort, Method, refine
from nsr.task import Task

N_FRESH = 1_000

Form = Literal["plain", "affine"]


def free_skeleton(expression: Expression, form: Form) -> Expression:
    """The expression's skeleton, with redundant affine constants in the affine form."""
    skeleton = expression.skeleton()
    if form == "plain":
        return skeleton
    tokens: list[Token] = ["add", "mul", PLACEHOLDER]
    for token in skeleton.tokens:
        tokens += ["add", "mul", PLACEHOLDER, token, PLACEHOLDER] if is_variable(token) else [token]
    return Expression((*tokens, PLACEHOLDER))


def is_recovered(skeleton: Expression, constants: NDArray[np.float64], problem: Problem, seed: int) -> bool:
    """Whether the skeleton with these constants explains fresh points."""
    X, y = sample(problem, N_FRESH, seed + 1_000_003)
    predicted = Program([skeleton]).values(X, constants[None])[0]
    with np.errstate(all="ignore"):
        return bool(np.mean((predicted - y) ** 2) <= RECOVERED_FVU * np.var(y))


def measure(
    problems: list[Problem], form: Form, method: Method, restarts: int, points: int, seed: int
) -> tuple[list[str], int, float]:
    """Names of the problems not recovered, local optimisations run, and the processor seconds they took."""
    failed: list[str] = []
    fits, seconds = 0, 0.0
    for number, problem in enumerate(problems):
        X, y = sample(problem, points, seed)
        skeleton = free_skeleton(problem.expression, form)
        started = time.process_time()
        task = Task(X, y, SQUARED_ERROR, seed=seed + number)
        refined = refine([skeleton], task, Effort(restarts), method=method, random_first=True)
        seconds += time.process_time() - started
        fits += refined.fits
        if not is_recovered(skeleton, refined.constants[0], problem, seed):
            failed.append(problem.name)
    return failed, fits, seconds


def main(
    suite: str = "feynman",
    points: int = 300,
    restarts: Annotated[str, typer.Option(help="numbers of restarts, with commas")] = "1,8,32",
    methods: Annotated[str, typer.Option(help="methods, with commas")] = ",".join(get_args(Method)),
    forms: Annotated[str, typer.Option(help="plain, affine or both, with a comma")] = "plain,affine",
    seed: int = 0,
    output: Annotated[Path | None, typer.Option(help="JSON lines, one per measurement")] = None,
) -> None:
    """Refines the true skeletons of SUITE and prints the share recovered and what failed."""
    problems = load(suite)
    compile_kernels()
    table = Table("form", "method", "restarts", "recovered", "fits/s/core", "failed")
    rows = []
    for form in [f for f in get_args(Form) if f in forms.split(",")]:
        for method in [m for m in get_args(Method) if m in methods.split(",")]:
            for number in map(int, restarts.split(",")):
                failed, fits, seconds = measure(problems, form, method, number, points, seed)
                share = 1 - len(failed) / len(problems)
                rows.append(
                    {"form": form, "method": method, "restarts": number, "recovered": share, "failed": failed}
                )
                speed = f"{fits / max(seconds, 1e-9):,.0f}"
                table.add_row(form, method, str(number), f"{share:.1%}", speed, " ".join(failed))
    Console().print(table)
    if output is not None:
        write_rows(output, rows)


if __name__ == "__main__":
    typer.run(main)

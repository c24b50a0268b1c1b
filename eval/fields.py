"""Partial differential equations from noisy fields: `python -m eval.fields`.

Ten textbook equations are solved by a spectral method (`eval.spectral`), noise is added, and each method is
asked for the equations. A form is right if it has exactly the true monomials of fields and derivatives; its
coefficients are right if all are within 1 % without noise, 5 % with 5 % noise and 15 % with 20 %. With
`--seed` drawn equations are taken instead, to develop on.
"""

from __future__ import annotations

import itertools
import time
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import pandas as pd
import sympy
import typer

from eval.field_problems import TEN, FieldProblem, drawn
from eval.pdes import make, package
from eval.records import write_rows
from eval.report import markdown_table

# Relative errors of coefficients that are allowed, by noise up to this share of a field's deviation.
_ALLOWED = {0.0: 0.01, 0.05: 0.05, 0.2: 0.15}
_SHOWN = 100


def error_of(found: sympy.Expr, truth: sympy.Expr) -> float | None:
    """The largest relative error of the coefficients; None where the form is another."""
    own, true = (sympy.expand(one).as_coefficients_dict() for one in (found, truth))
    largest = max((abs(float(value)) for value in own.values()), default=0.0)
    own = {term: float(value) for term, value in own.items() if abs(float(value)) > 1e-9 * largest}
    if set(own) != set(true):
        return None
    return float(max(abs(own[term] / float(value) - 1) for term, value in true.items()))


def run(problems: Iterable[FieldProblem], methods: list[str], noise: list[float]) -> pd.DataFrame:
    """A row for each problem, method and noise."""
    rows = []
    for problem, sigma, method in itertools.product(problems, noise, methods):
        observed = problem.observe(sigma)
        begun = time.perf_counter()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = make(method).fit(observed, problem.variables)
        except ValueError as refusal:
            found, shown = [], str(refusal)
        else:
            shown = "; ".join(map(str, found))
        seconds = time.perf_counter() - begun
        errors = [error_of(*pair) for pair in zip(found, problem.truth, strict=False)]
        is_right = bool(errors) and None not in errors
        worst = max((error for error in errors if error is not None), default=float("nan"))
        allowed = min((most for level, most in _ALLOWED.items() if level >= sigma), default=0.15)
        rows.append((problem.name, method, sigma, is_right, is_right and worst <= allowed, worst, seconds))
        typer.echo(
            f"{problem.name:22} {method:6} {sigma:<5g} {'right' if is_right else 'wrong':6} {worst:8.2g} "
            f"{seconds:6.1f} s  {shown[:_SHOWN]}"
        )
    columns = ["problem", "method", "noise", "form", "coefficients", "error", "seconds"]
    return pd.DataFrame(rows, columns=columns)


def main(
    methods: Annotated[str, typer.Option(help="names, separated by commas")] = "nsr,sindy",
    noise: Annotated[str, typer.Option(help="shares of a field's deviation, by commas")] = "0,0.05,0.2",
    seed: Annotated[int | None, typer.Option(help="of drawn equations, instead of the ten")] = None,
    n: Annotated[int, typer.Option(help="drawn equations")] = 24,
    output: Annotated[Path | None, typer.Option(help="JSON lines, one per fit")] = None,
) -> None:
    """Fits, and prints how many forms are right, and how many with good coefficients."""
    problems = list(TEN if seed is None else itertools.islice(drawn(seed), n))
    rows = run(problems, methods.split(","), [float(level) for level in noise.split(",")])
    if output is not None:
        write_rows(output, rows.to_dict("records"), package)
    typer.echo(markdown_table(summary(rows).reset_index()))


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Of rows of results, by noise and method: how many forms are right, and with good coefficients."""
    groups = rows.groupby(["noise", "method"], sort=False)
    sums = groups[["form", "coefficients"]].sum()
    medians = groups[["error", "seconds"]].median()
    return sums.assign(problems=groups.size()).join(medians)


if __name__ == "__main__":
    typer.run(main)

"""The NIST regression sets: `python -m eval.nist`, are the certified equations found without being given?

27 sets of the Statistical Reference Datasets (`nsr.problems.nist`) whose equation NIST chose and whose fit it
certified. An equation has the certified form if its family contains the certified fit, with at most one
constant more: once its constants are fitted to the certified curve, it is as near to it everywhere as a
thousandth of the residuals' scale. Its constants are those that can be told apart, the rank of its Jacobian;
the number 1 and exponents that are multiples of a half or a third are no constants, and a constant that
occurs twice counts twice.
Reached is the certified sum of squared residuals, to 1 %, by an equation of the front with at most one
constant more. Fits are told that errors are of one size, as the certified fits are least squares.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from eval.records import write_rows
from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import PLACEHOLDER, Expression
from nsr.expressions.parsing import parse
from nsr.problems.nist import CertifiedFit, read_certified_fits
from nsr.refinement.compiling import compile_kernels
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.regressor import SymbolicRegressor
from nsr.search.curves.fitting import best_fits
from nsr.search.settings import COMPONENTS
from nsr.task import Task

Array = NDArray[np.float64]

# Share of the residuals' scale to which an equation reproduces the certified curve, and of the values where
# residuals are smaller than rounding.
_SAME, _ROUNDING = 1e-3, 1e-10
# Singular values below this share of the largest belong to constants that cannot be told apart.
_COLLINEAR = 1e-9
_MORE_CONSTANTS = 1
_REACHED = 1.01
# Starts from which an equation is fitted to the certified curve, factors of its own constants.
_N_STARTS = 64


def n_constants(expression: Expression, X: Array) -> int:
    """Constants of an equation that data on these rows can tell apart."""
    program = Program([expression])
    with np.errstate(all="ignore"):
        _, jacobian = program.jacobian(X)
    fitted = [i for i, value in enumerate(expression.constants) if value != 1]
    own = np.asarray(jacobian[0][fitted], dtype=np.float64)
    norms = np.linalg.norm(own, axis=1)
    if not np.all(np.isfinite(norms)):
        return len(own)
    used = own[norms > 0] / norms[norms > 0, None]
    if not len(used):
        return 0
    sizes = np.linalg.svd(used, compute_uv=False)
    return int(np.sum(sizes > _COLLINEAR * sizes[0]))


def has_form(expression: Expression, fit: CertifiedFit) -> bool:
    """Whether an equation's family contains the certified fit."""
    if n_constants(expression, fit.X) > len(fit.parameters) + _MORE_CONSTANTS:
        return False
    certified = Program([fit.expression]).values(fit.X)[0]
    fits = best_fits(*_started(expression), Task(fit.X, certified, SQUARED_ERROR), Clock())
    if not fits:
        return False
    with np.errstate(all="ignore"):
        found = Program([fits[0].expression]).values(fit.X)[0]
    scale = np.sqrt(fit.residual_sum / (len(fit.y) - len(fit.parameters)))
    allowed = max(_SAME * scale, _ROUNDING * float(np.sqrt(np.mean(fit.y**2))))
    return bool(np.all(np.abs(found - certified) <= allowed))


def _started(expression: Expression) -> tuple[Expression, list[tuple[float, ...]]]:
    """The form of an equation, with a placeholder for each constant, and where its fits begin."""
    places = [place for place in expression.free_positions if expression.tokens[place] != 1]
    form = Expression(tuple(PLACEHOLDER if i in places else t for i, t in enumerate(expression.tokens)))
    own = np.array([expression.tokens[place] for place in places], dtype=np.float64)
    rng = np.random.default_rng(0)
    signs = rng.choice([1.0, 1.0, -1.0], (_N_STARTS, len(own)))
    factors = signs * np.exp(rng.standard_normal((_N_STARTS, len(own))))
    return form, [tuple(own.tolist()), *map(tuple, (own * factors).tolist())]


def residual_ratio(expression: Expression, fit: CertifiedFit) -> float:
    """Sum of squared residuals over the certified one; 1 where both are rounding errors."""
    with np.errstate(all="ignore"):
        off = Program([expression]).values(fit.X)[0] - fit.y
    total = float(off @ off)
    rounding = (_ROUNDING * float(np.linalg.norm(fit.y))) ** 2
    return max(total, rounding) / max(fit.residual_sum, rounding) if np.isfinite(total) else np.inf


def judged(equations: list[Expression], chosen: int, fit: CertifiedFit) -> dict[str, Any]:
    """What a front says of a set.

    Args:
        equations: The front.
        chosen: Index of the chosen equation.
        fit: The set.
    """
    forms = [has_form(equation, fit) for equation in equations]
    counts = [n_constants(equation, fit.X) for equation in equations]
    ratios = [residual_ratio(equation, fit) for equation in equations]
    most = len(fit.parameters) + _MORE_CONSTANTS
    best = min((ratio for ratio, n in zip(ratios, counts, strict=True) if n <= most), default=np.inf)
    return {
        "chosen_form": forms[chosen],
        "front_form": any(forms),
        "reached": best <= _REACHED,
        "chosen_ratio": ratios[chosen],
        "best_ratio": best,
        "chosen_constants": counts[chosen],
        "certified_constants": len(fit.parameters),
        "front": len(equations),
    }


def fit_set(fit: CertifiedFit, estimator: SymbolicRegressor) -> dict[str, Any]:
    """Fits one set and judges its front."""
    started = time.perf_counter()
    estimator.fit(fit.X, fit.y)
    seconds = time.perf_counter() - started
    table = estimator.equations_
    texts = table["equation"].tolist()
    equations = [parse(text, [f"x_{i}" for i in range(fit.X.shape[1])]) for text in texts]
    chosen = texts.index(estimator.best_["equation"])
    row = {"set": fit.name, "difficulty": fit.difficulty, "seconds": round(seconds, 2)}
    return row | judged(equations, chosen, fit) | {"equation": texts[chosen]}


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Numbers of sets."""
    return {
        "sets": len(rows),
        "form_chosen": sum(row["chosen_form"] for row in rows),
        "form_chosen_or_on_front": sum(row["front_form"] for row in rows),
        "residual_sum_reached": sum(row["reached"] for row in rows),
        "median_seconds": float(np.median([row["seconds"] for row in rows])),
    }


def main(
    time_limit: Annotated[float, typer.Option(help="seconds a fit")] = 30.0,
    seed: Annotated[int, typer.Option(help="of the search")] = 0,
    sets: Annotated[str, typer.Option(help="`all`, or names separated by commas")] = "all",
    stages: Annotated[str, typer.Option(help="stages of the search, by commas")] = ",".join(COMPONENTS),
    output: Annotated[Path | None, typer.Option(help="JSON lines, one per set")] = None,
) -> None:
    """Fits every set and prints what was found."""
    fits = {fit.name: fit for fit in read_certified_fits()}
    names = list(fits) if sets == "all" else [name.strip() for name in sets.split(",")]
    if unknown := [name for name in names if name not in fits]:
        raise typer.BadParameter(f"no set {', '.join(unknown)}; choose of {', '.join(fits)}")
    estimator = SymbolicRegressor(
        loss="squared_error", time_limit=time_limit, random_state=seed, stages=tuple(stages.split(","))
    )
    compile_kernels()  # the first fit's seconds are not the compiler's
    console = Console()
    table = Table("set", "chosen", "front", "reached", "ratio", "constants", "seconds", "equation")
    rows = []
    for name in track(names, console=Console(stderr=True)):
        row = fit_set(fits[name], estimator)
        rows.append(row)
        table.add_row(
            name,
            *("yes" if row[key] else "" for key in ("chosen_form", "front_form", "reached")),
            f"{row['chosen_ratio']:.4g}",
            f"{row['chosen_constants']} ({row['certified_constants']})",
            str(row["seconds"]),
            row["equation"],
        )
        if output is not None:
            write_rows(output, rows)
    console.print(table)
    console.print_json(json.dumps(summary(rows)))


if __name__ == "__main__":
    typer.run(main)

"""The development suite: `python -m eval.generated` draws it from the physics prior and writes its table.

Thresholds and settings are chosen on these problems and on the classical suites, never on the Feynman
equations. The seed lies outside every training stream's, and no skeleton of a benchmark is among them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from typing import Annotated

import numpy as np
import typer

from eval.problems import TABLES, Problem, sample
from generators.equations import EquationSampler
from generators.expressions import ExpressionConfig
from nsr.expression import Expression
from nsr.printing import to_infix
from nsr.program import Program

_SEED = 0x67656E6572617465
_PRIOR = ExpressionConfig(
    max_variables=8, physics_share=0.85, max_length=60, variable_weights=(6, 16, 20, 20, 16, 12, 6, 4)
)
# Ranges as physicists tabulate them: a few units wide, positive, or around zero.
_RANGES = ((1.0, 5.0), (1.0, 3.0), (0.1, 2.0), (1.0, 10.0), (-3.0, 3.0))
_RANGE_WEIGHTS = (0.45, 0.2, 0.15, 0.1, 0.1)
_N_PROBES = 400
# What the target may be: no constant in disguise, nothing that a few rows decide, and every variable matters.
_LEAST_SPREAD, _MOST_OUTLYING, _LEAST_EFFECT = 0.02, 10.0, 3e-3


def draw(seed: int = _SEED) -> Iterator[Problem]:
    """Endless problems of one to eight variables, each of a skeleton of its own."""
    rng = np.random.default_rng(seed)
    sampler = EquationSampler(_PRIOR, seed)
    seen: set[Expression] = set()
    while True:
        expression = sampler.draw(1)[0]
        if expression.skeleton() in seen:
            continue
        problem = _with_ranges(expression, f"Generated-{len(seen) + 1}", rng)
        if _is_sensible(problem, rng):
            seen.add(expression.skeleton())
            yield problem


def _with_ranges(expression: Expression, name: str, rng: np.random.Generator) -> Problem:
    names = tuple(f"x_{i}" for i in expression.variables)
    chosen = rng.choice(len(_RANGES), len(names), p=_RANGE_WEIGHTS)
    return Problem(name, "generated", expression, names, tuple(_RANGES[i] for i in chosen))


def _is_sensible(problem: Problem, rng: np.random.Generator) -> bool:
    program = Program([problem.expression])
    low, high = np.array(problem.ranges).T
    if not np.isfinite(program.values(rng.uniform(low, high, (_N_PROBES, len(low))))).mean() > 0.9:
        return False
    X, y = sample(problem, _N_PROBES, 0)
    with np.errstate(over="ignore"):
        size, spread = float(np.sqrt(np.mean(y**2))), float(np.std(y))
    if not _LEAST_SPREAD * size < spread or np.max(np.abs(y - np.median(y))) > _MOST_OUTLYING * spread:
        return False
    return all(_effect(program, X, y, i) > _LEAST_EFFECT for i in range(X.shape[1]))


def _effect(program: Program, X: np.ndarray, y: np.ndarray, column: int) -> float:
    """How much of the target's spread shuffling a variable changes."""
    shuffled = X.copy()
    shuffled[:, column] = np.roll(X[:, column], 1)
    changed = program.values(shuffled)[0]
    return float(np.sqrt(np.nanmedian((changed - y) ** 2)) / np.std(y))


def main(count: Annotated[int, typer.Option(help="how many problems")] = 160) -> None:
    """Writes the table `eval/problems/generated.csv`."""
    with (TABLES / "generated.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("name", "formula", "variables"))
        for problem in islice(draw(), count):
            pairs = zip(problem.variable_names, problem.ranges, strict=True)
            ranges = " ".join(f"{name}:{low:g}:{high:g}" for name, (low, high) in pairs)
            writer.writerow((problem.name, to_infix(problem.expression, problem.variable_names), ranges))


if __name__ == "__main__":
    typer.run(main)

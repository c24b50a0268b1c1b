"""The development suites: `python -m eval.generated` draws them from the physics prior and writes a table.

Thresholds and settings are chosen on these problems and on the classical suites, never on the Feynman
equations. The seeds lie outside every training stream's, and no skeleton of a benchmark is among them. The
suite `hard` holds problems that the search does not solve without its network and its evolution. `hard2` is
drawn as `hard` was, from another seed and with none of its skeletons; it is a benchmark, on which nothing is
chosen.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import Annotated

import numpy as np
import typer

from eval.protocol import SEEDS, split
from generators.equations import EquationSampler
from generators.expressions import ExpressionConfig
from generators.holdout import Holdout
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.expressions.printing import to_infix
from nsr.problems.formulas import TABLES
from nsr.problems.metrics import accuracy
from nsr.problems.problem import Problem, sample
from nsr.problems.suites import load
from nsr.regressor import SymbolicRegressor

_SEED, _HARD_SEED, _HARD_SEED_2 = 0x67656E6572617465, 0x68617264, 0x6861726432
_PRIOR = ExpressionConfig(
    max_variables=8, physics_share=0.85, max_length=60, variable_weights=(6, 16, 20, 20, 16, 12, 6, 4)
)
# Ranges as physicists tabulate them: a few units wide, positive, or around zero.
_RANGES = ((1.0, 5.0), (1.0, 3.0), (0.1, 2.0), (1.0, 10.0), (-3.0, 3.0))
_RANGE_WEIGHTS = (0.45, 0.2, 0.15, 0.1, 0.1)
_N_PROBES = 400
# A hard problem has at least this many variables, and what knows structure only does not recover it in this
# many seconds from this many rows.
_LEAST_HARD_VARIABLES, _HARD_SECONDS, _HARD_ROWS = 2, 3.0, 2_000
# Nor is it a fast wave: variables that grow by this factor change it by less than this share of its spread.
_STEP, _MOST_CHANGE = 1.001, 0.3
_STRUCTURE = ("families", "separation", "reduction")
# What the target may be: no constant in disguise, nothing that a few rows decide, and every variable matters.
_LEAST_SPREAD, _MOST_OUTLYING, _LEAST_EFFECT = 0.02, 10.0, 3e-3


class Suite(StrEnum):
    """The suites that are drawn here."""

    GENERATED = "generated"
    HARD = "hard"
    HARD_2 = "hard2"


def draw(seed: int = _SEED, suite: str = "generated") -> Iterator[Problem]:
    """Endless problems of one to eight variables, each of a skeleton of its own."""
    rng = np.random.default_rng(seed)
    sampler = EquationSampler(_PRIOR, seed)
    seen: set[Expression] = set()
    while True:
        expression = sampler.draw(1)[0]
        if expression.skeleton() in seen:
            continue
        problem = _with_ranges(expression, suite, f"{suite.capitalize()}-{len(seen) + 1}", rng)
        if _is_sensible(problem, rng):
            seen.add(expression.skeleton())
            yield problem


def draw_hard(seed: int = _HARD_SEED, suite: str = "hard") -> Iterator[Problem]:
    """Endless problems of two to eight variables that defeat the stages of the search that know structure."""
    for problem in draw(seed, suite):
        is_large = len(problem.variable_names) >= _LEAST_HARD_VARIABLES
        if is_large and _is_resolved(problem) and not _is_solved_by_structure(problem):
            yield problem


def draw_hard_again() -> Iterator[Problem]:
    """The same from another seed, without the skeletons on which methods were developed."""
    known = Holdout(problem.expression for suite in ("generated", "hard") for problem in load(suite))
    for problem in draw_hard(_HARD_SEED_2, "hard2"):
        if not known.contains(problem.expression):
            yield problem


def _is_resolved(problem: Problem) -> bool:
    """Whether a step of a thousandth of each variable changes the target little, as no wave is too fast."""
    X, y = sample(problem, _N_PROBES, 0)
    off = Program([problem.expression]).values(X * _STEP)[0] - y
    return float(np.sqrt(np.nanmean(off**2))) < _MOST_CHANGE * float(np.std(y))


def _is_solved_by_structure(problem: Problem) -> bool:
    data = split(problem, 0.0, SEEDS[0], _HARD_ROWS)
    model = SymbolicRegressor(stages=_STRUCTURE, time_limit=_HARD_SECONDS).fit(data.X_train, data.y_train)
    return accuracy(data.y_test, model.predict(data.X_test)).recovered


def _with_ranges(expression: Expression, suite: str, name: str, rng: np.random.Generator) -> Problem:
    names = tuple(f"x_{i}" for i in expression.variables)
    chosen = rng.choice(len(_RANGES), len(names), p=_RANGE_WEIGHTS)
    return Problem(name, suite, expression, names, tuple(_RANGES[i] for i in chosen))


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


def main(
    suite: Annotated[Suite, typer.Option(help="which table to write")] = Suite.GENERATED,
    count: Annotated[int, typer.Option(help="how many problems")] = 160,
) -> None:
    """Writes the table of a suite beside the others in `nsr/problems/`."""
    problems = {Suite.GENERATED: draw, Suite.HARD: draw_hard, Suite.HARD_2: draw_hard_again}[suite]()
    with (TABLES / f"{suite.value}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("name", "formula", "variables"))
        for problem in islice(problems, count):
            pairs = zip(problem.variable_names, problem.ranges, strict=True)
            ranges = " ".join(f"{name}:{low:g}:{high:g}" for name, (low, high) in pairs)
            writer.writerow((problem.name, to_infix(problem.expression, problem.variable_names), ranges))
            file.flush()  # a hard problem takes seconds to find


if __name__ == "__main__":
    typer.run(main)

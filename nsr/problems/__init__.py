"""Benchmark problems with a known equation, in one type; the tables beside this file are our own.

Feynman: the Feynman Symbolic Regression Database (arXiv:1905.11481), with its ranges. ODEBench:
arXiv:2310.05573. Strogatz: the two-state systems of SRBench (arXiv:2107.14351). Classical suites:
Nguyen, Keijzer, Livermore, Korns, Jin and Vladislavleva as published, ranges included; where a
published range leaves the equation's domain, it is cut to the part inside. Generated and hard
(`eval.generated`), and textbook (dynamical systems that ODEBench lacks, with parameters of our own) are no
benchmarks: methods are developed on them.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.expressions.parsing import parse
from nsr.expressions.simplify import simplify

TABLES = Path(__file__).parent
CLASSICAL = ("nguyen", "keijzer", "livermore", "korns", "jin", "vladislavleva")
SUITES = ("feynman", "strogatz", *CLASSICAL, "generated", "hard")


@dataclass(frozen=True)
class Problem:
    """A regression problem whose equation is known.

    Attributes:
        name: Unique within its suite.
        suite: One of `SUITES`.
        expression: The equation; variable `x_i` is `variable_names[i]`.
        variable_names: Names of the variables.
        ranges: Lowest and highest value of each variable.
        units: Unit of each variable, such as `m*s^-2`, where the table has them; `1` has none.
        target_unit: Unit of the target.
        in_srbench: Whether SRBench 2021 scores it.
    """

    name: str
    suite: str
    expression: Expression
    variable_names: tuple[str, ...]
    ranges: tuple[tuple[float, float], ...]
    units: tuple[str, ...] = ()
    target_unit: str = ""
    in_srbench: bool = False


def load(suite: str) -> list[Problem]:
    """All problems of a suite, or of every classical suite with the name `classical`.

    Raises:
        ValueError: If there is no such suite.
    """
    if suite not in {*SUITES, "classical"}:
        raise ValueError(f"no suite {suite!r}; choose one of {', '.join((*SUITES, 'classical'))}")
    if suite not in {*CLASSICAL, "classical"}:
        return [_problem(suite, row) for row in _rows(f"{suite}.csv")]
    rows = _rows("classical.csv")
    return [_problem(row["suite"], row) for row in rows if suite in {row["suite"], "classical"}]


@dataclass(frozen=True)
class SystemProblem:
    """A dynamical system whose equations are known.

    Attributes:
        name: Number and name.
        system: Right-hand sides; component i is dx_i/dt.
        initial_values: The values that observation starts from, and others to generalise to.
        time_span: First and last time.
    """

    name: str
    system: tuple[Expression, ...]
    initial_values: tuple[tuple[float, ...], ...]
    time_span: tuple[float, float]


def load_odebench() -> list[SystemProblem]:
    """The 63 systems of ODEBench."""
    return _systems("odebench.json")


def load_textbook() -> list[SystemProblem]:
    """Systems of textbooks that ODEBench lacks, to develop on."""
    return _systems("textbook.json")


def _systems(file_name: str) -> list[SystemProblem]:
    rows = json.loads((TABLES / file_name).read_text(encoding="utf-8"))
    return [
        SystemProblem(
            name=f"{row['id']} {row['name']}",
            system=_right_hand_sides(row),
            initial_values=tuple(tuple(values) for values in row["initial_values"]),
            time_span=tuple(row["time_span"]),
        )
        for row in rows
    ]


def load_systems() -> dict[str, tuple[Expression, ...]]:
    """The right-hand sides of ODEBench's systems, by number and name."""
    return {problem.name: problem.system for problem in load_odebench()}


def sample(problem: Problem, n_points: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draws data uniformly from the ranges, where the equation is finite.

    Args:
        problem: What to sample.
        n_points: Number of rows.
        seed: Seed of the draw.

    Returns:
        X, shape (n_points, n_variables), and y, shape (n_points,).

    Raises:
        ValueError: If the equation is finite almost nowhere in its ranges.
    """
    rng = np.random.default_rng(seed)
    low, high = np.array(problem.ranges).T
    program = Program([problem.expression])
    kept = np.empty((0, len(low) + 1))
    for _ in range(100):
        X = rng.uniform(low, high, (n_points, len(low)))
        table = np.column_stack((X, program.values(X)[0]))
        kept = np.concatenate((kept, table[np.isfinite(table[:, -1])]))
        if len(kept) >= n_points:
            return kept[:n_points, :-1].copy(), kept[:n_points, -1].copy()
    raise ValueError(f"{problem.name} is finite almost nowhere in its ranges; check them")


def _rows(file_name: str) -> list[dict[str, str]]:
    with (TABLES / file_name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _problem(suite: str, row: dict[str, str]) -> Problem:
    parts = [entry.split(":") for entry in row["variables"].split()]
    names = tuple(part[0] for part in parts)
    return Problem(
        name=row["name"],
        suite=suite,
        expression=simplify(parse(row["formula"], names)),
        variable_names=names,
        ranges=tuple((float(part[1]), float(part[2])) for part in parts),
        units=tuple(part[3] for part in parts if len(part) > 3),
        target_unit=row.get("unit", ""),
        in_srbench=suite == "strogatz" or row.get("srbench") == "1",
    )


def _right_hand_sides(system: dict[str, object]) -> tuple[Expression, ...]:
    constants, equations = system["constants"], system["equations"]
    assert isinstance(constants, dict)
    assert isinstance(equations, list)
    return tuple(
        simplify(parse(re.sub(r"\bc_\d+\b", lambda match: f"({constants[match[0]]!r})", text)))
        for text in equations
    )

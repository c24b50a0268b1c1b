"""Tables of formulas, read into problems; those of the suites in `nsr.problems.suites` lie beside this file.

A CSV table has a row for each problem: `name`, `formula`, `variables` (`name:lowest:highest`, and `:unit`
where units are known, separated by spaces), and where they apply `suite`, `unit` (that of the target),
`srbench`, `constants` (`name:value`, of what the formula has besides variables) and `distributions` (one for
each variable as `Distribution.read` takes it; the range is then that before signs). A JSON table has an
object for each dynamical system.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from pathlib import Path

from nsr.expressions.expression import Expression
from nsr.expressions.parsing import parse
from nsr.expressions.simplify import simplify
from nsr.problems.distribution import Distribution
from nsr.problems.problem import Problem, SystemProblem

TABLES = Path(__file__).parent


def read_functions(table: Path, suite: str) -> list[Problem]:
    """The problems of a suite in a CSV table; one with a column `suite` holds several suites."""
    with table.open(encoding="utf-8", newline="") as file:
        return [_problem(suite, row) for row in csv.DictReader(file) if row.get("suite", suite) == suite]


def read_systems(table: Path) -> list[SystemProblem]:
    """The systems of a JSON table."""
    rows = json.loads(table.read_text(encoding="utf-8"))
    return [
        SystemProblem(
            name=f"{row['id']} {row['name']}",
            system=_right_hand_sides(row),
            initial_values=tuple(tuple(values) for values in row["initial_values"]),
            time_span=tuple(row["time_span"]),
        )
        for row in rows
    ]


def _problem(suite: str, row: dict[str, str]) -> Problem:
    parts = [entry.split(":") for entry in row["variables"].split()]
    names = tuple(part[0] for part in parts)
    constants = dict(entry.split(":") for entry in row.get("constants", "").split())
    ranges = tuple((float(part[1]), float(part[2])) for part in parts)
    kinds = row.get("distributions", "").split()
    distributions = (
        tuple(Distribution.read(kind, *own) for kind, own in zip(kinds, ranges, strict=True)) if kinds else ()
    )
    return Problem(
        name=row["name"],
        suite=suite,
        expression=simplify(parse(_with_values(row["formula"], constants), names)),
        variable_names=names,
        ranges=tuple(own.range for own in distributions) or ranges,
        units=tuple(part[3] for part in parts if len(part) > 3),
        target_unit=row.get("unit", ""),
        in_srbench=row.get("srbench") == "1",
        distributions=distributions,
    )


def _with_values(formula: str, constants: Mapping[str, object]) -> str:
    """A formula with the values of its constants in place of their names."""
    return re.sub(
        r"\b[A-Za-z]\w*", lambda name: f"({constants[name[0]]})" if name[0] in constants else name[0], formula
    )


def _right_hand_sides(system: dict[str, object]) -> tuple[Expression, ...]:
    constants, equations = system["constants"], system["equations"]
    assert isinstance(constants, dict)
    assert isinstance(equations, list)
    return tuple(simplify(parse(_with_values(text, constants))) for text in equations)

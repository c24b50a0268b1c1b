"""The NIST StRD nonlinear regression sets: data, the certified equation, and how well it fits.

27 sets of the Statistical Reference Datasets (https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml, in the
public domain), whose least-squares fits NIST has certified to eleven digits in extended precision.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.expression import Expression
from nsr.expressions.parsing import parse
from nsr.expressions.simplify import simplify
from nsr.problems.formulas import TABLES
from nsr.problems.problem import Problem

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CertifiedFit:
    """A set of data with its certified least-squares fit.

    Attributes:
        name: NIST's.
        difficulty: `lower`, `average` or `higher`, of the fit from NIST's starting values.
        X: Predictors, shape (P, D).
        y: Response, shape (P,); its logarithm where that is what NIST fits.
        variable_names: Names of the predictors.
        form: The equation as text, in the predictors and the parameters.
        parameters: Certified value and standard deviation of each parameter.
        residual_sum: The certified sum of squared residuals.
    """

    name: str
    difficulty: str
    X: Array
    y: Array
    variable_names: tuple[str, ...]
    form: str
    parameters: dict[str, tuple[float, float]]
    residual_sum: float

    @cached_property
    def expression(self) -> Expression:
        """The certified equation."""
        text = re.sub(
            r"\bb\d\b",
            lambda match: f"({self.parameters[match[0]][0]!r})",
            self.form,
        )
        return parse(text, self.variable_names)

    def as_problem(self) -> Problem:
        """The equation as any other benchmark's, over the ranges of its data."""
        ranges = zip(self.X.min(axis=0).tolist(), self.X.max(axis=0).tolist(), strict=True)
        return Problem(self.name, "nist", simplify(self.expression), self.variable_names, tuple(ranges))


def read_certified_fits() -> list[CertifiedFit]:
    """All sets, by name."""
    rows = json.loads((TABLES / "nist.json").read_text(encoding="utf-8"))
    return [_certified_fit(row) for row in rows]


def read_problems() -> list[Problem]:
    """The equations of all sets."""
    return [fit.as_problem() for fit in read_certified_fits()]


def _certified_fit(row: dict[str, object]) -> CertifiedFit:
    columns, parameters = row["columns"], row["parameters"]
    assert isinstance(columns, dict)
    assert isinstance(parameters, dict)
    names = tuple(name for name in columns if name != "y")
    y = np.array(columns["y"], dtype=np.float64)
    return CertifiedFit(
        name=str(row["name"]),
        difficulty=str(row["difficulty"]),
        X=np.column_stack([np.array(columns[name], dtype=np.float64) for name in names]),
        y=np.log(y) if row.get("logarithm") else y,
        variable_names=names,
        form=str(row["form"]),
        parameters={name: (float(value), float(error)) for name, (value, error) in parameters.items()},
        residual_sum=float(str(row["residual_sum"])),
    )

"""NSR's `PDERegressor` as it is."""

from __future__ import annotations

import sympy

from eval.field_problems import Observed
from nsr.fields import PDERegressor
from nsr.fields.variables import FieldVariables


class Method:
    """Its default settings."""

    def fit(self, observed: Observed, variables: FieldVariables) -> list[sympy.Expr]:
        """The chosen equations."""
        grid = dict(zip("xy", observed.axes, strict=False)) | {"t": observed.times}
        model = PDERegressor(order=variables.order)
        model.fit(observed.fields, inputs=observed.inputs or None, **grid)
        found: list[sympy.Expr] = model.sympy()
        return found

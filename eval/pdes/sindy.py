"""PySINDy's weak library for partial differential equations, with a threshold chosen by what it leaves.

The library is that of its tutorials: polynomials of degree 3, derivatives by place of order 4 over a line and
2 over a plane, and their products; 400 domains, whose half-widths are a tenth of the axes. Thresholds of
STLSQ on columns of unit length are compared by the Bayesian information criterion.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
import pysindy
import sympy
from numpy.typing import NDArray

from eval.field_problems import Observed
from nsr.fields.variables import FieldVariables

Array = NDArray[np.float64]

_DEGREE, _N_DOMAINS, _HALF = 3, 400, 0.1
_ORDERS = {1: 4, 2: 2}
# Of many fields polynomials of degree 3 times all derivatives are thousands.
_DEGREE_OF_MANY, _MANY = 2, 3
_THRESHOLDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
_SEED = 0
# Share of the squared rates below which the fewer terms win, as with NSR.
_EXACT = 1e-6
_PART = re.compile(r"f(\d+)(?:\^(\d+))?(?:_(\d+))?")


class Method:
    """`pysindy.WeakPDELibrary` and `pysindy.STLSQ`."""

    package = "pysindy"

    def fit(self, observed: Observed, variables: FieldVariables) -> list[sympy.Expr]:
        """The best of all thresholds, for each field."""
        if variables.order > 1:
            raise ValueError("there is no weak form of order 2")
        scales = [*observed.axes, observed.times]
        grid = np.stack(np.meshgrid(*scales, indexing="ij"), axis=-1)
        n_fields, n_axes = len(observed.fields), variables.n_axes
        values = np.stack([*observed.fields.values(), *observed.inputs.values()], axis=-1)
        fields = np.moveaxis(values, 0, n_axes)
        axes = {"ax_spatial": list(range(n_axes)), "ax_time": n_axes, "ax_coord": n_axes + 1}
        np.random.seed(_SEED)
        degree = _DEGREE if fields.shape[-1] < _MANY else _DEGREE_OF_MANY
        library = pysindy.WeakPDELibrary(
            pysindy.PolynomialLibrary(degree=degree, include_bias=False),
            derivative_order=_ORDERS[n_axes],
            spatiotemporal_grid=grid,
            K=_N_DOMAINS,
            H_xt=[_HALF * float(np.ptp(scale)) for scale in scales],
        )
        table = library.fit_transform([pysindy.AxesArray(fields, axes)])[0]
        targets = library.convert_u_dot_integral(pysindy.AxesArray(fields, axes))
        terms = library.get_feature_names([f"f{place}" for place in range(fields.shape[-1])])
        return [
            _written(_chosen(np.asarray(table), np.asarray(targets)[:, field]), terms, variables)
            for field in range(n_fields)
        ]


def _chosen(table: Array, target: Array) -> Array:
    """Weights of the threshold with the least criterion."""
    sizes = np.linalg.norm(table, axis=0)
    unit, size = table / sizes, float(np.linalg.norm(target))
    best, least = np.zeros(table.shape[1]), math.inf
    for threshold in _THRESHOLDS:
        found = pysindy.STLSQ(threshold=threshold, alpha=1e-10).fit(unit, target[:, None] / size)
        weights = found.coef_[0]
        left = float(np.sum((target / size - unit @ weights) ** 2))
        score = len(target) * math.log(max(left, _EXACT)) + math.log(len(target)) * np.count_nonzero(weights)
        if score < least:
            best, least = weights * size / sizes, score
    return best


def _written(weights: Array, terms: Sequence[str], variables: FieldVariables) -> sympy.Expr:
    chosen = [(w, _term(term, variables)) for w, term in zip(weights.tolist(), terms, strict=True) if w]
    return sympy.Add(*(w * term for w, term in chosen))


def _term(text: str, variables: FieldVariables) -> sympy.Expr:
    """A term such as `f0^2 f1f0_11`: factors with powers, of which the last may be a derivative."""
    fields, factors = (*variables.fields, *variables.inputs), []
    for field, exponent, along in _PART.findall(text):
        name = fields[int(field)] + ("_" if along else "")
        name += "".join("xy"[int(axis) - 1] for axis in along)
        factors.append(sympy.Symbol(name, real=True) ** int(exponent or 1))
    return sympy.prod(factors)

"""How sure the coefficients of equations for fields are: the jackknife over blocks of test functions.

Neighbouring test functions see the same noise, so blocks of times and places are left out as a whole (Kunsch,
The jackknife and the bootstrap for general stationary observations, Ann. Statist. 17, 1989).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from nsr.expressions.printing import to_infix
from nsr.fields.search import FieldEquation, FieldSystem, fitted
from nsr.refinement.reported import LEVEL

Array = NDArray[np.float64]

COLUMNS = ["field", "term", "value", "error", "low", "high"]
# Blocks along the time and each axis of fields over a line, and over a plane.
_N_BLOCKS = {2: (5, 4), 3: (4, 2, 2)}


def coefficients(
    system: FieldSystem, fields: Sequence[str], names: Sequence[str], counts: Sequence[int]
) -> pd.DataFrame:
    """The coefficients of a system, as `PDERegressor.constants_` has them.

    Args:
        system: The chosen one.
        fields: What the fields are called.
        names: Of all variables.
        counts: Test functions along the time and each axis.
    """
    block = _blocks(counts)
    n_blocks = int(block.max()) + 1
    reach = float(student.ppf((1 + LEVEL) / 2, n_blocks - 1))
    rows = []
    for field, one in zip(fields, system.equations, strict=True):
        errors = _errors(one, block, n_blocks)
        for term, value, error in zip(one.terms, one.weights.tolist(), errors.tolist(), strict=True):
            text = to_infix(term.expression, names)
            rows.append((field, text, value, error, value - reach * error, value + reach * error))
    return pd.DataFrame(rows, columns=COLUMNS)


def _errors(one: FieldEquation, block: NDArray[np.intp], n_blocks: int) -> Array:
    without = np.array([fitted(one.table[block != b], one.target[block != b]) for b in range(n_blocks)])
    return np.asarray(np.sqrt((n_blocks - 1) * np.mean((without - without.mean(axis=0)) ** 2, axis=0)))


def _blocks(counts: Sequence[int]) -> NDArray[np.intp]:
    """The block of each test function, shape (M,)."""
    n_blocks = [min(n, k) for n, k in zip(counts, _N_BLOCKS[len(counts)], strict=True)]
    places = np.meshgrid(
        *(np.arange(n) * k // n for n, k in zip(counts, n_blocks, strict=True)), indexing="ij"
    )
    return np.ravel_multi_index([own.ravel() for own in places], n_blocks)

"""Simulations of fitted fields for the times of a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nsr.data.decoding import described
from nsr.fields.tables import FieldFile, read_fields

if TYPE_CHECKING:
    from nsr.fields.regressor import PDERegressor

Array = NDArray[np.float64]

# Rates at the beginning are those of a polynomial of this degree at most through so many first times.
_DEGREE, _MOST_TIMES, _LEAST_TIMES = 3, 9, 3
# Share of the grid's spacing that places may be off by.
_SAME_PLACE = 1e-3


def simulated(estimator: PDERegressor, path: Path, row: int | None = None) -> pd.DataFrame:
    """Fields at the times of a file, from what they are at its first time on.

    Args:
        estimator: Fitted.
        path: As `nsr.fields.tables.read_fields` reads it, with the places of the fit among its own. Fields
            have to be there at the first time only, of order 2 at the first three or more, and inputs always.
        row: Of the front; the chosen one by default.

    Returns:
        A row for each time and place of the fit, with the columns of a table of fields.

    Raises:
        ValueError: If something is missing or does not fit.
    """
    v, (time, *axes) = estimator.variables_, estimator.scale_names_
    read = _on_grid(read_fields(path, time, axes, v.fields, v.inputs, may_miss=True), estimator, path)
    fields = np.array([read.fields[name] for name in v.fields])
    known = np.isfinite(fields.reshape(len(fields), len(read.times), -1)).all(axis=(0, 2))
    n_known = len(known) if known.all() else int(np.argmin(known))
    needed = 1 if v.order == 1 else _LEAST_TIMES
    if n_known < needed:
        first = "the first time" if needed == 1 else f"the first {needed} times"
        raise ValueError(
            f"{described(path)} must hold {', '.join(v.fields)} at all places of the fit at {first}"
        )
    begun = dict(zip(v.fields, fields[:, 0], strict=True))
    rate = None
    if v.order > 1:
        seen = min(n_known, _MOST_TIMES)
        rate = dict(zip(v.fields, _rates(read.times[:seen], fields[:, :seen]), strict=True))
    found = estimator.predict(read.times, begun, rate=rate, index=row, inputs=read.inputs)
    scales = np.meshgrid(read.times, *read.axes, indexing="ij")
    columns = dict(zip((time, *axes), scales, strict=True)) | found
    return pd.DataFrame({name: values.ravel() for name, values in columns.items()})


def _on_grid(read: FieldFile, estimator: PDERegressor, path: Path) -> FieldFile:
    """What a file says of the places of the fit, which may have left some out."""
    kept = []
    for name, own, wanted in zip(estimator.scale_names_[1:], read.axes, estimator.axes_, strict=True):
        nearest = np.argmin(np.abs(own[:, None] - wanted), axis=0)
        if np.any(np.abs(own[nearest] - wanted) > _SAME_PLACE * (wanted[1] - wanted[0])):
            raise ValueError(
                f"{described(path)} lacks places of the fit, which has {len(wanted)} along {name} from "
                f"{wanted[0]:g} to {wanted[-1]:g}"
            )
        kept.append(nearest)
    places = np.ix_(np.arange(len(read.times)), *kept)
    fields, inputs = (
        {name: values[places] for name, values in own.items()} for own in (read.fields, read.inputs)
    )
    return FieldFile(read.times, list(estimator.axes_), fields, inputs)


def _rates(times: Array, fields: Array) -> Array:
    """Rates of fields, shape (F, T, *grid), at the first time."""
    degree = min(_DEGREE, len(times) - 1)
    powers = np.vander(times - times[0], degree + 1, increasing=True)
    solved = np.linalg.lstsq(powers, np.moveaxis(fields, 1, 0).reshape(len(times), -1), rcond=None)[0]
    return np.asarray(solved[1].reshape(fields[:, 0].shape))

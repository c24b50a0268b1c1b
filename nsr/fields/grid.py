"""Observed fields on regular grids: checks, and all that follows from the values alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsr.data.names import Names
from nsr.fields.bumps import half_width
from nsr.fields.smoothing import smoothed
from nsr.fields.variables import AXES, TIME, FieldVariables
from nsr.ode.trajectories import numbers

Array = NDArray[np.float64]

# Points along each axis, at least: bumps have to find room.
MIN_POINTS = 16
# By how much of a step places may be off an even grid.
_UNEVEN = 1e-3
# A field is periodic along an axis if what joins its ends bends by at most this many times what bends inside,
# and what smoothing has taken away.
_MOST_BENT = 3.0


@dataclass(frozen=True, eq=False)
class Fields:
    """Fields, and inputs that act on them, at even times and places.

    Attributes:
        times: Ascending, shape (T,).
        axes: Ascending places along each axis.
        values: Of the fields, then of the inputs, shape (F, T, *grid).
        variables: What right-hand sides are made of.
    """

    times: Array
    axes: tuple[Array, ...]
    values: Array
    variables: FieldVariables

    @property
    def n_fields(self) -> int:
        """Fields whose rates are looked for."""
        return len(self.variables.fields)

    @cached_property
    def spacings(self) -> tuple[float, ...]:
        """Steps of the time and along each axis."""
        return tuple(float(np.ptp(own) / (len(own) - 1)) for own in (self.times, *self.axes))

    @cached_property
    def smooth(self) -> Array:
        """Smoothed values, of the same shape."""
        return np.array([smoothed(field) for field in self.values])

    @cached_property
    def half_widths(self) -> tuple[int, ...]:
        """Half-widths of test functions along the time and each axis: those that the finest field needs."""
        fields = self.values[: self.n_fields]
        return tuple(min(half_width(field, axis) for field in fields) for axis in range(fields.ndim - 1))

    @cached_property
    def is_periodic(self) -> tuple[bool, ...]:
        """Whether the fields go on at the other end, for each axis."""
        return tuple(self._joins(axis) for axis in range(2, self.values.ndim))

    def thinned(self, most_points: int) -> Fields:
        """With no more points, left out where waves have most of them."""
        found = self
        while found.values[0].size > most_points:
            axis = int(np.argmax(found.half_widths))
            if len((found.times, *found.axes)[axis]) < 2 * MIN_POINTS:
                break
            kept = tuple(
                slice(None, None, 2 if place == axis else 1) for place in range(found.values.ndim - 1)
            )
            times, *axes = (own[rows] for own, rows in zip((found.times, *found.axes), kept, strict=True))
            found = replace(found, times=times, axes=tuple(axes), values=found.values[:, *kept])
        return found

    def _joins(self, axis: int) -> bool:
        fields = np.moveaxis(self.smooth[: self.n_fields], axis, -1)
        joined = np.concatenate((fields[..., -3:], fields[..., :3]), axis=-1)
        across, inside = (np.sqrt(np.mean(np.diff(own, 3, axis=-1) ** 2)) for own in (joined, fields))
        noise = np.sqrt(np.mean((self.values - self.smooth)[: self.n_fields] ** 2))
        return bool(across <= _MOST_BENT * (inside + noise))


def as_fields(u: Any, t: Any, x: Any, y: Any, inputs: Any, order: int, derivatives: int) -> Fields:
    """Checks observations.

    Args:
        u: One field, shape (T, n_x) or (T, n_x, n_y), or a mapping of names to fields.
        t: Times, shape (T,).
        x: Places along the first axis, shape (n_x,).
        y: Places along the second axis, or None.
        inputs: A mapping of names to fields that act on these, or None.
        order: Of the derivative by time.
        derivatives: Highest order of the derivatives by place.

    Raises:
        ValueError: If the observations cannot be used; the message says why.
    """
    fields, acting = _named(u, "u"), _named(inputs, "input") if inputs is not None else {}
    scales = [_scale(t, "t"), _scale(x, "x"), *([] if y is None else [_scale(y, "y")])]
    names = Names.of([*fields, *acting]).identifiers
    own, given = names[: len(fields)], names[len(fields) :]
    variables = FieldVariables(tuple(own), tuple(given), len(scales) - 1, order, derivatives)
    _check_names(variables)
    shape = tuple(map(len, scales))
    values = np.array([_checked(f, n, shape) for n, f in {**fields, **acting}.items()])
    rising = [np.argsort(scale, kind="stable") for scale in scales]
    for axis, places in enumerate(rising):
        values = np.take(values, places, axis=axis + 1)
    times, *axes = (_even(scale[o], n) for scale, o, n in zip(scales, rising, (TIME, *AXES), strict=False))
    if not any(np.ptp(field) > 0 for field in values[: len(fields)]):
        raise ValueError("no field ever changes, so there is nothing to explain")
    return Fields(times, tuple(axes), values, variables)


def _named(fields: Any, default: str) -> dict[str, Any]:
    if isinstance(fields, Mapping):
        if not fields:
            raise ValueError("give at least one field, as an array or as {'u': array}")
        return {str(name): field for name, field in fields.items()}
    return {default: fields}


def _scale(places: Any, name: str) -> Array:
    if places is None:
        raise ValueError(f"give {name}=, where the fields were observed")
    found = numbers(places, name)
    if found.ndim != 1 or not np.all(np.isfinite(found)):
        raise ValueError(f"{name} must be one row of finite numbers, not of shape {found.shape}")
    if len(found) < MIN_POINTS:
        raise ValueError(
            f"{len(found)} points of {name} are too few to see derivatives: give {MIN_POINTS} or more"
        )
    return found


def _even(places: Array, name: str) -> Array:
    steps = np.diff(places)
    if steps.min() <= 0:
        raise ValueError(f"a value of {name} occurs twice: give each place and time once")
    if np.ptp(steps) > _UNEVEN * steps.mean():
        raise ValueError(f"{name} must be evenly spaced: interpolate the fields to a regular grid first")
    return places


def _checked(field: Any, name: str, shape: Sequence[int]) -> Array:
    found = numbers(field, f"field {name}")
    if found.shape != tuple(shape):
        order = ", ".join((TIME, *AXES)[: len(shape)])
        raise ValueError(
            f"field {name} has the shape {found.shape}, not {tuple(shape)}: its axes must be {order}, in "
            "this order"
        )
    if not np.all(np.isfinite(found)):
        raise ValueError(
            f"field {name} has values that are missing or infinite: fill them in, or cut them off"
        )
    return found


def _check_names(variables: FieldVariables) -> None:
    names = variables.names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            f"the name {twice[0]} stands for a place, the time or a derivative: rename that field"
        )

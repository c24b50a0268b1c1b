"""Fields in files: NumPy archives, and tables with a row for each time and place."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from nsr.data.decoding import described, read_bytes
from nsr.data.names import did_you_mean
from nsr.data.reading import read_table
from nsr.data.table import pass_over_units, with_numbers

Array = NDArray[np.float64]

_ARCHIVE = ".npz"


@dataclass(frozen=True, eq=False)
class FieldFile:
    """Fields of a file.

    Attributes:
        times: Shape (T,).
        axes: Places along each axis.
        fields: By name, each of shape (T, *grid).
        inputs: Others that act on them.
    """

    times: Array
    axes: list[Array]
    fields: dict[str, Array]
    inputs: dict[str, Array]


def read_fields(
    path: Path,
    time: str,
    axes: Sequence[str],
    fields: Sequence[str] | None,
    inputs: Sequence[str],
    may_miss: bool = False,
) -> FieldFile:
    """Reads fields.

    Args:
        path: An archive of arrays (`numpy.savez`), of which the time and the axes are rows of numbers and
            fields have the shape (T, *grid); or a table with one row for each time and place, in any order.
        time: Name of the times.
        axes: Names of the places along each axis.
        fields: Names of the fields; by default all others that fit.
        inputs: Names of further fields that act on them.
        may_miss: Whether cells of a table may be empty, which are NaN then.

    Raises:
        ValueError: If something is missing, or does not fit.
    """
    scales = [time, *axes]
    if len(set(scales)) < len(scales):
        raise ValueError(f"{', '.join(scales)}: the time and each axis need a name of their own")
    wanted = None if fields is None else [*fields, *inputs]
    is_archive = path.suffix == _ARCHIVE
    places, values = (
        _of_archive(path, scales, wanted) if is_archive else _of_table(path, scales, wanted, may_miss)
    )
    chosen = [name for name in values if name not in inputs] if fields is None else list(fields)
    if not chosen:
        raise ValueError(f"{described(path)} has no field: one beside the time and the places is needed")
    for name in inputs:
        if name not in values:
            raise ValueError(f"{described(path)} has no field {name!r}; {did_you_mean(name, list(values))}")
    own, acting = ({name: values[name] for name in names} for names in (chosen, inputs))
    return FieldFile(places[0], places[1:], own, acting)


def _of_archive(
    path: Path, scales: Sequence[str], names: Sequence[str] | None
) -> tuple[list[Array], dict[str, Array]]:
    content = read_bytes(path)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays: Mapping[str, Array] = {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, BadZipFile):
        raise ValueError(
            f"{described(path)} is not an archive of arrays of numbers; numpy.savez writes one"
        ) from None
    places = [np.ravel(_array(arrays, name, path)) for name in scales]
    shape = tuple(map(len, places))
    wanted = [n for n, own in arrays.items() if own.shape == shape] if names is None else names
    if names is None and not wanted:
        raise ValueError(
            f"{described(path)} has no field of the shape {shape}, that of {', '.join(scales)}: it has "
            + ", ".join(f"{name} {own.shape}" for name, own in arrays.items())
        )
    return places, {name: _array(arrays, name, path) for name in wanted}


def _array(arrays: Mapping[str, Array], name: str, path: Path) -> Array:
    if name not in arrays:
        raise ValueError(f"{described(path)} has no array {name!r}; {did_you_mean(name, list(arrays))}")
    return arrays[name]


def _of_table(
    path: Path, scales: Sequence[str], names: Sequence[str] | None, may_miss: bool
) -> tuple[list[Array], dict[str, Array]]:
    table = read_table(path)
    pass_over_units(table)
    known = table.places(list(scales))
    if names is None:
        wanted = with_numbers(table, [p for p in range(len(table.names)) if p not in known])
    else:
        wanted = table.places(list(names))
    places, numbers = [], []
    for place in known:
        levels, number = np.unique(table.numbers(place), return_inverse=True)
        places.append(levels)
        numbers.append(number)
    shape = tuple(map(len, places))
    rows = np.ravel_multi_index(tuple(numbers), shape)
    if len(np.unique(rows)) < len(rows):
        raise ValueError(f"{described(path)} has two rows for one time and place: average them")
    if len(rows) < np.prod(shape):
        raise ValueError(
            f"{described(path)} has {len(rows)} rows for {' x '.join(map(str, shape))} values of "
            f"{', '.join(scales)}: the grid must be complete; interpolate what is missing"
        )
    values = {}
    for place in wanted:
        values[table.names[place]] = np.empty(shape)
        values[table.names[place]].ravel()[rows] = table.numbers(place, may_miss)
    return places, values

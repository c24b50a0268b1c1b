"""Units of columns, however they were given, in the order of the columns."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence

from nsr.data.names import Names, did_you_mean
from nsr.data.nature import NamedConstant
from nsr.data.notes import tell
from nsr.data.table import Table
from nsr.expressions.units import Units, is_coherent


def ordered_units(units: Mapping[str, str] | Sequence[str], names: Names) -> list[str]:
    """Units in the order of the columns.

    Args:
        units: One unit for each column, in order, or by the columns' names.
        names: The columns.

    Raises:
        ValueError: If a column has no unit, or a name is not a column's.
    """
    if isinstance(units, str):
        raise ValueError(f"units are a list with one unit for each column, not {units!r}")
    if not isinstance(units, Mapping):
        return [str(unit) for unit in units]
    given: dict[int, str] = {}
    for name, unit in units.items():
        if names.place(name) in given:
            raise ValueError(f"there are two units for {name!r}; give one")
        given[names.place(name)] = str(unit)
    missing = [repr(column) for place, column in enumerate(names.columns) if place not in given]
    if missing:
        raise ValueError(f"there is no unit for {', '.join(missing)}; give each column one, '1' for none")
    return [given[place] for place in range(len(names.columns))]


def parsed_units(
    X_units: Mapping[str, str] | Sequence[str] | None,
    y_units: str | None,
    names: Names,
    constants: str,
    named: Sequence[NamedConstant] = (),
) -> Units | None:
    """The units of a table; None where none were given.

    Args:
        X_units: One unit for each column, in order, or by the columns' names.
        y_units: Unit of the target.
        names: The columns.
        constants: Whether constants are `dimensionless` or `free`.
        named: Constants that have names, and units of their own; they come after the columns.

    Raises:
        ValueError: If only some have units, or a unit cannot be read.
    """
    if X_units is None and y_units is None:
        return None
    n_columns = len(names.columns)
    if X_units is None or y_units is None or (len(X_units) != n_columns and not isinstance(X_units, Mapping)):
        given = 0 if X_units is None else len(X_units)
        raise ValueError(
            f"units were given for {given} columns and {'the' if y_units else 'no'} target: give X_units for "
            f"all {n_columns} columns ('1' for none) and y_units"
        )
    own = ordered_units(X_units, names)
    units = Units.parse([*own, *map(_unit_of, named)], y_units, constants)
    other = [unit for unit in (*own, y_units) if not is_coherent(unit)]
    of_si = [constant.name for constant in named if constant.is_of_si]
    if other and of_si:
        tell(
            f"the value of the constant {of_si[0]!r} is that in SI units, and {other[0]!r} is not one "
            "of these: no value is converted, so give its value and unit, such as (9.81, 'm/s^2')"
        )
    return units


def _unit_of(constant: NamedConstant) -> str:
    if constant.unit is None:
        raise ValueError(
            f"the columns have units, and the constant {constant.name!r} has none: give it one, as in "
            f"({constant.value:g}, 'm/s^2'), '1' for none"
        )
    return constant.unit


def units_by_name(text: str) -> dict[str, str]:
    """Units by the names of columns from text such as `mass=kg,v=m/s`.

    Raises:
        ValueError: If it has not that form, or names a column twice.
    """
    given: dict[str, str] = {}
    for entry in split_by_comma(text):
        name, sign, unit = (part.strip() for part in entry.rpartition("="))
        if not sign or name in given:
            what = "names a column twice" if sign else "is not of the form name=unit"
            raise ValueError(f"--units: {entry!r} {what}")
        given[name] = unit
    return given


def units_in_text(
    text: str, names: Names, target: str, known: Mapping[str, str] | None = None
) -> tuple[list[str], str]:
    """Units of the columns and of the target from text such as `mass=kg,v=m/s,energy=J`.

    A name that has a comma stands in quotes together with its unit: `"length, outer=m"`.

    Args:
        text: What the user says.
        names: The columns.
        target: The target's name.
        known: Units by the names of columns, for those of which the text says nothing.

    Raises:
        ValueError: If a unit is missing, or a name is not a column's.
    """
    given = units_by_name(text)
    for name in given:
        if name != target and name not in names.words:
            hint = did_you_mean(name, (*names.columns, target))
            raise ValueError(f"--units: there is no column {name!r}; {hint}")
    said = {names.place(name) for name in given if name != target}
    for name, unit in (known or {}).items():
        if name == target or names.place(name) not in said:
            given.setdefault(name, unit)
    if target not in given:
        raise ValueError(f"--units gives the target {target!r} no unit; add it, '1' for none")
    own = given.pop(target)
    return ordered_units(given, names), own


def row_of_units(table: Table, places: Sequence[int]) -> dict[str, str]:
    """What the row under a table's header says of some columns, by their names; nothing without one."""
    return {} if table.units is None else {table.names[place]: _bare(table.units[place]) for place in places}


def units_under_header(table: Table, places: Sequence[int], target: int) -> tuple[list[str], str]:
    """Units of columns and of the target from the row under a table's header.

    Raises:
        ValueError: If what that row says of one of these columns is not a unit.
    """
    found: list[str] = []
    for place in (*places, target):
        unit = _bare((table.units or ())[place])
        try:
            Units.parse([unit], unit)
        except ValueError:
            raise ValueError(
                f"line {table.units_line} of {table.source} holds no numbers, and {unit!r} of column "
                f"{table.names[place]!r} is not a unit: delete the line, or write units like m/s and 1"
            ) from None
        found.append(unit)
    return found[:-1], found[-1]


def constants_need_units(X_units: Sequence[str], y_units: str) -> bool:
    """Whether no product of powers of columns has the target's unit, so that a constant must have one."""
    try:
        Units.parse(X_units, y_units)
    except ValueError:
        return True
    return False


def _bare(unit: str) -> str:
    """A unit without the brackets that it stands in, `1` for any way to say that there is none."""
    text = unit.strip()
    if text[:1] + text[-1:] in {"[]", "()", "{}"}:
        text = text[1:-1].strip()
    return "1" if text.lower() in {"", "-", "\u2013", "\u2014", "none", "1"} else text


def split_by_comma(text: str) -> list[str]:
    """Entries of a list on the command line; one that has a comma stands in quotes."""
    try:
        entries = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error as error:
        raise ValueError(f"{text!r} is not a list with commas: {error}") from None
    return [entry.strip() for entry in entries]

"""Results in files: fitted estimators that are read back, and predictions from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nsr.data.decoding import described
from nsr.data.notes import tell
from nsr.data.reading import read_table
from nsr.data.table import Table, pass_over_units
from nsr.refinement.reported import check_asked
from nsr.regressor import SymbolicRegressor
from nsr.report.report import Report
from nsr.saving import fields, functions, systems
from nsr.saving.file import not_a_result, read
from nsr.saving.parameters import rebuilt_parameters
from nsr.saving.plain import rebuilt
from nsr.search.settings import SearchSettings

if TYPE_CHECKING:
    from nsr.fields.regressor import PDERegressor
    from nsr.ode.regressor import ODERegressor

Array = NDArray[np.float64]
Fitted = TypeVar("Fitted", SymbolicRegressor, "ODERegressor")
AnyFitted: TypeAlias = "SymbolicRegressor | ODERegressor | PDERegressor"
Function = Callable[[Array, Array], Array]


def load(path: str | Path, loss: Function | None = None) -> AnyFitted:
    """A fitted estimator from a file that `save`, or `--output` of `nsr fit`, `nsr ode` or `nsr pde`, wrote.

    It predicts, with deviations and intervals, reports and exports as the one that was saved. Own operators
    are in the file where they are put together from known ones, and are added; others must be registered
    before. The rows of the fit are not in the file.

    Args:
        path: The file.
        loss: The user's own, where the fit was made with a function, which files do not hold.

    Raises:
        ValueError: If it is not such a file, or a loss or an operator is missing.
    """
    content = read(Path(path))
    try:
        if content["kind"] == fields.KIND:
            return _fields(content)
        return _systems(content) if content["kind"] == systems.KIND else _function(content, loss)
    except (LookupError, TypeError, AttributeError, ArithmeticError):
        raise not_a_result(Path(path)) from None
    except ValueError as error:
        raise ValueError(f"{described(Path(path))}: {error}") from None


def resumed(path: Path, estimator: Fitted) -> Fitted:
    """An estimator with the same parameters that begins with the equations of a saved result.

    Args:
        path: What `save` wrote, of an estimator of the same kind.
        estimator: Not fitted.

    Raises:
        ValueError: If the file is not such a result.
    """
    saved = load(path)
    if type(saved) is not type(estimator):
        raise ValueError(
            f"{described(path)} is a result of another kind: of functions, of systems or of fields"
        )
    saved.set_params(**estimator.get_params(deep=False)).set_params(warm_start=True)
    return saved


def _systems(content: dict[str, Any]) -> ODERegressor:
    from nsr.ode.motion import Motion
    from nsr.ode.regressor import ODERegressor
    from nsr.ode.settings import OdeSettings

    kinds = {"settings": OdeSettings | None}
    estimator = ODERegressor(**rebuilt_parameters(content["parameters"], kinds))
    systems.fill_systems(estimator, content, rebuilt(Motion, content["motion"]))
    return estimator


def _fields(content: dict[str, Any]) -> PDERegressor:
    from nsr.fields.regressor import PDERegressor
    from nsr.fields.settings import FieldSettings
    from nsr.fields.variables import FieldVariables

    estimator = PDERegressor(**rebuilt_parameters(content["parameters"], {"settings": FieldSettings | None}))
    fields.fill_fields(estimator, content, rebuilt(FieldVariables, content["variables"]))
    return estimator


def _function(content: dict[str, Any], loss: Function | None) -> SymbolicRegressor:
    kinds = {"settings": SearchSettings | None}
    estimator = SymbolicRegressor(**rebuilt_parameters(content["parameters"], kinds))
    if loss is not None:
        estimator.set_params(loss=loss)
    functions.fill_function(estimator, content, rebuilt(Report, content["report"]), loss)
    return estimator


def predictions(
    estimator: AnyFitted, path: Path, row: int | None = None, interval: float | None = None
) -> pd.DataFrame:
    """An equation's values for every row of a table, as a table with one column named like the target.

    Systems are simulated instead; see `nsr.ode.predicting.simulated` and `nsr.fields.predicting.simulated`.

    Args:
        estimator: Fitted.
        path: A table with the columns that the equation uses; of fields also an archive.
        row: Of the front; the chosen one by default.
        interval: Probability with which new observations lie between bounds, in two more columns.

    Raises:
        ValueError: If there is no such row, a column that the equation uses is missing or not numeric, the
            probability is none, or fields or another row of a system than the chosen are asked for bounds.
    """
    check_asked(False, interval)
    if isinstance(estimator, SymbolicRegressor):
        return _values(estimator, read_table(path), row, interval)
    for warning in estimator.warnings_:
        tell(f"when the system was fitted: {warning}")
    from nsr.fields import predicting as of_fields
    from nsr.fields.regressor import PDERegressor
    from nsr.ode import predicting as of_motion

    if isinstance(estimator, PDERegressor):
        if interval is not None:
            raise ValueError("simulations of fields have no bounds: leave the interval out")
        return of_fields.simulated(estimator, path, row)
    return of_motion.simulated(estimator, read_table(path), row, interval)


def _values(
    estimator: SymbolicRegressor, table: Table, row: int | None, interval: float | None
) -> pd.DataFrame:
    """What an equation says of each row, and bounds where they are asked for."""
    pass_over_units(table)
    place = estimator.row(row)
    if warnings := [*estimator.warnings_, *_of_equation(estimator, place)]:
        tell(f"when the equation was fitted: {'; '.join(warnings)}")
    X = _table_for(estimator, table, place)
    values = np.asarray(estimator.predicted(X, place))
    undefined = np.flatnonzero(~np.isfinite(values))
    if len(undefined):
        tell(
            f"the equation has no value in {len(undefined)} of {len(values)} rows, the first in line "
            f"{table.lines[undefined[0]]}: they are left empty"
        )
    name = estimator.data_.target.name
    found = {name: np.where(np.isfinite(values), values, np.nan)}
    if interval is not None:
        _, bounds = estimator.predicted(X, place, interval=interval)
        found |= {f"{name}_low": bounds[:, 0], f"{name}_high": bounds[:, 1]}
    return pd.DataFrame(found)


def _table_for(estimator: SymbolicRegressor, table: Table, row: int) -> Array:
    """The columns that an equation uses, as equations see them; others are zero."""
    used, names, own = estimator.expressions_[row].variables, estimator.names_.columns, estimator.indicators_
    columns = names if own is None else own.columns
    may_miss = estimator.missing != "error"
    X = np.zeros((len(table), len(names)))
    made = [range(place, place + 1) if own is None else own.places(place) for place in range(len(columns))]
    # Of columns with one name all are looked up, as their order tells them apart.
    needed = [
        column
        for column, name in enumerate(columns)
        if set(made[column]) & set(used) or columns.count(name) > 1
    ]
    places = table.places([columns[column] for column in needed]) if needed else []
    for column, place in zip(needed, places, strict=True):
        if own is not None and own.levels[column]:
            X[:, made[column]] = own.values(column, table.text(place, may_miss))
        else:
            X[:, made[column]] = table.numbers(place, may_miss)[:, None]
    category, codes = estimator.category_, None
    if category is not None and estimator.differs(row):
        codes = category.codes(table.labels(table.place(category.name)))
    elif category is not None:
        codes = np.zeros(len(table), dtype=np.intp)
    return estimator._wide.filled(X if estimator.filling_ is None else estimator.filling_.filled(X), codes)


def _of_equation(estimator: SymbolicRegressor, place: int) -> list[str]:
    """What there is to say of an equation that has no value somewhere in the box of its data."""
    warning, chosen = estimator.equations_["warning"].iloc[place], place == estimator.best_index_
    which = "the chosen equation" if chosen else f"the equation of row {place}"
    return [f"{which} has no value everywhere between the rows ({warning})"] if warning else []

"""What `nsr show` says of a result: its leaderboard, a row, or either in another language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nsr.console import shown
from nsr.data.notes import tell
from nsr.export.excel import cell
from nsr.export.leaderboard import leaderboard
from nsr.regressor import SymbolicRegressor

if TYPE_CHECKING:
    from nsr.ode.regressor import ODERegressor

ROW_FORMATS = ("latex", "sympy", "python", "numpy", "jax", "c", "excel", "matlab", "julia", "onnx")
FRONT_FORMATS = ("latex-table", "html")


def in_format(
    estimator: SymbolicRegressor | ODERegressor, name: str | None, row: int | None, width: int
) -> str | bytes:
    """A result in some form.

    Args:
        estimator: SymbolicRegressor | ODERegressor.
        name: One of the formats; by default the leaderboard, or the equation of a row.
        row: Of the front; the chosen one by default.
        width: Characters of a line of the leaderboard.

    Raises:
        ValueError: If there is no such format or row, or it cannot be written in it.
    """
    if name is None:
        return _front(estimator, width) if row is None else _equation(estimator, row)
    if name in FRONT_FORMATS:
        if row is not None:
            raise ValueError(f"--format {name} is for the whole front: leave out --row")
        return estimator.latex_table() if name == "latex-table" else f"{estimator._repr_html_()}\n"
    if name not in ROW_FORMATS:
        raise ValueError(f"--format {name!r} must be one of {', '.join((*ROW_FORMATS, *FRONT_FORMATS))}")
    if name == "excel":
        pairs = enumerate(estimator.names_.columns)
        tell("cells: " + ", ".join(f"{cell(place)} is {column}" for place, column in pairs))
    written = getattr(estimator, name)(row)
    if name == "onnx":
        return _only(written)
    parts = written if isinstance(written, list) else [written]
    return "\n".join(f"{part}".rstrip("\n") for part in parts) + "\n"


def _only(models: bytes | list[bytes]) -> bytes:
    if isinstance(models, bytes):
        return models
    raise ValueError(
        "a system is not one ONNX model: in Python nsr.load(path).onnx() gives one for each component"
    )


def _front(estimator: SymbolicRegressor | ODERegressor, width: int) -> str:
    if isinstance(estimator, SymbolicRegressor):
        equations = estimator.equations("warranted")
    else:
        equations = estimator.equations(6)
    front = leaderboard(estimator.equations_, equations, estimator.best_index_, width)
    return f"{front}\n{_equation(estimator, estimator.best_index_)}"


def _equation(estimator: SymbolicRegressor | ODERegressor, row: int) -> str:
    place = estimator.row(row)
    if not isinstance(estimator, SymbolicRegressor):
        return estimator.equations(6)[place].replace("; ", "\n") + "\n"
    about = estimator.reports_[place].text
    lines = [f"{estimator.data_.target.name} = {estimator.equations('warranted')[place]}"]
    return "".join(f"{shown(line)}\n" for line in [*lines, *([f"  {about}"] if about else [])])

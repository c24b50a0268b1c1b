"""The scikit-learn style estimator for fields: values on a grid in, partial differential equations out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from nsr.data.kinds import check_kinds
from nsr.data.names import Names
from nsr.data.notes import kept_notes, quiet_arithmetic, tell
from nsr.export.latex import symbol_latex
from nsr.export.rows import ExportedRows
from nsr.expressions.expression import Expression
from nsr.expressions.parsing import parse
from nsr.expressions.printing import to_infix
from nsr.fields.grid import Fields, as_fields
from nsr.fields.search import FieldSystem, search
from nsr.fields.settings import DEFAULTS, FieldSettings
from nsr.fields.simulation import BOUNDARIES, Simulated
from nsr.fields.uncertainty import COLUMNS, coefficients
from nsr.fields.variables import AXES, TIME
from nsr.fields.weak_form import WeakForm
from nsr.fitted_systems import DIGITS, FittedSystems
from nsr.saving.fields import KIND, plain_fields
from nsr.saving.saveable import Saveable

Array = NDArray[np.float64]
Given = ArrayLike | Mapping[str, ArrayLike]

_LEAST_DERIVATIVES, _MOST_DERIVATIVES = 2, 6
# Share of the squared rates that is left unexplained of which users are warned.
_POOR = 0.1


class PDERegressor(ExportedRows, Saveable, FittedSystems):
    """Finds u_t = F(u, u_x, u_xx, ..., x, t) behind fields observed on a regular grid.

    Equations are sums of terms in weak form (Messenger and Bortz, arXiv:2007.02848): fields are smoothed and
    integrated against test functions of compact support, as wide as the field's spectrum allows; the best
    subsets of four libraries are compared by description length.

    Args:
        order: Of the derivative by time: 1, or 2 for equations such as waves', u_tt = F(u, u_t, u_x, ...).
        derivatives: Highest order of derivatives by place, 2 to 6.
        n_equations: Rows of the front at most.
        settings: Effort and preferences.

    Attributes:
        equations_: The Pareto front of equations as a data frame, from simple to accurate, with columns
            `complexity`, `loss` (share of the squared rates, integrated against test functions, that is
            left; the mean of all fields), `r2` (1 less that of the worst field), `score` (bits saved) and
            `equation` (all fields').
        expressions_: These as tuples of `nsr.expressions.expression.Expression`, one for each field.
        best_index_: Row of the chosen equations: those with the highest score.
        constants_: The coefficients of the chosen equations as a data frame with columns `field`, `term`,
            `value`, `error` (standard error, by the jackknife over blocks of times and places), `low` and
            `high` (95 % interval by Student's t); without rows where the equations are exact.
        names_: Names of all variables: `u`, `u_x`, `u_xx` ... of each field and input, `x`, `y` and `t`.
        variables_: Which variable is what, as `nsr.fields.variables.FieldVariables`.
        axes_: Places along each axis.
        scale_names_: What the time and the axes are called in tables: `t`, `x` and `y`, unless a command was
            told otherwise.
        boundaries_: What the fields do at the ends of each axis: `periodic`, or else `fixed`.
        warnings_: What the fit has warned of.
    """

    def __init__(
        self,
        *,
        order: int = 1,
        derivatives: int = 4,
        n_equations: int = 12,
        settings: FieldSettings | None = None,
    ) -> None:
        self.order = order
        self.derivatives = derivatives
        self.n_equations = n_equations
        self.settings = settings

    def fit(
        self,
        u: Given,
        *,
        t: ArrayLike,
        x: ArrayLike,
        y: ArrayLike | None = None,
        inputs: Mapping[str, ArrayLike] | None = None,
    ) -> PDERegressor:
        """Searches for the equations of fields.

        Args:
            u: One field, shape (T, n_x) or (T, n_x, n_y), or a mapping of names to several.
            t: Even times, shape (T,).
            x: Even places, shape (n_x,).
            y: Even places along a second axis, shape (n_y,).
            inputs: Further fields that act on these, of the same shape, such as the velocity of a flow.

        Returns:
            The fitted estimator.

        Raises:
            ValueError: If the observations or the parameters cannot be used; the message says why.

        Warns:
            DataWarning: If the chosen equations leave much of the rates unexplained.
        """
        check_kinds(self)
        self._check_parameters()
        settings = self.settings or DEFAULTS
        with kept_notes() as notes, quiet_arithmetic():
            fields = as_fields(u, t, x, y, inputs, self.order, self.derivatives).thinned(settings.most_points)
            weak = WeakForm(fields, settings)
            found, best = search(weak, fields.variables, settings, self.n_equations)
            self._keep(found, best, fields, weak, settings)
            self._tell_doubts(found[best])
        self.warnings_ = notes
        return self

    def predict(
        self,
        t: ArrayLike,
        u0: Given,
        *,
        rate: Given | None = None,
        index: int | None = None,
        boundary: str | Sequence[str] | None = None,
        inputs: Mapping[str, ArrayLike] | None = None,
    ) -> dict[str, Array]:
        """Simulates equations on the grid of the fit.

        Args:
            t: Ascending times, shape (T,).
            u0: The fields at the first of them, each of the grid's shape, as `fit` takes several.
            rate: Of order 2, their rates at that time.
            index: Row of `equations_`; the chosen one by default.
            boundary: What happens at the ends, for all axes or each: `periodic`, the field goes on at the
                other end; `fixed`, it stays what it is there; `reflecting`, it is mirrored. By default what
                the observations look like.
            inputs: Those of the fit at these times, each of shape (T, *grid).

        Returns:
            Fields by name, each of shape (T, *grid); NaN after the simulation has failed.

        Raises:
            ValueError: If something is missing or has another shape.
        """
        check_is_fitted(self)
        times, v = np.asarray(t, dtype=np.float64), self.variables_
        if times.ndim != 1 or len(times) < 2 or not np.all(np.diff(times) > 0):
            raise ValueError("t must be two or more ascending times")
        begun = self._given(u0, v.fields, (), "u0")
        if v.order > 1:
            if rate is None:
                raise ValueError("equations of order 2 begin with rates, too: give rate=, as u0")
            begun = np.concatenate((begun, self._given(rate, v.fields, (), "rate")))
        acting = self._given(inputs or {}, v.inputs, times.shape, "inputs")
        chosen = self.expressions_[self.row(index)]
        grid = Simulated(chosen, v, self.axes_, self._boundaries(boundary))
        return dict(zip(v.fields, grid.run(times, begun, acting), strict=True))

    def _plain(self) -> tuple[str, dict[str, Any]]:
        return KIND, plain_fields(self)

    def _parts(self, index: int | None, is_shown: bool = False) -> list[tuple[str, Expression]]:
        system = self.expressions_[self.row(index)]
        if is_shown:
            names = self.names_.identifiers
            system = tuple(parse(to_infix(one, names, DIGITS), names) for one in system)
        return list(zip(self.variables_.fields, system, strict=True))

    def _left(self, state: str, is_latex: bool = False) -> str:
        left = self.variables_.left(state)
        return symbol_latex(left) if is_latex else left

    def _function(self, state: str) -> str:
        return self.variables_.left(state)

    def _text(self, system: Sequence[Expression], digits: int | None) -> str:
        v = self.variables_
        return "; ".join(
            f"{v.left(field)} = {to_infix(one, v.names, digits)}"
            for field, one in zip(v.fields, system, strict=True)
        )

    def _check_parameters(self) -> None:
        if self.order not in (1, 2):
            raise ValueError(f"order must be 1 or 2, not {self.order!r}")
        if not _LEAST_DERIVATIVES <= self.derivatives <= _MOST_DERIVATIVES:
            raise ValueError(
                f"derivatives must be {_LEAST_DERIVATIVES} to {_MOST_DERIVATIVES}, not {self.derivatives!r}"
            )
        if self.n_equations < 1:
            raise ValueError(f"n_equations must be at least 1, not {self.n_equations}")

    def _keep(
        self, found: list[FieldSystem], best: int, fields: Fields, weak: WeakForm, settings: FieldSettings
    ) -> None:
        """Sets all fitted attributes at once, so that a fit that fails changes none."""
        v = fields.variables
        is_exact = all(one.loss <= settings.exact for one in found[best].equations)
        table = coefficients(found[best], v.fields, v.names, weak.counts)
        self.variables_, self.names_ = v, Names(v.names, v.names)
        self.axes_, self.scale_names_ = list(fields.axes), (TIME, *AXES[: v.n_axes])
        self.boundaries_ = tuple("periodic" if joins else "fixed" for joins in fields.is_periodic)
        self.expressions_ = [tuple(one.expression for one in system.equations) for system in found]
        self.best_index_ = best
        self.constants_ = pd.DataFrame(columns=COLUMNS) if is_exact else table
        self.equations_ = pd.DataFrame(
            {
                "complexity": [system.complexity for system in found],
                "loss": [system.loss for system in found],
                "r2": [1 - max(one.loss for one in system.equations) for system in found],
                "score": [-system.bits for system in found],
                "equation": self.equations(),
            }
        )

    def _tell_doubts(self, chosen: FieldSystem) -> None:
        poor = [
            f"{one.loss:.2g} of the squared rates of {field}"
            for field, one in zip(self.variables_.fields, chosen.equations, strict=True)
            if one.loss > _POOR
        ]
        if poor:
            other = "order=2, if it is an equation of waves; " if self.order == 1 else ""
            tell(
                f"the best equations leave {', '.join(poor)} unexplained: observe more often or on a finer "
                f"grid; or give {other}all fields that act on each other, or inputs="
            )

    def _given(self, fields: Given, names: Sequence[str], first: tuple[int, ...], what: str) -> Array:
        """Fields by the names of the fit, shape (F, *first, *grid)."""
        shape = (*first, *(len(axis) for axis in self.axes_))
        if not isinstance(fields, Mapping):
            if len(names) != 1:
                raise ValueError(f"{what} must be a mapping with {', '.join(names)}")
            fields = {names[0]: fields}
        if set(fields) != set(names):
            raise ValueError(
                f"{what} must hold {', '.join(names) or 'nothing'}, not {', '.join(map(str, fields))}"
            )
        found = np.empty((len(names), *shape))
        for place, name in enumerate(names):
            own = np.asarray(fields[name], dtype=np.float64)
            if own.shape != shape or not np.all(np.isfinite(own)):
                raise ValueError(
                    f"{name} of {what} must be finite numbers of the shape {shape}, not {own.shape}"
                )
            found[place] = own
        return found

    def _boundaries(self, boundary: str | Sequence[str] | None) -> tuple[str, ...]:
        if boundary is None:
            return tuple(self.boundaries_)
        chosen = (boundary,) * len(self.axes_) if isinstance(boundary, str) else tuple(boundary)
        if len(chosen) != len(self.axes_) or set(chosen) - set(BOUNDARIES):
            raise ValueError(f"boundary must be one of {', '.join(BOUNDARIES)}, or one for each axis")
        return chosen

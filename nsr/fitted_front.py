"""What a fitted estimator answers: predictions, and its front in other forms."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, Self, overload

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from nsr.data.guesses import Guess
from nsr.data.names import Names, identifier, places_of
from nsr.data.notes import quiet_arithmetic, tell
from nsr.data.summary import DataSummary
from nsr.evaluate.program import values_of
from nsr.export.by_group import Lookup
from nsr.export.leaderboard import leaderboard
from nsr.export.rows import ExportedRows
from nsr.expressions.expression import Expression, variable
from nsr.expressions.printing import to_infix
from nsr.expressions.template import Template
from nsr.fitted_table import FittedTable
from nsr.refinement.candidates import Candidate
from nsr.refinement.front import front_table
from nsr.refinement.groups import ByGroup, Layout, names_of_constants, reported_by_group
from nsr.refinement.guessed import FaredGuess, fared, fared_by_group
from nsr.refinement.reported import Reported, check_asked, constants_table, reported
from nsr.report.finding import LITTLE, percent
from nsr.saving.rows import place_of_row
from nsr.task import Task

if TYPE_CHECKING:
    from nsr.report.report import Report

Array = NDArray[np.float64]

# Equations, beside the front, that another fit begins with.
_MOST_STARTS = 100


class FittedFront(FittedTable, ExportedRows):
    """The fitted half of `SymbolicRegressor`, which documents the attributes."""

    expressions_: list[Expression]
    reports_: list[Reported]
    constants_: pd.DataFrame
    guesses_: tuple[FaredGuess, ...]
    data_: DataSummary
    _found: list[Candidate]
    _columns: NDArray[np.intp]
    warnings_: list[str]
    template_: Template | None
    best_index_: int
    ended_: str
    n_tried_: int
    seconds_: float
    time_limit: float
    random_state: object
    _report: Report | None

    @overload
    def predict(
        self,
        X: ArrayLike,
        index: int | None = None,
        return_std: Literal[False] = False,
        interval: None = None,
    ) -> Array: ...

    @overload
    def predict(
        self, X: ArrayLike, index: int | None = None, return_std: bool = ..., interval: float | None = ...
    ) -> Array | tuple[Array, Array]: ...

    def predict(
        self,
        X: ArrayLike,
        index: int | None = None,
        return_std: bool = False,
        interval: float | None = None,
    ) -> Array | tuple[Array, Array]:
        """Values of an equation of the front; of the chosen one by default.

        Args:
            X: Variables, shape (n_rows, n_columns), with the column of groups where the fit had one.
            index: Row of `equations_`.
            return_std: Whether to return standard deviations, too: those of new observations, noise included,
                as scikit-learn's `GaussianProcessRegressor` does. A new observation is as precise as the
                median row of the fit: with `y_err` its error is their median, with `sample_weight` that of a
                row of median weight, and with losses of counts or of relative errors it grows with the
                value. For the error of the equation's value alone see `reports_[index].fit.of_mean`.
            interval: Probability, such as 0.95, with which such observations lie between bounds to return;
                the tails are those of the noise that the loss is made for.

        Returns:
            Predictions, shape (n_rows,); NaN where the equation has no value, or needs one that is
            missing where `missing="drop"`. With `return_std` also standard
            deviations, shape (n_rows,); with `interval` bounds, shape (n_rows, 2). These take the form of the
            equation for granted; they are infinite where a prediction depends on what the data leave open.

        Raises:
            ValueError: If both are asked for, the probability is not between 0 and 1, a row is of a group
                that the fit has not seen, or a column of text has a value that it did not have there.
        """
        check_is_fitted(self)
        check_asked(return_std, interval)
        place = self.row(index)
        return self.predicted(self.table(X, self.differs(place)), place, return_std, interval)

    def differs(self, place: int) -> bool:
        """Whether the equation of a row has constants that differ by group."""
        return self.category_ is not None and self._read(self.expressions_[place]).table.shape[1] > 0

    def predicted(
        self, table: Array, place: int, return_std: bool = False, interval: float | None = None
    ) -> Array | tuple[Array, Array]:
        """What `predict` says of rows as equations see them, shape (n_rows, n_variables)."""
        expression, said = self.expressions_[place], self.reports_[place]
        values = values_of(expression, table)
        is_unknown = np.isnan(table[:, list(expression.variables)]).any(axis=1)
        values[is_unknown] = np.nan  # also where a switch passes over what is missing
        if interval is None and not return_std:
            return values
        if interval is None:
            other = said.std_of(expression, table)
        else:
            other = said.interval_of(expression, table, interval)
        other[is_unknown] = np.nan
        return values, other

    @property
    def best_(self) -> pd.Series:
        """The chosen row of `equations_`."""
        check_is_fitted(self)
        return self.equations_.iloc[self.best_index_]

    def equations(self, digits: int | Literal["warranted"] | None = None) -> list[str]:
        """The front as infix text.

        Args:
            digits: Of constants: this many; those that their errors warrant; or all by default.
        """
        check_is_fitted(self)
        if digits == "warranted":
            return [self._text(one.shown, None, one) for one in self.reports_]
        pairs = zip(self.expressions_, self.reports_, strict=True)
        return [self._text(expression, digits, said) for expression, said in pairs]

    def report(self) -> Report:
        """What the chosen equation explains, what is left, what of the data it needs, and what is doubtful.

        Returns:
            A report whose attributes are facts, and whose text is a page with a line for each check.
        """
        check_is_fitted(self)
        if self._report is not None:
            return self._report
        from nsr.report.fitted import Fitted
        from nsr.report.report import SearchSummary, report_on

        seed = self.random_state if isinstance(self.random_state, int) else None
        search = SearchSummary(self.ended_, self.n_tried_, self.seconds_, self.time_limit, seed)
        names = self.names_.identifiers
        fitted = Fitted(self._seen, self.expressions_[self.best_index_], names, self._seen.seed)
        equation = self.equations("warranted")[self.best_index_]
        said = self.reports_[self.best_index_]
        by_group = () if self.category_ is None else said.table(self.category_.name)
        guesses = [guess.verdict for guess in self.guesses_]
        with quiet_arithmetic():
            self._report = report_on(fitted, equation, self.data_.n_rows, search, by_group, guesses)
        return self._report

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        """The leaderboard once fitted, the parameters before."""
        header: str = super().__repr__(N_CHAR_MAX)  # type: ignore[call-arg]
        if not hasattr(self, "equations_"):
            return header
        return f"{header}\n{leaderboard(self.equations_, self.equations('warranted'), self.best_index_)}"

    def of_group(self, group: object) -> Self:
        """The equations of one group: they predict, and are written in every language, as those of any fit.

        Args:
            group: Its label.

        Raises:
            ValueError: If there is no such group, or the fit had no category.
        """
        check_is_fitted(self)
        if self.category_ is None:
            raise ValueError("the fit had no groups: give category=, the column that tells them")
        code, own = self.category_.code(group), copy(self)
        found = [self._read(expression) for expression in self.expressions_]
        own.expressions_ = [one.of_group(code) for one in found]
        own.reports_ = [
            said.of_group(one.differs, self.category_.groups[code], self._read(said.shown).of_group(code))
            for one, said in zip(found, self.reports_, strict=True)
        ]
        own.category_, own.constants_ = None, constants_table(own.reports_)
        own.guesses_ = ()
        own.equations_ = self.equations_.assign(equation=own.equations())
        return own

    def _text(self, expression: Expression, digits: int | None, said: Reported | None = None) -> str:
        """An equation as text; constants that differ by group go by their names."""
        own = [*self.names_.identifiers, *self._wide.names]
        if self.template_ is not None and said is not None:
            expression = self.template_.without_zeros(expression)
        if self._wide.layout is None:
            return to_infix(expression, own, digits)
        found = self._read(expression)
        return to_infix(found.form, [*own, *self._parameters(found, said)], digits)

    def _read(self, expression: Expression) -> ByGroup:
        assert self._wide.layout is not None
        return ByGroup.of(expression, self._wide.layout)

    def _named_by_template(self, said: Reported) -> Reported:
        """A report with the names that the template gives constants."""
        if self.template_ is None or said.constants is None:
            return said
        own = self.template_.names_of_constants(said.shown)
        pairs = zip(said.names, said.constants.places.tolist(), strict=True)
        return replace(said, names=tuple(own.get(place, name) for name, place in pairs))

    def _parameters(self, found: ByGroup, said: Reported | None) -> list[str]:
        """Names of the constants that differ, which are those of a guess where that is what was found."""
        if said is not None and said.differing:
            return said.differing
        names = names_of_constants(found, [*self.names_.identifiers, *self._wide.names])
        return [name for name, differs in zip(names, found.differs, strict=True) if differs]

    def _keep_front(
        self, front: list[Candidate], task: Task, columns: NDArray[np.intp], guesses: Sequence[Guess]
    ) -> None:
        back = {used: variable(int(column)) for used, column in enumerate(columns)}
        self.expressions_ = [candidate.expression.substitute(back) for candidate in front]
        held = [() if self.template_ is None else self.template_.held(one) for one in self.expressions_]
        named = [
            () if self.template_ is None else self.template_.names_of_constants(one).keys()
            for one in self.expressions_
        ]
        said = [
            self._reported(one.expression, task, guesses, *own)
            for one, *own in zip(front, held, named, strict=True)
        ]
        self.reports_ = [self._named_by_template(one.over(back)) for one in said]
        self.constants_ = constants_table(self.reports_)
        self.equations_ = front_table(front, task, self._wide.n_groups)
        self.equations_["equation"] = self.equations()

    def _reported(
        self,
        expression: Expression,
        task: Task,
        guesses: Sequence[Guess],
        held: Collection[int],
        named: Collection[int],
    ) -> Reported:
        if self.category_ is None:
            return reported(expression, task, guesses, held, named)
        n_groups = len(self.category_.groups)
        found = ByGroup.of(expression, Layout(task.n_variables - n_groups, n_groups))
        given = [guess.names for guess in guesses if found.skeleton == guess.expression.skeleton()]
        taken = [*self.names_.identifiers, *self._wide.names]
        names = given[0] if given else names_of_constants(found, taken)
        return reported_by_group(found, task, names, self.category_.groups)

    def _fared(
        self, guesses: Sequence[Guess], rows: Sequence[Candidate], found: Sequence[Candidate], task: Task
    ) -> tuple[FaredGuess, ...]:
        chosen = self.best_index_
        if self.category_ is None:
            return fared(guesses, rows, self.reports_, chosen, task)
        return fared_by_group(guesses, rows, found, chosen, task, self.category_.groups)

    def row(self, index: int | None = None) -> int:
        """The number of a row of `equations_`, from 0: the chosen one by default; negative ones from the end.

        Raises:
            ValueError: If there is no such row.
        """
        check_is_fitted(self)
        return place_of_row(index, self.best_index_, len(self.expressions_))

    @property
    def parts_(self) -> pd.DataFrame:
        """What the parts of the template are: columns `equation` (row of `equations_`), `part` and `is`."""
        check_is_fitted(self)
        rows = [(place, *row) for place in range(len(self.expressions_)) for row in self.parts_of(place)]
        return pd.DataFrame(rows, columns=["equation", "part", "is"])

    def parts_of(self, index: int | None = None) -> list[tuple[str, str]]:
        """Each part of the template, as `f(x_0)`, and what it is in a row with the digits that are shown."""
        place = self.row(index)
        found = None if self.template_ is None else self.template_.split(self.reports_[place].shown)
        if found is None or self.template_ is None:
            return []
        words = self.names_.identifiers
        called = [
            f"{part.name}({', '.join(words[column] for column in part.columns)})"
            for part in self.template_.parts
        ]
        return list(zip(called, (self._text(part, None) for part in found[0]), strict=True))

    @property
    def candidates_(self) -> pd.DataFrame:
        """The best few hundred equations that the search has found, not the front alone, the best first.

        Columns are `equation`, `complexity`, `loss`, `bits` (those that describing the target takes more than
        without an equation; the fewer the better), `stage` and `name`. They are as they were before the
        choice: the front of `equations_` may have plainer forms of them.

        Raises:
            AttributeError: If the estimator was read from a file, which holds the front only.
        """
        check_is_fitted(self)
        if not hasattr(self, "_found"):
            raise AttributeError("result files hold the front only: fit again to have all candidates")
        back = self._back
        found = sorted(dict.fromkeys(self._found), key=lambda candidate: candidate.bits)
        expressions = [candidate.expression.substitute(back) for candidate in found]
        return pd.DataFrame(
            {
                "equation": [self._text(expression, None) for expression in expressions],
                "complexity": [candidate.complexity for candidate in found],
                "loss": [candidate.loss for candidate in found],
                "bits": [candidate.bits for candidate in found],
                "stage": [candidate.stage for candidate in found],
                "name": [candidate.name for candidate in found],
            }
        )

    @property
    def _back(self) -> dict[int, Expression]:
        """The table's columns for those that the search has used."""
        return {used: variable(int(column)) for used, column in enumerate(self._columns)}

    def _starts(self, names: Names, columns: NDArray[np.intp]) -> list[Expression]:
        """What was found, for another fit to begin with.

        Args:
            names: Of the columns of that fit.
            columns: Those that it uses, which the equations are over; others have no place there.

        Raises:
            ValueError: If it has not the columns of this one.
        """
        moved = places_of(self.names_, names)
        best = sorted(getattr(self, "_found", []), key=lambda candidate: candidate.bits)[:_MOST_STARTS]
        forms = self.expressions_
        if self.category_ is not None:
            forms = [self._read(expression).of_group(0) for expression in forms]
        forms = [form.substitute(self._wide.numbers) for form in forms]
        own = [*forms, *(candidate.expression.substitute(self._back) for candidate in best)]
        used = {int(column): place for place, column in enumerate(columns)}
        places = {old: variable(used[new]) for old, new in moved.items() if new in used}
        usable = [expression for expression in own if set(expression.variables) <= places.keys()]
        return list(dict.fromkeys(expression.substitute(places) for expression in usable))

    def _parts(self, index: int | None, is_shown: bool = False) -> list[tuple[str, Expression]]:
        place = self.row(index)
        expression = self.reports_[place].shown if is_shown else self.expressions_[place]
        return [("", expression if self.category_ is None else self._read(expression).form)]

    def _names(self, index: int | None) -> list[str]:
        names = [*super()._names(index), *self._wide.names]
        if self.category_ is not None:
            place = self.row(index)
            names += self._parameters(self._read(self.expressions_[place]), self.reports_[place])
        return names

    @property
    def _numbers(self) -> dict[int, Expression]:
        return self._wide.numbers

    def _lookup(self, index: int | None) -> Lookup | None:
        if self.category_ is None or not self.differs(self.row(index)):
            return None
        found = self._read(self.expressions_[self.row(index)])
        constants = dict(zip(self.category_.groups, map(tuple, found.table.tolist()), strict=True))
        return Lookup(identifier(self.category_.name), constants)

    def _tell_unexplained(self) -> None:
        explained = float(self.best_["r2"])
        if explained < LITTLE:
            what = (
                f"{percent(explained)} of the target's variance" if explained > 0 else "no more than its mean"
            )
            tell(
                f"the chosen equation explains {what}: what is left may be noise, or due to what is not in "
                "the table; report() says more, and time_limit gives the search more time"
            )

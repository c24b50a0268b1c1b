"""What a fit of functions is asked: data and wishes, and the task that they make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import joblib
import numpy as np
from numpy.typing import ArrayLike, NDArray

from nsr.clock import check_time_limit
from nsr.data.category import Category
from nsr.data.guesses import Guess, over_columns
from nsr.data.kinds import check_kinds
from nsr.data.limits import Limits
from nsr.data.missing import check_way
from nsr.data.names import Names
from nsr.data.nature import NamedConstant
from nsr.data.preparation import Index, Prepared, prepare
from nsr.data.shape_wishes import ShapeWishes
from nsr.data.templates import template_over
from nsr.data.weights import known_noise
from nsr.expressions.template import Template
from nsr.expressions.units import Units
from nsr.network.devices import check_device
from nsr.progress import check_callback
from nsr.refinement.choice import RULES
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.search.noise_settings import NoiseSettings
from nsr.search.settings import COMPONENTS
from nsr.stopping import StopWhen
from nsr.task import Task
from nsr.wide_table import WideTable

if TYPE_CHECKING:
    from nsr.regressor import SymbolicRegressor

Array = NDArray[np.float64]

# What cannot be asked for together.
_APART = (
    ("a template", "a category"),
    ("a template", "guesses"),
    ("denoise", "a template"),
    ("denoise", "a category"),
)


@dataclass(frozen=True, eq=False)
class Asked:
    """Data and wishes as they were read.

    Attributes:
        table: Columns without the one that tells groups, shape (n_samples, n_columns), NaN where a value is
            missing.
        target: Shape (n_samples,), NaN where it is missing.
        names: Names of the columns.
        category: What tells groups; None where there are none.
        codes: The number of each row's group, shape (n_samples,).
        weights: By how much more one row matters than another, shape (n_samples,).
        y_err: Standard deviations of the target's errors, shape (n_samples,), as the user gave them.
        constants: Named constants.
        guesses: The user's own.
        template: What equations are to be like.
        limits: Which forms are allowed.
        wishes: Which shapes are.
        units: Of all columns and the target.
        seed: Of all draws.
    """

    table: Array
    target: Array
    names: Names
    category: Category | None
    codes: Index | None
    weights: Array | None
    y_err: ArrayLike | None
    constants: tuple[NamedConstant, ...]
    guesses: Sequence[Guess]
    template: Template | None
    limits: Limits
    wishes: ShapeWishes
    units: Units | None
    seed: int

    @property
    def searched(self) -> tuple[NamedConstant, ...]:
        """Constants that the search sees; without units to say where they belong, numbers get their names."""
        is_told = self.units is not None and self.units.constants == "dimensionless"
        return self.constants if is_told else ()

    @property
    def wide(self) -> WideTable:
        """The table as equations see it."""
        return WideTable(len(self.names.columns), self.constants, self.category)


@dataclass(frozen=True, eq=False)
class Posed:
    """A task, and where its rows and columns come from.

    Attributes:
        task: Over the columns that are used and the constants that are searched.
        data: Rows and columns that are used.
        columns: Places of the used columns, all constants and groups in the wide table.
        searched: As many of these as the task has, shape (n_variables,).
        guesses: The user's, over the task's columns.
        template: The user's, over the task's columns.
    """

    task: Task
    data: Prepared
    columns: Index
    searched: Index
    guesses: Sequence[Guess]
    template: Template | None

    @classmethod
    def of(
        cls,
        asked: Asked,
        max_variables: int,
        loss: str | Callable[[Array, Array], Array],
        settings: NoiseSettings,
    ) -> Posed:
        """The task of what was asked.

        Args:
            asked: Data and wishes.
            max_variables: Variables that the network knows.
            loss: A name of a loss, `auto`, or the user's own.
            settings: Of what is told of noise.

        Raises:
            ValueError: If the data cannot be used; the message says why.
        """
        from nsr.search.noise import with_noise_model  # which what is read back and predicts need not load

        limits, names, wide, n_searched = asked.limits, asked.names, asked.wide, len(asked.searched)
        data = prepare(
            asked.table, asked.target, max(1, max_variables - n_searched), asked.seed, names.columns,
            asked.weights, limits.forbidden, limits.space.required,
        )  # fmt: skip
        columns = wide.places(data.columns)
        own = columns[: len(data.columns) + n_searched]
        X = np.hstack((data.X, wide.filled_constants(len(data.X))[:, :n_searched]))
        space = replace(
            limits.over(data.columns, names),
            units=None if asked.units is None else asked.units.of(own),
            shape=asked.wishes.over(own, X, names),
        )
        task = Task(data.X, data.y, SQUARED_ERROR, data.weights, space, asked.seed, joblib.cpu_count())
        if asked.y_err is not None:
            task = replace(task, noise=known_noise(asked.y_err, data.weights, data.rows))
        task = replace(with_noise_model(task, loss, settings), X=X)
        guesses = over_columns(asked.guesses, data.columns)
        form = asked.template and template_over(asked.template, data.columns, task.n_variables, names)
        return cls(task, data, columns, own, guesses, form)

    def whole(self, asked: Asked, table: Array, task: Task) -> Task:
        """The task with all rows that can be used.

        Args:
            asked: Data and wishes.
            table: All columns as equations see them, of all rows.
            task: With the loss that the search has settled on.
        """
        rows = self.data.rows if self.data.usable is None else self.data.usable
        own = None if asked.weights is None else asked.weights[rows] / np.mean(asked.weights[rows])
        noise = None if asked.y_err is None else known_noise(asked.y_err, own, rows)
        X, y = table[np.ix_(rows, self.columns)], asked.target[rows]
        return replace(task, X=X, y=y, weights=own, expected=None, noise=noise)


def check_parameters(estimator: SymbolicRegressor) -> None:
    """Raises where parameters cannot be used, before any data is read.

    Raises:
        ValueError: The message says which one, and what it may be.
    """
    check_kinds(estimator)
    if estimator.n_candidates < 1:
        raise ValueError(f"n_candidates must be at least 1, not {estimator.n_candidates}")
    if estimator.n_equations < 1:
        raise ValueError(f"n_equations must be at least 1, not {estimator.n_equations}")
    check_time_limit(estimator.time_limit)
    if estimator.n_jobs == 0:
        raise ValueError("n_jobs must be a number of processes, or -1 for all cores, not 0")
    if not (stages := names_of_stages(estimator)) or set(stages) - set(COMPONENTS):
        raise ValueError(f"stages {stages} must be some of {', '.join(COMPONENTS)}")
    if estimator.selection not in RULES:
        raise ValueError(f"selection {estimator.selection!r} must be one of {', '.join(RULES)}")
    Units.check_constants(estimator.constant_units)
    check_device(estimator.device)
    check_way(estimator.missing)
    StopWhen.of(estimator.stop_when)
    check_callback(estimator.callback)
    given = {
        "a template": estimator.template is not None,
        "a category": estimator.category is not None,
        "guesses": len(estimator.guesses) > 0,
        "denoise": estimator.denoise,
    }
    for one, other in _APART:
        if given[one] and given[other]:
            raise ValueError(f"{one} cannot be combined with {other}: leave one of them out")


def names_of_stages(estimator: SymbolicRegressor) -> tuple[str, ...]:
    """The stages that an estimator is to use; a single name is a single stage."""
    stages = estimator.stages
    return (stages,) if isinstance(stages, str) else tuple(stages)

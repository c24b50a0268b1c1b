"""`SymbolicRegressor`: y = f(X) as a scikit-learn estimator."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_random_state

from nsr.asked import Asked, Posed, check_parameters
from nsr.clock import Clock
from nsr.data.category import Category
from nsr.data.column_units import parsed_units
from nsr.data.guesses import Guess, read_guesses
from nsr.data.limits import limits_of
from nsr.data.nature import read_constants, values_of
from nsr.data.notes import kept_notes, quiet_arithmetic
from nsr.data.preparation import Index
from nsr.data.shape_wishes import read_shape
from nsr.data.summary import DataSummary, name_of_target
from nsr.data.templates import read_template
from nsr.data.weights import row_weights
from nsr.fitted_front import FittedFront
from nsr.live import shown
from nsr.network.checkpoint import DEFAULT_CHECKPOINT, from_pretrained
from nsr.network.devices import device_of_rows
from nsr.progress import Watcher, watchers
from nsr.refinement.all_rows import on_all_rows
from nsr.refinement.candidates import Candidate
from nsr.refinement.choice import Front
from nsr.refinement.losses import AUTO
from nsr.refinement.selection import thinned
from nsr.saving.functions import KIND, plain_function
from nsr.saving.saveable import Saveable
from nsr.search.settings import COMPONENTS, SearchSettings
from nsr.solving import make_ready, solved, solver_for
from nsr.task import Task
from nsr.telling import told_to
from nsr.wide_table import with_named_constants

Array = NDArray[np.float64]


class SymbolicRegressor(FittedFront, Saveable, RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Finds equations y = f(X) with a pretrained transformer and refines their constants.

    Args:
        checkpoint: Name of a shipped checkpoint, or a folder.
        n_candidates: Sequences sampled from the network.
        time_limit: Seconds after which no new work is begun; an exact answer ends the search before.
        stages: Stages of the search to use, of `nsr.search.settings.COMPONENTS`; `evolution` alone is plain
            genetic programming. A single name is a single stage.
        guesses: Equations to begin with, such as `a*x_0 + b`, or a single one, in the names of the columns
            where they have names, in quotes or backticks where these are not plain words; any other name
            is a constant to be fitted.
        constant_units: Where units are given: whether constants are `dimensionless`, so that the units
            lead the search, or `free`.
        device: Where the network runs and, on CUDA, constants are fitted to more rows than a search looks at:
            `auto`, or a device of PyTorch such as `cpu`, `cuda:0` or `mps`.
        loss: How much an error matters: `squared_error`, `absolute_error` or `huber` where some rows are far
            off, `poisson` for counts, `gamma` for errors proportional to the value, or a function
            `loss(predicted, y)` of two arrays that returns an array of losses. `auto` is `squared_error`
            unless the data show clearly that errors are a share of the value, and smaller than half of it.
        selection: Which equation of the front is chosen: `auto`, the shortest description where data are
            nearly exact, and else the simplest that predicts rows which were left out as well as the best;
            `accuracy`, the least loss; `score`, the highest score; `best`, the highest score of those with
            at most 1.5 times the least loss.
        random_state: Seed; what is done depends on the data and the seed alone, and the time limit only ends
            it, after the work that a usual core surely does in so long, or sooner on a slow one. So a machine
            that is fast enough gives the same front again, with as many cores; with a template or a category
            only where the search ends by itself.
        n_equations: Rows of the front at most.
        verbose: Whether to show the front so far, what is at work and the time that is left: in a notebook or
            a terminal as a leaderboard that is written anew, in a pipe as a line for each better equation.
        callback: Is called with an `nsr.progress.Progress` after each step of the search; what it returns, if
            it is true, ends the search with the best so far. `nsr.callbacks` has some that log.
        stop_when: When an equation is good enough to end the search: `exact`, or a mapping of `r2` (at least)
            and `complexity` (at most), such as `{"r2": 0.99, "complexity": 10}`; with `denoise` it is that of
            the smoothed target. The chosen equation is then one of these. By default the search ends where an
            answer leaves nothing to look for.
        warm_start: Whether a further fit, to the same columns, begins with what the one before has found.
        missing: What to do about missing values, NaN in X or y: `error` refuses them; `drop` leaves rows out
            that miss a value, and predicts NaN where the equation needs one; `impute` replaces them by the
            median of the column, in `predict` by that of the fit. Rows without a target are left out in
            either case.
        denoise: Whether the search looks at the target as a smoothing spline, of one column, or a Gaussian
            process sees it, with the noise taken off; constants are then fitted to the target as it is, which
            also decides which equation is chosen.
        n_jobs: Processes that search, this one among them, as joblib counts them: -1 for as many as there are
            cores; one by default, or as many as `joblib.parallel_config` says, whose backend, such as `ray`
            or `dask`, may have them on other machines. Evolution goes on in each of them, and they exchange
            their best.
        settings: The numbers of the search, for ablations; the defaults of `SearchSettings`.
        operators: Which operators equations may have: names (`add`, `sin`), symbols (`+`) or groups
            (`arithmetic`, `powers`, `trigonometric`, `exponential`, `hyperbolic`, `piecewise`, `special`).
            A name stands for what it can say: with `mul` there are squares, with `add` differences
            (`nsr.expressions.operator_set` has the rules). All by default, and those that are rare in laws
            where a stage sees a reason for them; what is named is searched for.
        without: Which operators no equation has.
        max_complexity: Largest complexity of an equation, as `equations_` counts it.
        max_depth: Levels of an equation at most: x is one, sin(x) two; a sum of any number of terms is one
            level, and so is a product or a ratio.
        max_constants: Constants in an equation at most, but for exponents such as 2 or 1/2.
        complexity: What operators, columns, and each `constant` or `variable` cost, such as
            `{"sin": 3, "x_1": 2, "constant": 1}`; by default 2 for transcendental functions and 1 for others.
        exponents: Exponents that powers may have besides 1, those of roots and ratios included, such as
            `(-2, -1, 0.5, 2)` or `range(-3, 4)`.
        nesting: How often an operator may stand in the argument of another one, one below the other:
            `{"exp": {"exp": 0, "add": 0}}`; `add` is also for differences, `div` for 1/x, `pow` for squares.
        max_argument: Largest complexity of an argument of a function, `{"exp": 5, "sin": 3}`.
        required: Columns that every equation has.
        forbidden: Columns that no equation has.
        constant_bounds: Smallest and largest constant, in the data's units, but for exponents such as 2.
        constants: Constants of known value that equations call by their names, such as `{"g": 9.81}`; with
            `X_units` with a unit, `{"g": (9.81, "m/s^2")}`, which leads the search as those of columns do.
            `scipy` stands for the value that SciPy knows, `{"c": "scipy", "m": "electron mass"}`.
        category: A column, by name or place, that says which group a row is of: one law is looked for, with
            constants that are others in each group where the data say so.
        template: The form that equations have, such as `f(x_0)*exp(-g(x_1, x_2)) + c`: functions that no
            operator has the name of are parts to be found, each of its columns; names that are not columns
            are constants to be fitted; all else stays as it is.
        shape: What is known of the function f, all of which every equation keeps to: `f >= 0`,
            `0 <= f <= 1`, `increasing in x`, `decreasing in x`, `convex in x`, `concave in x`, `even in x`,
            `odd in x`, `symmetric in x, y`, `f -> 0 as x -> inf`. It holds between the least and the largest
            value of each column, whatever the others are; a limit is reached to a hundredth of what f differs
            from it there.
        domain: Ranges of columns, such as `{"x": (0, 100)}`, for which `shape` holds instead.

    Attributes:
        equations_: The Pareto front as a data frame, from simple to accurate, and of noisy data textbook
            curves that cannot be told from it (`nsr.refinement.alternatives`), with columns
            `complexity`, `loss` (the mean loss; scikit-learn's mean squared or absolute error, or mean
            deviance), `r2` (the share of the best constant's loss that is explained, 1 - loss / null loss:
            R^2 for squared errors, D^2 for others), `score` (bits saved over describing the target without
            an equation), `stage` (what found it; empty for constants), `name` (of a textbook curve, or `your
            guess`; empty for anything else), `warning` (`pole`, `jump` or `undefined` where the equation has
            no value somewhere in the box of the data; else empty) and `equation`; with `shape` also a column
            `shape`: whether that is `proved` by interval arithmetic and algebra or `checked` at hundreds of
            points.
        expressions_: Its equations as `nsr.expressions.expression.Expression`, in the same order.
        constants_: The fitted constants of these, the most likely ones, as a data frame with columns
            `equation` (row of `equations_`), `name`, `value`, `error` (standard error), `low` and `high`
            (95 % interval by Student's t). Names are `c0`, `c1`, ... in the order in which an equation has
            them, or the user's where the equation is a guess, however it is written; then the values are
            those of the guess as the user wrote it. What data leave open has infinite errors. Round
            constants, which belong to the form, are not among them. With a `category` a column `group` says
            of which group a constant is; it is empty where all share it.
        reports_: What the data say about each equation (`nsr.refinement.reported.Reported`).
        best_index_: Row of the chosen equation.
        loss_: Name of the loss that was used.
        n_features_in_: Number of columns of X.
        feature_names_in_: Names of the columns, where X had names that are text.
        template_: The template (`nsr.expressions.template.Template`), None without one; `parts_` has what its
            parts are in each equation.
        category_: Name and groups of the column that tells groups (`nsr.data.category.Category`); None
            without one. It is not among the columns that all else here counts and names.
        named_constants_: What was given as `constants` (`nsr.data.nature.NamedConstant`).
        names_: Names of the columns, and the identifiers that stand for them in equations.
        relevance_: Of tables of more columns than the network knows, why columns were chosen: a data frame
            with what each has in mutual information, in a forest of trees, in sparse regression, in products
            and in what the other columns leave, over what noise reaches there, and whether it was `kept`;
            None where there was no choice.
        indicators_: What columns of text have become (`nsr.data.indicators.Indicators`); None without any.
        filling_: What stands for missing values (`nsr.data.missing.Filling`); None unless they are imputed.
        ended_: Why the search ended: it was `answered` by what leaves nothing to look for, or `exhausted`, as
            nothing got better; its `time` was up; or it was `interrupted`, or `stopped` by `callback` or
            `stop_when`.
        n_tried_: Equations that were tried.
        seconds_: How long the fit took.
        guesses_: How the user's guesses have fared (`nsr.refinement.guessed.FaredGuess`).
        data_: Summary of the table (`nsr.data.summary.DataSummary`).
        warnings_: What the fit has warned of.
    """

    def __init__(
        self,
        checkpoint: str = DEFAULT_CHECKPOINT,
        n_candidates: int = 1024,
        time_limit: float = 30.0,
        stages: str | Sequence[str] = COMPONENTS,
        guesses: str | Sequence[str] = (),
        constant_units: str = "dimensionless",
        device: str = "auto",
        selection: str = "auto",
        random_state: int | np.random.RandomState | None = 0,
        n_equations: int = 12,
        settings: SearchSettings | None = None,
        loss: str | Callable[[Array, Array], Array] = AUTO,
        operators: str | Sequence[str] | None = None,
        without: str | Sequence[str] = (),
        max_complexity: float | None = None,
        max_depth: int | None = None,
        max_constants: int | None = None,
        complexity: Mapping[str, float] | None = None,
        exponents: Iterable[float] | None = None,
        nesting: Mapping[str, Mapping[str, int]] | None = None,
        max_argument: Mapping[str, float] | None = None,
        required: str | Sequence[str] = (),
        forbidden: str | Sequence[str] = (),
        constant_bounds: tuple[float, float] | None = None,
        constants: Mapping[str, Any] | None = None,
        category: str | int | None = None,
        template: str | None = None,
        shape: str | Sequence[str] = (),
        domain: Mapping[str, tuple[float, float]] | None = None,
        verbose: bool = False,
        callback: Watcher | None = None,
        stop_when: str | Mapping[str, float] | None = None,
        warm_start: bool = False,
        missing: str = "error",
        denoise: bool = False,
        n_jobs: int | None = None,
    ) -> None:
        self.checkpoint = checkpoint
        self.n_candidates = n_candidates
        self.time_limit = time_limit
        self.stages = stages
        self.guesses = guesses
        self.constant_units = constant_units
        self.device = device
        self.selection = selection
        self.random_state = random_state
        self.n_equations = n_equations
        self.settings = settings
        self.loss = loss
        self.operators = operators
        self.without = without
        self.max_complexity = max_complexity
        self.max_depth = max_depth
        self.max_constants = max_constants
        self.complexity = complexity
        self.exponents = exponents
        self.nesting = nesting
        self.max_argument = max_argument
        self.required = required
        self.forbidden = forbidden
        self.constant_bounds = constant_bounds
        self.constants = constants
        self.category = category
        self.template = template
        self.shape = shape
        self.domain = domain
        self.verbose = verbose
        self.callback = callback
        self.stop_when = stop_when
        self.warm_start = warm_start
        self.missing = missing
        self.denoise = denoise
        self.n_jobs = n_jobs

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        X_units: Mapping[str, str] | Sequence[str] | None = None,
        y_units: str | None = None,
        sample_weight: ArrayLike | None = None,
        y_err: ArrayLike | None = None,
    ) -> SymbolicRegressor:
        """Searches for equations; Ctrl-C ends the search early and keeps the best so far.

        Args:
            X: Variables, shape (n_rows, n_columns), finite, or NaN where `missing` allows it. A data frame
                may have columns of text or of pandas' categories: each value becomes a column of its own,
                such as `sex=male`, which is 1 in the value's rows and 0 elsewhere; of two values the first
                in the alphabet needs none.
            y: Target, shape (n_rows,), finite, or NaN where `missing` allows it.
            X_units: Unit of each column, such as `m/s`, `kg*m^2` or `1`, as pint reads them, in order or
                by the columns' names. With units only equations that they allow are kept.
            y_units: Unit of the target.
            sample_weight: By how much more one row's loss matters than another's, shape (n_rows,), not
                negative; a weight of 0 leaves a row out.
            y_err: In their place, standard deviations of the target's errors, shape (n_rows,). They stand for
                the weights 1 / y_err^2, and with squared errors they are taken at their word: errors of
                constants and predictions follow from them alone, as those of SciPy's `curve_fit` with
                `absolute_sigma=True`, whatever is left unexplained; `report()` says whether that agrees with
                them. With `loss="auto"` errors are then squared. With other losses only ratios of `y_err`
                count, as those of `sample_weight` always do.

        Returns:
            The fitted estimator.

        Raises:
            ValueError: If the data or the parameters cannot be used; the message says why.

        Warns:
            DataWarning: If the chosen equation explains less than half of the target's variance.
        """
        before = dict(self.__dict__)
        try:
            with kept_notes() as notes, quiet_arithmetic(), shown(self.verbose) as display:
                started = time.perf_counter()
                check_parameters(self)
                asked = self._asked(X, y, X_units, y_units, sample_weight, y_err)
                self._fit(asked, name_of_target(y), display)
                self.seconds_ = time.perf_counter() - started
            self.warnings_ = notes
        except BaseException:  # a fit that fails changes nothing
            self.__dict__.clear()
            self.__dict__.update(before)
            raise
        return self

    def _fit(self, asked: Asked, target: str, display: Watcher | None) -> None:
        """Searches and keeps what is found.

        Args:
            asked: Data and wishes.
            target: What the target is called.
            display: Shows how far it is.
        """
        pretrained = from_pretrained(self.checkpoint, self.device, knows="functions")
        make_ready()  # the seconds of a first fit's compiler are not the search's
        clock, settings = Clock.of(self.time_limit), self.settings or SearchSettings()
        posed = Posed.of(asked, pretrained.config.max_variables, self.loss, settings.noise)
        names, wide, data, task = asked.names, asked.wide, posed.data, posed.task
        solver = solver_for(self, pretrained, settings, task, asked.y_err is None)
        solver.watch = told_to(
            watchers(self.callback, display), [*names.identifiers, *wide.names], posed.searched,
            self.time_limit,
        )  # fmt: skip
        if self.warm_start and hasattr(self, "equations_"):
            solver.starts = self._starts(names, data.columns)
        solution, task = solved(solver, asked, posed, clock)
        solution, found, task = with_named_constants(
            solution, solver.found, task, wide, len(data.columns), posed.template
        )
        self.names_, self.category_, self.named_constants_ = names, asked.category, asked.constants
        self.template_ = asked.template
        self.ended_, self.n_tried_ = solver.ended, solver.n_tried
        self.relevance_ = data.relevance_table(names.columns)
        table = wide.filled(asked.table, asked.codes)
        self._keep_rows(task, table, data.rows)
        if data.usable is not None:
            task = posed.whole(asked, table, task)
            rows = on_all_rows(solution.candidates, task, wide.n_groups, device_of_rows(self.device))
            solution = replace(solution, candidates=rows)
        self._keep(solution, found, task, posed.columns, posed.guesses)
        self.data_ = DataSummary.of(self._seen.X, self._seen.y, names.columns, target, len(asked.target))

    def _asked(
        self,
        X: ArrayLike,
        y: ArrayLike,
        X_units: Mapping[str, str] | Sequence[str] | None,
        y_units: str | None,
        sample_weight: ArrayLike | None,
        y_err: ArrayLike | None,
    ) -> Asked:
        """What a fit is asked, read and checked."""
        category = None if self.category is None else Category.of(X, self.category)
        X, codes = (X, None) if category is None else category.split(X)
        table, target, names = self._checked_table(X, y)
        known = read_constants(self.constants, names)
        return Asked(
            table=table,
            target=np.asarray(target, dtype=np.float64),
            names=names,
            category=category,
            codes=codes,
            weights=row_weights(sample_weight, y_err, len(target)),
            y_err=y_err,
            constants=known,
            guesses=read_guesses(self.guesses, names, values_of(known)),
            template=read_template(self.template, names, values_of(known)),
            limits=limits_of(self, names),
            wishes=read_shape(self.shape, self.domain, names),
            units=parsed_units(self._units_of(X_units), y_units, names, self.constant_units, known),
            seed=int(check_random_state(self.random_state).randint(2**31 - 1)),
        )

    def _keep(
        self, solution: Front, found: list[Candidate], task: Task, columns: Index, guesses: Sequence[Guess]
    ) -> None:
        """Keeps a front, as much of it as was asked for, over the table's columns."""
        self.loss_ = task.loss.name
        named = {place for place, row in enumerate(solution.candidates) if row.name}
        kept = thinned(solution.candidates, solution.best, self.n_equations, named)
        self.best_index_ = kept.index(solution.best)
        self._found, self._columns, self._report = found, columns, None
        rows = [solution.candidates[place] for place in kept]
        self._keep_front(rows, task, columns, guesses)
        self.guesses_ = self._fared(guesses, rows, found, task) if guesses else ()
        if self.n_tried_:  # otherwise it was told why nothing was found
            self._tell_unexplained()

    def _plain(self) -> tuple[str, dict[str, Any]]:
        return KIND, plain_function(self)

    def __sklearn_tags__(self) -> Any:
        """Scores on scikit-learn's toy data depend on the checkpoint, which may be tiny."""
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        tags.non_deterministic = False
        tags.input_tags.allow_nan = self.missing != "error"
        return tags

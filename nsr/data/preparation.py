"""Preparation of a table for the search, in named steps; each says what it did, and surprises are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nsr.data.missing import Filling, counted
from nsr.data.notes import tell
from nsr.data.relevance import Relevance, relevance

MAX_ROWS = 10_000
MIN_ROWS = 3
# Equations can have constants and values of these sizes; the squares of larger ones overflow.
SIZES = (1e-100, 1e100)
# Columns can be of these sizes, as their squares are all that is computed of them as they are.
_COLUMN_SIZES = (1e-150, 1e150)
_ROWS_FOR_RELEVANCE = 2_000
# Of columns that are chosen: what chance may hide, and what a search can still look through.
_FEWEST_COLUMNS, _MOST_COLUMNS = 8, 40

Array = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class View:
    """What is left of the user's table.

    Attributes:
        rows: Which of its rows, shape (n_rows,).
        columns: Which of its columns, ascending, shape (n_columns,).
        usable: Rows of which `rows` were drawn, shape (n_usable,); None where all that can be used are used.
        relevance: Why these columns were chosen; None where there was no choice.
    """

    rows: Index
    columns: Index
    usable: Index | None = None
    relevance: Relevance | None = None


@dataclass(frozen=True)
class Given:
    """What steps may read.

    Attributes:
        X: The user's variables, shape (n_samples, n_features), NaN where a value is missing.
        y: The user's target, shape (n_samples,), NaN where it is missing.
        names: Names of the columns.
        max_variables: Variables that the network knows.
        seed: Seed of all draws.
        weights: By how much more one row matters than another, shape (n_samples,); None where all are alike.
        forbidden: Columns that the user does not want.
        required: Columns that the user wants in any case.
    """

    X: Array
    y: Array
    names: Sequence[str]
    max_variables: int
    seed: int
    weights: Array | None = None
    forbidden: frozenset[int] = frozenset()
    required: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Step:
    """A step of preparation.

    Attributes:
        name: What it does, as a phrase.
        apply: Maps a view to a smaller one or to another order, and to a sentence that says what was
            done to this table; an empty one if nothing was.
        is_told: Whether the user is warned where it does anything.
    """

    name: str
    apply: Callable[[View, Given], tuple[View, str]]
    is_told: bool = True


@dataclass(frozen=True)
class Prepared:
    """Data reduced to what the search works on.

    Attributes:
        X: Variables, shape (n_rows, n_used).
        y: Target, shape (n_rows,).
        columns: Which of the user's columns these are, ascending, shape (n_used,).
        rows: Which of the user's rows these are, shape (n_rows,).
        steps: Names of the steps that changed something, each with what it did.
        weights: By how much more one row matters than another, shape (n_rows,); None where all are alike.
        usable: Rows of which these were drawn, shape (n_usable,); None where all that can be used are used.
        relevance: Why these columns were chosen; None where there was no choice.
    """

    X: Array
    y: Array
    columns: Index
    rows: Index
    steps: tuple[tuple[str, str], ...] = ()
    weights: Array | None = None
    usable: Index | None = None
    relevance: Relevance | None = None

    def relevance_table(self, names: Sequence[str]) -> pd.DataFrame | None:
        """Why columns were chosen; None where there was no choice."""
        return None if self.relevance is None else self.relevance.table(names)


def prepare(
    X: Array,
    y: Array,
    max_variables: int,
    seed: int,
    names: Sequence[str] | None = None,
    weights: Array | None = None,
    forbidden: frozenset[int] = frozenset(),
    required: frozenset[int] = frozenset(),
) -> Prepared:
    """Takes a table through `STEPS`, with a warning for each that the user should know of.

    Args:
        X: Finite, shape (n_samples, n_features), but for NaN where a value is missing.
        y: Finite, shape (n_samples,), but for NaN where it is missing.
        max_variables: Variables that the network knows.
        seed: Seed of all draws and of the choice of variables.
        names: What warnings call the columns; their numbers by default.
        weights: By how much more one row matters than another, shape (n_samples,), not negative; rows of
            weight 0 are left out. All are alike by default.
        forbidden: Columns that are left out, not all of them.
        required: Columns that are kept where the network knows fewer.

    Raises:
        ValueError: If there are fewer than 3 rows, or the target or a column is too large or too small for
            its squares to be computed.
    """
    n_rows = len(y) if weights is None else int(np.count_nonzero(weights))
    if n_rows < MIN_ROWS:
        rows = "rows" if weights is None else "rows with a weight above 0"
        raise ValueError(
            f"n_samples={n_rows} {rows} are too few to tell equations apart: give at least {MIN_ROWS}"
        )
    columns = names or [str(place) for place in range(X.shape[1])]
    _check_size("the target", y, SIZES)
    for place, column in enumerate(columns):
        _check_size(f"column {column!r}", X[:, place], _COLUMN_SIZES)
    given = Given(X, y, columns, max_variables, seed, weights, forbidden, required)
    view = View(np.arange(len(y)), np.arange(X.shape[1]))
    done: list[tuple[str, str]] = []
    for step in STEPS:
        view, said = step.apply(view, given)
        if said:
            done.append((step.name, said))
            if step.is_told:
                tell(said)
    table = np.ascontiguousarray(X[np.ix_(view.rows, view.columns)])
    own = None if weights is None else weights[view.rows]
    if own is not None:
        own = None if np.ptp(own) == 0 else own / np.mean(own)
    return Prepared(
        table, y[view.rows], view.columns, view.rows, tuple(done), own, view.usable, view.relevance
    )


def _check_size(what: str, values: Array, sizes: tuple[float, float]) -> None:
    size = float(np.max(np.abs(values[~np.isnan(values)]), initial=0.0))
    if size > sizes[1] or 0 < size < sizes[0]:
        way = "divide" if size > 1 else "multiply"
        factor = 10.0 ** min(300, abs(np.floor(np.log10(size))))
        raise ValueError(
            f"{what} is as {'large' if size > 1 else 'small'} as {size:.1g}, and its squares cannot be "
            f"computed: {way} it by {factor:.0e}"
        )


def _drop_weightless_rows(view: View, given: Given) -> tuple[View, str]:
    """Rows that matter."""
    if given.weights is None or np.all(given.weights[view.rows] > 0):
        return view, ""
    rows = view.rows[given.weights[view.rows] > 0]
    return replace(view, rows=rows), f"{len(view.rows) - len(rows)} rows of weight 0 are left out"


def _drop_forbidden_columns(view: View, given: Given) -> tuple[View, str]:
    """Columns that the user wants."""
    if not given.forbidden:
        return view, ""
    kept = np.array([column for column in view.columns if column not in given.forbidden], dtype=np.intp)
    return replace(view, columns=kept), f"{len(view.columns) - len(kept)} forbidden columns are left out"


def _drop_empty_columns(view: View, given: Given) -> tuple[View, str]:
    """Columns that have any value."""
    is_empty = _missing(view, given).all(axis=0)
    if not is_empty.any():
        return view, ""
    left_out = ", ".join(given.names[column] for column in view.columns[is_empty])
    return replace(view, columns=view.columns[~is_empty]), f"without any value and left out: {left_out}"


def _drop_incomplete_rows(view: View, given: Given) -> tuple[View, str]:
    """Rows of which nothing is missing.

    Raises:
        ValueError: If too few are left.
    """
    missing = np.column_stack((_missing(view, given), np.isnan(given.y[view.rows])))
    is_complete = ~missing.any(axis=1)
    if is_complete.all():
        return view, ""
    names = [*(given.names[column] for column in view.columns), "the target"]
    n_rows, n_left = len(view.rows), int(np.count_nonzero(is_complete))
    said = (
        f"{n_rows - n_left} of {n_rows} rows are left out, as values are missing: {counted(missing, names)}"
    )
    if n_left < MIN_ROWS:
        raise ValueError(
            f"{said}; at least {MIN_ROWS} must be left: leave out columns with many missing values, or fill "
            "them with missing='impute'"
        )
    return replace(view, rows=view.rows[is_complete]), said


def _missing(view: View, given: Given) -> NDArray[np.bool_]:
    """Which values are missing, shape (n_rows, n_columns)."""
    found = np.empty((len(view.rows), len(view.columns)), dtype=np.bool_)
    for place, column in enumerate(view.columns):  # as a copy of a long table takes much memory
        found[:, place] = np.isnan(given.X[view.rows, column])
    return found


def _draw_rows(view: View, given: Given) -> tuple[View, str]:
    """At most `MAX_ROWS` rows: one, at random, from each of as many slices of the rows in the target's order.

    Rare values of the target are then as frequent as among all rows, which a plain draw leaves to chance
    (stratified sampling; Cochran, Sampling Techniques, Wiley 1977, chapter 5).
    """
    n_rows = len(view.rows)
    if n_rows <= MAX_ROWS:
        return view, ""
    rng = np.random.default_rng(given.seed)
    ordered = view.rows[np.argsort(given.y[view.rows], kind="stable")]
    cuts = np.linspace(0, n_rows, MAX_ROWS + 1).astype(np.intp)
    drawn = ordered[rng.integers(cuts[:-1], cuts[1:])]
    return replace(view, rows=drawn, usable=view.rows), (
        f"{n_rows} rows: the search looks at {MAX_ROWS} of them, with the target spread as in all; the "
        "constants of what it finds are then fitted to all rows"
    )


def _drop_constant_columns(view: View, given: Given) -> tuple[View, str]:
    """Columns that vary."""
    table = given.X[np.ix_(view.rows, view.columns)]
    varying = (table != table[0]).any(axis=0)  # no difference, which overflows where numbers are huge
    if varying.all():
        return view, ""
    left_out = ", ".join(given.names[column] for column in view.columns[~varying])
    return replace(view, columns=view.columns[varying]), f"constant and left out: {left_out}"


def _keep_a_column(view: View, given: Given) -> tuple[View, str]:
    """The first column if none varies, as a table has columns."""
    if len(view.columns):
        return view, ""
    first = next(column for column in range(given.X.shape[1]) if column not in given.forbidden)
    only = np.array([first], dtype=np.intp)
    return replace(
        view, columns=only
    ), "no column varies, so that the mean is all that can be said of the target"


def _drop_repeated_columns(view: View, given: Given) -> tuple[View, str]:
    """Columns that are equal to no earlier one."""
    seen: dict[bytes, int] = {}
    said: list[str] = []
    for column in view.columns:
        first = seen.setdefault(given.X[view.rows, column].tobytes(), int(column))
        if first != column:
            said.append(f"column {given.names[column]} repeats column {given.names[first]} and is left out")
    return replace(view, columns=np.array(list(seen.values()), dtype=np.intp)), "; ".join(said)


def _choose_columns_with_gaps(view: View, given: Given) -> tuple[View, str]:
    """As `_choose_columns`, before rows are left out for a gap in a column that is not used."""
    has_gaps = len(view.columns) > given.max_variables and bool(_missing(view, given).any())
    return _choose_columns(view, given) if has_gaps else (view, "")


def _choose_columns(view: View, given: Given) -> tuple[View, str]:
    """Of more columns than the network knows, those that are more than noise, and the best of the others.

    What is required stays in any case. For the choice alone gaps are filled with medians.
    """
    if len(view.columns) <= given.max_variables or view.relevance is not None:
        return view, ""
    rows = view.rows[~np.isnan(given.y[view.rows])]
    rows = np.random.default_rng(given.seed).permutation(rows)[:_ROWS_FOR_RELEVANCE]
    weights = None if given.weights is None else given.weights[rows]
    table = given.X[np.ix_(rows, view.columns)]
    found = relevance(Filling.of(table).filled(table), given.y[rows], view.columns, given.seed, weights)
    best, is_required = found.strengths.max(axis=1), np.isin(view.columns, list(given.required))
    n_kept = int(
        np.clip(np.count_nonzero(best > 1), min(_FEWEST_COLUMNS, given.max_variables), _MOST_COLUMNS)
    )
    is_kept = is_required.copy()
    is_kept[np.lexsort((-best, ~is_required))[:n_kept]] = True
    found = replace(found, is_kept=is_kept)
    return replace(view, columns=view.columns[is_kept], relevance=found), (
        f"{len(view.columns)} columns: {np.count_nonzero(is_kept)} of them are used, by how much they exceed "
        f"noise: {found.told(given.names)}"
    )


def _shuffle_rows(view: View, given: Given) -> tuple[View, str]:
    """All rows in random order, so that the first n of them are a random draw wherever n are enough."""
    rows = np.random.default_rng(given.seed).permutation(view.rows)
    return replace(view, rows=rows), "rows are in random order"


STEPS = (
    Step("drop weightless rows", _drop_weightless_rows, is_told=False),
    Step("drop forbidden columns", _drop_forbidden_columns, is_told=False),
    Step("drop empty columns", _drop_empty_columns),
    Step("choose columns with gaps", _choose_columns_with_gaps),
    Step("drop incomplete rows", _drop_incomplete_rows),
    Step("draw rows", _draw_rows),
    Step("drop constant columns", _drop_constant_columns, is_told=False),
    Step("keep a column", _keep_a_column),
    Step("drop repeated columns", _drop_repeated_columns),
    Step("choose columns", _choose_columns),
    Step("shuffle rows", _shuffle_rows, is_told=False),
)

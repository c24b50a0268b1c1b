"""What is reported of the constants of each equation: most likely values, errors, names and digits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nsr.data.guesses import Guess
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, constant
from nsr.refinement.digits import warranted, with_error
from nsr.refinement.gauss_newton import gauss_newton
from nsr.refinement.naming import as_written
from nsr.refinement.snapping import is_by_chance
from nsr.refinement.uncertainty import Places, Uncertainty, fitted_places, uncertainty
from nsr.task import MANY_ROWS, Task

Array = NDArray[np.float64]

# Gauss-Newton steps from the constants of an equation, perhaps rounded, to the most likely ones.
_STEPS = 20
# Probability that an interval of `constants_` has the true value in it.
LEVEL = 0.95
# Groups whose constants stand in a line one by one.
_IN_A_LINE = 4


@dataclass(frozen=True, eq=False)
class Reported:
    """An equation and what the data say about it.

    Attributes:
        shown: The equation with the digits that the data warrant.
        fit: About its fitted constants, and round ones that may be arbitrary, at the most likely values of
            all these, for predictions; None where that cannot be computed.
        names: Of the constants that are reported.
        constants: About these: the equation's own, or those of the user's guess that it is another form of.
        guess: That guess, if there is one.
        groups: For each constant the group that it is of, empty for those that all groups share; none where
            there are no groups.
        rounded: Round constants that stand for fitted ones, each with the standard error that it would have
            if it alone were fitted as well.
    """

    shown: Expression
    fit: Uncertainty | None
    names: tuple[str, ...]
    constants: Uncertainty | None
    guess: Guess | None = None
    groups: tuple[str, ...] = ()
    rounded: tuple[tuple[float, float], ...] = ()

    def over(self, places: Mapping[int, Expression]) -> Reported:
        """The report of the same equation over other variables, given by index."""
        guess = None if self.guess is None else self.guess.over(places)
        return replace(self, shown=self.shown.substitute(places), guess=guess)

    def std_of(self, expression: Expression, X: Array) -> Array:
        """Standard deviations of new observations, shape (P,), by rows of X, shape (P, D); NaN if unknown."""
        return np.full(len(X), np.nan) if self.fit is None else self.fit.of_observation(expression, X)

    def interval_of(self, expression: Expression, X: Array, level: float) -> Array:
        """Bounds of new observations, shape (P, 2), by rows of X, shape (P, D); NaN if unknown.

        They lie around the most likely values, which are not the equation's own where it has constants that
        may be round by chance.
        """
        if self.fit is None:
            return np.full((len(X), 2), np.nan)
        values = np.asarray(Program([self.fit.with_values(expression)]).values(X)[0])
        reach = self.fit.reach_of_observation(expression, X, level)
        return np.column_stack((values - reach, values + reach))

    def of_group(self, differs: Sequence[bool], group: str, shown: Expression) -> Reported:
        """What is known of the equation of one group.

        Args:
            differs: For each constant of the form whether it differs.
            group: Its label.
            shown: Its equation with the digits that the data warrant.
        """
        if self.constants is None or self.fit is None:
            return Reported(shown, None, (), None)
        kept = [place for place, own in enumerate(self.groups) if own in ("", group)]
        n_groups = len({own for own in self.groups if own})
        # Places among all constants become places among those of the group's own equation.
        before: dict[int, int] = {}
        place = 0
        for number, is_other in enumerate(differs):
            before |= dict.fromkeys(range(place, place + (n_groups if is_other else 1)), number)
            place += n_groups if is_other else 1
        places = np.array([before[int(self.constants.places[one])] for one in kept], dtype=np.intp)
        own = self.constants.of(kept, places)
        return Reported(shown, own, tuple(self.names[one] for one in kept), own)

    @property
    def differing(self) -> list[str]:
        """Names of the constants that differ by group."""
        return list(
            dict.fromkeys(name for name, group in zip(self.names, self.groups, strict=False) if group)
        )

    @property
    def text(self) -> str:
        """The constants with their errors in a line; an empty one where there are none.

        `c0 = 2.10 ± 0.33, c1 = 12.0 ± 1.1; rounded: 0.75 (± 0.01)`, and after a guess's own text its names.
        """
        round_ones = ", ".join(f"{value:g} (± {error:.2g})" for value, error in self.rounded)
        if self.constants is None or not self.names:
            return f"rounded: {round_ones}" if round_ones else ""
        told = zip(self.names, self._told, self.groups or ("",) * len(self.names), strict=True)
        line = ", ".join(f"{name} = {value}" for name, value, group in told if not group)
        if self.guess is not None:
            return f"{self.guess.text}: {line}".removesuffix(": ")
        return f"{line}; rounded: {round_ones}" if round_ones else line

    @property
    def in_a_line(self) -> str:
        """The constants with their errors, those of all groups before those that differ; empty without any.

        `k = 0.335 ± 0.009, A = 2.86 ± 0.08 (a), 7.2 ± 0.1 (b)`; of many groups the lowest and the highest.
        """
        if self.constants is None:
            return ""
        told = list(zip(self.names, self._told, self.groups, self.constants.values.tolist(), strict=True))
        line = [f"{name} = {value}" for name, value, group, _ in told if not group]
        for own in self.differing:
            values = [
                (size, f"{value} ({group})") for name, value, group, size in told if name == own and group
            ]
            if len(values) > _IN_A_LINE:
                line.append(f"{own} from {min(values)[1]} to {max(values)[1]}")
            else:
                line.append(f"{own} = " + ", ".join(value for _, value in values))
        return ", ".join(line)

    def table(self, category: str) -> list[str]:
        """The constants that differ by group, a line for each group under a header; none if there are none.

        Args:
            category: What tells groups apart.
        """
        if self.constants is None or not any(self.groups):
            return []
        cells: dict[str, dict[str, str]] = {}
        for name, value, group in zip(self.names, self._told, self.groups, strict=True):
            if group:
                cells.setdefault(group, {})[name] = value
        names = list(next(iter(cells.values())))
        rows = [[category, *names], *([group, *own.values()] for group, own in cells.items())]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]

    @property
    def _told(self) -> list[str]:
        assert self.constants is not None
        pairs = zip(self.constants.values.tolist(), self.constants.errors.tolist(), strict=True)
        return [with_error(value, error) for value, error in pairs]


def check_asked(return_std: bool, interval: float | None) -> None:
    """Refuses what `predict` cannot be asked for.

    Raises:
        ValueError: If both are asked for, or the probability is not between 0 and 1.
    """
    if interval is not None and return_std:
        raise ValueError("ask for return_std or for an interval, not for both")
    if interval is not None and not 0 < interval < 1:
        raise ValueError(f"interval={interval!r} must be a probability between 0 and 1, such as 0.95")


def reported(
    expression: Expression,
    task: Task,
    guesses: Sequence[Guess] = (),
    held: Collection[int] = (),
    named: Collection[int] = (),
) -> Reported:
    """Reports an equation.

    Args:
        expression: An equation of the task's variables, its fitted constants the most likely ones.
        task: What it explains.
        guesses: The user's own, over the same variables.
        held: Which of the equation's constants belong to its form, beside round ones.
        named: Which of them have names, so that they are reported even where they are round.
    """
    places = np.setdiff1d(fitted_places(expression, task), list(held))
    fit = uncertainty(expression, task, places)
    shown = warranted(expression, fit, task)
    for guess in guesses:
        own = _named(guess, expression, task)
        if own is not None:
            return Reported(shown, fit, own[0], own[1], guess)
    every = np.union1d(places, list(named)).astype(np.intp)
    told = fit if len(every) == len(places) else uncertainty(expression, task, every)
    rounded = _rounded(expression, task, every, held)
    values = expression.constants
    by_chance = [place for place, error in rounded.items() if is_by_chance(values[place], error)]
    if by_chance:
        free = np.union1d(every, by_chance).astype(np.intp)
        wider = _likeliest(expression, np.array(values), free, task)
        if wider is not None:
            fit, told = wider, wider.of(np.searchsorted(free, every).tolist(), every)
    names = () if told is None else tuple(f"c{i}" for i in range(len(told.values)))
    pairs = tuple((values[place], error) for place, error in rounded.items())
    return Reported(shown, fit, names, told, rounded=pairs)


def _rounded(expression: Expression, task: Task, fitted: Places, held: Collection[int]) -> dict[int, float]:
    """By place the round constants of a noisy equation, but for 0 and 1: the errors that they would have.

    One that others would make up for has none, and neither has a limit that the user states. In long tables
    it is not worth the time, as what is round there is so to many digits.
    """
    if task.n_rows > MANY_ROWS:
        return {}
    values = expression.constants
    others = [place for place in range(len(values)) if place not in fitted and place not in held]
    others = [place for place in others if abs(values[place]) not in (0.0, 1.0, *task.space.stated_limits)]
    with np.errstate(all="ignore"):
        loss = float(task.mean_loss(Program([expression]).values(task.X))[0]) if others else 0.0
    if not others or task.is_exact(loss):
        return {}
    found = {}
    for place in others:
        own = np.append(fitted, place)
        known = uncertainty(expression, task, own)
        if known is not None and np.isfinite(known.errors[-1]):
            found[place] = float(known.errors[-1])
    return found


def constants_table(front: Iterable[Reported]) -> pd.DataFrame:
    """`constants_` of an estimator: a row for each fitted constant of each equation of its front.

    Where there are groups a column says of which a constant is; it is empty where all share it.
    """
    said = list(front)
    columns = ["equation", "group", "name", "value", "error", "low", "high"]
    rows = [
        (place, group, name, value, error, low, high)
        for place, one in enumerate(said)
        if one.constants is not None
        for group, name, value, error, (low, high) in zip(
            one.groups or ("",) * len(one.names),
            one.names,
            one.constants.values.tolist(),
            one.constants.errors.tolist(),
            one.constants.intervals(LEVEL).tolist(),
            strict=True,
        )
    ]
    table = pd.DataFrame(rows, columns=columns)
    return table if any(any(one.groups) for one in said) else table.drop(columns="group")


def _named(guess: Guess, equation: Expression, task: Task) -> tuple[tuple[str, ...], Uncertainty] | None:
    """Names of a guess's constants and what is known of them, if the equation is the guess.

    The search moves the numbers of a guess and puts a free factor before it. What is reported has as few
    constants besides those that the user has named as the equation allows.
    """
    form, is_named = guess.expression, np.array(guess.is_named, dtype=np.bool_)
    factor = _unused("c", guess.names)
    multiple, of_multiple = apply("mul", constant(1.0), form), (factor, *guess.names)
    for own, names, is_fitted in (
        (form, guess.names, is_named),
        (multiple, of_multiple, np.append(True, is_named)),
        (form, guess.names, np.full(len(is_named), True)),
        (multiple, of_multiple, np.full(len(is_named) + 1, True)),
    ):
        places = np.flatnonzero(is_fitted)
        values = as_written(own, equation, task, places)
        if values is None:
            continue
        found = _likeliest(own, values, places, task)
        if found is not None:
            return tuple(names[place] for place in places), found
    return None


def _likeliest(form: Expression, values: Array, places: Places, task: Task) -> Uncertainty | None:
    """What is known of some constants of a form at the most likely values of these, near those given."""
    is_fitted = np.isin(np.arange(len(values)), places)
    values, _ = gauss_newton(Program([form]), values, is_fitted, task, _STEPS)
    return uncertainty(form, task, places, values)


def _unused(name: str, names: Sequence[str]) -> str:
    return name if name not in names else _unused(f"{name}_", names)

"""What is reported of the constants of each equation: most likely values, errors, names and digits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from nsr.refinement.uncertainty import Uncertainty, uncertainty
from nsr.task import Task

Array = NDArray[np.float64]

# Gauss-Newton steps from the constants of an equation, perhaps rounded, to the most likely ones of a guess.
_STEPS = 20
# Probability that an interval of `constants_` has the true value in it.
LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Reported:
    """An equation and what the data say about it.

    Attributes:
        shown: The equation with the digits that the data warrant.
        fit: About its fitted constants, for predictions; None where that cannot be computed.
        names: Of the constants that are reported.
        constants: About these: the equation's own, or those of the user's guess that it is another form of.
        guess: That guess, if there is one.
    """

    shown: Expression
    fit: Uncertainty | None
    names: tuple[str, ...]
    constants: Uncertainty | None
    guess: Guess | None = None

    def over(self, places: Mapping[int, Expression]) -> Reported:
        """The report of the same equation over other variables, given by index."""
        guess = None if self.guess is None else self.guess.over(places)
        return replace(self, shown=self.shown.substitute(places), guess=guess)

    def std_of(self, expression: Expression, X: Array) -> Array:
        """Standard deviations of new observations, shape (P,), by rows of X, shape (P, D); NaN if unknown."""
        return np.full(len(X), np.nan) if self.fit is None else self.fit.of_observation(expression, X)

    def interval_of(self, expression: Expression, X: Array, values: Array, level: float) -> Array:
        """Bounds of new observations around values, shape (P, 2); see `std_of`."""
        unknown = np.full(len(X), np.nan)
        reach = unknown if self.fit is None else self.fit.reach_of_observation(expression, X, level)
        return np.column_stack((values - reach, values + reach))

    @property
    def text(self) -> str:
        """The constants with their errors in a line; an empty one where there are none.

        `c0 = 2.10 ± 0.33, c1 = 12.0 ± 1.1`, and after a guess's own text its own names.
        """
        if self.constants is None or not self.names:
            return ""
        triples = zip(self.names, self.constants.values.tolist(), self.constants.errors.tolist(), strict=True)
        line = ", ".join(f"{name} = {with_error(value, error)}" for name, value, error in triples)
        return line if self.guess is None else f"{self.guess.text}: {line}"


def check_asked(return_std: bool, interval: float | None) -> None:
    """Refuses what `predict` cannot be asked for.

    Raises:
        ValueError: If both are asked for, or the probability is not between 0 and 1.
    """
    if interval is not None and return_std:
        raise ValueError("ask for return_std or for an interval, not for both")
    if interval is not None and not 0 < interval < 1:
        raise ValueError(f"interval={interval!r} must be a probability between 0 and 1, such as 0.95")


def reported(expression: Expression, task: Task, guesses: Sequence[Guess] = ()) -> Reported:
    """Reports an equation.

    Args:
        expression: An equation of the task's variables, its fitted constants the most likely ones.
        task: What it explains.
        guesses: The user's own, over the same variables.
    """
    fit = uncertainty(expression, task)
    shown = warranted(expression, fit, task)
    for guess in guesses:
        named = _named(guess, expression, task)
        if named is not None:
            return Reported(shown, fit, named[0], named[1], guess)
    names = () if fit is None else tuple(f"c{i}" for i in range(len(fit.values)))
    return Reported(shown, fit, names, fit)


def constants_table(front: Iterable[Reported]) -> pd.DataFrame:
    """`constants_` of an estimator: a row for each fitted constant of each equation of its front."""
    columns = ("equation", "name", "value", "error", "low", "high")
    rows = [
        (place, name, value, error, low, high)
        for place, one in enumerate(front)
        if one.constants is not None
        for name, value, error, (low, high) in zip(
            one.names,
            one.constants.values.tolist(),
            one.constants.errors.tolist(),
            one.constants.intervals(LEVEL).tolist(),
            strict=True,
        )
    ]
    return pd.DataFrame(rows, columns=columns)


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
        values, _ = gauss_newton(Program([own]), values, is_fitted, task, _STEPS)
        found = uncertainty(own, task, places, values)
        if found is not None:
            return tuple(names[place] for place in places), found
    return None


def _unused(name: str, names: Sequence[str]) -> str:
    return name if name not in names else _unused(f"{name}_", names)

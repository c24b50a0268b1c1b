"""What of a front breaks the wishes of its user, told from the texts of the equations and what they predict.

Nothing of what the search itself checks with is used: texts are read by Python's own parser, powers are
collected by SymPy, units are computed by pint, and shapes are looked at where thousands of points lie.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pint
import sympy
from numpy.typing import NDArray

from eval.equation_texts import (
    computed,
    constants,
    deepest,
    depth,
    least_complexity,
    missing_operator,
    operators_of,
    unit_of,
)
from nsr.regressor import SymbolicRegressor

Array = NDArray[np.float64]

# Shapes are looked at this many points, and hold but for this share of the largest value.
_N_POINTS, _ROUNDING = 5_000, 1e-6
# Two ways to compute a value may differ by this many times as much as it does where inputs are rounded; that
# of cos(exp(70)) is anybody's guess.
_LOST = 100.0
# How far away a limit is looked at, in ranges of the column; what may be left of it there, as a share of the
# largest value, and by how many times more is left on the way: slow functions are still on it.
_FAR, _REACHED, _ON_THE_WAY = (1e8, 1e12), 0.02, 1.2

# What may be said with what is named.
_SAID = {"add": "sub neg", "sub": "add neg", "mul": "neg square cube", "div": "inv",
         "pow": "square cube sqrt inv"}  # fmt: skip


def violations(
    model: SymbolicRegressor, X: pd.DataFrame, parameters: Mapping[str, Any], told: Mapping[str, Any]
) -> list[str]:
    """What of a fitted front is not as it was asked for, a line each.

    Args:
        model: Fitted.
        X: The table that it was fitted to.
        parameters: The wishes: parameters of the estimator.
        told: Further arguments of `fit`.
    """
    found = list(_of_front(model, parameters))
    columns = X if model.category_ is None else X.drop(columns=model.category_.name)
    groups = [None] if model.category_ is None else list(model.category_.groups)
    for group in groups:
        own = model if group is None else model.of_group(group)
        for row, text in enumerate(own.equations()):
            equation = Equation(own, row, text, columns)
            said = [*equation.of_limits(parameters), *equation.of_values(parameters)]
            if told.get("X_units") and not any("unit" in note for note in model.warnings_):
                said += equation.of_units(told)
            found += [f"row {row}{'' if group is None else f' of {group}'}: {one}: {text}" for one in said]
    return found


def _of_front(model: SymbolicRegressor, parameters: Mapping[str, Any]) -> Iterator[str]:
    table = model.equations_
    if len(table) > parameters.get("n_equations", math.inf):
        yield f"{len(table)} rows"
    if not 0 <= model.best_index_ < len(table):
        yield f"row {model.best_index_} is chosen, which is not there"
    if (table["complexity"] > parameters.get("max_complexity", math.inf)).any():
        yield f"complexity {table['complexity'].max()}"
    if parameters.get("loss", model.loss_) != model.loss_:
        yield f"loss {model.loss_}"
    wanted = parameters.get("stop_when")
    if model.ended_ == "stopped" and isinstance(wanted, Mapping) and not parameters.get("denoise"):
        is_met = table["r2"] >= wanted["r2"] - 1e-9
        if not (is_met & (table["complexity"] <= wanted.get("complexity", math.inf))).any():
            yield "stopped without an equation that is good enough"


class Equation:
    """A row of a front.

    Args:
        model: Whose row.
        row: Which.
        text: Its equation.
        columns: The table, without the column that tells groups.
    """

    def __init__(self, model: SymbolicRegressor, row: int, text: str, columns: pd.DataFrame) -> None:
        self._model, self._row, self._columns = model, row, columns
        self._tree = ast.parse(text, mode="eval").body
        words, own = model.names_.identifiers, model.names_.columns
        self._called = dict(zip(words, own, strict=True))
        self._known = {one.identifier: one.value for one in model.named_constants_}
        self._nodes = list(ast.walk(self._tree))
        names = {node.id for node in self._nodes if isinstance(node, ast.Name)}
        self._used = {self._called[name] for name in names & self._called.keys()}

    def of_limits(self, wishes: Mapping[str, Any]) -> Iterator[str]:
        """What limits rule out."""
        if missing := set(wishes.get("required", ())) - self._used:
            yield f"lacks {sorted(missing)}"
        if there := set(wishes.get("forbidden", ())) & self._used:
            yield f"has {sorted(there)}"
        if (levels := depth(self._tree)[0]) > wishes.get("max_depth", math.inf):
            yield f"depth {levels}"
        found = list(constants(self._tree, {1.0}))
        if len(found) > wishes.get("max_constants", math.inf):
            yield f"{len(found)} constants"
        if (bounds := wishes.get("constant_bounds")) is not None:
            for value, signs in found:
                if not any(bounds[0] <= sign * value <= bounds[1] for sign in signs):
                    yield f"constant {value} is out of bounds"
        yield from self._of_operators(wishes)
        for outer, inners in wishes.get("nesting", {}).items():
            for inner, most in inners.items():
                if (times := deepest(self._tree, outer, inner)) > most:
                    yield f"{inner} stands {times} times in {outer}"
        yield from self._of_arguments(wishes)
        if (exponents := wishes.get("exponents")) is not None:
            yield from self._of_exponents([1.0, *exponents])

    def of_values(self, wishes: Mapping[str, Any]) -> Iterator[str]:
        """Whether it predicts what it says, and has the shape that it should have."""
        complete = self._columns.dropna()
        if not len(complete):
            return
        predicted = np.asarray(self._model.predict(complete, index=self._row), dtype=np.float64)
        columns = {word: complete[own].to_numpy() for word, own in self._called.items()}
        values = self._value(columns)
        nearby = self._value({word: np.nextafter(own, math.inf) for word, own in columns.items()})
        is_number = np.isfinite(values) & np.isfinite(predicted)
        size = np.max(np.abs(predicted[is_number]), initial=1e-300)
        off = np.abs(predicted - values)[is_number]
        apart = np.abs(np.where(np.isfinite(nearby), nearby, values) - values)[is_number]
        if len(off) and np.mean(off > _ROUNDING * size + _LOST * apart) > 0.02:
            yield f"predicts other values than it says, by {np.max(off):.3g}"
        template = wishes.get("template")
        if template and (match := re.fullmatch(r"f\((.+)\) \+ g\((.+)\)|f\((.+)\)\*g\((.+)\)", template)):
            yield from self._of_parts(match, complete)
        for text in wishes.get("shape", ()):
            yield from self._of_shape(text, wishes.get("domain", {}))

    def of_units(self, told: Mapping[str, Any]) -> Iterator[str]:
        """Whether the units of its value are those of the target; constants have none, where units matter."""
        is_zero = isinstance(self._tree, ast.Constant) and not self._tree.value  # of any unit
        if self._model.constant_units != "dimensionless" or self._known or is_zero:
            return
        registry: pint.UnitRegistry[Any] = pint.UnitRegistry()
        units = {word: registry.Quantity(1.7, told["X_units"][own]) for word, own in self._called.items()}
        try:
            value = unit_of(self._tree, units, registry)
            if value.dimensionality != registry.Quantity(1, told["y_units"]).dimensionality:
                yield f"unit {value.units}"
        except pint.DimensionalityError as error:
            yield f"units: {error}"

    def _of_operators(self, wishes: Mapping[str, Any]) -> Iterator[str]:
        named = operators_of(wishes.get("operators"))
        forbidden = operators_of(wishes.get("without", ())) or set()
        if named is not None:
            for name in list(named):
                named.update(_SAID.get(name, "").split())
            named |= {"div"} if {"inv", "mul"} <= named else set()

        def has(*names: str) -> bool:
            return any(name not in forbidden and (named is None or name in named) for name in names)

        for node in self._nodes:
            if (what := missing_operator(node, has, forbidden)) is not None:
                yield f"has {what}"

    def _of_arguments(self, wishes: Mapping[str, Any]) -> Iterator[str]:
        of_constant = wishes.get("complexity", {}).get("constant", 1)
        for node in self._nodes:
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            most = wishes.get("max_argument", {}).get(node.func.id, math.inf)
            if any(least_complexity(argument, of_constant) > most for argument in node.args):
                yield f"an argument of {node.func.id} is more complex than {most}"

    def _of_exponents(self, allowed: Sequence[float]) -> Iterator[str]:
        expression = self._model.sympy(self._row)
        for power in expression.atoms(sympy.Pow):
            exponent = power.exp
            if not exponent.is_number or all(abs(float(exponent) - one) > 1e-9 for one in allowed):
                yield f"exponent {exponent}"

    def _of_parts(self, match: re.Match[str], table: pd.DataFrame) -> Iterator[str]:
        """Whether a sum, or a product, of functions of two columns is one."""
        a, b = (word.strip("`") for word in match.groups() if word)
        rng = np.random.default_rng(0)
        rows = table.iloc[rng.integers(len(table), size=200)]
        others = table.iloc[rng.integers(len(table), size=200)]
        swapped = [rows, rows.assign(**{b: others[b].to_numpy()}), rows.assign(**{a: others[a].to_numpy()})]
        swapped.append(swapped[1].assign(**{a: others[a].to_numpy()}))
        own, first, second, both = (self._predicted(frame) for frame in swapped)
        sides = (own + both, first + second) if match[1] else (own * both, first * second)
        off, size = np.abs(sides[0] - sides[1]), np.abs(sides[0]) + np.abs(sides[1])
        if np.any(off[np.isfinite(off)] > 1e-6 * np.max(size[np.isfinite(size)], initial=1e-300)):
            yield "is not of the template"

    def _of_shape(self, text: str, domain: Mapping[str, tuple[float, float]]) -> Iterator[str]:
        if any("no equation has" in note for note in self._model.warnings_):
            return
        complete = self._columns.dropna()
        low, high = (end.to_numpy(dtype=np.float64).copy() for end in (complete.min(), complete.max()))
        names = list(self._columns)
        for column, ends in domain.items():
            low[names.index(column)], high[names.index(column)] = ends
        margin, size = self._margin(text, pd.Series(low, names), pd.Series(high, names))
        if not margin >= -_ROUNDING * size:
            yield f"{text!r} fails by {-margin:.3g} of {size:.3g}"

    def _margin(self, text: str, low: pd.Series, high: pd.Series) -> tuple[float, float]:
        """By how much a shape holds where it holds least, and how large values are."""
        rng = np.random.default_rng(1)
        drawn = rng.uniform(low, high, (_N_POINTS, len(low)))
        points = pd.DataFrame(drawn, columns=low.index)
        if match := re.fullmatch(r"f -> (\S+) as (.+) -> (\S+)", text):
            limit, own = float(match[1]), self._predicted(points)
            before, far = (
                np.abs(self._predicted(points.assign(**{match[2]: _far(match, low, high, times)})) - limit)
                for times in _FAR
            )
            size = float(np.max(np.abs(own - limit)))
            may = np.minimum(before / _ON_THE_WAY, _REACHED * size)
            return float(np.min(may - far)), max(size, abs(limit))
        if match := re.fullmatch(r"symmetric in (.+), (.+)", text):
            pair = [match[1], match[2]]
            ends = low[pair].min(), high[pair].max()
            points = points.assign(**{name: rng.uniform(*ends, _N_POINTS) for name in pair})
            other = points.assign(**{pair[0]: points[pair[1]], pair[1]: points[pair[0]]})
            return self._same(points, other, 1.0)
        if match := re.fullmatch(r"(even|odd) in (.+)", text):
            other = points.assign(**{match[2]: -points[match[2]]})
            return self._same(points, other, 1.0 if match[1] == "even" else -1.0)
        if match := re.fullmatch(r"(\w+) in (.+)", text):
            return self._slope(match[1], match[2], points, low, high)
        values = self._predicted(points)
        numbers = [float(one) for one in re.findall(r"-?\d[\d.e+-]*", text)]
        ends = (numbers[0], math.inf) if len(numbers) == 1 else (numbers[0], numbers[1])
        return float(np.min(np.minimum(values - ends[0], ends[1] - values))), float(np.max(np.abs(values)))

    def _slope(
        self, course: str, column: str, points: pd.DataFrame, low: pd.Series, high: pd.Series
    ) -> tuple[float, float]:
        rng = np.random.default_rng(2)
        ends = np.sort(rng.uniform(low[column], high[column], (2, len(points))), axis=0)
        first, last = (self._predicted(points.assign(**{column: end})) for end in ends)
        size = float(np.max(np.abs([first, last])))
        if course in ("increasing", "decreasing"):
            return float(np.min(last - first) if course == "increasing" else np.min(first - last)), size
        middle = self._predicted(points.assign(**{column: ends.mean(axis=0)}))
        bend = (first + last) / 2 - middle
        return float(np.min(bend) if course == "convex" else np.min(-bend)), size

    def _same(self, points: pd.DataFrame, other: pd.DataFrame, sign: float) -> tuple[float, float]:
        own, mirrored = self._predicted(points), self._predicted(other)
        return -float(np.max(np.abs(own - sign * mirrored))), float(np.max(np.abs(own)))

    def _predicted(self, points: pd.DataFrame) -> Array:
        return np.asarray(self._model.predict(points, index=self._row), dtype=np.float64)

    def _value(self, columns: Mapping[str, Array]) -> Array:
        n_rows = len(next(iter(columns.values())))
        with np.errstate(all="ignore"):
            return np.broadcast_to(computed(self._tree, {**columns, **self._known}), n_rows)


def _far(match: re.Match[str], low: pd.Series, high: pd.Series, times: float) -> float:
    size = max(abs(low[match[2]]), abs(high[match[2]]), 1.0)
    return math.copysign(times * size, float(match[3]))

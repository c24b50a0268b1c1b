"""Random tables, and what users might ask of equations for them, combined at random."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from generators.functions import FunctionConfig, FunctionGenerator
from generators.holdout import Holdout

Array = NDArray[np.float64]

# Columns at most have these names, of which some are no words of equations.
_NAMES = ("a", "b", "flow rate", "x_0", "T", "m(kg)", "lambda", "w", "y2", "q")
_GROUPS = ("arithmetic", "powers", "trigonometric", "exponential", "hyperbolic", "piecewise", "special")
_UNITS = ("m", "s", "kg", "m/s", "1", "N")
# Wishes of a trial at least, and at most.
_FEWEST, _MOST = 2, 8
# What cannot be combined: the first ones stay.
_ALONE = {"template": ("category", "guesses", "denoise"), "category": ("denoise",)}
_FEWEST_ROWS, _MOST_ROWS = 12, 160


@dataclass(frozen=True)
class Trial:
    """A table and wishes.

    Attributes:
        X: Columns.
        y: Target, shape (n_rows,).
        parameters: Of a `SymbolicRegressor`.
        told: Further arguments of its `fit`.
    """

    X: pd.DataFrame
    y: Array
    parameters: Mapping[str, Any]
    told: Mapping[str, Any]


def drawn(seed: int, number: int) -> Trial:
    """The trial of this number: a generated problem, and two to eight wishes."""
    rng = np.random.default_rng((seed, number))
    own = np.random.SeedSequence((seed, number))
    problem = FunctionGenerator(
        FunctionConfig(min_points=_FEWEST_ROWS, max_points=_MOST_ROWS), own, Holdout(())
    ).batch(1)
    values = np.asarray(problem.X[0][:, : max(1, int(problem.n_variables[0]))], dtype=np.float64)
    words = [f"x_{i}" for i in range(values.shape[1])]
    if rng.random() < 0.5:
        words = [str(word) for word in rng.choice(_NAMES, values.shape[1], replace=False)]
    draw = _Draw(rng, pd.DataFrame(values, columns=words), np.asarray(problem.y[0], dtype=np.float64))
    for name in rng.choice(list(_WISHES), rng.integers(_FEWEST, _MOST + 1), replace=False):
        _WISHES[str(name)](draw)
    draw.settle()
    return Trial(draw.X, draw.y, draw.parameters, draw.told)


class _Draw:
    """A trial in the making.

    Attributes:
        rng: Draws.
        X: Columns.
        y: Target.
        parameters: Wishes so far.
        told: Arguments of `fit` so far.
    """

    def __init__(self, rng: np.random.Generator, X: pd.DataFrame, y: Array) -> None:
        self.rng, self.X, self.y = rng, X, y
        self.columns = [str(name) for name in X]
        self.parameters: dict[str, Any] = {}
        self.told: dict[str, Any] = {}

    def settle(self) -> None:
        """Leaves out what is known not to go together: with it nothing would be tried."""
        for one, others in _ALONE.items():
            if one in self.parameters:
                for other in others:
                    self.parameters.pop(other, None)
        if "category" not in self.parameters:
            self.X = self.X[self.columns]
        if "X_units" in self.told:
            self.parameters.pop("constants", None)

    def says(self, **wishes: Any) -> None:
        """Adds wishes."""
        self.parameters.update(wishes)

    def one(self, *choices: Any) -> Any:
        """One of some things."""
        return choices[self.rng.integers(len(choices))]

    def some(self, choices: Any, most: int) -> list[str]:
        """One or more of some names."""
        own = list(choices)
        size = self.rng.integers(1, min(most, len(own)) + 1)
        return [str(word) for word in self.rng.choice(own, size, replace=False)]

    def called(self, column: str) -> str:
        """A column as it is written in templates and guesses."""
        return column if column.isidentifier() and column != "lambda" else f"`{column}`"


def _operators(draw: _Draw) -> None:
    plain = ("add", "+", "sub", "mul", "*", "div", "/", "inv", "pow", "^", "sqrt", "square", "cube", "exp",
             "log", "sin", "cos", "tanh", "abs", "maximum", "where", "floor", "erf")  # fmt: skip
    draw.says(operators=draw.one(draw.some(plain, 6), draw.some(_GROUPS, 4), ["arithmetic", "exp", "sqrt"]))


def _without(draw: _Draw) -> None:
    names = ("add", "mul", "div", "pow", "square", "cube", "sqrt", "sin", "exp", "log", "neg", "sub")
    draw.says(without=draw.one(draw.some(names, 3), draw.some(_GROUPS[1:], 2)))


def _complexity(draw: _Draw) -> None:
    costs: dict[str, float] = {"sin": 3, "constant": 0.5, "exp": 5, "variable": 2, "mul": 2}
    costs[str(draw.rng.choice(draw.columns))] = 4
    words = draw.some(costs, 4)
    draw.says(complexity={word: costs[word] for word in words})


def _nesting(draw: _Draw) -> None:
    names = ("exp", "log", "sin", "cos", "sqrt", "square", "add", "mul", "div", "pow", "inv")
    draw.says(
        nesting={
            outer: {inner: int(draw.rng.integers(0, 2)) for inner in draw.some(names, 3)}
            for outer in draw.some(names, 3)
        }
    )


def _argument(draw: _Draw) -> None:
    names = draw.some(("exp", "log", "sin", "cos", "tanh", "abs"), 3)
    draw.says(max_argument={name: int(draw.rng.integers(1, 8)) for name in names})


def _shape(draw: _Draw) -> None:
    low, high = float(np.min(draw.y)), float(np.max(draw.y))
    a, b = (str(name) for name in draw.rng.choice(draw.columns, 2))
    course = draw.one("increasing", "decreasing", "convex", "concave", "even", "odd")
    wishes = [
        f"f >= {low - 0.1 * (high - low):.3g}",
        f"{low - 1:.3g} <= f <= {high + 1:.3g}",
        f"{course} in {a}",
        f"f -> {draw.one(0, 1)} as {a} -> {draw.one('inf', '-inf')}",
    ]
    draw.says(shape=draw.some([*wishes, f"symmetric in {a}, {b}"] if a != b else wishes, 2))
    if draw.rng.random() < 0.3:
        column = draw.X[a]
        draw.says(domain={a: (float(column.min()), float(column.max() + np.ptp(column) + 0.1))})


def _template(draw: _Draw) -> None:
    a, b = (draw.called(str(name)) for name in draw.rng.choice(draw.columns, 2))
    forms = [f"f({a})*exp(-k*{a}) + c", f"k*f({a})", f"exp(f({a}))", f"1/(1 + f({a}))"]
    if a != b:
        forms += [f"f({a}) + g({b})", f"f({a})*g({b})", f"sqrt(f({a}, {b})**2 + 1)", f"f({a})/{b}"]
    draw.says(template=draw.one(*forms))


def _guesses(draw: _Draw) -> None:
    a = draw.called(draw.columns[0])
    draw.says(guesses=draw.some([f"p*{a} + q", f"p*exp(q*{a})", f"p/({a} + 3)", f"sin(w*{a})"], 2))


def _constants(draw: _Draw) -> None:
    values = {"g": 9.81, "R": 8.314, "k_B": 1.5, "eps": -0.3}
    draw.says(constants={name: values[name] for name in draw.some(values, 3)})


def _category(draw: _Draw) -> None:
    groups = draw.rng.integers(0, draw.rng.integers(2, 5), len(draw.y))
    draw.X = draw.X.assign(sample=[f"s{group}" for group in groups])
    if draw.rng.random() < 0.7:
        draw.y = draw.y * (1 + groups)
    draw.says(category="sample")


def _missing(draw: _Draw) -> None:
    table = draw.X.copy()
    for column in draw.columns:
        table.loc[draw.rng.random(len(table)) < 0.05, column] = np.nan
    draw.X = table
    draw.says(missing=draw.one("drop", "impute"))


def _units(draw: _Draw) -> None:
    draw.told["X_units"] = {column: str(draw.rng.choice(_UNITS)) for column in draw.columns}
    draw.told["y_units"] = str(draw.rng.choice(_UNITS))
    draw.says(constant_units=draw.one("dimensionless", "free"))


def _weights(draw: _Draw) -> None:
    name = draw.one("sample_weight", "y_err")
    draw.told[name] = draw.rng.uniform(0.1, 2.0, len(draw.y))


def _loss(draw: _Draw) -> None:
    name = draw.one("squared_error", "absolute_error", "huber", "poisson", "gamma")
    if name == "poisson":
        draw.y = np.round(np.abs(draw.y) * 10)
    if name == "gamma":
        draw.y = np.abs(draw.y) + 0.1
    draw.says(loss=name)


def _bounds(draw: _Draw) -> None:
    ends = (-float(draw.rng.uniform(0.5, 5)), float(draw.rng.uniform(0.5, 5)))
    draw.says(constant_bounds=draw.one(ends, (0.0, 3.0), (0.5, 20.0)))


def _ending(draw: _Draw) -> None:
    draw.says(stop_when=draw.one("exact", {"r2": 0.8}, {"r2": 0.5, "complexity": 9}))


_WISHES: dict[str, Callable[[_Draw], None]] = {
    "operators": _operators,
    "without": _without,
    "max_complexity": lambda draw: draw.says(max_complexity=int(draw.rng.integers(3, 20))),
    "max_depth": lambda draw: draw.says(max_depth=int(draw.rng.integers(2, 6))),
    "max_constants": lambda draw: draw.says(max_constants=int(draw.rng.integers(0, 4))),
    "complexity": _complexity,
    "exponents": lambda draw: draw.says(exponents=draw.one(range(-2, 4), (2, 0.5), (-1,), (-2, -1, 0.5, 2))),
    "nesting": _nesting,
    "max_argument": _argument,
    "required": lambda draw: draw.says(required=draw.some(draw.columns, 2)),
    "forbidden": lambda draw: draw.says(forbidden=draw.some(draw.columns, 1)),
    "constant_bounds": _bounds,
    "shape": _shape,
    "template": _template,
    "guesses": _guesses,
    "constants": _constants,
    "category": _category,
    "missing": _missing,
    "units": _units,
    "weights": _weights,
    "loss": _loss,
    "denoise": lambda draw: draw.says(denoise=True),
    "stop_when": _ending,
    "n_equations": lambda draw: draw.says(n_equations=int(draw.rng.integers(1, 6))),
    "selection": lambda draw: draw.says(selection=draw.one("accuracy", "score", "best")),
    "stages": lambda draw: draw.says(stages=draw.one("evolution", ("families", "curves"), "network")),
}  # fmt: skip
